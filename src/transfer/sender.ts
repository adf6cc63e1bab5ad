/**
 * The sending side of a transfer as a pure state machine: `docs/protocol.md`, "After proof", from the first page to `bye`.
 *
 * Its owner (`src/session/`) sends the offer, waits for `accept`, and then brings everything that happens: messages, events of the engine,
 * lanes, the link's loss and return, and the time. `turns.ts` says how.
 *
 * @module
 */

import type { FileFault } from "../protocol/words.ts";
import { UltraError } from "../base/errors.ts";
import { equalBytes } from "../protocol/bytes.ts";
import { MAX_TRANSFER_BLOCKS } from "../protocol/limits.ts";
import type { Done, EntryId, Position, TransferMessage } from "../protocol/messages.ts";
import { PageCursor } from "../protocol/pages.ts";
import { Deliveries } from "./deliveries.ts";
import { Entries, EntryState } from "./entries.ts";
import { leftOutMessage, leftOutOf, missingCount, NOTHING_LEFT_OUT } from "./left_out.ts";
import { bug, kindOfFault, type Outcome, type Phase, type Progress, violation, wireText } from "./outcome.ts";
import { Outbox } from "./outbox.ts";
import { ChunkTally } from "./plan.ts";
import { countsOf, progressOf, summaryOf } from "./summary.ts";
import type { SenderCommand, SenderEvent, SenderOptions, SenderQueries } from "./turns.ts";
import { Exchange } from "./exchange.ts";

/** Pages under way at most: their bytes are kept for a repeat, about 1 MiB in all. */
export const MAX_UNANSWERED_PAGES = 64;

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
  readonly #deliveries: Deliveries;
  readonly #plan: ChunkTally;
  #stage: Stage = "listing";
  #pages: Page[] = [];
  /** What the walk left out, and what the receiver says that it does. */
  #leftOut = { sender: NOTHING_LEFT_OUT, receiver: NOTHING_LEFT_OUT };
  /** Whether all that was asked for has been read and sent, whatever became of its lanes: only the receiver can say whether it arrived. */
  #isAllSent = false;
  /** Whether lanes were lost, so that blocks may have got lost with them. */
  #disturbed = false;
  /** What the receiver's `done` has to hold: computed while it finishes its folders, so that nothing waits for it afterwards. */
  #expectedRoot: Uint8Array | undefined;
  /** Since when nothing has arrived, and what had until then. */
  #stalled: { readonly sinceMs: number; readonly arrivals: number } | undefined;

  constructor(queries: SenderQueries, options: SenderOptions) {
    this.#queries = queries;
    this.#exchange = new Exchange((message) => this.#outbox.push({ type: "send", message }), options);
    this.#entries = new Entries(options.blockLength, options.sealsAlike, options.expected);
    this.#plan = new ChunkTally(this.#entries.blockLength, options.chunkBlocks);
    this.#deliveries = new Deliveries(this.#entries, (command) => this.#outbox.push(command), queries, options);
  }

  get outcome(): Outcome {
    return this.#exchange.outcome;
  }

  get phase(): Phase {
    if (!this.#exchange.isRunning) return "ended";
    if (this.#stage === "listing") return "listing";
    if (this.#entries.over === this.#entries.count) return "confirming";
    // (A schedule without work is no sign: it is empty while blocks travel, and while the link is lost.)
    const isMoved = this.#deliveries.answered === this.#entries.count && this.#entries.missing === 0;
    return isMoved && this.#exchange.link === "up" ? "committing" : "moving";
  }

  get isAllSent(): boolean {
    return this.#isAllSent;
  }

  get progress(): Progress {
    const isConfirmed = this.outcome.state === "finished";
    const { partialBytes, resumedBytes } = this.#deliveries;
    const isListed = this.#stage !== "listing";
    return { ...progressOf(this.#entries, partialBytes, isListed), resumedBytes, phase: this.phase, isConfirmed };
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
        return this.#exchange.restore({ entries: this.#deliveries.answered, end: false });
      default:
        return this.#exchange.step(() => this.#step(event));
    }
  }

  /** The next thing to do; `undefined` when nothing is left. */
  poll(): SenderCommand | undefined {
    return this.#outbox.poll();
  }

  #step(event: StepEvent): void {
    const { schedule } = this.#deliveries;
    switch (event.type) {
      case "page":
        return this.#page(event);
      case "walk-end":
        return this.#walkEnd(event);
      case "lanes-opened":
        for (const lane of event.lanes) schedule.openLane(lane);
        return schedule.fill();
      case "lane-lost":
        this.#disturbed = true;
        schedule.loseLane(event.lane);
        return schedule.fill();
      case "grant-read":
        schedule.grantRead(event.lane, event.grant);
        return this.#noteAllSent();
      case "read-failed":
      case "seal-failed":
        return this.#fail(event.entry, event.fault, event.text);
      case "sealed":
        return this.#sealed(event.entry, event.size, event.root);
      case "tick":
        this.#sendSeals();
        return this.#resendStalled(event.nowMs);
    }
  }

  #page({ first, count, size, entries }: PageEvent): void {
    const before = this.#entries.totalSize;
    const cursor = new PageCursor({ type: "page", first, count, entries });
    while (cursor.next()) this.#list(cursor);
    if (this.#entries.totalBlocks > MAX_TRANSFER_BLOCKS) {
      throw new UltraError("usage", "More than 1 PiB cannot be sent at once; send it in parts");
    }
    if (this.#entries.totalSize - before !== size) throw bug("a page of the walk has another size than it states");
    this.#pages.push({ first, count, entries });
    this.#exchange.send({ type: "page", first, count, entries });
  }

  #list(cursor: PageCursor): void {
    const { kind, size, dataBytes, bytes, pathStart, pathEnd } = cursor;
    if (size === undefined) {
      throw new UltraError("usage", "Only files of known size can be sent by this version", {
        subject: cursor.entry().path,
      });
    }
    const id = this.#entries.append(kind, size, dataBytes, bytes, pathStart, pathEnd);
    if (id !== cursor.id) throw bug("the walk's pages have gaps");
    if (size > 0) this.#plan.add(this.#entries.blocks(id), size);
  }

  #walkEnd({ entries, size, leftOut }: WalkEndEvent): void {
    if (entries !== this.#entries.count || size !== this.#entries.totalSize) throw bug("the walk miscounted");
    this.#stage = "moving";
    this.#entries.trim();
    this.#leftOut.sender = leftOut;
    this.#sendPagesEnd();
    this.#noteAllSent();
  }

  #noteAllSent(): void {
    const { answered, schedule } = this.#deliveries;
    if (this.#stage !== "listing" && answered === this.#entries.count && schedule.isIdle) this.#isAllSent = true;
  }

  #sealed(entry: EntryId, size: number, root: Uint8Array): void {
    if (size === this.#entries.size(entry)) return this.#deliveries.sealed(entry, root);
    this.#fail(entry, "changed", "its size changed while it was sent");
  }

  #loseLink(): void {
    this.#exchange.lose();
    // What they say is said again after the exchange of positions.
    this.#outbox.discard(({ type }) => type === "send");
    this.#deliveries.loseLink();
    this.#disturbed = true;
  }

  #receive(message: TransferMessage): void {
    this.#exchange.receive(message, () => {
      switch (message.type) {
        case "position":
          return this.#repeat(message);
        case "need":
          this.#deliveries.needs(message.items);
          this.#pages = this.#pages.filter(({ first, count }) => first + count > this.#deliveries.answered);
          this.#isAllSent = false;
          return this.#noteAllSent();
        case "held":
          return this.#deliveries.held(message);
        case "verified":
          return this.#deliveries.acknowledged(message.items);
        case "committed":
          this.#deliveries.committed(message.runs);
          return this.#expectRoot();
        case "failed":
          return this.#deliveries.failedThere(message.entry, message.kind, message.text);
        case "left-out":
          return void (this.#leftOut.receiver = leftOutOf(message));
        case "done":
          return this.#done(message);
        default:
          throw violation(`a receiver sent "${message.type}"`);
      }
    });
  }

  /** What is left out comes before the end, so that the receiver knows it when it knows all entries. */
  #sendPagesEnd(): void {
    const leftOut = leftOutMessage(this.#leftOut.sender);
    if (leftOut !== undefined) this.#exchange.send(leftOut);
    this.#exchange.send({ type: "pages-end", entries: this.#entries.count, bytes: this.#entries.totalSize });
  }

  #sendSeals(): void {
    if (this.#exchange.link !== "up") return;
    for (const message of this.#deliveries.seals.take()) this.#exchange.send(message);
  }

  /** The source failed, so nothing more of the entry is sent. */
  #fail(entry: EntryId, fault: FileFault, text: string): void {
    const kind = kindOfFault(fault);
    if (!this.#deliveries.fail(entry, kind, text)) return;
    this.#exchange.send({ type: "fail", entry, kind, text: wireText(text) });
  }

  #resendStalled(nowMs: number): void {
    const { schedule, arrivals } = this.#deliveries;
    const waits = this.#disturbed && this.#exchange.link === "up" && schedule.lanes > 0 && schedule.isIdle &&
      this.#entries.missing > 0;
    if (!waits) {
      this.#stalled = undefined;
    } else if (this.#stalled === undefined || this.#stalled.arrivals !== arrivals) {
      this.#stalled = { sinceMs: nowMs, arrivals };
    } else if (nowMs - this.#stalled.sinceMs >= STALL_MS) {
      this.#stalled = undefined;
      this.#deliveries.resendMissing();
    }
  }

  #repeat(position: Position): void {
    const { entries } = position;
    const isWhole = this.#pages.every(({ first, count }) => entries <= first || first + count <= entries);
    const { count } = this.#entries;
    if (entries < this.#deliveries.answered || entries > count || !isWhole) {
      throw violation(`a position of ${entries} entries`);
    }
    const isListed = this.#stage !== "listing";
    if (position.end && (!isListed || entries < count)) throw violation("a position behind the end");
    this.#exchange.positioned();
    this.#deliveries.restart();
    for (const page of this.#pages) if (page.first >= entries) this.#exchange.send({ type: "page", ...page });
    if (isListed && !position.end) this.#sendPagesEnd();
    this.#sendSeals();
    const { failures } = this.#deliveries;
    this.#entries.forEachIn(EntryState.failed, (entry) => {
      this.#exchange.send({ type: "fail", entry, kind: failures.kind(entry), text: wireText(failures.text(entry)) });
    });
  }

  /** A commit may still overrule a failure; where nothing failed, what is over stays as it is. */
  #expectRoot(): void {
    const entries = this.#entries;
    if (this.#stage === "listing" || entries.over < entries.count || entries.inState(EntryState.failed) > 0) return;
    this.#expectedRoot = this.#queries.transferRoot(entries.statuses());
  }

  #done(done: Done): void {
    const counts = countsOf(this.#entries);
    if (this.#stage === "listing" || this.#entries.over < counts.entries) throw violation('"done" before the end');
    const isAgreed = done.committed === counts.committed && done.present === counts.present &&
      done.skipped === counts.skipped && done.failed === counts.failed;
    if (!isAgreed) throw violation("its count of entries is another");
    if (missingCount(this.#leftOut.receiver) > counts.skipped) throw violation("more left out than skipped");
    const transferRoot = this.#expectedRoot ?? this.#queries.transferRoot(this.#entries.statuses());
    if (!equalBytes(transferRoot, done.transferRoot)) {
      throw new UltraError("integrity", "Both ends disagree on what was transferred: their transfer roots differ");
    }
    this.#exchange.send({ type: "bye" });
    const { failures, resent, resumedBytes } = this.#deliveries;
    const root = (entry: EntryId) => this.#queries.root(entry);
    const facts = { transferRoot, resent, resumedBytes, leftOut: this.#leftOut, root };
    this.#exchange.finish(summaryOf(this.#entries, failures, facts));
  }
}
