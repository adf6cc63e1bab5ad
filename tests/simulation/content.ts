/**
 * Files without bytes: a block is one number that follows from the file, its version and the block's place. Hashes are numbers, too, but
 * whoever compares them finds every difference.
 *
 * @module
 */

import type { EntryId } from "../../src/protocol/messages.ts";
import { mix } from "./random.ts";

/** Bytes of a simulated block: few, so that sizes around a block are common. */
export const BLOCK = 64;

export interface SimulatedFile {
  readonly path: string;
  readonly kind: "file" | "folder";
  readonly size: number;
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
  const order = files.map((_, i) => i).sort((a, b) => {
    const [one, other] = [files[a]?.path ?? "", files[b]?.path ?? ""];
    return one < other ? -1 : 1;
  });
  let h = 1;
  for (const entry of order) {
    const { path, size } = files[entry] ?? { path: "", size: 0 };
    h = mix(mix(h, contentOf(path, size, 0)), statuses[entry] ?? 0);
    const isCommitted = statuses[entry] === 1;
    for (const byte of (isCommitted && roots.get(entry)) || []) h = mix(h, byte);
  }
  return rootOf(h, []);
}
