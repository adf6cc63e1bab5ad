/**
 * How files are cut into chunks, and which chunk goes first.
 *
 * @module
 */

import type { BlockIndex, EntryId } from "../protocol/messages.ts";
import { grown } from "./blocks.ts";
import type { VisitRun } from "./run_set.ts";

/** Counts the chunks of a manifest. */
export class ChunkTally {
  readonly #blockLength: number;
  readonly #chunkBlocks: (fileBlocks: number) => number;
  #chunks = 0;
  #chunkBytes = 0;
  #leastBytes = Infinity;

  /** @param chunkBlocks blocks of a chunk of a file of so many blocks */
  constructor(blockLength: number, chunkBlocks: (fileBlocks: number) => number) {
    this.#blockLength = blockLength;
    this.#chunkBlocks = chunkBlocks;
  }

  get chunks(): number {
    return this.#chunks;
  }

  /** Bytes of the longest chunk. */
  get chunkBytes(): number {
    return this.#chunkBytes;
  }

  /** Whether all chunks have as many bytes, but for the last one of a file, which may have less. */
  get isEven(): boolean {
    return this.#chunks === 0 || this.#leastBytes === this.#chunkBytes;
  }

  /** Adds a file. */
  add(blocks: number, bytes: number): void {
    if (blocks === 0) return;
    const length = this.#chunkBlocks(blocks);
    const first = Math.min(length * this.#blockLength, bytes);
    this.#chunks += Math.ceil(blocks / length);
    this.#chunkBytes = Math.max(this.#chunkBytes, first);
    this.#leastBytes = Math.min(this.#leastBytes, first);
  }
}

/** Visits the chunks of a run of blocks. They end at multiples of the chunk length, so that a file asked for in parts is cut alike. */
export function forEachChunk(length: number, first: BlockIndex, count: number, visit: VisitRun): void {
  const end = first + count;
  for (let at = first; at < end;) {
    const next = Math.min(end, (Math.floor(at / length) + 1) * length);
    visit(at, next - at);
    at = next;
  }
}

export interface Chunk {
  readonly entry: EntryId;
  readonly first: BlockIndex;
  readonly count: number;
}

/**
 * Chunks that are not granted yet, largest first, equal ones in the order of the manifest. Whoever takes the largest remaining one for
 * the lane that has the least ends with lanes that differ by one chunk at most. A binary heap in columns.
 */
export class ChunkHeap {
  #entries = new Uint32Array(16);
  #firsts = new Float64Array(16);
  #counts = new Float64Array(16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(entry: EntryId, first: BlockIndex, count: number): void {
    this.#entries = grown(this.#entries, this.#length + 1);
    this.#firsts = grown(this.#firsts, this.#length + 1);
    this.#counts = grown(this.#counts, this.#length + 1);
    this.#entries[this.#length] = entry;
    this.#firsts[this.#length] = first;
    this.#counts[this.#length] = count;
    this.#rise(this.#length++);
  }

  /** Whether this heap's largest chunk goes before the other's. An empty heap never does. */
  isBefore(other: ChunkHeap): boolean {
    if (this.#length === 0 || other.#length === 0) return this.#length > 0;
    const order = (other.#counts[0] ?? 0) - (this.#counts[0] ?? 0) ||
      (this.#entries[0] ?? 0) - (other.#entries[0] ?? 0);
    return order < 0;
  }

  /** Takes the largest chunk out. */
  pop(): Chunk | undefined {
    if (this.#length === 0) return undefined;
    const largest = { entry: this.#entries[0] ?? 0, first: this.#firsts[0] ?? 0, count: this.#counts[0] ?? 0 };
    this.#length--;
    this.#swap(0, this.#length);
    this.#sink();
    return largest;
  }

  clear(): void {
    this.#length = 0;
  }

  #rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >>> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(): void {
    for (let at = 0;;) {
      const left = 2 * at + 1;
      if (left >= this.#length) return;
      const right = left + 1;
      const child = right < this.#length && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const order = (this.#counts[b] ?? 0) - (this.#counts[a] ?? 0) ||
      (this.#entries[a] ?? 0) - (this.#entries[b] ?? 0) ||
      (this.#firsts[a] ?? 0) - (this.#firsts[b] ?? 0);
    return order < 0;
  }

  #swap(a: number, b: number): void {
    swap(this.#entries, a, b);
    swap(this.#firsts, a, b);
    swap(this.#counts, a, b);
  }
}

function swap(column: Uint32Array | Float64Array, a: number, b: number): void {
  const kept = column[a] ?? 0;
  column[a] = column[b] ?? 0;
  column[b] = kept;
}
