//! Writes `src/engine/door.generated.ts` and the files that it joins from the declarations. `deno task generate` puts them into their
//! places; a test compares them with the loaded library.

use std::fmt::Write;

use super::abi::ABI_VERSION;
use super::blocks::{BLOCKS, FOLDER_FAULTS};
use super::modules;
use super::names::{camel, dashed, line, shouted, split};
use super::places::{Place, fixed_len, place_in_block};
use super::records::{FIELDS_AT, RECORD_LEN};
use crate::core::command::{Command, Question};
use crate::core::declare::{Declaration, FieldDeclaration, Options, Shape, WordList};
use crate::core::event::Event;
use crate::core::options::ConnectionSettings;
use crate::core::words::{LISTS, Refusal};
use crate::net::settings::SETTINGS;

/// The generated files below `src/engine/`; each may import those before it.
pub fn modules() -> Vec<(String, String)> {
    let mut words = String::new();
    constants(&mut words);
    limits(&mut words);
    LISTS.iter().for_each(|list| self::words(&mut words, list));
    let mut events = String::new();
    interfaces(&mut events, "Event", "EngineEvent", Event::DECLARATIONS);
    let mut blocks = String::new();
    BLOCKS.iter().for_each(|block| block_encoder(&mut blocks, block));
    settings(&mut blocks);
    let mut commands = String::new();
    interfaces(&mut commands, "Command", "Command", Command::DECLARATIONS);
    interfaces(&mut commands, "Question", "Question", Question::DECLARATIONS);
    let mut decoding = String::new();
    decoder(&mut decoding);
    let mut encoding = String::new();
    encoder(&mut encoding);
    let bodies = [
        ("words", words),
        ("events", events),
        ("blocks", blocks),
        ("commands", commands),
        ("decode", decoding),
        ("encode", encoding),
    ];
    modules::of(&bodies)
}

fn constants(text: &mut String) {
    line!(
        text,
        "\n/** The version of the door that this module speaks; the library states its own. */"
    );
    line!(text, "export const ABI_VERSION = {ABI_VERSION};");
    line!(
        text,
        "/** Bytes of a command and of an event. */\nexport const RECORD_LEN = {RECORD_LEN};"
    );
    line!(text, "/** Bytes of a buffer that holds one block to send. */");
    line!(text, "export const BUFFER_LEN = {};", crate::send::source::FRAME_ROOM);
    line!(
        text,
        "/** Refusals of `ultra_sink` for a folder: this much below zero, then the number of the fault. */"
    );
    line!(text, "export const FOLDER_FAULTS = {FOLDER_FAULTS};");
    line!(
        text,
        "/** Largest packet that QUIC may look for, with its IP header. */\nexport const MAX_MTU = {};",
        msquic_sys::MAX_MTU
    );
    let lane_alpns = crate::blocks::dialects::DIALECTS.map(|(alpn, _)| alpn);
    let named = [
        (
            "STATS",
            "Counters of a source or a sink, as `ultra_measure` writes them.",
            crate::core::stats::NAMES,
        ),
        (
            "LOAD",
            "What `ultra_measure(0)` writes of the process, before the threads.",
            crate::os::LOAD,
        ),
        (
            "THREAD_ROLES",
            "What a thread's second number stands for.",
            crate::os::ROLES,
        ),
        ("LANE_ALPNS", "ALPNs on which lanes are spoken.", &lane_alpns),
        (
            "PATH",
            "What `ultra_measure` writes of a connection.",
            crate::net::path_stats::NAMES,
        ),
    ];
    for (name, about, names) in named {
        line!(text, "\n/** {about} */\nexport const {name} = [");
        for name in names {
            line!(text, "  \"{name}\",");
        }
        line!(text, "] as const;");
    }
}

/// The limits that both languages check, by their names in `src/protocol/limits.ts`. A test compares the two.
const LIMITS: &[(&str, usize)] = &[
    ("BLOCK_LEN", crate::blocks::block_tree::BLOCK_LEN as usize),
    ("GROUP_BLOCKS", crate::blocks::block_table::GROUP_BLOCKS as usize),
    ("MAX_OPEN_GROUPS", crate::blocks::block_table::MAX_OPEN_GROUPS),
    ("MAX_LANES", crate::blocks::frame::MAX_LANE_NUMBER as usize + 1),
    ("FRAME_HEADER_LEN", crate::blocks::frame::HEADER_LEN),
    ("PREFACE_LEN", crate::blocks::frame::PREFACE_LEN),
    ("MAX_ENTRIES", ultra_files::MAX_ENTRIES as usize),
    ("MAX_COMPONENTS", ultra_files::MAX_COMPONENTS),
    ("MAX_NAME_BYTES", ultra_files::MAX_NAME_BYTES),
    ("MAX_PATH_BYTES", ultra_files::MAX_PATH_LEN),
    ("MAX_COMPONENT_BYTES", ultra_files::MAX_COMPONENT_LEN),
    ("MAX_DEPTH", ultra_files::MAX_DEPTH),
    ("MAX_EXTENSION", ultra_files::MAX_EXTENSION_LEN),
];

fn limits(text: &mut String) {
    line!(
        text,
        "\n/** Limits that both languages check; those of `src/protocol/limits.ts`. */\nexport const LIMITS = {{"
    );
    for (name, limit) in LIMITS {
        line!(text, "  {name}: {limit},");
    }
    line!(text, "}} as const;");
}

/// A list of words: their numbers, checked against the words that the rest of TypeScript knows.
fn words(text: &mut String, list: &WordList) {
    let (constant, lookup) = (shouted(list.name), lookup_of(list));
    doc(text, "", list.doc);
    line!(text, "export const {constant} = {{");
    for (word, number) in list.words {
        let word = dashed(word);
        let quote = if word.contains('-') { "\"" } else { "" };
        line!(text, "  {quote}{word}{quote}: {number},");
    }
    if list.name == Refusal::LIST.name {
        line!(text, "}} as const;");
        return;
    }
    let name = list.name;
    // Messages know reasons that no walk has.
    let kind = match name {
        "Unkept" => format!("Record<keyof {name}, number>"),
        "LeftOutReason" => format!("Partial<Record<{name}, number>>"),
        _ => format!("Record<{name}, number>"),
    };
    line!(text, "}} as const satisfies {kind};");
    if name != "Unkept" {
        line!(text, "\nexport const {lookup} = wordOf(\"{name}\", {constant});");
    }
}

fn interfaces(text: &mut String, suffix: &str, union: &str, all: &[Declaration]) {
    for declaration in all {
        doc(text, "", declaration.doc);
        line!(text, "export interface {}{suffix} {{", declaration.name);
        line!(text, "  readonly type: \"{}\";", dashed(declaration.name));
        properties(text, declaration);
        line!(text, "}}");
    }
    line!(text, "\nexport type {union} =");
    for (index, declaration) in all.iter().enumerate() {
        let end = if index + 1 == all.len() { ";" } else { "" };
        line!(text, "  | {}{suffix}{end}", declaration.name);
    }
}

fn properties(text: &mut String, declaration: &Declaration) {
    for field in declaration.fields {
        if !field.doc.is_empty() {
            let _ = write!(text, "  ");
            doc_line(text, "  ", field.doc);
        }
        line!(text, "  readonly {}: {};", camel(field.name), type_of(field));
    }
}

fn decoder(text: &mut String) {
    line!(
        text,
        "\n/** The event at the place of `record`. A number that the engine does not send is a bug. */"
    );
    line!(
        text,
        "export function decodeEvent(record: EventRecords): EngineEvent {{"
    );
    line!(text, "  switch (record.kind) {{");
    for declaration in Event::DECLARATIONS {
        line!(text, "    case {}:", declaration.number);
        line!(text, "      return {{");
        line!(text, "        type: \"{}\",", dashed(declaration.name));
        let mut place = Place(FIELDS_AT);
        for field in declaration.fields {
            let (at, next) = place.next(field.shape);
            place = next;
            line!(text, "        {}: {},", camel(field.name), read(field, at));
        }
        line!(text, "      }};");
    }
    line!(text, "  }}");
    line!(
        text,
        "  throw new Error(`The engine sent an event of unknown kind ${{record.kind}}`);\n}}"
    );
}

/// The expression that reads a field of an event.
fn read(field: &FieldDeclaration, at: Option<usize>) -> String {
    let at = at.unwrap_or_default();
    match field.shape {
        Shape::Number => format!("record.u32({at})"),
        Shape::Large | Shape::Float => format!("record.f64({at})"),
        Shape::Truth => format!("record.truth({at})"),
        Shape::Hash => format!("record.hash({at})"),
        Shape::Word(list) => format!("{}(record.u32({at}))", lookup_of(list)),
        Shape::Words(list) => format!("Array.from(record.bytes(), {})", lookup_of(list)),
        Shape::Flags(list) => format!("flagsOf({}, record.u32({at}))", shouted(list.name)),
        Shape::LeftOut(list) => format!("leftOutOf({}, record.texts())", lookup_of(list)),
        Shape::Text => "record.text()".to_owned(),
        Shape::Texts => "record.texts()".to_owned(),
        Shape::Bytes => "record.bytes()".to_owned(),
        Shape::Block(block) => format!("decode{}(record.block())", block_name(block)),
        Shape::LateBytes => "record.lateBytes()".to_owned(),
    }
}

fn encoder(text: &mut String) {
    line!(text, "\n/** Adds a command or a question to a batch. */");
    line!(
        text,
        "export function encodeCommand(command: Command | Question, into: CommandBatch): void {{"
    );
    line!(text, "  switch (command.type) {{");
    for declaration in Command::DECLARATIONS.iter().chain(Question::DECLARATIONS) {
        line!(text, "    case \"{}\":", dashed(declaration.name));
        line!(text, "      into.begin({});", declaration.number);
        let mut place = Place(FIELDS_AT);
        for field in declaration.fields {
            let (at, next) = place.next(field.shape);
            place = next;
            line!(
                text,
                "      into.{};",
                write_call(field, at, &format!("command.{}", camel(field.name)))
            );
        }
        line!(text, "      return;");
    }
    line!(text, "  }}\n}}");
}

/// `ListenOptions` as `ListenBlock`.
fn block_name(block: &Declaration) -> String {
    block.name.replace("Options", "Block")
}

/// What is known of connections' settings besides their names: how to read the ones that QUIC reports, and what values it takes.
fn settings(text: &mut String) {
    let block = &ConnectionSettings::DECLARATION;
    let name = block_name(block);
    line!(text, "\n/** A block of {name} that the engine answered with. */");
    line!(text, "export function decode{name}(record: EventRecords): {name} {{");
    line!(text, "  return {{");
    let mut place = Place(0);
    for field in block.fields {
        let (at, next) = place_in_block(place, field.shape);
        place = next;
        line!(text, "    {}: {},", camel(field.name), read(field, Some(at)));
    }
    line!(text, "  }};\n}}");
    line!(
        text,
        "\n/** What QUIC takes: the least, the most, and whether only powers of two. */"
    );
    line!(text, "export const SETTING_RANGES = {{");
    for (name, setting) in SETTINGS {
        let (least, most) = setting.range();
        let power = setting.is_power_of_two();
        line!(
            text,
            "  {}: {{ least: {least}, most: {most}, isPowerOfTwo: {power} }},",
            camel(name)
        );
    }
    line!(text, "}} as const satisfies Record<keyof {name}, unknown>;");
}

fn block_encoder(text: &mut String, block: &Declaration) {
    let name = block_name(block);
    doc(text, "", block.doc);
    line!(text, "export interface {name} {{");
    properties(text, block);
    line!(text, "}}\n");
    line!(
        text,
        "export function encode{name}(block: {name}): Uint8Array<ArrayBuffer> {{"
    );
    let len = fixed_len(block);
    line!(text, "  const into = new OptionsBlock({len});");
    let mut place = Place(0);
    for field in block.fields {
        let (at, next) = place_in_block(place, field.shape);
        place = next;
        line!(
            text,
            "  into.{};",
            write_call(field, Some(at), &format!("block.{}", camel(field.name)))
        );
    }
    line!(text, "  return into.finish();\n}}");
}

/// The call that writes a field of a command or a block.
fn write_call(field: &FieldDeclaration, at: Option<usize>, value: &str) -> String {
    let place = at.map(|at| format!("{at}, ")).unwrap_or_default();
    match field.shape {
        Shape::Number => format!("u32({place}{value})"),
        Shape::Large | Shape::Float => format!("f64({place}{value})"),
        Shape::Truth => format!("truth({place}{value})"),
        Shape::Hash => format!("hash({place}{value})"),
        Shape::Word(list) => format!("u32({place}{}[{value}])", shouted(list.name)),
        Shape::Words(list) => format!(
            "bytes({place}Uint8Array.from({value}, (word) => {}[word]))",
            shouted(list.name)
        ),
        // Only events have them.
        Shape::Flags(_) | Shape::LeftOut(_) => format!("unwritable({place}{value})"),
        Shape::Text => format!("text({place}{value})"),
        Shape::Texts => format!("texts({place}{value})"),
        Shape::Bytes | Shape::LateBytes => format!("bytes({place}{value})"),
        Shape::Block(block) => format!("bytes({place}encode{}({value}))", block_name(block)),
    }
}

fn type_of(field: &FieldDeclaration) -> String {
    match field.shape {
        Shape::Number | Shape::Large | Shape::Float => id_type(field).unwrap_or("number").to_owned(),
        Shape::Truth => "boolean".to_owned(),
        Shape::Hash | Shape::Bytes => "Uint8Array".to_owned(),
        Shape::LateBytes => "() => Uint8Array".to_owned(),
        Shape::Block(block) => block_name(block),
        Shape::Word(list) | Shape::Flags(list) => list.name.to_owned(),
        Shape::LeftOut(_) => "LeftOut".to_owned(),
        Shape::Words(list) => format!("readonly {}[]", list.name),
        Shape::Text => "string".to_owned(),
        Shape::Texts => "readonly string[]".to_owned(),
    }
}

/// An id keeps the name of its type.
pub(super) fn id_type(field: &FieldDeclaration) -> Option<&'static str> {
    let is_number = matches!(field.shape, Shape::Number | Shape::Large);
    (is_number && field.type_name.starts_with(char::is_uppercase)).then_some(field.type_name)
}

fn doc(text: &mut String, indent: &str, doc: &str) {
    line!(text, "");
    if !doc.is_empty() {
        doc_line(text, indent, doc);
    }
}

/// A documentation comment, on one line where it fits.
fn doc_line(text: &mut String, indent: &str, doc: &str) {
    const MOST: usize = 112;
    let lines: Vec<&str> = doc.lines().map(str::trim).collect();
    let joined = lines.join(" ");
    if joined.len() <= MOST {
        line!(text, "/** {joined} */");
        return;
    }
    line!(text, "/**");
    for one in lines {
        line!(text, "{indent} * {one}");
    }
    line!(text, "{indent} */");
}

/// `FileFault` as `fileFaultOf`.
fn lookup_of(list: &WordList) -> String {
    let snake = split(list.name, '_');
    format!("{}Of", camel(&snake))
}
