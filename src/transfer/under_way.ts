/**
 * Which files are under way: from their first grant until they are committed or have failed.
 *
 * @module
 */

import type { EntryId } from "../protocol/messages.ts";
import { grown } from "./blocks.ts";

/**
 * Files under way at the same time. A small file needs two round trips and a commit from its grant to its end: on a path of 50 ms that is
 * 40,000 a second. It needs no descriptor meanwhile.
 */
export const MAX_UNDER_WAY = 4096;

/** Bytes under way beyond which no other file begins. What bounds the rest of a large one is what its lanes have queued. */
export const MAX_UNDER_WAY_BYTES = 64 << 20;

/**
 * Files of several blocks under way at the same time. Each is open on both sides, and at the receiver with its journal and its folder: three
 * descriptors, of which a process has 256 on some systems.
 */
export const MAX_LARGE_UNDER_WAY = 48;

/** What a file of several blocks counts for, so that there are no more of them. */
const LARGE_BYTES = Math.ceil(MAX_UNDER_WAY_BYTES / MAX_LARGE_UNDER_WAY);

export class UnderWay {
  readonly #oneBlock: (entry: EntryId) => number | undefined;
  #column = new Uint8Array(64);
  #files = 0;
  #bytes = 0;

  /** @param oneBlock bytes of a file of one block; `undefined` for one of several */
  constructor(oneBlock: (entry: EntryId) => number | undefined) {
    this.#oneBlock = oneBlock;
  }

  /** How many other files may begin. */
  get room(): number {
    return this.#bytes < MAX_UNDER_WAY_BYTES ? MAX_UNDER_WAY - this.#files : 0;
  }

  get roomBytes(): number {
    return MAX_UNDER_WAY_BYTES - this.#bytes;
  }

  /** Bytes of the column, for the test that holds its bound. */
  get columnBytes(): number {
    return this.#column.byteLength;
  }

  has(entry: EntryId): boolean {
    return this.#column[entry] === 1;
  }

  begin(entry: EntryId): void {
    if (this.has(entry)) return;
    this.#column = grown(this.#column, entry + 1);
    this.#column[entry] = 1;
    this.#files++;
    this.#bytes += this.#oneBlock(entry) ?? LARGE_BYTES;
  }

  /** These entries are over, or not wanted any more. */
  end(first: EntryId, count: number): void {
    const column = this.#column;
    const end = Math.min(first + count, column.length);
    for (let entry = first; entry < end; entry++) {
      if (column[entry] !== 1) continue;
      column[entry] = 0;
      this.#files--;
      this.#bytes -= this.#oneBlock(entry) ?? LARGE_BYTES;
    }
  }

  clear(): void {
    this.#column.fill(0);
    this.#files = this.#bytes = 0;
  }
}
