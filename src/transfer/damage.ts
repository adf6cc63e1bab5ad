/** How often blocks arrived damaged, and how much of that is still bad luck. @module */

import type { BlockIndex, EntryId } from "../protocol/messages.ts";

/** How often a damaged block is asked for again (B5). */
const MAX_DAMAGE = 3;

/** Damaged blocks in a whole transfer that are still bad luck; what exceeds them is a broken machine or an attack. */
const MAX_DAMAGED_BLOCKS = 1000;

export class Damage {
  /** How often each damaged block arrived damaged, by entry and block. */
  readonly #times = new Map<string, number>();
  #blocks = 0;
  #bytes = 0;

  /** What arrived damaged in all. */
  get resent(): { readonly blocks: number; readonly bytes: number } {
    return { blocks: this.#blocks, bytes: this.#bytes };
  }

  /** Notes a block of so many bytes; false when it is not to be asked for again. */
  note(entry: EntryId, block: BlockIndex, bytes: number): boolean {
    const key = `${entry}:${block}`;
    const times = (this.#times.get(key) ?? 0) + 1;
    this.#times.set(key, times);
    this.#blocks++;
    this.#bytes += bytes;
    return times <= MAX_DAMAGE && this.#times.size <= MAX_DAMAGED_BLOCKS;
  }
}
