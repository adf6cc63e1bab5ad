/**
 * Which blocks of files of several blocks are verified, and how many bytes that is: the receiver learns it from its disk, the sender from
 * acknowledgements.
 *
 * A file has a set of blocks here while it misses some; with the last one its state says all.
 *
 * @module
 */

import type { BlockIndex, EntryId } from "../protocol/messages.ts";
import { BlockTable } from "./blocks.ts";
import type { Entries } from "./entries.ts";
import type { VisitRun } from "./run_set.ts";

export class VerifiedBlocks {
  readonly #entries: Entries;
  readonly #table = new BlockTable();
  #bytes = 0;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  /** Bytes of data of the verified blocks of all files that have a set. Every block counts once. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether no file has a set. */
  get isEmpty(): boolean {
    return this.#table.size === 0;
  }

  /** Adds blocks; returns how many of them are new. */
  add(entry: EntryId, first: BlockIndex, count: number): number {
    const before = this.#bytesOf(entry);
    const added = this.#table.add(entry, first, count);
    this.#bytes += this.#bytesOf(entry) - before;
    return added;
  }

  /** How many of some blocks are verified. */
  count(entry: EntryId, first: BlockIndex, count: number): number {
    let verified = count;
    this.#table.forEachMissing(entry, first, first + count, (_first, count) => verified -= count);
    return verified;
  }

  has(entry: EntryId): boolean {
    return this.#table.total(entry) > 0;
  }

  /** Whether all of an entry's blocks are verified. */
  isComplete(entry: EntryId): boolean {
    return this.#table.total(entry) === this.#entries.blocks(entry);
  }

  /** The first block of `first` to `end` that is not verified. */
  firstMissing(entry: EntryId, first: BlockIndex, end: BlockIndex): BlockIndex | undefined {
    return this.#table.firstMissing(entry, first, end);
  }

  /** Visits the runs of `first` to `end` that are not verified. */
  forEachMissing(entry: EntryId, first: BlockIndex, end: BlockIndex, visit: VisitRun): void {
    this.#table.forEachMissing(entry, first, end, visit);
  }

  /** Visits the runs that are verified. */
  forEach(entry: EntryId, visit: VisitRun): void {
    this.#table.forEach(entry, visit);
  }

  /** Frees the set of a file that misses no block any more, or is over. */
  drop(entry: EntryId): void {
    this.#bytes -= this.#bytesOf(entry);
    this.#table.drop(entry);
  }

  /** What a file's set counts: of a file with holes the share that data has in it. */
  #bytesOf(entry: EntryId): number {
    const entries = this.#entries;
    const total = this.#table.total(entry);
    if (total === 0) return 0;
    const last = entries.blocks(entry) - 1;
    const shortBy = this.#table.has(entry, last) ? entries.blockLength - entries.bytes(entry, last, 1) : 0;
    const bytes = total * entries.blockLength - shortBy;
    return entries.isSparse(entry) ? Math.floor(bytes / entries.size(entry) * entries.dataBytes(entry)) : bytes;
  }
}
