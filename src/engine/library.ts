/**
 * Finds and loads the data plane. It is never unloaded: its threads run until the process ends.
 *
 * @module
 */

import { join } from "node:path";
import { UltraError } from "../base/errors.ts";
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

/** @throws {UltraError} `internal` that lists where was looked */
export function loadLibrary(): Symbols {
  return loaded ??= open(chosen === undefined ? usualPaths() : [chosen]);
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
      failures.push(`${path} (${error instanceof Error ? error.message : error})`);
    }
  }
  throw new UltraError(
    "internal",
    `The data plane of ultra was not found; \`deno task native\` builds it. Looked at: ${failures.join("; ")}`,
  );
}
