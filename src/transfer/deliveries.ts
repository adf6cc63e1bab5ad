/**
 * What becomes of the sender's entries: what the receiver needs, what lanes are granted, what is sealed, verified, committed or fails.
 *
 * @module
 */

import type { GrantId, LaneId } from "../protocol/words.ts";
import type { ErrorKind } from "../base/errors.ts";
import { HASH_LEN } from "../protocol/limits.ts";
import type { BlockIndex, EntryId, EntryRun, Held, NeedItem, VerifiedItem } from "../protocol/messages.ts";
import { Answers } from "./answers.ts";
import { Asks } from "./asks.ts";
import { BlockTable } from "./blocks.ts";
import { type Entries, EntryState } from "./entries.ts";
import { Failures } from "./failures.ts";
import { HeldBlocks } from "./held.ts";
import { violation } from "./outcome.ts";
import type { VisitRun } from "./run_set.ts";
import { Schedule } from "./schedule.ts";
import { Seals } from "./seals.ts";
import type { SmallRun } from "./small_queue.ts";
import type { SenderCommand, SenderQueries } from "./turns.ts";
import { VerifiedBlocks } from "./verified.ts";

const { committed, complete, failed, listed, needed, present, sealed, skipped, verified } = EntryState;

export interface DeliveryOptions {
  /** Blocks of a chunk of a file of so many blocks. */
  readonly chunkBlocks: (fileBlocks: number) => number;
}

export class Deliveries {
  readonly failures = new Failures();
  readonly seals = new Seals();
  readonly schedule: Schedule;
  readonly #entries: Entries;
  readonly #push: (command: SenderCommand) => void;
  readonly #verified: VerifiedBlocks;
  /** Blocks that were ever granted, and so may arrive, of files of several blocks that miss some. */
  readonly #granted = new BlockTable();
  /** What the receiver has from an earlier run. */
  readonly #held: HeldBlocks;
  readonly #answers: Answers;
  readonly #asks = new Asks();
  readonly #resent = { blocks: 0, bytes: 0 };
  #arrivals = 0;

  constructor(
    entries: Entries,
    push: (command: SenderCommand) => void,
    { shrink }: Pick<SenderQueries, "shrink">,
    { chunkBlocks }: DeliveryOptions,
  ) {
    this.#entries = entries;
    this.#push = push;
    this.#verified = new VerifiedBlocks(entries);
    this.#held = new HeldBlocks(entries);
    this.#answers = new Answers(entries);
    this.schedule = new Schedule({
      grant: (lane, grant, entry, first, count) => this.#grant(lane, grant, entry, first, count),
      grantEntries: (lane, grant, run, isMoved) => this.#grantEntries(lane, grant, run, isMoved),
      shrink,
      cutOff: (entry, first, count) => this.#granted.remove(entry, first, count),
    }, {
      isSmall: (entry) => entries.isSmall(entry),
      isMissing: (entry) => entries.isMissing(entry),
      size: (entry) => entries.size(entry),
      blocks: (entry) => entries.blocks(entry),
      bytes: (entry, first, count) => entries.bytes(entry, first, count),
      forEachMissing: (entry, first, end, visit) => this.#forEachMissing(entry, first, end, visit),
      firstMissing: (entry, first, end) => this.#firstMissing(entry, first, end),
    }, chunkBlocks);
  }

  /** Entries from 0 whose need has come. */
  get answered(): number {
    return this.#answers.count;
  }

  /** Bytes of verified blocks of files that miss some. */
  get partialBytes(): number {
    return this.#verified.bytes;
  }

  /** Bytes that the receiver had from an earlier run. */
  get resumedBytes(): number {
    return this.#held.bytes;
  }

  /** What was granted more than once. */
  get resent(): { readonly blocks: number; readonly bytes: number } {
    return this.#resent;
  }

  /** Grows whenever the receiver says that something has arrived. */
  get arrivals(): number {
    return this.#arrivals;
  }

  // What the receiver says.

  needs(items: readonly NeedItem[]): void {
    for (const item of items) {
      if (item.what === "blocks") this.#needsBlocks(item.entry, item.first, item.count);
      else this.#needsEntries(item.entry, item.entries, item.what);
    }
    this.schedule.fill();
  }

  held({ entry, first, values }: Held): void {
    const count = values.length / HASH_LEN;
    if (entry >= this.#entries.count || first + count > this.#entries.blocks(entry)) {
      throw violation("values of blocks outside of the manifest");
    }
    if (entry < this.#answers.count) throw violation(`values of entry ${entry} after its need`);
    if (this.#entries.isSmall(entry)) throw violation(`values of entry ${entry}, which has one block`);
    this.#held.add(entry, first, count);
    // A copy: a message's bytes are a view of memory that the next one may use again.
    this.#push({ type: "hold", entry, first, values: values.slice() });
  }

  acknowledged(items: readonly VerifiedItem[]): void {
    for (const item of items) {
      const end = item.what === "all" ? item.entry + item.entries : item.entry + 1;
      if (end > this.#answers.count) throw violation(`verified blocks of entry ${end - 1}, which it did not need`);
      if (item.what === "all") this.#wholeVerified(item.entry, end);
      else this.#blocksVerified(item.entry, item.first, item.count);
    }
  }

  committed(runs: readonly EntryRun[]): void {
    for (const { first, count } of runs) {
      if (first + count > this.#answers.count) throw violation("a commit of what it did not need");
      this.#entries.forEachState(first, first + count, (first, count, state) => this.#commit(first, count, state));
    }
    this.schedule.fill();
  }

  failedThere(entry: EntryId, kind: ErrorKind, text: string): void {
    if (entry >= this.#answers.count) throw violation("a failure of what it did not need");
    if (this.#entries.state(entry) === failed) {
      this.#answers.repeat();
      return this.failures.join(entry, kind);
    }
    if (this.#entries.isOver(entry)) throw violation(`a failure of entry ${entry}, which was over`);
    this.#end(entry, kind, text, true);
  }

  // What the engine says.

  /** The source failed an entry; false when that is no news for the receiver. */
  fail(entry: EntryId, kind: ErrorKind, text: string): boolean {
    const state = this.#entries.state(entry);
    if (state === listed || this.#entries.isOver(entry)) return false;
    this.#end(entry, kind, text, false);
    return true;
  }

  /** All of a file of several blocks was read once, and the source is what it was. */
  sealed(entry: EntryId, root: Uint8Array): void {
    const state = this.#entries.state(entry);
    // It has failed meanwhile; or its frame seals it.
    if ((state !== needed && state !== verified) || !this.#entries.isLarge(entry)) return;
    this.#entries.setState(entry, state === needed ? sealed : complete);
    this.seals.add(entry, this.#entries.size(entry), root);
  }

  /** Queues all that is wanted and not verified once more. */
  resendMissing(): void {
    for (const state of [needed, sealed]) {
      this.#entries.forEachIn(state, (entry) => {
        this.#forEachMissing(entry, 0, this.#entries.blocks(entry), (first, count) => {
          this.schedule.add(entry, first, count);
        });
      });
    }
    this.schedule.fill();
  }

  /** The link is lost, and with it all lanes and what was asked for on it. */
  loseLink(): void {
    this.schedule.clear();
  }

  /** Another link: what was said on the old one may be said again. */
  restart(): void {
    this.#asks.clear(this.#answers.count);
    this.#answers.restart();
    this.seals.restart();
  }

  // What goes out.

  #grant(lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: number): void {
    const again = count - this.#granted.add(entry, first, count);
    this.#resent.blocks += again;
    // Only a file's last block is shorter, so that the bound is exact but for it.
    this.#resent.bytes += Math.min(again * this.#entries.blockLength, this.#entries.bytes(entry, first, count));
    this.#push({ type: "grant", lane, grant, entry, first, count });
  }

  /** From here on the files of one block may arrive, and their frames seal them: they count as sealed. */
  #grantEntries(lane: LaneId, grant: GrantId, { first, count }: SmallRun, isMoved: boolean): void {
    if (!isMoved) this.#noteAgain(first, count);
    this.#entries.move(first, count, needed, sealed, "small");
    this.#push({ type: "grant-entries", lane, grant, first, count });
  }

  #noteAgain(first: EntryId, count: number): void {
    for (let entry = first; entry < first + count; entry++) {
      if (!this.#entries.isSmall(entry) || this.#entries.state(entry) !== sealed) continue;
      this.#resent.blocks++;
      this.#resent.bytes += this.#entries.size(entry);
    }
  }

  // Needs.

  #needsEntries(first: EntryId, count: number, what: "all" | "present" | "skipped"): void {
    const end = first + count;
    if (end > this.#entries.count) throw violation("a need outside of the manifest");
    const fresh = this.#answers.take(first, count);
    if (fresh > first) this.#answers.repeat(fresh - first);
    for (let entry = first; entry < fresh; entry++) this.#needsAgain(entry, what);
    if (what === "all") this.#wanted(fresh, end);
    else this.#declined(fresh, end, EntryState[what]);
  }

  #needsAgain(entry: EntryId, what: "all" | "present" | "skipped"): void {
    if (what === "all") {
      if (this.#entries.size(entry) > 0) this.#wantedAgain(entry, 0, this.#entries.blocks(entry));
    } else if (this.#entries.state(entry) !== EntryState[what]) {
      throw violation(`another answer to entry ${entry}`);
    }
  }

  /** The first answer to entries is that all of them is needed. What has no blocks is complete with it. */
  #wanted(first: EntryId, end: EntryId): void {
    const entries = this.#entries;
    if (first >= end) return;
    entries.move(first, end - first, listed, needed);
    let files = 0;
    for (let entry = first; entry < end; entry++) {
      if (entries.isSmall(entry)) {
        files++;
      } else if (entries.isLarge(entry)) {
        this.#asks.blocks(entry, entries.blocks(entry), entries.blocks(entry));
        // What it said on an earlier link that it holds was not what it was after all.
        this.#held.remove(entry, 0, entries.blocks(entry));
        this.schedule.add(entry, 0, entries.blocks(entry));
      } else {
        entries.move(entry, 1, needed, complete);
      }
    }
    this.schedule.addSmall(first, end - first, files);
  }

  #declined(first: EntryId, end: EntryId, state: typeof present | typeof skipped): void {
    if (first >= end) return;
    for (let entry = first; entry < end && !this.#held.isEmpty; entry++) {
      if (this.#held.has(entry)) throw violation(`another answer to entry ${entry}`);
    }
    this.#entries.move(first, end - first, listed, state);
  }

  #needsBlocks(entry: EntryId, first: BlockIndex, count: number): void {
    if (entry >= this.#entries.count) throw violation("a need outside of the manifest");
    if (first + count > this.#entries.blocks(entry)) throw violation(`a need beyond the end of entry ${entry}`);
    const isFirst = this.#answers.take(entry, 1) === entry;
    this.#asks.run(entry, first, count);
    if (isFirst && this.#entries.isSmall(entry)) return this.#wanted(entry, entry + 1);
    if (isFirst) this.#entries.setState(entry, needed);
    this.#wantedAgain(entry, first, count);
  }

  /** Blocks of a file that was answered before, or of which only some are needed. */
  #wantedAgain(entry: EntryId, first: BlockIndex, count: number): void {
    // It failed here, and `fail` is on its way to the receiver.
    if (this.#entries.state(entry) === failed) return;
    if (!this.#entries.isMissing(entry)) throw violation(`a need for entry ${entry}, which it has`);
    if (this.#entries.isSmall(entry)) {
      this.#asks.small(entry);
    } else {
      this.#asks.blocks(entry, count, this.#entries.blocks(entry));
      if (this.#verified.count(entry, first, count) > 0) {
        throw violation(`a need for verified blocks of entry ${entry}`);
      }
      this.#held.remove(entry, first, count);
    }
    this.schedule.add(entry, first, count);
  }

  // Acknowledgements.

  #wholeVerified(first: EntryId, end: EntryId): void {
    this.#entries.forEachState(first, end, (first, count, state) => {
      if (state === present || state === skipped) {
        throw violation(`verified blocks of entry ${first}, which it did not need`);
      }
      // All other states it may have to say once more that they are reached.
      if (state !== needed && state !== sealed) return this.#answers.repeat(count);
      const moved = state === sealed ? this.#entries.move(first, count, sealed, complete, "small") : 0;
      this.#arrivals += moved;
      for (let entry = first; moved < count && entry < first + count; entry++) {
        if (this.#entries.isLarge(entry)) this.#add(entry, 0, this.#entries.blocks(entry));
        else if (state === needed) throw violation(`verified blocks of entry ${entry} that were never sent`);
      }
    });
  }

  #blocksVerified(entry: EntryId, first: BlockIndex, count: number): void {
    const entries = this.#entries;
    if (first + count > entries.blocks(entry)) throw violation(`verified blocks beyond the end of entry ${entry}`);
    if (!entries.isLarge(entry)) return this.#wholeVerified(entry, entry + 1);
    const state = entries.state(entry);
    if (state === present || state === skipped) {
      throw violation(`verified blocks of entry ${entry}, which it did not need`);
    }
    if (entries.isMissing(entry)) this.#add(entry, first, count);
  }

  #add(entry: EntryId, first: BlockIndex, count: number): void {
    // What is known already is passed over, so that repeats cost little however many runs were granted.
    this.#verified.forEachMissing(entry, first, first + count, (first, count) => {
      this.#granted.forEachMissing(entry, first, first + count, (first, count) => {
        if (this.#held.firstOther(entry, first, first + count) === undefined) return;
        throw violation(`verified blocks of entry ${entry} that were never sent`);
      });
      this.#held.verified(entry, first, count);
    });
    this.#arrivals += this.#verified.add(entry, first, count);
    if (!this.#verified.isComplete(entry)) return;
    const isSealed = this.#entries.state(entry) === sealed;
    this.#settle(entry);
    this.#entries.setState(entry, isSealed ? complete : verified);
  }

  /** Nothing of the entry is missing any more, or it is over. */
  #settle(entry: EntryId): void {
    this.#verified.drop(entry);
    this.#held.drop(entry);
    this.#granted.drop(entry);
    this.#asks.drop(entry);
  }

  // Ends.

  #commit(first: EntryId, count: number, state: EntryState): void {
    switch (state) {
      case committed:
        return this.#answers.repeat(count);
      case complete:
      // The acknowledgement of its last blocks was lost with a link.
      case sealed:
        this.#entries.move(first, count, state, committed);
        return this.#over(first, count);
      case failed:
        for (let entry = first; entry < first + count; entry++) this.#takeBack(entry);
        return;
      default:
        throw violation(`a commit of entry ${first} before its seal`);
    }
  }

  /** A commit that had begun before the receiver heard of the failure wins. */
  #takeBack(entry: EntryId): void {
    if (!this.failures.mayBeCommitted(entry)) throw violation(`a commit of entry ${entry}, which failed`);
    this.failures.takeBack(entry);
    this.#entries.setState(entry, committed);
  }

  #end(entry: EntryId, kind: ErrorKind, text: string, fromPeer: boolean): void {
    const state = this.#entries.state(entry);
    const wasSealed = state === sealed || state === complete;
    this.#entries.setState(entry, failed);
    this.failures.add({ entry, kind, text, fromPeer }, wasSealed);
    this.#held.fail(entry);
    this.schedule.drop(entry);
    this.#over(entry, 1);
    this.schedule.fill();
  }

  #over(first: EntryId, count: number): void {
    for (let entry = first; entry < first + count; entry++) {
      if (!this.#entries.isLarge(entry)) continue;
      this.#settle(entry);
      this.seals.drop(entry);
    }
    this.schedule.over(first, count);
    this.#push({ type: "release", first, count });
  }

  /** What is neither verified nor held. */
  #firstMissing(entry: EntryId, first: BlockIndex, end: BlockIndex): BlockIndex | undefined {
    if (!this.#entries.isMissing(entry)) return undefined;
    if (!this.#held.has(entry)) return this.#verified.firstMissing(entry, first, end);
    let found: BlockIndex | undefined;
    this.#forEachMissing(entry, first, end, (first) => found ??= first);
    return found;
  }

  #forEachMissing(entry: EntryId, first: BlockIndex, end: BlockIndex, visit: VisitRun): void {
    if (!this.#entries.isMissing(entry)) return;
    this.#verified.forEachMissing(entry, first, end, (first, count) => {
      this.#held.forEachOther(entry, first, first + count, visit);
    });
  }
}
