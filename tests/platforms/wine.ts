/**
 * Runs what was built for Windows, under wine. wine 8, as Debian 12 has it, lacks some of what Windows has; three things stand in for that, in
 * tests alone (`wine/` has two of them, with their reasons):
 *
 * - `bcryptprimitives.dll`, from which Rust's programs take their random numbers;
 * - `ws2_3x.dll` before `ws2_32.dll`, for what msquic wants of sockets;
 * - V8 reserves memory with the placeholders of `VirtualAlloc2` where the system has such a function, and wine has one that knows none: a copy
 *   of Deno asks for `VirtualAlloc1`, finds nothing, and goes the way of older systems.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { join } from "node:path";
import { payloadOf } from "../../scripts/build.ts";
import { pinnedDeno } from "../../scripts/deno.ts";
import { CACHE, DIST, PAYLOAD, ROOT } from "../../scripts/paths.ts";
import { appendPayload } from "../../scripts/payload.ts";
import { CROSS } from "../../scripts/release/toolchain.ts";
import { Failure, outputOf } from "../../scripts/shell.ts";
import { exists } from "../../scripts/tools.ts";
import { missingRelease } from "./built.ts";

export const WINDOWS = "ultra-windows-x64.exe";

/** Rust's name of the system. */
export const TARGET = "x86_64-pc-windows-gnu";

/** What Cargo has built of the release. */
export const BUILT = join(CROSS, "build", TARGET, "release");

const COMPILER = "x86_64-w64-mingw32-gcc-posix";
const SHIMS = join(ROOT, "tests", "platforms", "wine");

/** Runs a test program of Cargo's. */
export const RUNNER = join(SHIMS, "run.sh");
const PREFIX = join(CROSS, "wine");
const SYSTEM = join(PREFIX, "drive_c", "windows", "system32");

/** Where the folders of users are. */
export const USERS = join(PREFIX, "drive_c", "users");

/** Debian's, where a script before it would speak of a missing 32-bit one. */
const WINE = ["/usr/lib/wine/wine64", "wine64"].find(exists);

/** Windows's environment, in which a program of it runs here. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  WINEPREFIX: PREFIX,
  WINEDEBUG: "-all",
  // No windows that offer to install what nothing here needs.
  WINEDLLOVERRIDES: "mscoree,mshtml,winemenubuilder.exe=",
  // Names of files are UTF-8.
  LC_ALL: "C.UTF-8",
  // Linux's folders for state and caches, which the tests set, are none of Windows.
  XDG_STATE_HOME: "",
  XDG_CACHE_HOME: "",
};

/** What stands in the way of wine; undefined: nothing. */
export async function missingForWine(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return "it takes Linux on x86-64";
  if (WINE === undefined) return "wine is missing: scripts/prepare-cross.sh";
  if (!exists(COMPILER)) return `${COMPILER} is missing: scripts/prepare-cross.sh`;
  return await missingRelease(WINDOWS, "windows-x64");
}

/** How a test starts programs of Windows. */
export interface Wine {
  /** Stands before the program. */
  readonly wine: string;
  readonly env: Readonly<Record<string, string>>;
  /** `ultra.exe`, made of what the release is made of but for what wine takes. */
  readonly ultra: string;
  end(): Promise<void>;
}

/** A path of this system as Windows' programs under wine know it. */
export function dos(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}

/** Makes ready what programs need. Until it is ended, one program of Windows waits: with the last one the system would go, and start anew each time. */
export async function startWine(): Promise<Wine> {
  if (WINE === undefined) throw new Failure("wine is missing");
  await Deno.mkdir(PREFIX, { recursive: true });
  await quiet(WINE, ["wineboot", "--init"]);
  await build("bcryptprimitives.c", []);
  await build("ws2_3x.c", [await forwards()]);
  const waiting = new Deno.Command(WINE, {
    args: ["cmd"],
    env: { ...ENVIRONMENT },
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return {
    wine: WINE,
    // A place of their own, which goes with the next build.
    env: { ...ENVIRONMENT, ULTRA_CACHE_DIR: dos(join(CACHE, "wine")) },
    ultra: await ultraForWine(),
    async end() {
      await waiting.stdin.close();
      await waiting.status;
    },
  };
}

/** Builds a shim into wine's folder of libraries. */
async function build(source: string, more: readonly string[]): Promise<void> {
  const out = join(SYSTEM, source.replace(/c$/, "dll"));
  await quiet(COMPILER, ["-shared", "-O1", "-o", out, join(SHIMS, source), ...more]);
}

/** Makes the list by which `ws2_3x.dll` hands on every function of the other but its own two. */
async function forwards(): Promise<string> {
  const library = await outputOf(COMPILER, ["-print-file-name=libws2_32.a"]) ?? "";
  const symbols = await outputOf("x86_64-w64-mingw32-nm", [library]) ?? "";
  const names = [...symbols.matchAll(/ T (\w+)$/gm)].map(([, name = ""]) => name);
  const own = ["setsockopt", "WSAIoctl"];
  const lines = names.map((name) => own.includes(name) ? `${name} = shim_${name}` : `${name} = ws2_32.${name}`);
  const path = join(PREFIX, "ws2_3x.def");
  await Deno.writeTextFile(path, ["EXPORTS", ...lines.sort(), ""].join("\n"));
  return path;
}

async function ultraForWine(): Promise<string> {
  const folder = join(CROSS, "wine-ultra");
  await Deno.mkdir(folder, { recursive: true });
  const parts = {
    deno: await patched(await pinnedDeno(TARGET), join(folder, "deno.exe"), "VirtualAlloc2\0", "VirtualAlloc1\0"),
    engine: await patched(
      join(BUILT, "ultra_engine.dll"),
      join(folder, "ultra_engine.dll"),
      "ws2_32.dll\0",
      "ws2_3x.dll\0",
    ),
    bundle: join(PAYLOAD, "ultra.js"),
    licenses: join(DIST, "release", "ultra-windows-x64.licenses.txt"),
    suffix: ".exe",
  };
  const out = join(folder, "ultra.exe");
  const packing = { level: 3, store: join(PAYLOAD, "wine") };
  await appendPayload(join(BUILT, "ultra-launcher.exe"), payloadOf(parts), out, packing);
  return out;
}

/** A copy with another text of the same length wherever this one stands, in letters of any case. */
async function patched(path: string, out: string, before: string, after: string): Promise<string> {
  const bytes = Buffer.from(await Deno.readFile(path));
  // (One byte is one character of this encoding.)
  const text = bytes.toString("latin1");
  const places = [...text.matchAll(new RegExp(RegExp.escape(before), "gi"))].map(({ index }) => index);
  if (places.length === 0) throw new Failure(`${path} does not hold ${JSON.stringify(before)}`);
  for (const at of places) bytes.write(after, at, "latin1");
  await Deno.writeFile(out, bytes);
  return out;
}

/** Runs a program to its end; what it says is told when it fails. */
async function quiet(program: string, args: readonly string[]): Promise<void> {
  const output = await new Deno.Command(program, { args: [...args], env: { ...ENVIRONMENT }, stdin: "null" }).output();
  if (!output.success) throw new Failure(`${program} ${args.join(" ")}: ${new TextDecoder().decode(output.stderr)}`);
}
