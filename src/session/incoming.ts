/**
 * A transfer seen from its receiver: joins the receiver machine to the engine. The other half is `outgoing.ts`.
 *
 * @module
 */

import { join, resolve } from "node:path";
import type { Format } from "../auth/versions.ts";
import { addressOf } from "../base/endpoints.ts";
import { UltraError } from "../base/errors.ts";
import { atMost } from "../base/timers.ts";
import {
  either,
  type Existing,
  isAny,
  type LinkChoice,
  type Preserve,
  type SinkId,
  type TransferId,
  type Unkept,
} from "../protocol/words.ts";
import type { ControlLink } from "../link/control_link.ts";
import type { SinkEvent } from "../link/hub.ts";
import type { Peer } from "../meet/join.ts";
import { MAX_LANES } from "../protocol/limits.ts";
import type { EntryId, EntryKind, Offer, TransferMessage } from "../protocol/messages.ts";
import type { ReportNumbers } from "../protocol/report.ts";
import { mostConnections } from "../settings/connections.ts";
import { distanceOf } from "../settings/distance.ts";
import { kindOfFault, type Outcome } from "../transfer/outcome.ts";
import { Receiver } from "../transfer/receiver.ts";
import type { ReceiverCommand } from "../transfer/turns.ts";
import { Meter } from "../verdict/meter.ts";
import { type Arrived, contentOf, topNames } from "./arrived.ts";
import type { ConfirmedEntries } from "./confirmed.ts";
import { InOrder } from "./in_order.ts";
import type { RunContext, TransferEvent, TransferPhase } from "./events.ts";
import { factsOf, judged } from "./facts.ts";
import type { Side } from "./side.ts";

export interface ReceiveOptions {
  readonly folder: string;
  /** Whether the folder is made when it is missing, and taken back when nothing has arrived in it. */
  readonly create: boolean;
  readonly rename: string | undefined;
  /** What becomes of files that are there and differ. */
  readonly existing: Existing;
  /** Nothing is taken up that an earlier run left of a file. */
  readonly restart: boolean;
  readonly hidden: boolean;
  /** Which symbolic links are made, whatever the sender says. */
  readonly links: LinkChoice;
  readonly preserve: Preserve;
  /** Whether files are committed without waiting for the disk. */
  readonly noSync: boolean;
  /** Whether the user accepts what is left out. */
  readonly allowLeftOut: boolean;
  /** Lanes to grant at most, on all connections together. */
  readonly lanes: number;
  /** Connections that the user wants; `undefined`: as many as the sender does, within what fits the path. */
  readonly connections: number | undefined;
  /** What the sender is asked to offer; `undefined`: it knows by itself. */
  readonly paths?: readonly string[] | undefined;
  /** Which entries are taken of what is offered, by path and kind; all of them when absent. */
  readonly isWanted?: ((path: string, kind: EntryKind) => boolean) | undefined;
  /** Gets what has arrived, or was there already, behind `complete`. */
  readonly onArrived?: ((arrived: Arrived) => void) | undefined;
  /** What is remembered of files that were confirmed before, by the host of an offer; `undefined`: nothing. */
  readonly confirmed?: ((host: string) => ConfirmedEntries) | undefined;
  /** What may be offered at most, where that is known; more is a breach. */
  readonly most?: { readonly entries: number; readonly bytes: number } | undefined;
}

const EVERYTHING_KEPT: Unkept = { mode: false, time: false, links: false, owner: false, xattrs: false, acl: false };

/** A proved sender that makes no offer is stuck in its walk, or not one of ours. */
const OFFER_MS = 30_000;

/** What a sender may say while its walk is still at the first page. */
const BEFORE_OFFER: ReadonlySet<TransferMessage["type"]> = new Set(["abort", "heartbeat"]);

/** How long the removal of what is not kept is awaited at the end. */
export const DISPOSE_MS = 1000;

type State =
  /** From the start; to `awaiting` with a link. */
  | { readonly at: "ready" }
  /** From `ready`, and again with another link, for {@linkcode OFFER_MS} at most; to `receiving` with the offer. */
  | { readonly at: "awaiting"; readonly peer: Peer; readonly sinceMs: number }
  /** From `awaiting`; final, with another peer when the link is replaced. */
  | {
    readonly at: "receiving";
    readonly peer: Peer;
    readonly offer: Offer;
    readonly startedMs: number;
    readonly meter: Meter;
    /** When everything had arrived. */
    readonly arrivedMs: number | undefined;
  };

/** What a connection may open and has opened. The first one has number 1. */
interface Grant {
  readonly number: number;
  readonly granted: number;
  opened: number;
}

export class Incoming implements Side {
  readonly role = "receiver";
  readonly hasBegun = true;
  readonly machine: Receiver;
  readonly id: TransferId;
  readonly #context: RunContext;
  readonly #transfer: number;
  readonly #options: ReceiveOptions;
  readonly #format: Format;
  readonly #disposed = Promise.withResolvers<void>();
  readonly #connections = new Map<ControlLink, Grant>();
  readonly #reports: { sender?: ReportNumbers; receiver?: ReportNumbers } = {};
  #state: State = { at: "ready" };
  /** The engine was told to dispose of the sink. What the disk still says of it is no news. */
  #isLetGo = false;
  /** From the offer on. */
  #confirmed: ConfirmedEntries | undefined;
  /** The last one that was told. */
  #phase: TransferPhase | undefined;
  #joined = 1;
  #hasBye = false;
  #isDurable = true;
  /** What the folder's file system refused to keep of anything. */
  #unkept: Unkept = EVERYTHING_KEPT;
  /** Whether the sender may not have heard that its offer was accepted, so that it makes it again. */
  #mayOfferAgain = false;
  #changed = () => {};

  /**
   * @param transfer its number on its link: 1 for the first one
   * @param format how files travel there
   */
  constructor(
    sink: SinkId,
    transfer: number,
    options: ReceiveOptions,
    context: RunContext,
    format: Format = "ultra",
  ) {
    this.#context = context;
    this.#format = format;
    this.id = sink;
    this.#transfer = transfer;
    this.#options = options;
    const { hub, describe } = context;
    const { existing, links, most, isWanted } = options;
    this.machine = new Receiver({
      name: (entry) => hub.engine.name(sink, entry),
      freeSpace: () => hub.engine.freeSpace(sink),
      transferRoot: (statuses) => hub.engine.transferRoot(sink, statuses),
      root: (entry) => hub.engine.entryRoot(sink, entry),
    }, {
      describe,
      transfer,
      existing,
      wantsLinks: links !== "none",
      most,
      isWanted,
      wasConfirmed: (entry) => this.#confirmed?.wasConfirmed(entry) ?? false,
    });
    // What of a page was there already is written down as confirmed before anybody hears of it, and so before what comes of its entries.
    const before = (event: SinkEvent) =>
      event.type === "checked" ? this.#confirmed?.checked(event.first, event.statuses) : undefined;
    const events = new InOrder<SinkEvent>(before, (event) => {
      this.#on(event);
      this.#changed();
    });
    hub.onSink(sink, (event) => events.push(event));
  }

  get isLinkFree(): boolean {
    return this.#hasBye;
  }

  get hasStarted(): boolean {
    return this.#state.at === "receiving";
  }

  get mostConnections(): number {
    if (this.#state.at === "ready" || this.#format === "blazing") return 1;
    return mostConnections(distanceOf(addressOf(this.#state.peer.link.remote)), this.#options.connections);
  }

  connect(peer: Peer, changed: () => void): void {
    this.#changed = changed;
    this.#await(peer);
  }

  lose(): void {
    this.#connections.clear();
    this.machine.handle({ type: "link-lost" });
  }

  /** Says once more what it accepts, and what it has. Before the offer there is nothing to go on with. */
  reconnect(peer: Peer): void {
    this.lose();
    if (this.#state.at !== "receiving") return this.#await(peer);
    this.#state = { ...this.#state, peer };
    this.#joined = 1;
    this.#mayOfferAgain = true;
    this.#grantFirst(peer, this.#state.offer);
    this.machine.handle({ type: "link-restored" });
  }

  tell(event: TransferEvent): void {
    this.#context.tell({ ...event, transfer: this.id });
  }

  step(): void {
    const now = this.#context.clock.now();
    if (this.#state.at === "awaiting" && now - this.#state.sinceMs > OFFER_MS) {
      this.#cancel(new UltraError("network", "The other side offered nothing in time"));
    }
    if (this.#state.at !== "receiving") return;
    const { phase } = this.machine;
    if (phase === "committing") this.#state = { ...this.#state, arrivedMs: this.#state.arrivedMs ?? now };
    if (phase === "moving") this.#state = { ...this.#state, arrivedMs: undefined };
    if (phase === "committing" || phase === "confirming") this.#enter(phase);
  }

  flush(): void {
    for (let command = this.machine.poll(); command !== undefined; command = this.machine.poll()) this.#run(command);
  }

  /** Takes the offer and the sender's report; everything else is the machine's. */
  message(message: TransferMessage): boolean {
    if (message.type === "offer") {
      this.#accept(message);
      return true;
    }
    if (this.#state.at !== "receiving" && !BEFORE_OFFER.has(message.type)) {
      this.#cancel(new UltraError("protocol", `The other side sent "${message.type}" before its offer`));
      return true;
    }
    if (message.type === "bye") this.#hasBye = true;
    if (message.type !== "report") return false;
    this.#reports.sender = message.numbers;
    return true;
  }

  asked(connections: number): void {
    if (this.#state.at !== "ready") this.#state.peer.extra.asked(connections);
  }

  joined(link: ControlLink): boolean {
    const taken = [...this.#connections.values()].reduce((sum, { granted }) => sum + granted, 0);
    const room = Math.min(this.#options.lanes, MAX_LANES) - taken;
    if (this.#state.at !== "receiving" || room < 1) return false;
    this.#grant(link, ++this.#joined, Math.max(1, Math.min(this.#state.offer.lanes, room)));
    return true;
  }

  /** A receiver is the one that accepts. */
  accepted(): boolean {
    return false;
  }

  left(link: ControlLink): void {
    this.#connections.delete(link);
  }

  laneOpened(link: ControlLink): void {
    const connection = this.#connections.get(link);
    if (connection === undefined || ++connection.opened !== connection.granted) return;
    const { number, granted } = connection;
    if (number === 1) this.tell({ type: "opened", streams: granted });
    else this.tell({ type: "added", added: { connection: number, streams: granted } });
  }

  /** What a lane had not brought is sent again by the sender. */
  laneClosed(): void {}

  /** Tells how a transfer ended that has not failed. */
  report(outcome: Outcome): void {
    if (outcome.state !== "finished" || this.#state.at !== "receiving") return;
    const seconds = (this.#context.clock.now() - this.#state.startedMs) / 1000;
    const { onArrived, folder } = this.#options;
    const { counts } = outcome.summary;
    const content = contentOf(this.#state.offer, counts);
    const place = this.#place(counts.entries);
    const facts = factsOf(outcome.summary, {
      seconds,
      durable: this.#isDurable,
      noSync: this.#options.noSync,
      isLeftOutAccepted: this.#options.allowLeftOut,
      confirmedFiles: this.#confirmed?.files ?? 0,
      role: "receive",
      format: this.#format,
      ...place,
      // The file of a text is gone as soon as who is told of it has the text.
      savedTo: onArrived !== undefined && content === "text" ? undefined : place.savedTo,
      pathOf: (entry) => this.#nameOf(entry),
    });
    if (isAny(this.#unkept)) this.tell({ type: "unkept", unkept: this.#unkept, folder: this.#options.folder });
    this.tell({ type: "complete", facts: { ...facts, verdict: judged(this.#reports) } });
    if (onArrived === undefined) return;
    const names = topNames(counts.entries, (entry) => this.#nameOf(entry));
    onArrived({ content, paths: names.map((name) => join(resolve(folder), name)) });
  }

  /** Removes what was not committed, or leaves it to the same command again; resolved when that is done. */
  async dispose(): Promise<void> {
    const { hub, timers } = this.#context;
    this.#isLetGo = true;
    hub.engine.dispose(this.id, this.#resumes ? this.machine.leaving : "nothing");
    await atMost(DISPOSE_MS, this.#disposed.promise, timers);
  }

  /** Whether an interrupted transfer is taken up by the next one. */
  get #resumes(): boolean {
    return this.#format !== "blazing";
  }

  /** Resolved when nothing of the sink is in use any more, however long the disk takes. */
  get disposed(): Promise<void> {
    return this.#disposed.promise;
  }

  #await(peer: Peer): void {
    this.#state = { at: "awaiting", peer, sinceMs: this.#context.clock.now() };
    // Lanes are allowed after the offer.
    peer.link.admit(0);
    const { paths } = this.#options;
    if (paths !== undefined) peer.link.send({ type: "request", what: "paths", paths });
  }

  #enter(phase: TransferPhase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.tell({ type: "phase", phase });
  }

  #cancel(error: UltraError): void {
    this.machine.handle({ type: "cancel", error });
  }

  #accept(offer: Offer): void {
    // It was on its way when this side gave up.
    if (this.machine.outcome.state !== "running") return;
    if (this.#mayOfferAgain && this.#state.at === "receiving" && offer.transfer === this.#transfer) {
      return void (this.#mayOfferAgain = false);
    }
    if (this.#state.at !== "awaiting") {
      return this.#cancel(new UltraError("protocol", "The other side made a second offer"));
    }
    const { peer } = this.#state;
    if (offer.transfer !== this.#transfer) {
      return this.#cancel(
        new UltraError("protocol", `The other side offered transfer ${offer.transfer}, not ${this.#transfer}`),
      );
    }
    const startedMs = this.#context.clock.now();
    this.#confirmed = this.#options.confirmed?.(offer.host);
    // By this an interrupted run of the same transfer is known again.
    const transfer = [offer.host, offer.name, this.#options.rename ?? ""].join("\n");
    this.#context.hub.engine.begin(this.id, transfer, this.#resumes);
    this.#state = {
      at: "receiving",
      peer,
      offer,
      startedMs,
      meter: new Meter(this.id, this.#context),
      arrivedMs: undefined,
    };
    this.tell({ type: "started", start: { role: "receive", name: offer.name, bytes: offer.totalSize } });
    this.#enter("moving");
    this.#grantFirst(peer, offer);
    // Nothing to a machine whose link was never lost.
    this.machine.handle({ type: "link-restored" });
  }

  #grantFirst({ link, extra }: Peer, offer: Offer): void {
    const { lanes, connections } = this.#options;
    this.#grant(link, 1, Math.max(1, Math.min(offer.lanes, Math.floor(lanes / (connections ?? 1)), MAX_LANES)));
    if (connections !== undefined) extra.want(connections);
  }

  /** Lets a connection's lanes in, and says so. */
  #grant(link: ControlLink, number: number, lanes: number): void {
    const { hub, host } = this.#context;
    this.#connections.set(link, { number, granted: lanes, opened: 0 });
    link.admit(lanes);
    hub.engine.attach(link.id, this.id, this.#transfer);
    link.send({ type: "accept", transfer: this.#transfer, host, lanes });
    const settings = hub.engine.settings(link.id);
    if (settings !== undefined) this.tell({ type: "settings", reported: { connection: number, settings } });
  }

  #run(command: ReceiverCommand): void {
    const { engine } = this.#context.hub;
    switch (command.type) {
      case "send":
        return this.#send(command.message);
      case "page":
        this.#confirmed?.list(command);
        return engine.page(this.id, command.first, command.count, command.entries);
      case "expect":
        return engine.expect(this.id, command.entry, command.first, command.count);
      case "expect-entries":
        return engine.expectEntries(this.id, command.first, command.count);
      case "commit-entries":
        return engine.commitEntries(this.id, command.first, command.count);
      case "commit":
        return engine.commit(this.id, command.entry, command.size, command.root);
      case "finish-folders":
        return engine.finishFolders(this.id);
      case "abandon":
        return engine.abandon(this.id, command.entry, command.leaving);
    }
  }

  /** The sender is to have the report when it finishes, which `done` lets it do. */
  #send(message: TransferMessage): void {
    if (this.#state.at === "ready") return;
    const { link } = this.#state.peer;
    if (message.type === "done" && this.#state.at === "receiving") {
      const { meter, arrivedMs } = this.#state;
      const finishMs = arrivedMs === undefined ? 0 : this.#context.clock.now() - arrivedMs;
      this.#reports.receiver = meter.report([...this.#connections.keys()], { finishMicros: finishMs * 1000 });
      link.send({ type: "report", numbers: this.#reports.receiver });
    }
    link.send(message);
  }

  #on(event: SinkEvent): void {
    switch (event.type) {
      case "committed":
        this.#isDurable &&= event.durable;
        this.#unkept = either(this.#unkept, event.unkept);
        return this.#recorded(event, this.#confirmed?.committed(event.first, event.count));
      case "folders-finished":
        this.#unkept = either(this.#unkept, event.unkept);
        return this.machine.handle({ type: "folders-finished", failure: undefined });
      case "folders-failed":
        return this.machine.handle({ type: "folders-finished", failure: event });
      case "entry-failed": {
        const { entry, fault, text } = event;
        // A commit that the disposal cut short: the same transfer goes on with another sink, or it has been said why it does not.
        if (this.#isLetGo) return;
        this.machine.handle(event);
        // A failure that ends the whole transfer is reported as its error.
        if (this.machine.outcome.state !== "running") return;
        const failure = { path: this.#nameOf(entry), kind: kindOfFault(fault), text };
        return this.tell({ type: "file-failed", failure });
      }
      case "anew":
        this.tell({ type: "restarted", restarted: { path: this.#nameOf(event.entry), why: event.why } });
        return this.machine.handle(event);
      case "left-over": {
        const { parts, occupied: bytes } = event;
        return this.tell({ type: "left-over", leftOver: { parts, bytes, folder: resolve(this.#options.folder) } });
      }
      case "checked":
      case "held":
      case "taken-up":
      case "stale":
      case "page-refused":
      case "verified":
      case "arrived":
      case "mismatch":
        return this.machine.handle(event);
      case "disposed":
        return this.#disposed.resolve();
    }
  }

  /** The machine, and with it the sender, hears of what counts as confirmed once that is written down. */
  #recorded(event: Extract<SinkEvent, { type: "committed" }>, written: Promise<void> | undefined): void {
    if (written === undefined) return this.machine.handle(event);
    void written.then(() => {
      this.machine.handle(event);
      this.#changed();
    });
  }

  #nameOf(entry: EntryId): string | undefined {
    return this.#context.hub.engine.name(this.id, entry);
  }

  /** Where to find what has arrived. What is at the top level comes as one run of entries, so the last one tells whether there is more. */
  #place(entries: number): { readonly name: string | undefined; readonly savedTo: string } {
    const folder = resolve(this.#options.folder);
    const [top] = this.#nameOf(0)?.split("/") ?? [];
    const isOnly = top !== undefined && this.#nameOf(entries - 1)?.split("/")[0] === top;
    return isOnly ? { name: top, savedTo: join(folder, top) } : { name: undefined, savedTo: folder };
  }
}
