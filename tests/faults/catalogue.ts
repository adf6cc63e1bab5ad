/**
 * Keeps `CATALOGUE.md` true: what is expected under each fault, and which test proves it. The ids are those of the reliability reference, and T ids of faults found by trying; a test that proves one has the
 * id in its name (`C8 ...` in TypeScript, `c8_...` in Rust).
 *
 *     deno run -A tests/faults/catalogue.ts     # writes the columns "expected" and "tested by" anew; the others are written by hand
 *
 * @module
 */

import { join } from "node:path";
import { ROOT } from "../../scripts/paths.ts";
import { main, print } from "../../scripts/shell.ts";
import { EXPECTATIONS } from "./expectations.ts";

export const PAGE = "tests/faults/CATALOGUE.md";

/** The first and the last number of each run of ids: 162 of the reliability reference, and T, the faults that were found by trying. */
const GROUPS: readonly (readonly [letter: string, first: number, last: number])[] = [
  ["A", 1, 10],
  ["B", 1, 26],
  ["C", 1, 12],
  ["D", 1, 31],
  ["E", 1, 12],
  ["F", 1, 18],
  ["G", 1, 15],
  ["H", 1, 9],
  ["I", 1, 19],
  ["J", 1, 10],
  ["T", 1, 14],
  ["T", 20, 33],
  ["T", 40, 56],
];

const FOLDERS = ["tests", "native/engine", "native/files", "native/launcher", "native/msquic-sys"];

/** A test's name in either language, with its quotes taken off. */
export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

export interface Row {
  readonly id: string;
  readonly fault: string;
  /** As it stands on the page. */
  readonly expected: string;
  /** As it stands on the page. */
  readonly testedBy: string;
  /** `planned: ...`, `not applicable: ...` or `differs: ...`, or nothing. */
  readonly rest: string;
}

/** All ids, in the order of the page. */
export function allIds(): string[] {
  return GROUPS.flatMap(([letter, first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => `${letter}${first + index}`)
  );
}

/** The ids in a test's name. */
export function idsOf({ file, name }: NamedTest): string[] {
  const found = file.endsWith(".rs")
    ? [...(/^(?:[a-jt]\d{1,2}_)+/.exec(name)?.[0] ?? "").matchAll(/[a-jt]\d+/g)].map(([id]) => id.toUpperCase())
    : [...name.matchAll(/\b[A-JT]\d{1,2}\b/g)].map(([id]) => id);
  return [...new Set(found)];
}

/** The names of the tests in a source. */
export function testsIn(file: string, text: string): NamedTest[] {
  if (file.endsWith(".rs")) {
    const call = /#\[test\]\s+(?:#\[.*\]\s+)*fn ([a-z][a-z0-9_]*)\(/g;
    return [...text.matchAll(call)].map(([, name = ""]) => ({ file, name }));
  }
  const call = /\b(?:test|onWindows)\(\s*(?:\{\s*name:\s*)?(["'`])((?:\\.|(?!\1)[^\\])*)\1/g;
  return [...text.matchAll(call)].map(([, , name = ""]) => ({ file, name: name.replaceAll(/\\(.)/g, "$1") }));
}

/** Has tests as texts, which are none. */
const ABOUT_TESTS = "tests/faults/catalogue_test.ts";

/** All tests of the project. */
export async function findTests(): Promise<NamedTest[]> {
  const tests: NamedTest[] = [];
  for (const folder of FOLDERS) {
    for await (const file of sources(folder)) {
      if (file === ABOUT_TESTS) continue;
      tests.push(...testsIn(file, await Deno.readTextFile(join(ROOT, file))));
    }
  }
  return tests.sort((a, b) => a.file < b.file ? -1 : a.file > b.file ? 1 : 0);
}

/** The rows of the page's tables. */
export function readRows(page: string): Row[] {
  return [...page.matchAll(/^\| ([A-JT]\d+) \|(.*)\|$/gm)].map(([, id = "", cells = ""]) => {
    const all = cells.split(/(?<!\\)\|/).map((cell) => cell.trim());
    // (A row from before the column "expected" has one cell less.)
    const expected = all.length > 3 ? all[1] ?? "" : "";
    return { id, fault: all[0] ?? "", expected, testedBy: all.at(-2) ?? "", rest: all.at(-1) ?? "" };
  });
}

/** The tests that a cell names. */
export function testsNamed({ testedBy }: Row): NamedTest[] {
  return [...testedBy.matchAll(/`([^`]+)`: (.*?)(?=<br>|$)/g)].map(([, file = "", name = ""]) => {
    return { file, name: unescaped(name) };
  });
}

/** The page with its columns "expected" and "tested by" written anew. */
export function rewritten(page: string, tests: readonly NamedTest[]): string {
  const byId = new Map<string, NamedTest[]>();
  for (const test of tests) {
    for (const id of idsOf(test)) byId.set(id, [...(byId.get(id) ?? []), test]);
  }
  return page.replaceAll(/^\| ([A-JT]\d+) \|.*\|$/gm, (line) => {
    const [row] = readRows(line);
    if (row === undefined) return line;
    const cell = (byId.get(row.id) ?? []).map(({ file, name }) => `\`${file}\`: ${escaped(name)}`).join("<br>");
    return `| ${row.id} | ${row.fault} | ${escaped(EXPECTATIONS[row.id] ?? "")} | ${cell} | ${row.rest} |`;
  });
}

const ESCAPES = [["&", "&amp;"], ["<", "&lt;"], ["|", "&#124;"], ["*", "&#42;"]] as const;

export function escaped(name: string): string {
  return ESCAPES.reduce((text, [character, entity]) => text.replaceAll(character, entity), name);
}

function unescaped(text: string): string {
  return ESCAPES.toReversed().reduce((name, [character, entity]) => name.replaceAll(entity, character), text);
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (/\.(ts|rs)$/.test(name)) yield path;
  }
}

if (import.meta.main) {
  await main(async () => {
    const path = join(ROOT, PAGE);
    const page = rewritten(await Deno.readTextFile(path), await findTests());
    await Deno.writeTextFile(path, page);
    const tested = readRows(page).filter(({ testedBy }) => testedBy !== "").length;
    print(`${PAGE}: ${tested} of ${allIds().length} faults have a test`);
  });
}
