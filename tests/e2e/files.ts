/** Files to send, and what is to be found afterwards. @module */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/** Bytes of a block: `docs/protocol.md`, "Lanes". */
export const BLOCK = MIB;

const PIECE = 4 * MIB;

/** A folder in memory for what is large, where the system has one that takes it; otherwise the usual folder. */
export async function largeFolder(): Promise<string | undefined> {
  const output = await new Deno.Command("df", { args: ["--output=avail", "-B1", "/dev/shm"], stderr: "null" }).output()
    .catch(() => undefined);
  const free = Number(new TextDecoder().decode(output?.stdout).trim().split("\n").at(-1));
  return free > 10 * GIB ? "/dev/shm" : undefined;
}

/** Writes a file whose blocks are all different and hold no zeros worth mentioning. */
export async function writeFile(path: string, size: number): Promise<string> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const piece = randomBytes(Math.min(size, PIECE));
  const view = new DataView(piece.buffer);
  for (let done = 0; done < size; done += piece.length) {
    for (let at = 0; at + 8 <= piece.length; at += BLOCK) view.setFloat64(at, Math.random() + done);
    await writeAll(file, piece.subarray(0, Math.min(piece.length, size - done)));
  }
  return path;
}

/** A file with data at these places and holes everywhere else. */
export async function writeSparse(path: string, size: number, offsets: readonly number[]): Promise<string> {
  using file = await Deno.open(path, { write: true, createNew: true });
  await file.truncate(size);
  for (const offset of offsets) {
    await file.seek(offset, Deno.SeekMode.Start);
    await writeAll(file, randomBytes(Math.min(3 * BLOCK, size - offset)));
  }
  return path;
}

export async function assertSameFile(actual: string, expected: string): Promise<void> {
  using one = await Deno.open(actual);
  using other = await Deno.open(expected);
  const { size } = await one.stat();
  assert.equal(size, (await other.stat()).size, `the size of ${actual}`);
  const pieces = [new Uint8Array(PIECE), new Uint8Array(PIECE)] as const;
  for (let at = 0; at < size; at += PIECE) {
    const length = Math.min(PIECE, size - at);
    const [a, b] = await Promise.all([readFull(one, pieces[0], length), readFull(other, pieces[1], length)]);
    assert.equal(Buffer.compare(a, b), 0, `${actual} differs within ${PIECE} bytes from ${at} on`);
  }
}

/** What a folder holds, with all that a transfer keeps: kinds, sizes, modes and times, by path. */
export async function treeOf(folder: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for await (const { path, info } of walk(folder)) {
    const seconds = Math.floor((info.mtime?.getTime() ?? 0) / 1000);
    const mode = ((info.mode ?? 0) & 0o777).toString(8);
    // (A folder's own time is not promised.)
    tree[path] = info.isDirectory ? `folder ${mode}` : `file ${mode} ${info.size} ${seconds}`;
  }
  return Object.fromEntries(Object.entries(tree).sort());
}

/** The names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** No part file, no state: nothing of ultra's own is left. */
export async function assertNoLeftovers(folder: string): Promise<void> {
  for await (const { path } of walk(folder)) {
    assert.ok(!path.split("/").at(-1)?.startsWith(".ultra-"), `left over: ${join(folder, path)}`);
  }
}

/** Nothing of ultra's own is left but what the same command again goes on with: parts with their journals. */
export async function assertOnlyParts(folder: string): Promise<void> {
  const left: string[] = [];
  for await (const { path } of walk(folder)) if (path.split("/").at(-1)?.startsWith(".ultra-")) left.push(path);
  const odd = left.filter((path) => !/\.run$/.test(path) && !left.includes(path.replace(/\.part$/, ".journal")));
  assert.deepEqual(odd, [], "left over, and of no use");
}

interface Found {
  readonly path: string;
  readonly info: Deno.FileInfo;
}

export async function* walk(folder: string, prefix = ""): AsyncGenerator<Found, void, undefined> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    yield { path: prefix + name, info: await Deno.lstat(join(folder, name)) };
    if (isDirectory) yield* walk(join(folder, name), `${prefix}${name}/`);
  }
}

export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const most = 65_536; // of one call
  for (let at = 0; at < length; at += most) crypto.getRandomValues(bytes.subarray(at, at + most));
  return bytes;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await file.write(rest));
}

async function readFull(file: Deno.FsFile, piece: Uint8Array, length: number): Promise<Uint8Array> {
  for (let done = 0; done < length;) {
    const read = await file.read(piece.subarray(done, length));
    assert.ok(read !== null, "the file became shorter");
    done += read;
  }
  return piece.subarray(0, length);
}
