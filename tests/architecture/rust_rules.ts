/** The rules for the crates of docs/design.md 5: layers, no circles, one door. @module */

import { circles, type ModuleUse, moduleUses, type RustFile } from "./rust_modules.ts";
import { blankRust } from "./syntax.ts";

/**
 * The layers of a crate: an ordered list, from below. A file uses files of its own layer's entry and of layers below; entries of one layer
 * do not use each other. An entry is a folder below `src/`, or the files of that name.
 */
export const LAYERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  engine: [["core"], ["blocks", "os"], ["net"], ["send", "receive", "clipboard"], ["engine"], ["door"]],
  files: [
    ["path"],
    ["reserved"],
    ["os"],
    ["error", "below", "create_last", "journal"],
    ["extras", "existing", "way"],
    ["page", "left_out", "transfer_root", "links", "holes", "inodes", "owner_numbers", "fingerprint"],
    ["names", "earlier", "pattern"],
    ["tree", "part", "run_record", "earlier_parts", "link_table", "extra_table", "replace"],
    ["table"],
    ["source_file"],
    ["source", "sandbox", "ticket_file", "state_file", "held"],
    ["trial", "follow", "replace_if", "requests", "clean_folders"],
    ["walk", "sink", "open_up", "in_place", "clean"],
    ["hidden", "commit", "link_judge", "preserve", "resume", "try_names", "other_name"],
    ["small"],
    ["make_links", "group", "ending"],
  ],
};

/** Most functions of the door. */
const MOST_FUNCTIONS = 14;

/** What breaks the layers of a crate. */
export function layerFindings(layers: readonly (readonly string[])[], uses: readonly ModuleUse[]): string[] {
  const levelOf = (entry: string) => layers.findIndex((entries) => entries.includes(entry));
  return uses.flatMap(({ from, to, line }) => {
    const [user, used] = [entryOf(from), entryOf(to)];
    if (user === used || user === "lib" || used === "lib") return [];
    const [above, below] = [levelOf(user), levelOf(used)];
    if (above < 0 || below < 0) return [`${from}:${line}: ${above < 0 ? user : used} is in no layer`];
    return above > below ? [] : [`${from}:${line}: uses ${to}, which is not below it`];
  });
}

/** The circles among the files of a crate. */
export function circleFindings(files: readonly RustFile[]): string[] {
  return circles(moduleUses(files)).map((circle) => circle.join(" > "));
}

/** Functions that the library exports, as `path: name`. */
export function exportedFunctions(files: readonly RustFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    [...blankRust(text).matchAll(/#\[unsafe\(no_mangle\)\]\s*pub (?:unsafe )?extern\s+fn (\w+)/g)].map(([, name]) =>
      `${path}: ${name}`
    )
  );
}

/** What is wrong with the number of exported functions, or with where they are. */
export function doorFindings(files: readonly RustFile[]): string[] {
  const functions = exportedFunctions(files);
  const outside = functions.filter((name) => !name.startsWith("door/"));
  return functions.length > MOST_FUNCTIONS
    ? [...outside, `${functions.length} functions, at most ${MOST_FUNCTIONS}`]
    : outside;
}

/** Names and numbers of events and commands that are declared twice. */
export function declaredTwice(files: readonly RustFile[]): string[] {
  const declarations = files.flatMap(({ path, text }) =>
    [...blankRust(text).matchAll(/\bpub enum (\w+) \{([\s\S]*?)\n {4}\}\n\}/g)]
      .filter(() => /\bdeclare! \{/.test(text))
      .flatMap(([, union = "", body = ""]) =>
        [...body.matchAll(/^ {8}(\w+) = (\d+) \{/gm)].flatMap(([, name, number]) => [
          `${path}: ${union}::${name}`,
          `${path}: ${union} ${number}`,
        ])
      )
  );
  return declarations.filter((one, at) => declarations.indexOf(one) !== at);
}

function entryOf(path: string): string {
  return path.split("/")[0]?.replace(/\.rs$/, "") ?? path;
}
