/**
 * The sending side of a transfer as a pure state machine: `docs/protocol.md`, "After proof", from the first page to `bye`.
 *
 * Its owner (`src/peer/`) sends the offer, waits for `accept`, and then brings everything that happens: messages, events of the engine,
 * lanes, the link's loss and return, and the time. What is to be done goes out through {@linkcode SenderPorts}.
 *
 * @module
 */

import type { FileFault, GrantId, LaneId } from "../protocol/words.ts";
import { type ErrorKind, UltraError } from "../base/errors.ts";
import { equalBytes } from "../protocol/bytes.ts";
import { HASH_LEN, MAX_TRANSFER_BLOCKS } from "../protocol/limits.ts";
import type {
  BlockIndex,
  Committed,
  Done,
  EntryId,
  Held,
  LeftOut,
  NeedItem,
  Position,
  TransferMessage,
  Verified,
} from "../protocol/messages.ts";
import { forEachEntry } from "../protocol/pages.ts";
import { sealMessages } from "../protocol/runs.ts";
import { Asks } from "./asks.ts";
import { BlockTable } from "./blocks.ts";
import { Entries, EntryState } from "./entries.ts";
import { leftOutMessage, leftOutOf, missingCount, NOTHING_LEFT_OUT } from "./left_out.ts";
import { bug, kindOfFault, type Outcome, type Phase, type Progress, violation, wireText } from "./outcome.ts";
import type { SenderOptions, SenderPorts } from "./ports.ts";
import type { VisitRun } from "./run_set.ts";
import { Schedule } from "./schedule.ts";
import { Exchange } from "./exchange.ts";
import { VerifiedBlocks } from "./verified.ts";

export type { SenderOptions, SenderPorts };

/** Pages under way at most: their bytes are kept for a repeat, about 1 MiB in all. */
export const MAX_UNANSWERED_PAGES = 16;

/** Answers to entries answered before that a receiver may repeat on one link, for each entry, and a few for tiny manifests. */
const MAX_REPEATS = 4;
const FREE_REPEATS = 1000;

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

export class Sender {
  readonly #ports: SenderPorts;
  readonly #exchange: Exchange;
  readonly #entries: Entries;
  readonly #verified: VerifiedBlocks;
  /** Blocks that were ever granted, and so may arrive, of entries not yet complete. */
  readonly #granted: BlockTable;
  readonly #schedule: Schedule;
  #stage: Stage = "listing";
  #pages: Page[] = [];
  /** Entries from 0 whose need has come. */
  #answered = 0;
  /** Sealed entries that the receiver has not been told of. */
  #unsentSeals: EntryId[] = [];
  readonly #asks = new Asks();
  #repeats = 0;
  /** What the walk left out, and what the receiver says that it does. */
  #leftOut = { sender: NOTHING_LEFT_OUT, receiver: NOTHING_LEFT_OUT };
  #resent = { blocks: 0, bytes: 0 };
  /** Whether lanes were lost, so that blocks may have got lost with them. */
  #disturbed = false;
  #stalledSinceMs: number | undefined;

  constructor(ports: SenderPorts, options: SenderOptions = {}) {
    this.#ports = ports;
    this.#exchange = new Exchange((message) => ports.send(message));
    this.#entries = new Entries(options.blockLength);
    this.#verified = new VerifiedBlocks(this.#entries);
    this.#granted = new BlockTable(this.#entries);
    this.#schedule = new Schedule({
      grant: (lane, grant, entry, first, count) => this.#grant(lane, grant, entry, first, count),
      shrink: (grant, end) => ports.shrink(grant, end),
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

  get progress(): Progress {
    return {
      ...this.#entries.progress,
      phase: this.#phase(),
      verifiedBytes: this.#verified.bytes + this.#entries.presentBytes,
      listed: this.#stage !== "listing",
    };
  }

  /** Whether the walk's next page is welcome. Otherwise the owner leaves it in the engine, whose walk then pauses. */
  get wantsPage(): boolean {
    return this.#exchange.isRunning && this.#stage === "listing" && this.#pages.length < MAX_UNANSWERED_PAGES;
  }

  /** The walk's next page: wire-ready entries of `size` bytes of files in all. Their memory belongs to the machine from here on. */
  page(first: EntryId, count: number, size: number, entries: Uint8Array): void {
    this.#exchange.step(() => {
      const before = this.#entries.totalBytes;
      forEachEntry({ type: "page", first, count, entries }, (entry, id) => {
        if (entry.kind === "link" || entry.size === undefined) {
          throw new UltraError("usage", "Only files of known size and folders can be sent by this version", {
            subject: entry.path,
          });
        }
        if (this.#entries.append(entry.kind, entry.size, entry.path) !== id) {
          throw bug("the walk's pages have gaps");
        }
      });
      if (this.#entries.totalBlocks > MAX_TRANSFER_BLOCKS) {
        throw new UltraError("usage", "More than 1 PiB cannot be sent at once; send it in parts");
      }
      if (this.#entries.totalBytes - before !== size) throw bug("a page of the walk has another size than it states");
      this.#pages.push({ first, count, entries });
      this.#exchange.send({ type: "page", first, count, entries });
    });
  }

  walkEnd(entries: number, size: number, leftOut: LeftOut): void {
    this.#exchange.step(() => {
      if (entries !== this.#entries.count || size !== this.#entries.totalBytes) throw bug("the walk miscounted");
      this.#stage = "moving";
      this.#leftOut.sender = leftOut;
      this.#sendPagesEnd();
    });
  }

  /** New lanes of the present link. */
  lanesOpened(lanes: readonly LaneId[]): void {
    this.#exchange.step(() => {
      for (const lane of lanes) this.#schedule.openLane(lane);
      this.#schedule.fill();
    });
  }

  /** A lane of the present link was reset; its grants are void. */
  laneLost(lane: LaneId): void {
    this.#exchange.step(() => {
      this.#disturbed = true;
      this.#schedule.loseLane(lane);
      this.#schedule.fill();
    });
  }

  /** Every message after `accept`. Heartbeats, `want-connections` and `report` are the owner's; here they do nothing. */
  receive(message: TransferMessage): void {
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

  /** All of a grant is read. Void grants may be told of, too. */
  grantRead(lane: LaneId, grant: GrantId, _end: BlockIndex): void {
    this.#exchange.step(() => this.#schedule.grantRead(lane, grant));
  }

  readFailed(entry: EntryId, fault: FileFault, text: string): void {
    this.#exchange.step(() => this.#fail(entry, kindOfFault(fault), text));
  }

  sealed(entry: EntryId, size: number, root: Uint8Array): void {
    this.#exchange.step(() => {
      if (this.#entries.state(entry) !== EntryState.verified) return;
      if (size !== this.#entries.size(entry)) {
        return this.#fail(entry, "source-changed", "its size changed while it was sent");
      }
      this.#entries.setRoot(entry, root);
      this.#entries.setState(entry, EntryState.sealed);
      this.#unsentSeals.push(entry);
    });
  }

  sealFailed(entry: EntryId, fault: FileFault, text: string): void {
    this.#exchange.step(() => this.#fail(entry, kindOfFault(fault), text));
  }

  /** The connection is gone, and with it all lanes and grants. */
  linkLost(): void {
    this.#exchange.lose();
    this.#schedule.clear();
    this.#disturbed = true;
  }

  /** Another connection has taken its place; its lanes come with {@linkcode lanesOpened}. */
  linkRestored(): void {
    this.#exchange.restore({ entries: this.#answered, end: false });
  }

  /** Ends the transfer from here. */
  cancel(error: UltraError): void {
    this.#exchange.fail(error);
  }

  /** To be called after every batch of events, and at least every 50 ms. Batched messages leave here. */
  tick(nowMs: number): void {
    this.#exchange.step(() => {
      this.#sendSeals();
      this.#resendStalled(nowMs);
    });
  }

  // What goes out.

  #grant(lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: number): void {
    const again = count - this.#granted.add(entry, first, count);
    this.#resent.blocks += again;
    // Only a file's last block is shorter, so that the bound is exact but for it.
    this.#resent.bytes += Math.min(again * this.#entries.blockLength, this.#entries.bytes(entry, first, count));
    this.#ports.grant(lane, grant, entry, first, count);
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
    if (entries < this.#answered || entries > count || !isWhole) throw violation(`a position of ${entries} entries`);
    const isListed = this.#stage !== "listing";
    if (position.end && (!isListed || entries < count)) throw violation("a position behind the end");
    this.#exchange.positioned();
    this.#asks.clear();
    this.#repeats = 0;
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
    this.#pages = this.#pages.filter(({ first, count }) => first + count > this.#answered);
    this.#schedule.fill();
  }

  #needsEntry(entry: EntryId, what: "all" | "present" | "skipped"): void {
    const isFirst = this.#answer(entry);
    if (!isFirst) this.#countRepeat();
    if (what !== "all") return this.#declined(entry, isFirst, EntryState[what]);
    const blocks = this.#entries.blocks(entry);
    if (isFirst) this.#entries.setState(entry, EntryState.needed);
    if (blocks > 0) this.#wanted(entry, 0, blocks);
    else if (isFirst && this.#entries.isFile(entry)) this.#complete(entry);
  }

  #declined(entry: EntryId, isFirst: boolean, state: EntryState): void {
    if (isFirst && !this.#verified.has(entry)) this.#entries.setState(entry, state);
    else if (this.#entries.state(entry) !== state) throw violation(`another answer to entry ${entry}`);
  }

  #needsBlocks(entry: EntryId, first: BlockIndex, count: number): void {
    if (entry >= this.#entries.count) throw violation("a need outside of the manifest");
    if (first + count > this.#entries.blocks(entry)) throw violation(`a need beyond the end of entry ${entry}`);
    if (this.#answer(entry)) this.#entries.setState(entry, EntryState.needed);
    this.#asks.run(entry, first, count);
    this.#wanted(entry, first, count);
  }

  /** Counts the answer to an entry; true when it is the first. First answers come in order, as the pages did. */
  #answer(entry: EntryId): boolean {
    if (entry > this.#answered) throw violation(`an answer to entry ${entry} before entry ${this.#answered}`);
    if (entry < this.#answered) return false;
    this.#answered++;
    return true;
  }

  #wanted(entry: EntryId, first: BlockIndex, count: number): void {
    const state = this.#entries.state(entry);
    // Failed here, and the receiver will hear of it.
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
    if (entry < this.#answered) throw violation(`values of entry ${entry} after its need`);
    this.#verified.add(entry, first, count);
    this.#ports.hold(entry, first, values);
  }

  #acknowledged({ items }: Verified): void {
    for (const { entry, first, count } of items) {
      if (entry >= this.#answered) throw violation(`verified blocks of entry ${entry}, which it did not need`);
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
    this.#ports.seal(entry);
  }

  #committed({ runs }: Committed): void {
    for (const { first, count } of runs) {
      if (first + count > this.#answered) throw violation("a commit of what it did not need");
      for (let entry = first; entry < first + count; entry++) this.#commit(entry);
    }
    this.#schedule.fill();
  }

  #commit(entry: EntryId): void {
    const state = this.#entries.state(entry);
    if (state === EntryState.committed) return this.#countRepeat();
    if (state !== (this.#entries.isFile(entry) ? EntryState.sealed : EntryState.needed)) {
      throw violation(`a commit of entry ${entry} before its seal`);
    }
    this.#entries.setState(entry, EntryState.committed);
    this.#schedule.over(entry);
  }

  #failed(entry: EntryId, kind: ErrorKind, text: string): void {
    if (entry >= this.#answered) throw violation("a failure of what it did not need");
    const state = this.#entries.state(entry);
    if (state === EntryState.failed) return this.#countRepeat();
    if (this.#entries.isOver(entry)) throw violation(`a failure of entry ${entry}, which was over`);
    this.#end(entry, kind, text, true);
  }

  /** Repeats are part of a reconnect; without a bound, they would be a way to keep this process busy. */
  #countRepeat(): void {
    if (++this.#repeats > MAX_REPEATS * this.#entries.count + FREE_REPEATS) throw violation("the same over and over");
  }

  #done(done: Done): void {
    const counts = this.#entries.counts();
    if (this.#stage === "listing" || this.#entries.over < counts.entries) throw violation('"done" before the end');
    const isAgreed = done.committed === counts.committed && done.present === counts.present &&
      done.skipped === counts.skipped && done.failed === counts.failed;
    if (!isAgreed) throw violation("its count of entries is another");
    if (missingCount(this.#leftOut.receiver) > counts.skipped) throw violation("more left out than skipped");
    const root = this.#ports.transferRoot(this.#entries.statuses());
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

  #phase(): Phase {
    if (!this.#exchange.isRunning) return "ended";
    if (this.#stage === "listing") return "listing";
    if (this.#entries.over === this.#entries.count) return "confirming";
    const isMoving = this.#answered < this.#entries.count || !this.#schedule.isIdle;
    return isMoving ? "moving" : "committing";
  }
}
