/** Runs the real executable from folders of its own, with the environment that a test names and nothing else. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ULTRA } from "../../scripts/paths.ts";
import { VERSION } from "../../src/cli/version.ts";
import { TicketWatch } from "../support/ticket_watch.ts";

/** A user without rights. The tests that need one run as root, and are skipped otherwise. */
export const ORDINARY = 65_534;

export const IS_ROOT = Deno.uid() === 0;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Runs it as this user. */
  readonly user?: number;
}

/** Runs a program to its end. */
export async function ran(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { env = {}, cwd, user } = options;
  const output = await new Deno.Command(program, {
    args: [...args],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...env },
    clearEnv: true,
    ...(cwd === undefined ? {} : { cwd }),
    ...(user === undefined ? {} : { uid: user, gid: user }),
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const said = { stdout: text(output.stdout), stderr: text(output.stderr) };
  const watch = new TicketWatch([...args, ...Object.values(env)]);
  for (const stream of ["stdout", "stderr"] as const) {
    for (const line of said[stream].split("\n")) watch.take(stream, line);
  }
  watch.assertNone();
  return { code: output.code, ...said };
}

/** It started, and says what it is. */
export function assertVersion(result: Ran): void {
  assert.deepEqual(result, { code: 0, stdout: VERSION, stderr: "" });
}

/** A folder with a copy of the executable that every user may run, a home, and a folder for temporary files. */
export class Bench implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(user?: number): Promise<Bench> {
    const folder = await Deno.makeTempDir({ prefix: "ultra-launcher-" });
    await Deno.chmod(folder, 0o755);
    const bench = new Bench(folder);
    await Deno.copyFile(ULTRA, bench.ultra);
    for (const name of [bench.home, bench.temporary]) {
      await Deno.mkdir(name);
      if (user !== undefined) await Deno.chown(name, user, user);
    }
    return bench;
  }

  get ultra(): string {
    return join(this.folder, "ultra");
  }

  get home(): string {
    return join(this.folder, "home");
  }

  get temporary(): string {
    return join(this.folder, "tmp");
  }

  /** Where it unpacks when nothing is in the way. */
  get cache(): string {
    return join(this.home, ".cache", "ultra");
  }

  get env(): Record<string, string> {
    return { HOME: this.home, TMPDIR: this.temporary };
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return ran(this.ultra, args, { cwd: this.folder, ...options, env: { ...this.env, ...options.env } });
  }

  /** Runs a script of the shell in mount namespaces of its own; `$ULTRA` is the executable. */
  inNamespace(script: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const all = { ...this.env, ULTRA: this.ultra, ...env };
    return ran("unshare", ["--mount", "sh", "-ec", script], { env: all });
  }

  /** The folder of the unpacked files. */
  async keyFolder(): Promise<string> {
    const [key, ...others] = await namesIn(this.cache);
    assert.ok(key !== undefined && others.length === 0, `one version in ${this.cache}`);
    return join(this.cache, key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** What is in a folder, without the lock. */
export async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) if (name !== ".lock") names.push(name);
  return names.sort();
}
