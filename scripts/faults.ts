/** Builds the data plane with its fault points (`native/files/src/os/fault_points.rs`), in a place of its own: tests alone load it. @module */

import { join } from "node:path";
import { LIBRARY_NAME, NATIVE } from "./paths.ts";
import { print, run } from "./shell.ts";

const TARGET = join(NATIVE, "target", "faults");

export const FAULTS_LIBRARY: string = join(TARGET, "release", LIBRARY_NAME);

export async function buildFaults(): Promise<void> {
  print("building the data plane with fault points");
  // From what is built already, so that msquic and OpenSSL are not compiled once more.
  if (!await isThere(TARGET)) {
    await Deno.mkdir(TARGET);
    await run("cp", ["-a", "--reflink=auto", join(NATIVE, "target", "release"), TARGET], { cwd: NATIVE });
  }
  const args = ["build", "--release", "--locked", "-p", "ultra-engine", "--features", "faults", "--target-dir", TARGET];
  await run(Deno.env.get("CARGO") ?? "cargo", args, { cwd: NATIVE });
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
