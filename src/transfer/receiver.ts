/**
 * The receiving side of a transfer as a pure state machine: `docs/protocol.md`, "After proof", from the first page to `bye`.
 *
 * Its owner (`src/session/`) answers the offer with `accept`, and then brings everything that happens: messages, events of the engine, the
 * link's loss and return, and the time. `turns.ts` says how.
 *
 * @module
 */

import type { FileFault, Leaving, TargetStatus } from "../protocol/words.ts";
import { type ErrorKind, UltraError } from "../base/errors.ts";
import { formatBytes } from "../base/sizes.ts";
import type {
  BlockIndex,
  EntryId,
  LeftOut,
  PageMessage,
  PagesEnd,
  Position,
  SealItem,
  TransferMessage,
} from "../protocol/messages.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { Admission } from "./admission.ts";
import { Commits } from "./commits.ts";
import { Damage } from "./damage.ts";
import { Entries, EntryState } from "./entries.ts";
import { Failures } from "./failures.ts";
import { HeldBlocks } from "./held.ts";
import { leftOutMessage, leftOutOf, NOTHING_LEFT_OUT, withLinksChosen } from "./left_out.ts";
import { kindOfFault, LEAVES_PARTS, type Outcome, type Phase, type Progress, violation, wireText } from "./outcome.ts";
import { Exchange } from "./exchange.ts";
import { Needs } from "./needs.ts";
import { Outbox } from "./outbox.ts";
import { countsOf, progressOf, summaryOf } from "./summary.ts";
import { ByeWait } from "./bye.ts";
import type { ReceiverCommand, ReceiverEvent, ReceiverOptions, ReceiverQueries } from "./turns.ts";
import { VerifiedBlocks } from "./verified.ts";

const { committed, committing, complete, failed, needed, present, sealed, skipped, verified } = EntryState;

type Stage =
  /** From the start: pages come and are checked, data goes into part files only. To `moving`. */
  | { readonly at: "admitting" }
  /** From `admitting`, when every page has passed: what is complete is committed. To `finishing`. */
  | { readonly at: "moving" }
  /** From `moving`, when every entry is over: the disk finishes the folders. To `confirming`. */
  | { readonly at: "finishing" }
  /** From `finishing`, with `done` sent; `bye` or the time ends the transfer. */
  | { readonly at: "confirming"; readonly transferRoot: Uint8Array; readonly bye: ByeWait };

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
  readonly #commits: Commits;
  readonly #failures = new Failures();
  readonly #news = new Acknowledgements();
  #stage: Stage = { at: "admitting" };
  #nowMs = 0;
  readonly #damage = new Damage();
  readonly #held: HeldBlocks;
  readonly #needs: Needs;
  /** It was this side's disk or policy that refused the manifest. */
  #isRefused = false;
  /** Failures that the sender told of entries whose commit had begun, which goes on. */
  readonly #overruled = new Map<EntryId, ErrorKind>();
  /** What the sender says that it does not send. */
  #notSent: LeftOut = NOTHING_LEFT_OUT;
  readonly #wantsLinks: boolean;

  constructor(queries: ReceiverQueries, options: ReceiverOptions) {
    this.#queries = queries;
    this.#wantsLinks = options.wantsLinks ?? true;
    this.#exchange = new Exchange((message) => this.#outbox.push({ type: "send", message }), options);
    this.#entries = new Entries(options.blockLength);
    this.#verified = new VerifiedBlocks(this.#entries);
    this.#held = new HeldBlocks(this.#entries);
    this.#needs = new Needs(this.#entries, this.#verified, this.#held);
    this.#admission = new Admission(this.#entries, options, queries);
    this.#commits = new Commits(this.#entries, (command) => this.#outbox.push(command));
  }

  get outcome(): Outcome {
    return this.#exchange.outcome;
  }

  get phase(): Phase {
    if (!this.#exchange.isRunning) return "ended";
    if (this.#stage.at === "admitting") return "listing";
    if (this.#stage.at === "confirming") return "confirming";
    return this.#entries.missing > 0 ? "moving" : "committing";
  }

  get progress(): Progress {
    const isConfirmed = this.outcome.state === "finished";
    const progress = progressOf(this.#entries, this.#verified.bytes, this.#admission.isListed);
    return { ...progress, resumedBytes: this.#held.bytes, phase: this.phase, isConfirmed };
  }

  /**
   * What becomes of the parts when it has ended: what is worth something to the same command again stays. So it does when the transfer is let
   * go while it runs, because the other side was started again.
   */
  get leaving(): Leaving {
    const { outcome } = this.#exchange;
    const isWorthIt = outcome.state === "running" ||
      (outcome.state === "failed" && LEAVES_PARTS.has(outcome.error.kind));
    return isWorthIt && !this.#isRefused ? "parts" : "nothing";
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
      case "held":
        return this.#needs.hold(event.entry, event.first, event.values);
      case "taken-up":
        this.#admission.occupied(event.entry, event.occupied);
        return this.#needs.takeUp(event.entry, event.isClean);
      case "anew":
        return this.#admission.occupied(event.entry, event.occupied);
      case "stale":
        return this.#stale(event.entry, event.block);
      case "verified":
        return this.#blocksVerified(event.entry, event.first, event.count);
      case "arrived":
        return this.#arrived(event.first, event.count);
      case "mismatch":
        return this.#mismatch(event.entry, event.block);
      case "committed":
        return this.#committed(event.first, event.count);
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
          return void (this.#notSent = this.#wantsLinks ? leftOutOf(message) : withLinksChosen(leftOutOf(message)));
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
    this.#isRefused = true;
    this.#admission.checked(first, statuses, freeSpace);
    this.#isRefused = false;
    const end = first + statuses.length;
    for (const command of this.#needs.expectations(first, end)) this.#outbox.push(command);
    for (const message of this.#needs.answers(first, end)) this.#exchange.send(message);
    this.#needs.takeCertain((entry, first, count) => this.#blocksVerified(entry, first, count));
    // What has no blocks misses nothing.
    const entries = this.#entries;
    for (let entry = first; entry < end; entry++) {
      if (entries.size(entry) === 0 && entries.state(entry) === needed) entries.move(entry, 1, needed, complete);
    }
    this.#passIfComplete();
  }

  /** Not what it was: it travels after all. */
  #stale(entry: EntryId, block: BlockIndex): void {
    if (!this.#entries.isWaiting(entry)) return;
    this.#held.remove(entry, block, 1);
    this.#outbox.push({ type: "expect", entry, first: block, count: 1 });
    this.#exchange.send({ type: "need", items: [{ what: "blocks", entry, first: block, count: 1 }] });
  }

  /** The sink does not take a page: it names more than a manifest may, or there is no memory for it. */
  #pageRefused(fault: FileFault, text: string): void {
    const kind = kindOfFault(fault);
    throw kind === "protocol" ? violation(text) : new UltraError(kind, text);
  }

  #blocksVerified(entry: EntryId, first: BlockIndex, count: number): void {
    const entries = this.#entries;
    if (!entries.isWaiting(entry)) return;
    if (entries.isLarge(entry)) {
      this.#held.verified(entry, first, count);
      this.#verified.add(entry, first, count);
      this.#news.blocks(entry, first, count);
      if (!this.#verified.isComplete(entry)) return;
      this.#verified.drop(entry);
      this.#held.drop(entry);
      this.#needs.drop(entry);
      this.#news.hurry();
    } else {
      this.#news.entries(entry, 1);
    }
    const isSealed = entries.state(entry) === sealed;
    entries.setState(entry, isSealed ? complete : verified);
    if (this.#entries.missing === 0) this.#news.hurry();
    if (isSealed) this.#commits.ready(entry, 1);
  }

  /** Files of one block: their frames have sealed them. */
  #arrived(first: EntryId, count: number): void {
    this.#entries.forEachState(first, first + count, (first, count, state) => {
      // Others have failed meanwhile.
      if (state !== needed && state !== sealed && state !== verified) return;
      this.#entries.move(first, count, state, complete);
      if (state !== verified) this.#news.entries(first, count);
      this.#commits.ready(first, count);
    });
    // Small files complete all the time; only the last of them ends the wait.
    if (this.#entries.missing === 0) this.#news.hurry();
  }

  #mismatch(entry: EntryId, block: BlockIndex): void {
    if (!this.#entries.isMissing(entry)) return;
    if (!this.#damage.note(entry, block, this.#entries.bytes(entry, block, 1))) {
      throw new UltraError("integrity", "A block of a file kept arriving damaged; nothing of it was used", {
        subject: this.#queries.name(entry) ?? "",
      });
    }
    this.#exchange.send({ type: "need", items: [{ what: "blocks", entry, first: block, count: 1 }] });
  }

  #committed(first: EntryId, count: number): void {
    const entries = this.#entries;
    const before = { count: entries.inState(committed), bytes: entries.bytesIn(committed) };
    entries.forEachState(first, first + count, (first, count, state) => {
      if (state !== committing) return;
      entries.move(first, count, committing, committed);
      this.#news.committed(first, count);
    });
    this.#news.note(entries.inState(committed) - before.count, entries.bytesIn(committed) - before.bytes);
    this.#finishIfOver();
  }

  /** A full or read-only disk fails all other entries as well, so it ends the transfer; so does a wrong root. */
  #entryFailed(entry: EntryId, fault: FileFault, text: string): void {
    if (this.#entries.isOver(entry)) return;
    const kind = kindOfFault(fault);
    if (fault === "no-space") throw new UltraError(kind, text + this.#missingSpace());
    if (fault === "read-only" || kind === "integrity") throw new UltraError(kind, text);
    this.#exchange.send({ type: "failed", entry, kind, text: wireText(text) });
    this.#end(entry, kind, text, false);
    const overruled = this.#overruled.get(entry);
    if (overruled !== undefined) this.#failures.join(entry, overruled);
  }

  /** How much more room is needed, as far as it is known. */
  #missingSpace(): string {
    const entries = this.#entries;
    const toCome = entries.bytesIn(needed) + entries.bytesIn(sealed) - this.#verified.bytes;
    const missing = toCome - (this.#queries.freeSpace() ?? 0);
    return missing > 0 ? `; ${formatBytes(missing)} are missing` : "";
  }

  #foldersFinished(failure: FoldersFailure): void {
    if (this.#stage.at !== "finishing") return;
    if (failure !== undefined) throw new UltraError(kindOfFault(failure.fault), failure.text);
    const transferRoot = this.#queries.transferRoot(this.#entries.statuses());
    this.#stage = { at: "confirming", transferRoot, bye: new ByeWait(this.#nowMs) };
    this.#sendDone();
  }

  #loseLink(): void {
    this.#exchange.lose();
    // What they say is said again after the exchange of positions.
    this.#outbox.discard(({ type }) => type === "send");
    this.#news.clear();
    if (this.#stage.at === "confirming") this.#stage.bye.lost(this.#nowMs);
  }

  /** When all files are there, a network that fails is no failure. */
  #cancel(error: UltraError): void {
    if (error.kind === "network" && this.#stage.at === "confirming") this.#exchange.step(() => this.#finish());
    else this.#exchange.fail(error);
  }

  #tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#news.isDue(nowMs)) this.#sendAcknowledgements();
    if (this.#stage.at === "confirming" && this.#stage.bye.isOver(nowMs)) this.#finish();
  }

  // What goes out.

  #sendAcknowledgements(): void {
    for (const message of this.#news.take(this.#nowMs)) this.#exchange.send(message);
  }

  #sendDone(): void {
    if (this.#stage.at !== "confirming") return;
    const leftOut = leftOutMessage(this.#admission.leftOut);
    if (leftOut !== undefined) this.#exchange.send(leftOut);
    const counts = countsOf(this.#entries);
    this.#exchange.send({
      type: "done",
      transferRoot: this.#stage.transferRoot,
      committed: counts.committed,
      present: counts.present,
      skipped: counts.skipped,
      failed: counts.failed,
    });
  }

  /** Everything that the sender may have missed, after a link was lost. */
  #repeat({ entries: answered }: Position): void {
    if (answered > this.#admission.checkedEntries) throw violation(`a position of ${answered} entries`);
    this.#exchange.positioned();
    // What has happened since the link was lost is told below with everything else, and commits not before their needs.
    this.#news.clear();
    this.#repeatVerified();
    this.#repeatBlocks(0, answered);
    this.#sendAcknowledgements();
    for (const message of this.#needs.missingBelow(answered)) this.#exchange.send(message);
    const { checkedEntries } = this.#admission;
    for (const message of this.#needs.answers(answered, checkedEntries)) this.#exchange.send(message);
    // Of what the sender hears of now for the first time only held blocks can be verified.
    this.#repeatBlocks(answered, checkedEntries);
    this.#entries.forEachRun(committed, (first, count) => this.#news.committed(first, count));
    this.#sendAcknowledgements();
    this.#entries.forEachIn(failed, (entry) => {
      const text = wireText(this.#failures.text(entry));
      this.#exchange.send({ type: "failed", entry, kind: this.#failures.kind(entry), text });
    });
    this.#sendDone();
  }

  #repeatVerified(): void {
    for (const state of [verified, complete, committing]) {
      this.#entries.forEachRun(state, (first, count) => this.#repeatWhole(first, count));
    }
  }

  /** The verified blocks of files from `from` to `to` that miss some. */
  #repeatBlocks(from: EntryId, to: EntryId): void {
    if (this.#verified.isEmpty) return;
    for (const state of [needed, sealed]) {
      this.#entries.forEachIn(state, (entry) => {
        if (entry < from || entry >= to) return;
        this.#verified.forEach(entry, (first, count) => this.#news.blocks(entry, first, count));
      });
    }
  }

  /** Only what the sender knows to be needed: it has answers to all of these but those that have no blocks. */
  #repeatWhole(first: EntryId, count: number): void {
    for (let entry = first; entry < first + count; entry++) {
      if (this.#entries.size(entry) > 0) this.#news.entries(entry, 1);
    }
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
    const entries = this.#entries;
    const state = entries.state(entry);
    // It failed here, and `failed` is on its way to the sender.
    if (state === failed) return;
    const isWanted = state !== present && state !== skipped;
    if (entry >= this.#admission.checkedEntries || entries.size(entry) === 0 || !isWanted) {
      throw violation("a seal of no file that is needed");
    }
    if (size !== entries.size(entry)) {
      throw violation(`a seal of entry ${entry} with another size than its page had`);
    }
    // Otherwise the seal is repeated.
    if (state !== needed && state !== verified) return;
    // A copy: a message's bytes are a view of memory that the next one may use again.
    this.#commits.sealed(entry, root.slice());
    entries.setState(entry, state === needed ? sealed : complete);
    if (state === verified) this.#commits.ready(entry, 1);
  }

  #failedThere(entry: EntryId, kind: ErrorKind, text: string): void {
    switch (this.#entries.state(entry)) {
      case needed:
      case verified:
      case sealed:
      case complete:
        return this.#end(entry, kind, text, true);
      // A commit that has begun wins. When it fails after all, both sides end with the kind that tells more.
      case committing:
        return void this.#overruled.set(entry, kind);
      case committed:
        return;
      case failed:
        return this.#failures.join(entry, kind);
      default:
        throw violation(`a failure of entry ${entry} out of place`);
    }
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
    this.#commits.open();
    this.#finishIfOver();
  }

  #end(entry: EntryId, kind: ErrorKind, text: string, fromPeer: boolean): void {
    this.#verified.drop(entry);
    this.#held.fail(entry);
    this.#needs.drop(entry);
    this.#commits.drop(entry);
    this.#entries.setState(entry, failed);
    this.#failures.add({ entry, kind, text, fromPeer }, false);
    // What was verified of a file that this disk failed is not at fault; one that its sender failed is another file the next time.
    this.#outbox.push({ type: "abandon", entry, leaving: LEAVES_PARTS.has(kind) && !fromPeer ? "parts" : "nothing" });
    this.#finishIfOver();
  }

  #finishIfOver(): void {
    this.#commits.links();
    if (this.#stage.at !== "moving" || this.#entries.over < this.#entries.count) return;
    this.#stage = { at: "finishing" };
    // The sender computes its transfer root beside the receiver, and not after it.
    this.#sendAcknowledgements();
    this.#outbox.push({ type: "finish-folders" });
  }

  #finish(): void {
    if (this.#stage.at !== "confirming") return;
    const { transferRoot } = this.#stage;
    const leftOut = { sender: this.#notSent, receiver: this.#admission.leftOut };
    const root = (entry: EntryId) => this.#queries.root(entry);
    const facts = { transferRoot, resent: this.#damage.resent, resumedBytes: this.#held.bytes, leftOut, root };
    this.#exchange.finish(summaryOf(this.#entries, this.#failures, facts));
  }
}
