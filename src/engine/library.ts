/**
 * Finds and loads the data plane. It is never unloaded: its threads run until the process ends.
 *
 * @module
 */

import { join } from "node:path";
import { UltraError } from "../base/errors.ts";
import { ABI_VERSION } from "./door.generated.ts";
import { SYMBOLS, type Symbols } from "./symbols.ts";

/** Names the library when it is not in one of the usual places. */
const LIBRARY_VARIABLE = "ULTRA_NATIVE_LIB";

const NAMES: Readonly<Partial<Record<typeof Deno.build.os, string>>> = {
  darwin: "libultra_engine.dylib",
  windows: "ultra_engine.dll",
};

let loaded: Symbols | undefined;
let chosen: string | undefined;

/** Says where the library is, before it is loaded: the launcher knows. */
export function chooseLibrary(path: string): void {
  chosen = path;
}

/** @throws {UltraError} `internal` that lists where was looked, or the two versions that do not fit */
export function loadLibrary(): Symbols {
  return loaded ??= checked(open(chosen === undefined ? usualPaths() : [chosen]));
}

function usualPaths(): readonly string[] {
  return libraryPaths(import.meta.dirname, Deno.env.get(LIBRARY_VARIABLE));
}

/** Where the library may be: the one place that was named, or beside the program, or where cargo leaves it. */
export function libraryPaths(here: string | undefined, named: string | undefined): readonly string[] {
  if (named !== undefined && named !== "") return [named];
  const name = NAMES[Deno.build.os] ?? "libultra_engine.so";
  if (here === undefined) return [name];
  return [join(here, name), join(here, "..", "..", "native", "target", "release", name)];
}

function open(paths: readonly string[]): Symbols {
  const failures: string[] = [];
  for (const path of paths) {
    try {
      return Deno.dlopen(path, SYMBOLS).symbols;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // A library of another version is there: the next place would hold another one still.
      if (/symbol/.test(message)) throw wrongVersion("an older one");
      failures.push(`${path} (${message})`);
    }
  }
  throw new UltraError(
    "internal",
    `The data plane of ultra was not found; \`deno task native\` builds it. Looked at: ${failures.join("; ")}`,
  );
}

/** Two sides of different versions would misread each other's records. */
function checked(library: Symbols): Symbols {
  const out = new Uint8Array(4);
  const length = library.ultra_describe(out, out.length);
  const version = length === out.length ? new DataView(out.buffer).getUint32(0, true) : undefined;
  if (version !== ABI_VERSION) throw wrongVersion(version === undefined ? "none" : hex(version));
  return library;
}

function wrongVersion(version: string): UltraError {
  return new UltraError(
    "internal",
    `The data plane beside this program has version ${version}, this program needs ${hex(ABI_VERSION)}; ` +
      "build both: deno task build",
  );
}

function hex(version: number): string {
  return version.toString(16).padStart(8, "0");
}
