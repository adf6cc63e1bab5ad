/** Runs the scripts of `children/`, each in a process of its own: an engine exists once in a process, and tests share one. @module */

import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { LIBRARY, ROOT } from "../../scripts/paths.ts";

/** All that a program needs that uses the engine: this one library, and the variable that may name it. */
export const PERMISSIONS: readonly string[] = ["--no-prompt", `--allow-ffi=${LIBRARY}`, "--allow-env=ULTRA_NATIVE_LIB"];

/** No script takes this long unless it hangs. */
const HANG_MS = 60_000;

export interface ChildExit {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runChild(
  script: string,
  { args = [], flags = PERMISSIONS, env = {} }: {
    readonly args?: readonly string[];
    readonly flags?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<ChildExit> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-config",
      "--no-lock",
      ...flags,
      resolve(ROOT, "tests", "engine", "children", script),
      ...args,
    ],
    cwd: join(ROOT, "tests", "engine"),
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const guard = setTimeout(() => child.kill("SIGABRT"), HANG_MS);
  try {
    const { code, signal, stdout, stderr } = await child.output();
    const text = new TextDecoder();
    return { code, signal, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  } finally {
    clearTimeout(guard);
  }
}

/** Runs a script that checks everything itself. */
export async function assertChild(script: string, options?: Parameters<typeof runChild>[1]): Promise<ChildExit> {
  const exit = await runChild(script, options);
  assert.deepEqual({ code: exit.code, signal: exit.signal }, { code: 0, signal: null }, exit.stderr);
  return exit;
}
