/**
 * Files without bytes: a block is one number that follows from the file, its version and the block's place. Hashes are numbers, too, but
 * whoever compares them finds every difference.
 *
 * @module
 */

import type { Entry, EntryId, EntryKind } from "../../src/protocol/messages.ts";
import { mix } from "./random.ts";

/** Bytes of a simulated block: few, so that sizes around a block are common. */
export const BLOCK = 64;

export interface SimulatedFile {
  readonly path: string;
  readonly kind: EntryKind;
  readonly size: number;
  /** Of a file with holes. */
  readonly dataBytes?: number;
  /** The file that a hard link is another name of. */
  readonly linkedTo?: EntryId;
}

/** As a page of the walk has it. */
export function entryOf({ path, kind, size, dataBytes = size, linkedTo }: SimulatedFile): Entry {
  return {
    ...{ path, kind, size, dataBytes, mode: 0o644, mtimeSeconds: 1, mtimeNanos: 0, fingerprint: new Uint8Array(16) },
    ...kind === "link" && { target: "somewhere" },
    ...linkedTo !== undefined && { linkedTo },
  };
}

export function blockCount(size: number): number {
  return Math.ceil(size / BLOCK);
}

/** Content of a block, and at the same time its value. */
export function contentOf(path: string, version: number, block: number): number {
  let h = mix(version, block);
  for (let i = 0; i < path.length; i++) h = mix(h, path.charCodeAt(i));
  return h;
}

/** Values of blocks as they are on the wire: 32 bytes each, which hold one number. */
export function wireValues(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(32 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of values.entries()) view.setUint32(32 * at, value >>> 0);
  return bytes;
}

/** The numbers of {@linkcode wireValues}. */
export function valuesOfWire(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 32 }, (_, at) => view.getUint32(32 * at));
}

/** Numbers that follow each other, as runs. */
export function runsOf(numbers: readonly number[]): { readonly first: number; readonly count: number }[] {
  const runs: { first: number; count: number }[] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === number) last.count++;
    else runs.push({ first: number, count: 1 });
  }
  return runs;
}

/** The root of a file with these blocks. */
export function rootOf(size: number, blocks: ArrayLike<number>): Uint8Array {
  let h = mix(size, 7);
  for (let i = 0; i < blocks.length; i++) h = mix(h, blocks[i] ?? 0);
  const root = new Uint32Array(8).map((_, i) => mix(h, i));
  return new Uint8Array(root.buffer);
}

/** The transfer root: both ends call it with what they know themselves. */
export function transferRootOf(
  files: readonly SimulatedFile[],
  statuses: Uint8Array,
  roots: ReadonlyMap<EntryId, Uint8Array>,
): Uint8Array {
  let h = 1;
  for (const [entry, { path, size }] of files.entries()) {
    h = mix(mix(h, contentOf(path, size, 0)), statuses[entry] ?? 0);
    const isCommitted = statuses[entry] === 1;
    for (const byte of (isCommitted && roots.get(entry)) || []) h = mix(h, byte);
  }
  return rootOf(h, []);
}
