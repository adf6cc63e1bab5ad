/** What a tree is, with all that a transfer keeps, in a form that two trees can be compared by. @module */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";

const PIECE = new Uint8Array(1 << 20);

/** One line for each path below a folder: kind, mode, time, target or content, and the first other name of the same file. */
export function snapshot(folder: string): Record<string, string> {
  const lines: Record<string, string> = {};
  const firstNames = new Map<bigint, string>();
  for (const path of pathsBelow(folder)) {
    const info = lstatSync(join(folder, path), { bigint: true });
    const name = firstNames.get(info.ino) ?? path;
    firstNames.set(info.ino, name);
    lines[path] = `${describe(join(folder, path), info)} ${info.mtimeNs}${name === path ? "" : ` = ${name}`}`;
  }
  return lines;
}

/** Paths below a folder, sorted by name in each. */
function pathsBelow(folder: string, prefix = ""): string[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true })
    .sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap((found) => {
      const path = prefix + found.name;
      return found.isDirectory() ? [path, ...pathsBelow(folder, `${path}/`)] : [path];
    });
}

function describe(path: string, info: BigIntStats): string {
  const mode = (info.mode & 0o7777n).toString(8);
  if (info.isSymbolicLink()) return `link ${readlinkSync(path)}`;
  if (info.isDirectory()) return `folder ${mode}`;
  if (!info.isFile()) return "other";
  const hash = createHash("sha256");
  using file = Deno.openSync(path);
  for (let length: number | null; (length = file.readSync(PIECE)) !== null;) hash.update(PIECE.subarray(0, length));
  return `file ${mode} ${info.size} ${hash.digest("hex").slice(0, 16)}`;
}

/** Bytes that a file takes on its disk. */
export function diskBytes(path: string): number {
  return Number(lstatSync(path, { bigint: true }).blocks) * 512;
}

/** Asks rsync, another judge, where it is installed: nothing is left to do. */
export async function assertEqualForRsync(source: string, target: string, ...flags: readonly string[]): Promise<void> {
  const args = ["-anciH", "--delete", ...flags, `${source}/`, `${target}/`];
  const output = await new Deno.Command("rsync", { args, stderr: "piped" }).output().catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (output === undefined) return;
  assert.equal(output.code, 0, new TextDecoder().decode(output.stderr));
  assert.equal(new TextDecoder().decode(output.stdout), "", "rsync sees a difference");
}
