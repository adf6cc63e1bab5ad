/**
 * What the sender has not been told yet of what was verified and committed, and when it is time to say so.
 *
 * @module
 */

import type { BlockIndex, BlockRun, EntryId, TransferMessage } from "../protocol/messages.ts";
import { committedMessages, verifiedMessages } from "../protocol/runs.ts";
import { EntryRuns, RunList } from "./blocks.ts";

/** Acknowledgements and commits that nothing hurries leave at most 20 times a second: a progress bar needs no more. */
export const ACKNOWLEDGE_MS = 50;

/**
 * Commits of so many entries, or of so many bytes, are told at once: an eighth of what the sender has under way at most, so
 * that it goes on without a pause.
 */
export const ENOUGH_NEWS = 512;
const ENOUGH_BYTES = 8 << 20;

export class Acknowledgements {
  readonly #blocks = new RunList();
  readonly #entries = new EntryRuns();
  readonly #committed = new EntryRuns();
  /** Whether a large file or the transfer has ended, which is acknowledged without delay. */
  #isUrgent = false;
  /** Entries that were committed since the last acknowledgement, and their bytes. */
  #news = 0;
  #bytes = 0;
  #sentMs = -Infinity;

  /** Blocks of a file were verified. */
  blocks(entry: EntryId, first: BlockIndex, count: number): void {
    this.#blocks.push(entry, first, count);
  }

  /** All blocks of these entries were verified. */
  entries(first: EntryId, count: number): void {
    this.#entries.push(first, count);
  }

  committed(first: EntryId, count: number): void {
    this.#committed.push(first, count);
  }

  /** So many entries were committed, so that others may begin. */
  note(entries: number, bytes: number): void {
    this.#news += entries;
    this.#bytes += bytes;
  }

  hurry(): void {
    this.#isUrgent = true;
  }

  isDue(nowMs: number): boolean {
    return this.#isUrgent || this.#news >= ENOUGH_NEWS || this.#bytes >= ENOUGH_BYTES ||
      nowMs - this.#sentMs >= ACKNOWLEDGE_MS;
  }

  take(nowMs: number): TransferMessage[] {
    const blocks: BlockRun[] = [];
    this.#blocks.forEach((entry, first, count) => blocks.push({ entry, first, count }));
    this.#blocks.clear();
    this.#isUrgent = false;
    this.#news = this.#bytes = 0;
    this.#sentMs = nowMs;
    return [...verifiedMessages(this.#entries.take(), blocks), ...committedMessages(this.#committed.take())];
  }

  /** The link is lost: all of it is said again after the exchange of positions. */
  clear(): void {
    this.#blocks.clear();
    this.#entries.clear();
    this.#committed.clear();
  }
}
