//! Makes modules of TypeScript from their bodies: what each imports is what it names.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::names::line;

const HEAD: &str = "\
/**
 * Written by `native/engine/src/door/typescript.rs` from the declarations in `native/engine/src/core/`; do not edit.
 * `deno task generate` writes it anew.
 *
 * @module
 */
";

/// The widest line that the formatter leaves as it is.
const WIDTH: usize = 120;

/// A file and what may be imported from it.
struct Exports {
    /// As it is imported.
    path: String,
    names: Vec<Export>,
}

struct Export {
    name: String,
    is_type: bool,
}

/// The files of these bodies, each of which may use what those before it export, and the one that joins them all.
pub fn of(bodies: &[(&str, String)]) -> Vec<(String, String)> {
    let mut known = by_hand();
    let mut files = Vec::new();
    for (name, body) in bodies {
        let text = format!("{HEAD}{}{body}", imports(body, &known));
        known.push(Exports {
            path: format!("./{name}.ts"),
            names: exports(body),
        });
        files.push((format!("generated/{name}.ts"), text));
    }
    let mut all = format!("{HEAD}\n");
    for (name, _) in bodies {
        line!(all, "export * from \"./generated/{name}.ts\";");
    }
    files.push(("door.generated.ts".to_owned(), all));
    files
}

/// What the files by hand have for the generated ones.
fn by_hand() -> Vec<Exports> {
    const MESSAGES: &[&str] = &["BlockIndex", "EntryId", "LeftOut", "LeftOutReason"];
    const WORDS: &[&str] = &[
        "ClipboardFault",
        "ClipboardForm",
        "CloseCause",
        "CongestionControl",
        "ConnectionId",
        "ExecutionProfile",
        "Existing",
        "FileFault",
        "GrantId",
        "LaneId",
        "Leaving",
        "LeftoverKind",
        "LeftoverState",
        "LinkChoice",
        "ListenerId",
        "OriginKind",
        "RestartReason",
        "SinkId",
        "SourceId",
        "TargetStatus",
        "TransferId",
        "Unkept",
    ];
    const TYPES_OF_RECORDS: &[&str] = &["CommandBatch", "EventRecords"];
    const RECORDS: &[&str] = &["flagsOf", "leftOutOf", "OptionsBlock", "wordOf"];
    let named = |names: &[&str], is_type| {
        let export = |name: &&str| Export {
            name: (*name).to_owned(),
            is_type,
        };
        names.iter().map(export).collect::<Vec<_>>()
    };
    let file = |path: &str, names| Exports {
        path: path.to_owned(),
        names,
    };
    let records = named(TYPES_OF_RECORDS, true).into_iter().chain(named(RECORDS, false));
    vec![
        file("../../protocol/messages.ts", named(MESSAGES, true)),
        file("../../protocol/words.ts", named(WORDS, true)),
        file("../records.ts", records.collect()),
    ]
}

/// What a body exports.
fn exports(body: &str) -> Vec<Export> {
    let declarations = body.lines().filter_map(|line| line.strip_prefix("export "));
    declarations
        .filter_map(|declaration| {
            let mut words = identifiers(declaration);
            let kind = words.next()?;
            Some(Export {
                is_type: matches!(kind, "interface" | "type"),
                name: words.next()?.to_owned(),
            })
        })
        .collect()
}

/// The import declarations for what a body names, with an empty line before them.
fn imports(body: &str, known: &[Exports]) -> String {
    let is_code = |line: &&str| !line.trim_start().starts_with("/*") && !line.trim_start().starts_with('*');
    let named: BTreeSet<&str> = body.lines().filter(is_code).flat_map(identifiers).collect();
    let mut text = String::new();
    for Exports { path, names } in known {
        let mut used: Vec<&Export> = names
            .iter()
            .filter(|export| named.contains(export.name.as_str()))
            .collect();
        used.sort_by_key(|export| export.name.to_lowercase());
        if !used.is_empty() {
            text += &import(path, &used);
        }
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

fn import(path: &str, used: &[&Export]) -> String {
    let only_types = used.iter().all(|export| export.is_type);
    let item = |export: &&Export| match export.is_type && !only_types {
        true => format!("type {}", export.name),
        false => export.name.clone(),
    };
    let items: Vec<String> = used.iter().map(item).collect();
    let keyword = if only_types { "import type" } else { "import" };
    let one_line = format!("{keyword} {{ {} }} from \"{path}\";\n", items.join(", "));
    if one_line.trim_end().len() <= WIDTH {
        return one_line;
    }
    format!("{keyword} {{\n  {},\n}} from \"{path}\";\n", items.join(",\n  "))
}

fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_imports_what_it_names_and_nothing_else() {
        let words = "\n/** SourceId is only told of here. */\nexport const A = wordOf(1);\nexport interface B {\n  c: SinkId;\n}\n";
        let user = "\nexport type D = B | typeof A;\n";
        let files = of(&[("words", words.to_owned()), ("user", user.to_owned())]);
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["generated/words.ts", "generated/user.ts", "door.generated.ts"]);
        let wanted =
            "\nimport type { SinkId } from \"../../protocol/words.ts\";\nimport { wordOf } from \"../records.ts\";\n";
        assert_eq!(files[0].1, format!("{HEAD}{wanted}{words}"));
        assert_eq!(
            files[1].1,
            format!("{HEAD}\nimport {{ A, type B }} from \"./words.ts\";\n{user}")
        );
        assert!(files[2].1.ends_with("export * from \"./generated/user.ts\";\n"));
    }

    #[test]
    fn a_long_import_has_a_line_for_each_name() {
        let words: Vec<Export> = by_hand().remove(1).names;
        let used: Vec<&Export> = words.iter().collect();
        let text = import("x.ts", &used);
        assert!(text.starts_with("import type {\n  ClipboardFault,\n"), "{text}");
        assert!(text.ends_with("  Unkept,\n} from \"x.ts\";\n"), "{text}");
    }
}
