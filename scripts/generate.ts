/** `deno task generate`: writes what the built library says of its door to where the other side has it. @module */

import { dirname, join } from "node:path";
import { LIBRARY, ROOT } from "./paths.ts";

/** The generated files stand below it. */
export const MODULES: string = join(ROOT, "src", "engine");
export const TABLES: string = join(ROOT, "docs", "engine.md");

const BEGIN = "<!-- begin generated: deno task generate -->\n";
const END = "<!-- end generated -->";

/** Room for what the library says. */
const ROOM = 256 * 1024;

/** What stands before the texts: version, length of the module, length of the tables. */
const HEAD_LEN = 12;

/** What the built library says of its door, whatever version this program speaks. */
export interface Description {
  /** The generated files of `src/engine/` with their texts. */
  readonly modules: ReadonlyMap<string, string>;
  /** The tables of docs/engine.md. */
  readonly tables: string;
}

export function describeLibrary(): Description {
  const library = Deno.dlopen(LIBRARY, { ultra_describe: { parameters: ["buffer", "u32"], result: "i32" } });
  const out = new Uint8Array(ROOM);
  const length = library.symbols.ultra_describe(out, out.length);
  const view = new DataView(out.buffer);
  const moduleEnd = HEAD_LEN + view.getUint32(4, true);
  if (length !== moduleEnd + view.getUint32(8, true)) {
    throw new Error(`the library does not describe itself (${length})`);
  }
  const utf8 = new TextDecoder();
  return {
    modules: filesOf(utf8.decode(out.subarray(HEAD_LEN, moduleEnd))),
    tables: utf8.decode(out.subarray(moduleEnd, length)),
  };
}

/** A form feed begins a file, whose name is its first line. */
function filesOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\f").slice(1).map((file) => {
      const end = file.indexOf("\n");
      return [file.slice(0, end), file.slice(end + 1)];
    }),
  );
}

/** A page with other tables between its markers. */
export function withTables(page: string, tables: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error("the page has no markers for its generated part");
  return `${page.slice(0, begin + BEGIN.length)}\n${tables}\n${page.slice(end)}`;
}

if (import.meta.main) {
  const { modules, tables } = describeLibrary();
  for (const [name, text] of modules) {
    await Deno.mkdir(dirname(join(MODULES, name)), { recursive: true });
    await Deno.writeTextFile(join(MODULES, name), text);
  }
  await Deno.writeTextFile(TABLES, withTables(await Deno.readTextFile(TABLES), tables));
}
