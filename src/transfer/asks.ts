/**
 * What a receiver has asked a sender for on one connection, and how much of that is still no attack.
 *
 * @module
 */

import { MAX_NEED_RUNS } from "../protocol/limits.ts";
import type { BlockIndex, EntryId } from "../protocol/messages.ts";
import { violation } from "./outcome.ts";

/** How often the receiver may ask for all of a file on one link: once, and three times more for damaged blocks (H2). */
const MAX_ASKS = 4;

export class Asks {
  /** Blocks asked for, by entry; of files of one block only those that were asked for again, because most are asked for once. */
  readonly #blocks = new Map<EntryId, number>();
  /** Entries that were answered on earlier links: what is asked of them here is not the first answer. */
  #earlier = 0;
  #runs = 0;
  /** Where the last run ends. */
  #last: { readonly entry: EntryId; readonly end: BlockIndex } | undefined;

  /** Counts a run of blocks. One that continues the last is part of it, so that a file may be asked for block by block. */
  run(entry: EntryId, first: BlockIndex, count: number): void {
    const continues = this.#last?.entry === entry && this.#last.end === first;
    if (!continues && ++this.#runs > MAX_NEED_RUNS) throw violation("a need in too many pieces");
    this.#last = { entry, end: first + count };
  }

  /** Counts blocks of an entry that has `all` in all. */
  blocks(entry: EntryId, count: number, all: number): void {
    this.#count(entry, count, MAX_ASKS * all);
  }

  /** Counts a file of one block that was answered before. */
  small(entry: EntryId): void {
    this.#count(entry, 1, entry < this.#earlier ? MAX_ASKS : MAX_ASKS - 1);
  }

  /** Forgets an entry that misses no block. */
  drop(entry: EntryId): void {
    this.#blocks.delete(entry);
  }

  /**
   * Another connection begins, on which all of it may be asked for again.
   *
   * @param answered entries that were answered before
   */
  clear(answered: number): void {
    this.#blocks.clear();
    this.#earlier = answered;
    this.#runs = 0;
    this.#last = undefined;
  }

  #count(entry: EntryId, count: number, most: number): void {
    const asked = (this.#blocks.get(entry) ?? 0) + count;
    if (asked > most) throw violation(`the same blocks of entry ${entry} over and over`);
    this.#blocks.set(entry, asked);
  }
}
