/**
 * `deno task compile`: the other way to one executable, by Deno's own `deno compile`, where the runtime that this takes can be downloaded.
 *
 * The same bundle and the same loader of the data plane go in as into `dist/ultra`; what the launcher does beside unpacking is missing
 * (docs/platforms.md lists it). Leaves `dist/ultra-compiled`.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { PERMISSIONS, SECRET_VARIABLES, VARIABLES } from "../src/cli/permissions.ts";
import { bundle, requirePinnedDeno } from "./build.ts";
import { licensesText } from "./licenses.ts";
import { buildNative } from "./native.ts";
import { DIST, LIBRARY, LIBRARY_NAME, NATIVE } from "./paths.ts";
import { Failure, main, print } from "./shell.ts";

const STAGE = join(NATIVE, "target", "compile");

/** What is laid out for Deno to run. */
export interface Parts {
  readonly engine: string;
  readonly bundle: string;
  /** Their text. */
  readonly licenses: string;
}

export interface Layout {
  readonly folder: string;
  readonly program: string;
  readonly engine: string;
  readonly licenses: string;
}

/** Lays the parts out as they lie among the sources: there the bundle finds them from where it is. */
export async function layOut(folder: string, parts: Parts): Promise<Layout> {
  const layout = {
    folder,
    program: join(folder, "src", "program", "ultra.js"),
    engine: join(folder, "native", "target", "release", LIBRARY_NAME),
    licenses: join(folder, "native", "target", "payload", "licenses.txt"),
  };
  for (const path of [layout.program, layout.engine, layout.licenses]) {
    await Deno.mkdir(dirname(path), { recursive: true });
  }
  await Deno.copyFile(parts.bundle, layout.program);
  await Deno.copyFile(parts.engine, layout.engine);
  await Deno.writeTextFile(layout.licenses, parts.licenses);
  return layout;
}

/**
 * What Deno has to allow the whole program, since nothing sorts the commands before it starts: what any of them needs, and to read the
 * variables that the launcher would hand over.
 */
export function permissions(): string[] {
  const flags = new Set(Object.values(PERMISSIONS).flat());
  const more = [...flags].filter((flag) => !flag.startsWith("--allow-read="));
  return ["--no-prompt", ...more, `--allow-env=${[...VARIABLES, ...SECRET_VARIABLES, "ULTRA_NATIVE_LIB"].join()}`];
}

/** @throws {Failure} when Deno cannot make it, in one line with what Deno says */
export async function compile({ program, engine, licenses }: Layout, out: string): Promise<void> {
  const files = [engine, licenses].flatMap((path) => ["--include", path]);
  const args = ["compile", "--quiet", "--no-config", ...permissions(), ...files, "--output", out, program];
  const output = await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" }, stdin: "null" }).output();
  if (output.success) return;
  const said = new TextDecoder().decode(output.stderr).split("\n").map((line) => line.trim());
  // Deno tells a chain of causes; the one with the address says which download failed, and how.
  const cause = (said.find((line) => line.includes("https://")) ?? said[0] ?? "").replace(/^(\d+|error): /, "");
  throw new Failure(`deno compile failed; it downloads a runtime, which \`deno task build\` does without: ${cause}`);
}

async function compileAll(): Promise<void> {
  await requirePinnedDeno();
  await buildNative();
  const parts = { engine: LIBRARY, bundle: await bundle(), licenses: await licensesText() };
  const layout = await layOut(STAGE, parts);
  await Deno.mkdir(DIST, { recursive: true });
  await compile(layout, join(DIST, "ultra-compiled"));
  print("built dist/ultra-compiled");
}

if (import.meta.main) await main(compileAll);
