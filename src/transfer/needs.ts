/**
 * What a receiver answers to the entries of a manifest: what of each is needed, and what it holds of it from an earlier run.
 *
 * @module
 */

import { HASH_LEN } from "../protocol/limits.ts";
import type { BlockIndex, EntryId, NeedItem, TransferMessage } from "../protocol/messages.ts";
import { heldMessages, needMessages } from "../protocol/runs.ts";
import { type Entries, EntryState } from "./entries.ts";
import type { HeldBlocks } from "./held.ts";
import type { VisitRun } from "./run_set.ts";
import type { ReceiverCommand } from "./turns.ts";
import type { VerifiedBlocks } from "./verified.ts";

const { needed, present, sealed, skipped } = EntryState;

interface Values {
  readonly first: BlockIndex;
  /** 32 bytes for each block. */
  readonly values: Uint8Array;
}

export class Needs {
  readonly #entries: Entries;
  readonly #verified: VerifiedBlocks;
  readonly #held: HeldBlocks;
  /** Values of held blocks, as long as the sender may have to be told of them. */
  readonly #values = new Map<EntryId, Values[]>();
  /** Files that are taken up and whose page is not checked yet; `true`: what is held is certainly there. */
  readonly #takenUp = new Map<EntryId, boolean>();

  constructor(entries: Entries, verified: VerifiedBlocks, held: HeldBlocks) {
    this.#entries = entries;
    this.#verified = verified;
    this.#held = held;
  }

  /** An earlier run has received these blocks. */
  hold(entry: EntryId, first: BlockIndex, values: Uint8Array): void {
    this.#held.add(entry, first, values.length / HASH_LEN);
    const runs = this.#values.get(entry) ?? [];
    runs.push({ first, values });
    this.#values.set(entry, runs);
  }

  takeUp(entry: EntryId, isClean: boolean): void {
    this.#takenUp.set(entry, isClean);
  }

  /** Visits the held blocks that are certainly there, of the files that were taken up since the last call. */
  takeCertain(visit: (entry: EntryId, first: BlockIndex, count: number) => void): void {
    for (const [entry, isClean] of this.#takenUp) {
      if (!isClean) continue;
      for (const { first, values } of this.#values.get(entry) ?? []) visit(entry, first, values.length / HASH_LEN);
    }
    this.#takenUp.clear();
  }

  /** The file misses no block any more, or is over. */
  drop(entry: EntryId): void {
    this.#values.delete(entry);
  }

  /** The first answers to entries, or the same once more: values before the need of their file. */
  answers(from: EntryId, to: EntryId): TransferMessage[] {
    return [...this.#heldMessages(from, to), ...needMessages(this.#items(from, to))];
  }

  /** What of the entries answered before is still to come: all grants ended with the link. */
  missingBelow(answered: EntryId): TransferMessage[] {
    const items: NeedItem[] = [];
    for (const state of [needed, sealed]) {
      this.#entries.forEachRun(state, (first, count) => {
        const end = Math.min(first + count, answered);
        if (end > first) items.push(...this.#items(first, end));
      });
    }
    return needMessages(items);
  }

  /** Lets the blocks of needed files in: small ones as runs, which end only before a small file that is not needed. */
  expectations(first: EntryId, end: EntryId): ReceiverCommand[] {
    const [entries, commands]: [Entries, ReceiverCommand[]] = [this.#entries, []];
    let [start, last, isEmpty] = [first, first, true];
    const flush = () => {
      if (!isEmpty) commands.push({ type: "expect-entries", first: start, count: last + 1 - start });
      isEmpty = true;
    };
    for (let entry = first; entry < end; entry++) {
      const isNeeded = entries.state(entry) === needed;
      if (entries.isSmall(entry)) {
        if (!isNeeded) flush();
        else if (isEmpty) [start, last, isEmpty] = [entry, entry, false];
        else last = entry;
      } else if (isNeeded && entries.isLarge(entry)) {
        this.#forEachMissing(entry, (first, count) => commands.push({ type: "expect", entry, first, count }));
      }
    }
    flush();
    return commands;
  }

  /** Visits the runs of a file that are neither verified nor held. */
  #forEachMissing(entry: EntryId, visit: VisitRun): void {
    this.#verified.forEachMissing(entry, 0, this.#entries.blocks(entry), (first, count) => {
      this.#held.forEachOther(entry, first, first + count, visit);
    });
  }

  #heldMessages(from: EntryId, to: EntryId): TransferMessage[] {
    const messages: TransferMessage[] = [];
    for (const [entry, runs] of this.#values) {
      if (entry < from || entry >= to || !this.#entries.isMissing(entry)) continue;
      for (const { first, values } of runs) messages.push(...heldMessages(entry, first, values));
    }
    return messages;
  }

  #items(from: EntryId, to: EntryId): NeedItem[] {
    const items: NeedItem[] = [];
    this.#entries.forEachState(from, to, (first, count, state) => {
      if (state === present) items.push({ what: "present", entry: first, entries: count });
      else if (state === skipped) items.push({ what: "skipped", entry: first, entries: count });
      else if (this.#verified.isEmpty && this.#held.isEmpty) items.push({ what: "all", entry: first, entries: count });
      else for (let entry = first; entry < first + count; entry++) this.#pushMissing(entry, items);
    });
    return items;
  }

  #pushMissing(entry: EntryId, items: NeedItem[]): void {
    if (!this.#verified.has(entry) && !this.#held.has(entry)) {
      return void items.push({ what: "all", entry, entries: 1 });
    }
    this.#forEachMissing(entry, (first, count) => items.push({ what: "blocks", entry, first, count }));
  }
}
