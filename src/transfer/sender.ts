/**
 * The sending side of a transfer as a pure state machine: `docs/protocol.md`, "After proof", from the first page to `bye`.
 *
 * Its owner (`src/session/`) sends the offer, waits for `accept`, and then brings everything that happens: messages, events of the engine,
 * lanes, the link's loss and return, and the time. `turns.ts` says how.
 *
 * @module
 */

import type { GrantId, LaneId } from "../protocol/words.ts";
import { type ErrorKind, UltraError } from "../base/errors.ts";
import { equalBytes } from "../protocol/bytes.ts";
import { HASH_LEN, MAX_TRANSFER_BLOCKS } from "../protocol/limits.ts";
import type {
  BlockIndex,
  Committed,
  Done,
  EntryId,
  Held,
  NeedItem,
  Position,
  TransferMessage,
  Verified,
} from "../protocol/messages.ts";
import { forEachEntry } from "../protocol/pages.ts";
import { sealMessages } from "../protocol/runs.ts";
import { Answers } from "./answers.ts";
import { Asks } from "./asks.ts";
import { BlockTable } from "./blocks.ts";
import { Entries, EntryState } from "./entries.ts";
import { leftOutMessage, leftOutOf, missingCount, NOTHING_LEFT_OUT } from "./left_out.ts";
import { bug, kindOfFault, type Outcome, type Phase, type Progress, violation, wireText } from "./outcome.ts";
import { Outbox } from "./outbox.ts";
import type { VisitRun } from "./run_set.ts";
import { ChunkTally } from "./plan.ts";
import { Schedule } from "./schedule.ts";
import type { SenderCommand, SenderEvent, SenderOptions, SenderQueries } from "./turns.ts";
import { Exchange } from "./exchange.ts";
import { VerifiedBlocks } from "./verified.ts";

/** Pages under way at most: their bytes are kept for a repeat, about 1 MiB in all. */
export const MAX_UNANSWERED_PAGES = 16;

/**
 * Blocks that were read and do not arrive are sent again after this time, if lanes were lost. The receiver drops a block that another
 * lane claims; when that lane is a dying one, neither of the two brings the block.
 */
export const STALL_MS = 5000;

type Stage =
  /** From the start: pages still come from the walk. To `moving`. */
  | "listing"
  /** From `listing` with the walk's end; until `done`, which ends the transfer. */
  | "moving";

/** A page that the receiver has not answered. */
interface Page {
  readonly first: EntryId;
  readonly count: number;
  readonly entries: Uint8Array;
}

/** What can only happen while the transfer runs; afterwards it does nothing. */
type StepEvent = Exclude<
  SenderEvent,
  { type: "message" | "cancel" | "walk-failed" | "link-lost" | "link-restored" }
>;

type PageEvent = Extract<SenderEvent, { type: "page" }>;
type WalkEndEvent = Extract<SenderEvent, { type: "walk-end" }>;

export class Sender {
  readonly #queries: SenderQueries;
  readonly #outbox = new Outbox<SenderCommand>();
  readonly #exchange: Exchange;
  readonly #entries: Entries;
  readonly #verified: VerifiedBlocks;
  /** Blocks that were ever granted, and so may arrive, of entries not yet complete. */
  readonly #granted: BlockTable;
  readonly #schedule: Schedule;
  readonly #answers: Answers;
  readonly #asks = new Asks();
  readonly #plan: ChunkTally;
  #stage: Stage = "listing";
  #pages: Page[] = [];
  /** Sealed entries that the receiver has not been told of. */
  #unsentSeals: EntryId[] = [];
  /** What the walk left out, and what the receiver says that it does. */
  #leftOut = { sender: NOTHING_LEFT_OUT, receiver: NOTHING_LEFT_OUT };
  #resent = { blocks: 0, bytes: 0 };
  /** Whether lanes were lost, so that blocks may have got lost with them. */
  #disturbed = false;
  #stalledSinceMs: number | undefined;

  constructor(queries: SenderQueries, options: SenderOptions) {
    this.#queries = queries;
    this.#exchange = new Exchange((message) => this.#outbox.push({ type: "send", message }), options.describe);
    this.#entries = new Entries(options.blockLength);
    this.#verified = new VerifiedBlocks(this.#entries);
    this.#granted = new BlockTable(this.#entries);
    this.#answers = new Answers(this.#entries);
    this.#plan = new ChunkTally(this.#entries.blockLength, options.chunkBlocks);
    this.#schedule = new Schedule({
      grant: (lane, grant, entry, first, count) => this.#grant(lane, grant, entry, first, count),
      shrink: (grant, end) => queries.shrink(grant, end),
      cutOff: (entry, first, count) => this.#granted.remove(entry, first, count),
    }, {
      blocks: (entry) => this.#entries.blocks(entry),
      bytes: (entry, first, count) => this.#entries.bytes(entry, first, count),
      forEachMissing: (entry, first, end, visit) => this.#forEachMissing(entry, first, end, visit),
      firstMissing: (entry, first, end) => this.#firstMissing(entry, first, end),
    }, options.chunkBlocks);
  }

  get outcome(): Outcome {
    return this.#exchange.outcome;
  }

  get phase(): Phase {
    if (!this.#exchange.isRunning) return "ended";
    if (this.#stage === "listing") return "listing";
    if (this.#entries.over === this.#entries.count) return "confirming";
    const isMoving = this.#answers.count < this.#entries.count || !this.#schedule.isIdle;
    return isMoving ? "moving" : "committing";
  }

  get progress(): Progress {
    return {
      ...this.#entries.progress,
      phase: this.phase,
      verifiedBytes: this.#verified.bytes + this.#entries.presentBytes,
      listed: this.#stage !== "listing",
    };
  }

  /** How many chunks the files known so far have, and how long the longest is. */
  get plan(): { readonly chunks: number; readonly chunkBytes: number; readonly isEven: boolean } {
    return this.#plan;
  }

  /** Whether the walk's next page is welcome. Otherwise the owner leaves it in the engine, whose walk then pauses. */
  get wantsPage(): boolean {
    return this.#exchange.isRunning && this.#stage === "listing" && this.#pages.length < MAX_UNANSWERED_PAGES;
  }

  /** Applies an event. The resulting commands wait for {@linkcode poll}. */
  handle(event: SenderEvent): void {
    switch (event.type) {
      case "message":
        return this.#receive(event.message);
      case "cancel":
        return this.#exchange.fail(event.error);
      case "walk-failed":
        return this.#exchange.fail(new UltraError(kindOfFault(event.fault), event.text));
      case "link-lost":
        return this.#loseLink();
      case "link-restored":
        return this.#exchange.restore({ entries: this.#answers.count, end: false });
      default:
        return this.#exchange.step(() => this.#step(event));
    }
  }

  /** The next thing to do; `undefined` when nothing is left. */
  poll(): SenderCommand | undefined {
    return this.#outbox.poll();
  }

  #step(event: StepEvent): void {
    switch (event.type) {
      case "page":
        return this.#page(event);
      case "walk-end":
        return this.#walkEnd(event);
      case "lanes-opened":
        for (const lane of event.lanes) this.#schedule.openLane(lane);
        return this.#schedule.fill();
      case "lane-lost":
        this.#disturbed = true;
        this.#schedule.loseLane(event.lane);
        return this.#schedule.fill();
      case "grant-read":
        return this.#schedule.grantRead(event.lane, event.grant);
      case "read-failed":
      case "seal-failed":
        return this.#fail(event.entry, kindOfFault(event.fault), event.text);
      case "sealed":
        return this.#sealed(event.entry, event.size, event.root);
      case "tick":
        this.#sendSeals();
        return this.#resendStalled(event.nowMs);
    }
  }

  #page({ first, count, size, entries }: PageEvent): void {
    const before = this.#entries.totalBytes;
    forEachEntry({ type: "page", first, count, entries }, (entry, id) => {
      if (entry.kind === "link" || entry.size === undefined) {
        throw new UltraError("usage", "Only files of known size and folders can be sent by this version", {
          subject: entry.path,
        });
      }
      if (this.#entries.append({ kind: entry.kind, size: entry.size, path: entry.path }) !== id) {
        throw bug("the walk's pages have gaps");
      }
      this.#plan.add(this.#entries.blocks(id), entry.size);
    });
    if (this.#entries.totalBlocks > MAX_TRANSFER_BLOCKS) {
      throw new UltraError("usage", "More than 1 PiB cannot be sent at once; send it in parts");
    }
    if (this.#entries.totalBytes - before !== size) throw bug("a page of the walk has another size than it states");
    this.#pages.push({ first, count, entries });
    this.#exchange.send({ type: "page", first, count, entries });
  }

  #walkEnd({ entries, size, leftOut }: WalkEndEvent): void {
    if (entries !== this.#entries.count || size !== this.#entries.totalBytes) throw bug("the walk miscounted");
    this.#stage = "moving";
    this.#leftOut.sender = leftOut;
    this.#sendPagesEnd();
  }

  #sealed(entry: EntryId, size: number, root: Uint8Array): void {
    if (this.#entries.state(entry) !== EntryState.verified) return;
    if (size !== this.#entries.size(entry)) {
      return this.#fail(entry, "source-changed", "its size changed while it was sent");
    }
    this.#entries.setRoot(entry, root);
    this.#entries.setState(entry, EntryState.sealed);
    this.#unsentSeals.push(entry);
  }

  #loseLink(): void {
    this.#exchange.lose();
    // What they say is said again after the exchange of positions.
    this.#outbox.discard(({ type }) => type === "send");
    this.#schedule.clear();
    this.#disturbed = true;
  }

  #receive(message: TransferMessage): void {
    this.#exchange.receive(message, () => {
      switch (message.type) {
        case "position":
          return this.#repeat(message);
        case "need":
          return this.#needs(message.items);
        case "held":
          return this.#held(message);
        case "verified":
          return this.#acknowledged(message);
        case "committed":
          return this.#committed(message);
        case "failed":
          return this.#failed(message.entry, message.kind, message.text);
        case "left-out":
          return void (this.#leftOut.receiver = leftOutOf(message));
        case "done":
          return this.#done(message);
        default:
          throw violation(`a receiver sent "${message.type}"`);
      }
    });
  }

  // What goes out.

  #grant(lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: number): void {
    const again = count - this.#granted.add(entry, first, count);
    this.#resent.blocks += again;
    // Only a file's last block is shorter, so that the bound is exact but for it.
    this.#resent.bytes += Math.min(again * this.#entries.blockLength, this.#entries.bytes(entry, first, count));
    this.#outbox.push({ type: "grant", lane, grant, entry, first, count });
  }

  /** What is left out comes before the end, so that the receiver knows it when it knows all entries. */
  #sendPagesEnd(): void {
    const leftOut = leftOutMessage(this.#leftOut.sender);
    if (leftOut !== undefined) this.#exchange.send(leftOut);
    this.#exchange.send({ type: "pages-end", entries: this.#entries.count, bytes: this.#entries.totalBytes });
  }

  #sendSeals(): void {
    const entries = this.#unsentSeals.splice(0).filter((entry) => this.#entries.state(entry) === EntryState.sealed);
    const items = entries.map((entry) => ({ entry, size: this.#entries.size(entry), root: this.#entries.root(entry) }));
    for (const message of sealMessages(items)) this.#exchange.send(message);
  }

  /** The source failed, so nothing more of the entry is sent. */
  #fail(entry: EntryId, kind: ErrorKind, text: string): void {
    const state = this.#entries.state(entry);
    if (state !== EntryState.needed && state !== EntryState.verified) return;
    this.#exchange.send({ type: "fail", entry, kind, text: wireText(text) });
    this.#end(entry, kind, text, false);
  }

  #end(entry: EntryId, kind: ErrorKind, text: string, fromPeer: boolean): void {
    this.#verified.forget(entry);
    this.#granted.drop(entry);
    this.#asks.drop(entry);
    this.#entries.fail({ entry, kind, text, fromPeer });
    this.#schedule.drop(entry);
    this.#schedule.over(entry);
    this.#schedule.fill();
  }

  #resendStalled(nowMs: number): void {
    const waits = this.#disturbed && this.#exchange.link === "up" && this.#schedule.lanes > 0 &&
      this.#schedule.isIdle &&
      this.#entries.inState(EntryState.needed) > 0;
    if (!waits) {
      this.#stalledSinceMs = undefined;
    } else if (this.#stalledSinceMs === undefined) {
      this.#stalledSinceMs = nowMs;
    } else if (nowMs - this.#stalledSinceMs >= STALL_MS) {
      this.#stalledSinceMs = undefined;
      this.#entries.forEachIn(EntryState.needed, (entry) => this.#queue(entry, 0, this.#entries.blocks(entry)));
      this.#schedule.fill();
    }
  }

  #queue(entry: EntryId, first: BlockIndex, count: number): void {
    this.#verified.forEachMissing(
      entry,
      first,
      first + count,
      (first, count) => this.#schedule.add(entry, first, count),
    );
  }

  // What the receiver says.

  #repeat(position: Position): void {
    const { entries } = position;
    const isWhole = this.#pages.every(({ first, count }) => entries <= first || first + count <= entries);
    const { count } = this.#entries;
    if (entries < this.#answers.count || entries > count || !isWhole) {
      throw violation(`a position of ${entries} entries`);
    }
    const isListed = this.#stage !== "listing";
    if (position.end && (!isListed || entries < count)) throw violation("a position behind the end");
    this.#exchange.positioned();
    this.#asks.clear();
    this.#answers.restart();
    for (const page of this.#pages) if (page.first >= entries) this.#exchange.send({ type: "page", ...page });
    if (isListed && !position.end) this.#sendPagesEnd();
    this.#unsentSeals = [];
    this.#entries.forEachIn(EntryState.sealed, (entry) => this.#unsentSeals.push(entry));
    this.#sendSeals();
    this.#entries.forEachFailure((entry, kind, text) => {
      this.#exchange.send({ type: "fail", entry, kind, text: wireText(text) });
    });
  }

  #needs(items: readonly NeedItem[]): void {
    for (const item of items) {
      if (item.what === "blocks") {
        this.#needsBlocks(item.entry, item.first, item.count);
      } else {
        const end = item.entry + item.entries;
        if (end > this.#entries.count) throw violation("a need outside of the manifest");
        for (let entry = item.entry; entry < end; entry++) this.#needsEntry(entry, item.what);
      }
    }
    this.#pages = this.#pages.filter(({ first, count }) => first + count > this.#answers.count);
    this.#schedule.fill();
  }

  #needsEntry(entry: EntryId, what: "all" | "present" | "skipped"): void {
    const isFirst = this.#answers.take(entry);
    if (!isFirst) this.#answers.repeat();
    if (what !== "all") return this.#declined(entry, isFirst, EntryState[what]);
    const blocks = this.#entries.blocks(entry);
    if (isFirst) this.#entries.setState(entry, EntryState.needed);
    if (blocks > 0) this.#wanted(entry, 0, blocks);
    else if (isFirst && this.#entries.hasContent(entry)) this.#complete(entry);
  }

  #declined(entry: EntryId, isFirst: boolean, state: EntryState): void {
    if (isFirst && !this.#verified.has(entry)) this.#entries.setState(entry, state);
    else if (this.#entries.state(entry) !== state) throw violation(`another answer to entry ${entry}`);
  }

  #needsBlocks(entry: EntryId, first: BlockIndex, count: number): void {
    if (entry >= this.#entries.count) throw violation("a need outside of the manifest");
    if (first + count > this.#entries.blocks(entry)) throw violation(`a need beyond the end of entry ${entry}`);
    if (this.#answers.take(entry)) this.#entries.setState(entry, EntryState.needed);
    this.#asks.run(entry, first, count);
    this.#wanted(entry, first, count);
  }

  #wanted(entry: EntryId, first: BlockIndex, count: number): void {
    const state = this.#entries.state(entry);
    // It failed here, and `fail` is on its way to the receiver.
    if (state === EntryState.failed) return;
    if (state !== EntryState.needed) throw violation(`a need for entry ${entry}, which it has`);
    this.#asks.blocks(entry, count, this.#entries.blocks(entry));
    if (this.#verified.count(entry, first, count) > 0) throw violation(`a need for verified blocks of entry ${entry}`);
    this.#schedule.add(entry, first, count);
  }

  #held({ entry, first, values }: Held): void {
    const count = values.length / HASH_LEN;
    if (entry >= this.#entries.count || first + count > this.#entries.blocks(entry)) {
      throw violation("values of blocks outside of the manifest");
    }
    if (entry < this.#answers.count) throw violation(`values of entry ${entry} after its need`);
    this.#verified.add(entry, first, count);
    // A copy: a message's bytes are a view of memory that the next one may use again.
    this.#outbox.push({ type: "hold", entry, first, values: values.slice() });
  }

  #acknowledged({ items }: Verified): void {
    for (const { entry, first, count } of items) {
      if (entry >= this.#answers.count) throw violation(`verified blocks of entry ${entry}, which it did not need`);
      if (first + count > this.#entries.blocks(entry)) {
        throw violation(`verified blocks beyond the end of entry ${entry}`);
      }
      const state = this.#entries.state(entry);
      if (state === EntryState.present || state === EntryState.skipped) {
        throw violation(`verified blocks of entry ${entry}, which it did not need`);
      }
      // Of all other states the receiver may have to be told once more that they are reached.
      if (state === EntryState.needed) this.#add(entry, first, count);
    }
  }

  #add(entry: EntryId, first: BlockIndex, count: number): void {
    // What is known already is passed over, so that repeats cost little however many runs were granted.
    this.#verified.forEachMissing(entry, first, first + count, (first, count) => {
      if (this.#granted.firstMissing(entry, first, first + count) === undefined) return;
      throw violation(`verified blocks of entry ${entry} that were never sent`);
    });
    if (this.#verified.add(entry, first, count) > 0) this.#stalledSinceMs = undefined;
    if (this.#verified.isComplete(entry)) this.#complete(entry);
  }

  #complete(entry: EntryId): void {
    this.#verified.settle(entry);
    this.#granted.drop(entry);
    this.#asks.drop(entry);
    this.#outbox.push({ type: "seal", entry });
  }

  #committed({ runs }: Committed): void {
    for (const { first, count } of runs) {
      if (first + count > this.#answers.count) throw violation("a commit of what it did not need");
      for (let entry = first; entry < first + count; entry++) this.#commit(entry);
    }
    this.#schedule.fill();
  }

  #commit(entry: EntryId): void {
    const state = this.#entries.state(entry);
    if (state === EntryState.committed) return this.#answers.repeat();
    if (state !== (this.#entries.hasContent(entry) ? EntryState.sealed : EntryState.needed)) {
      throw violation(`a commit of entry ${entry} before its seal`);
    }
    this.#entries.setState(entry, EntryState.committed);
    this.#schedule.over(entry);
  }

  #failed(entry: EntryId, kind: ErrorKind, text: string): void {
    if (entry >= this.#answers.count) throw violation("a failure of what it did not need");
    const state = this.#entries.state(entry);
    if (state === EntryState.failed) return this.#answers.repeat();
    if (this.#entries.isOver(entry)) throw violation(`a failure of entry ${entry}, which was over`);
    this.#end(entry, kind, text, true);
  }

  #done(done: Done): void {
    const counts = this.#entries.counts();
    if (this.#stage === "listing" || this.#entries.over < counts.entries) throw violation('"done" before the end');
    const isAgreed = done.committed === counts.committed && done.present === counts.present &&
      done.skipped === counts.skipped && done.failed === counts.failed;
    if (!isAgreed) throw violation("its count of entries is another");
    if (missingCount(this.#leftOut.receiver) > counts.skipped) throw violation("more left out than skipped");
    const root = this.#queries.transferRoot(this.#entries.statuses());
    if (!equalBytes(root, done.transferRoot)) {
      throw new UltraError("integrity", "Both ends disagree on what was transferred: their transfer roots differ");
    }
    this.#exchange.send({ type: "bye" });
    this.#exchange.finish(this.#entries.summary(root, this.#resent, this.#leftOut));
  }

  #firstMissing(entry: EntryId, first: BlockIndex, end: BlockIndex): BlockIndex | undefined {
    const isNeeded = this.#entries.state(entry) === EntryState.needed;
    return isNeeded ? this.#verified.firstMissing(entry, first, end) : undefined;
  }

  #forEachMissing(entry: EntryId, first: BlockIndex, end: BlockIndex, visit: VisitRun): void {
    if (this.#entries.state(entry) === EntryState.needed) this.#verified.forEachMissing(entry, first, end, visit);
  }
}
