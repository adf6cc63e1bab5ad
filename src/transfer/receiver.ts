/**
 * The receiving side of a transfer as a pure state machine: `docs/protocol.md`, "After proof", from the first page to `bye`.
 *
 * Its owner (`src/session/`) answers the offer with `accept`, and then brings everything that happens: messages, events of the engine, the
 * link's loss and return, and the time. `turns.ts` says how.
 *
 * @module
 */

import type { FileFault, TargetStatus } from "../protocol/words.ts";
import { type ErrorKind, UltraError } from "../base/errors.ts";
import { HASH_LEN } from "../protocol/limits.ts";
import type {
  BlockIndex,
  EntryId,
  EntryRun,
  LeftOut,
  NeedItem,
  PageMessage,
  PagesEnd,
  Position,
  SealItem,
  TransferMessage,
} from "../protocol/messages.ts";
import { committedMessages, mergeEntryRuns, needMessages, verifiedMessages } from "../protocol/runs.ts";
import { Admission } from "./admission.ts";
import { RunList } from "./blocks.ts";
import { Entries, EntryState } from "./entries.ts";
import { leftOutMessage, leftOutOf, NOTHING_LEFT_OUT } from "./left_out.ts";
import { kindOfFault, type Outcome, type Phase, type Progress, violation, wireText } from "./outcome.ts";
import { Exchange } from "./exchange.ts";
import { Outbox } from "./outbox.ts";
import type { ReceiverCommand, ReceiverEvent, ReceiverOptions, ReceiverQueries } from "./turns.ts";
import { VerifiedBlocks } from "./verified.ts";

/** Acknowledgements and commits that nothing hurries leave at most 20 times a second: a progress bar needs no more. */
export const ACKNOWLEDGE_MS = 50;

/** Flush acknowledgements as soon as this many small files have completed: the sender keeps at most `MAX_UNDER_WAY` in flight, and each needs two. */
const ENOUGH_NEWS = 32;

/** How often a damaged block is asked for again (B5). */
export const MAX_DAMAGE = 3;

/** Damaged blocks in a whole transfer that are still bad luck; what exceeds them is a broken machine or an attack. */
const MAX_DAMAGED_BLOCKS = 1000;

/** How long the receiver waits for `bye` when everything is done: it has its files, whatever the sender says. */
export const BYE_MS = 5000;

/** The same while the link is down: the sender has to find its way back first, or it cannot know that it has succeeded. */
export const BYE_WITHOUT_LINK_MS = 30_000;

type Stage =
  /** From the start: pages come and are checked, data goes into part files only. To `moving`. */
  | { readonly at: "admitting" }
  /** From `admitting`, when every page has passed: what is sealed is committed. To `finishing`. */
  | { readonly at: "moving" }
  /** From `moving`, when every entry is over: the disk finishes the folders. To `confirming`. */
  | { readonly at: "finishing" }
  /** From `finishing`, with `done` sent; `bye` or the time ends the transfer. */
  | { readonly at: "confirming"; readonly transferRoot: Uint8Array; readonly sinceMs: number };

/** What can only happen while the transfer runs; afterwards it does nothing. */
type StepEvent = Exclude<ReceiverEvent, { type: "message" | "cancel" | "link-lost" | "link-restored" }>;

type FoldersFailure = Extract<ReceiverEvent, { type: "folders-finished" }>["failure"];

export class Receiver {
  readonly #queries: ReceiverQueries;
  readonly #outbox = new Outbox<ReceiverCommand>();
  readonly #exchange: Exchange;
  readonly #entries: Entries;
  readonly #verified: VerifiedBlocks;
  readonly #admission: Admission;
  #stage: Stage = { at: "admitting" };
  /** Verified blocks that the sender has not been told of; likewise the entries below. */
  readonly #unsentVerified = new RunList();
  #unsentCommitted: EntryRun[] = [];
  /** Whether a file or the transfer has ended, which is acknowledged without delay. */
  #isUrgent = false;
  /** Files that were verified or committed since the last acknowledgement. */
  #news = 0;
  #sentMs = -Infinity;
  #nowMs = 0;
  /** How often each damaged block arrived damaged, by entry and block. */
  readonly #damage = new Map<string, number>();
  #resent = { blocks: 0, bytes: 0 };
  /** What the sender says that it does not send. */
  #notSent: LeftOut = NOTHING_LEFT_OUT;

  constructor(queries: ReceiverQueries, options: ReceiverOptions) {
    this.#queries = queries;
    this.#exchange = new Exchange((message) => this.#outbox.push({ type: "send", message }), options.describe);
    this.#entries = new Entries(options.blockLength);
    this.#verified = new VerifiedBlocks(this.#entries);
    this.#admission = new Admission(this.#entries, options, queries);
  }

  get outcome(): Outcome {
    return this.#exchange.outcome;
  }

  get phase(): Phase {
    if (!this.#exchange.isRunning) return "ended";
    if (this.#stage.at === "admitting") return "listing";
    if (this.#stage.at === "confirming") return "confirming";
    return this.#entries.inState(EntryState.needed) > 0 ? "moving" : "committing";
  }

  get progress(): Progress {
    return {
      ...this.#entries.progress,
      phase: this.phase,
      verifiedBytes: this.#verified.bytes + this.#entries.presentBytes,
      listed: this.#admission.isListed,
    };
  }

  /** Applies an event. The resulting commands wait for {@linkcode poll}. */
  handle(event: ReceiverEvent): void {
    switch (event.type) {
      case "message":
        return this.#receive(event.message);
      case "cancel":
        return this.#cancel(event.error);
      case "link-lost":
        return this.#loseLink();
      case "link-restored":
        return this.#exchange.restore({ entries: this.#entries.count, end: this.#admission.isListed });
      default:
        return this.#exchange.step(() => this.#step(event));
    }
  }

  /** The next thing to do; `undefined` when nothing is left. */
  poll(): ReceiverCommand | undefined {
    return this.#outbox.poll();
  }

  #step(event: StepEvent): void {
    switch (event.type) {
      case "checked":
        return this.#checked(event.first, event.statuses, event.freeSpace);
      case "page-refused":
        return this.#pageRefused(event.fault, event.text);
      case "verified":
        return this.#blocksVerified(event.entry, event.first, event.count);
      case "mismatch":
        return this.#mismatch(event.entry, event.block);
      case "committed":
        return this.#committed(event.entry);
      case "entry-failed":
        return this.#entryFailed(event.entry, event.fault, event.text);
      case "folders-finished":
        return this.#foldersFinished(event.failure);
      case "tick":
        return this.#tick(event.nowMs);
    }
  }

  #receive(message: TransferMessage): void {
    this.#exchange.receive(message, () => {
      switch (message.type) {
        case "position":
          return this.#repeat(message);
        case "page":
          return this.#page(message);
        case "left-out":
          return void (this.#notSent = leftOutOf(message));
        case "pages-end":
          return this.#pagesEnd(message);
        case "seal":
          return message.items.forEach((item) => this.#seal(item));
        case "fail":
          return this.#failedThere(message.entry, message.kind, message.text);
        case "bye":
          return this.#bye();
        default:
          throw violation(`a sender sent "${message.type}"`);
      }
    });
  }

  #checked(first: EntryId, statuses: readonly TargetStatus[], freeSpace: number): void {
    this.#admission.checked(first, statuses, freeSpace);
    const end = first + statuses.length;
    for (let entry = first; entry < end; entry++) {
      const blocks = this.#isNeeded(entry) ? this.#entries.blocks(entry) : 0;
      if (blocks > 0) this.#outbox.push({ type: "expect", entry, first: 0, count: blocks });
      else if (this.#isNeeded(entry) && this.#entries.hasContent(entry)) this.#verified.settle(entry);
    }
    this.#sendNeeds(first, end);
    this.#passIfComplete();
  }

  /** The sink does not take a page: it names more than a manifest may, or there is no memory for it. */
  #pageRefused(fault: FileFault, text: string): void {
    const kind = kindOfFault(fault);
    throw kind === "protocol" ? violation(text) : new UltraError(kind, text);
  }

  #blocksVerified(entry: EntryId, first: BlockIndex, count: number): void {
    if (!this.#isNeeded(entry)) return;
    this.#verified.add(entry, first, count);
    this.#unsentVerified.push(entry, first, count);
    if (!this.#verified.isComplete(entry)) return;
    this.#verified.settle(entry);
    this.#news++;
    // Small files complete all the time; only the last of them ends the wait.
    this.#isUrgent ||= this.#entries.blocks(entry) > 1 || this.#entries.inState(EntryState.needed) === 0;
  }

  #mismatch(entry: EntryId, block: BlockIndex): void {
    if (!this.#isNeeded(entry)) return;
    const key = `${entry}:${block}`;
    const damage = (this.#damage.get(key) ?? 0) + 1;
    this.#damage.set(key, damage);
    if (damage > MAX_DAMAGE || this.#damage.size > MAX_DAMAGED_BLOCKS) {
      throw new UltraError("integrity", "A block of a file kept arriving damaged; nothing of it was used", {
        subject: this.#queries.name(entry) ?? "",
      });
    }
    this.#resent.blocks++;
    this.#resent.bytes += this.#entries.bytes(entry, block, 1);
    this.#exchange.send({ type: "need", items: [{ what: "blocks", entry, first: block, count: 1 }] });
  }

  #committed(entry: EntryId): void {
    if (this.#entries.state(entry) !== EntryState.committing) return;
    this.#entries.setState(entry, EntryState.committed);
    this.#unsentCommitted.push({ first: entry, count: 1 });
    this.#news++;
    this.#finishIfOver();
  }

  /** A full or read-only disk fails all other entries as well, so it ends the transfer; so does a wrong root. */
  #entryFailed(entry: EntryId, fault: FileFault, text: string): void {
    if (this.#entries.isOver(entry)) return;
    const kind = kindOfFault(fault);
    if (fault === "no-space" || fault === "read-only" || kind === "integrity") throw new UltraError(kind, text);
    this.#exchange.send({ type: "failed", entry, kind, text: wireText(text) });
    this.#end(entry, kind, text, false);
  }

  #foldersFinished(failure: FoldersFailure): void {
    if (this.#stage.at !== "finishing") return;
    if (failure !== undefined) throw new UltraError(kindOfFault(failure.fault), failure.text);
    const transferRoot = this.#queries.transferRoot(this.#entries.statuses());
    this.#stage = { at: "confirming", transferRoot, sinceMs: this.#nowMs };
    this.#sendAcknowledgements();
    this.#sendDone();
  }

  #loseLink(): void {
    this.#exchange.lose();
    // What they say is said again after the exchange of positions.
    this.#outbox.discard(({ type }) => type === "send");
    this.#unsentVerified.clear();
    this.#unsentCommitted = [];
    if (this.#stage.at === "confirming") this.#stage = { ...this.#stage, sinceMs: this.#nowMs };
  }

  /** When all files are there, a network that fails is no failure. */
  #cancel(error: UltraError): void {
    if (error.kind === "network" && this.#stage.at === "confirming") this.#exchange.step(() => this.#finish());
    else this.#exchange.fail(error);
  }

  #tick(nowMs: number): void {
    this.#nowMs = nowMs;
    const isDue = this.#isUrgent || this.#news >= ENOUGH_NEWS || nowMs - this.#sentMs >= ACKNOWLEDGE_MS;
    if (isDue) this.#sendAcknowledgements();
    if (this.#stage.at !== "confirming") return;
    const wait = this.#exchange.link === "up" ? BYE_MS : BYE_WITHOUT_LINK_MS;
    if (nowMs - this.#stage.sinceMs >= wait) this.#finish();
  }

  // What goes out.

  #sendNeeds(from: EntryId, to: EntryId): void {
    for (const message of needMessages(this.#answers(from, to))) this.#exchange.send(message);
  }

  /** The first answer to entries, or the same once more. */
  *#answers(from: EntryId, to: EntryId): Generator<NeedItem, void, undefined> {
    for (let entry = from; entry < to; entry++) {
      const state = this.#entries.state(entry);
      if (state === EntryState.present) yield { what: "present", entry, entries: 1 };
      else if (state === EntryState.skipped) yield { what: "skipped", entry, entries: 1 };
      else if (state === EntryState.needed && this.#verified.has(entry)) yield* this.#missing(entry);
      else yield { what: "all", entry, entries: 1 };
    }
  }

  *#missing(entry: EntryId): Generator<NeedItem, void, undefined> {
    const items: NeedItem[] = [];
    this.#verified.forEachMissing(entry, 0, this.#entries.blocks(entry), (first, count) => {
      items.push({ what: "blocks", entry, first, count });
    });
    yield* items;
  }

  #sendAcknowledgements(): void {
    const runs: { entry: EntryId; first: BlockIndex; count: number }[] = [];
    this.#unsentVerified.forEach((entry, first, count) => runs.push({ entry, first, count }));
    this.#unsentVerified.clear();
    for (const message of verifiedMessages(runs)) this.#exchange.send(message);
    for (const message of committedMessages(this.#unsentCommitted.splice(0))) this.#exchange.send(message);
    this.#isUrgent = false;
    this.#news = 0;
    this.#sentMs = this.#nowMs;
  }

  #sendDone(): void {
    if (this.#stage.at !== "confirming") return;
    const leftOut = leftOutMessage(this.#admission.leftOut);
    if (leftOut !== undefined) this.#exchange.send(leftOut);
    const { committed, present, skipped, failed } = this.#entries.counts();
    this.#exchange.send({ type: "done", transferRoot: this.#stage.transferRoot, committed, present, skipped, failed });
  }

  /** Everything that the sender may have missed, after a link was lost. */
  #repeat({ entries: answered }: Position): void {
    if (answered > this.#admission.checkedEntries) throw violation(`a position of ${answered} entries`);
    this.#exchange.positioned();
    this.#repeatVerified();
    for (const message of needMessages(this.#missingBelow(answered))) this.#exchange.send(message);
    this.#sendNeeds(answered, this.#admission.checkedEntries);
    this.#entries.forEachIn(EntryState.committed, (entry) => this.#unsentCommitted.push({ first: entry, count: 1 }));
    this.#unsentCommitted = mergeEntryRuns(this.#unsentCommitted);
    this.#sendAcknowledgements();
    this.#entries.forEachFailure((entry, kind, text) => {
      this.#exchange.send({ type: "failed", entry, kind, text: wireText(text) });
    });
    this.#sendDone();
  }

  #repeatVerified(): void {
    this.#entries.forEachIn(EntryState.needed, (entry) => {
      this.#verified.forEach(entry, (first, count) => this.#unsentVerified.push(entry, first, count));
    });
    for (const state of [EntryState.verified, EntryState.sealed, EntryState.committing]) {
      this.#entries.forEachIn(state, (entry) => {
        const blocks = this.#entries.blocks(entry);
        if (blocks > 0) this.#unsentVerified.push(entry, 0, blocks);
      });
    }
    this.#sendAcknowledgements();
  }

  /** What of the entries answered before is still to come: all grants ended with the link. */
  #missingBelow(answered: EntryId): NeedItem[] {
    const items: NeedItem[] = [];
    this.#entries.forEachIn(EntryState.needed, (entry) => {
      if (entry < answered && this.#entries.hasContent(entry)) items.push(...this.#answers(entry, entry + 1));
    });
    return items;
  }

  // What the sender says.

  #page(page: PageMessage): void {
    const kept = this.#admission.page(page);
    if (kept !== undefined) this.#outbox.push(kept);
  }

  #pagesEnd(end: PagesEnd): void {
    this.#admission.pagesEnd(end);
    this.#passIfComplete();
  }

  #seal({ entry, size, root }: SealItem): void {
    const state = this.#entries.state(entry);
    // It failed here, and `failed` is on its way to the sender; or the seal is repeated.
    if (state === EntryState.failed || state === EntryState.committed) return;
    if (entry >= this.#admission.checkedEntries || !this.#entries.hasContent(entry)) {
      throw violation("a seal of no file");
    }
    if (size !== this.#entries.size(entry)) {
      throw violation(`a seal of entry ${entry} with another size than its page had`);
    }
    if (state === EntryState.sealed || state === EntryState.committing) return;
    if (state !== EntryState.verified) throw violation(`a seal of entry ${entry} before all its blocks were verified`);
    this.#entries.setRoot(entry, root);
    this.#entries.setState(entry, EntryState.sealed);
    if (this.#stage.at === "moving") this.#commit(entry);
  }

  #failedThere(entry: EntryId, kind: ErrorKind, text: string): void {
    const state = this.#entries.state(entry);
    if (state === EntryState.failed) return;
    const isOpen = state === EntryState.needed || state === EntryState.verified;
    if (entry >= this.#admission.checkedEntries || !isOpen) throw violation(`a failure of entry ${entry} out of place`);
    this.#end(entry, kind, text, true);
  }

  #bye(): void {
    if (this.#stage.at !== "confirming") throw violation('"bye" before "done"');
    this.#finish();
  }

  // What follows.

  /** Final names appear from here on: every page has passed, and so has the space for all of it. */
  #passIfComplete(): void {
    if (this.#stage.at !== "admitting" || !this.#admission.hasPassed) return;
    this.#stage = { at: "moving" };
    // Folders come before what is in them, as in the manifest.
    this.#entries.forEachIn(EntryState.needed, (entry) => {
      if (!this.#entries.hasContent(entry)) this.#commit(entry);
    });
    this.#entries.forEachIn(EntryState.sealed, (entry) => this.#commit(entry));
    this.#finishIfOver();
  }

  #commit(entry: EntryId): void {
    const isSealed = this.#entries.hasContent(entry);
    this.#entries.setState(entry, EntryState.committing);
    const root = isSealed ? this.#entries.root(entry) : new Uint8Array(HASH_LEN);
    this.#outbox.push({ type: "commit", entry, size: this.#entries.size(entry), root });
  }

  #end(entry: EntryId, kind: ErrorKind, text: string, fromPeer: boolean): void {
    this.#verified.forget(entry);
    this.#entries.fail({ entry, kind, text, fromPeer });
    this.#outbox.push({ type: "abandon", entry });
    this.#finishIfOver();
  }

  #finishIfOver(): void {
    if (this.#stage.at !== "moving" || this.#entries.over < this.#entries.count) return;
    this.#stage = { at: "finishing" };
    this.#outbox.push({ type: "finish-folders" });
  }

  #finish(): void {
    if (this.#stage.at !== "confirming") return;
    const leftOut = { sender: this.#notSent, receiver: this.#admission.leftOut };
    this.#exchange.finish(this.#entries.summary(this.#stage.transferRoot, this.#resent, leftOut));
  }

  #isNeeded(entry: EntryId): boolean {
    return this.#entries.state(entry) === EntryState.needed;
  }
}
