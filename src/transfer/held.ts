/**
 * Blocks that the receiver has from an earlier run, which do not travel. Held is not verified: a receiver that cannot be sure reads them
 * again, and asks for one that is not what it was after all.
 *
 * @module
 */

import type { BlockIndex, EntryId } from "../protocol/messages.ts";
import { BlockTable } from "./blocks.ts";
import type { Entries } from "./entries.ts";
import type { VisitRun } from "./run_set.ts";

export class HeldBlocks {
  readonly #entries: Entries;
  readonly #table = new BlockTable();
  /** Bytes of held blocks that are verified, holes among them, by entry. */
  readonly #resumed = new Map<EntryId, number>();
  #bytes = 0;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  /** Bytes that did not have to travel: of blocks that were held and are verified. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether no file has held blocks. */
  get isEmpty(): boolean {
    return this.#table.size === 0;
  }

  has(entry: EntryId): boolean {
    return this.#table.total(entry) > 0;
  }

  add(entry: EntryId, first: BlockIndex, count: number): void {
    this.#table.add(entry, first, count);
  }

  /** These have to travel after all. */
  remove(entry: EntryId, first: BlockIndex, count: number): void {
    this.#table.remove(entry, first, count);
  }

  /** Visits the runs of `first` to `end` that are not held. */
  forEachOther(entry: EntryId, first: BlockIndex, end: BlockIndex, visit: VisitRun): void {
    this.#table.forEachMissing(entry, first, end, visit);
  }

  /** The first block of `first` to `end` that is not held. */
  firstOther(entry: EntryId, first: BlockIndex, end: BlockIndex): BlockIndex | undefined {
    return this.#table.firstMissing(entry, first, end);
  }

  /** Counts what is held of blocks that are verified now and were not before. */
  verified(entry: EntryId, first: BlockIndex, count: number): void {
    if (!this.has(entry)) return;
    const entries = this.#entries;
    let bytes = entries.bytes(entry, first, count);
    this.#table.forEachMissing(entry, first, first + count, (first, count) => {
      bytes -= entries.bytes(entry, first, count);
    });
    const before = this.#resumed.get(entry) ?? 0;
    this.#resumed.set(entry, before + bytes);
    this.#bytes += this.#shareOf(entry, before + bytes) - this.#shareOf(entry, before);
  }

  /** The file misses no block any more. */
  drop(entry: EntryId): void {
    this.#table.drop(entry);
  }

  /** The file has failed: nothing of it counts. */
  fail(entry: EntryId): void {
    this.drop(entry);
    this.#bytes -= this.#shareOf(entry, this.#resumed.get(entry) ?? 0);
    this.#resumed.delete(entry);
  }

  /** As in progress, holes do not count. A share of all that is verified: both ends have the same, in whatever pieces they hear of it. */
  #shareOf(entry: EntryId, bytes: number): number {
    const entries = this.#entries;
    return entries.isSparse(entry) ? Math.floor(bytes / entries.size(entry) * entries.dataBytes(entry)) : bytes;
  }
}
