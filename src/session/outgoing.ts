/**
 * A transfer seen from its sender: joins the sender machine to the engine. The other half is `incoming.ts`.
 *
 * @module
 */

import type { Format } from "../auth/versions.ts";
import { UltraError } from "../base/errors.ts";
import { addressOf } from "../base/endpoints.ts";
import type { ControlLink } from "../link/control_link.ts";
import type { SourceEvent } from "../link/hub.ts";
import type { Peer } from "../meet/join.ts";
import { EXIT_CODES } from "../protocol/codes.ts";
import { MAX_LANES } from "../protocol/limits.ts";
import type { Accept, EntryId, TransferMessage } from "../protocol/messages.ts";
import type { ReportNumbers } from "../protocol/report.ts";
import { isAny, type LaneId, type TransferId } from "../protocol/words.ts";
import { ConnectionTuner } from "../settings/connection_tuner.ts";
import { blazingTuning } from "../settings/blazing.ts";
import { senderPlan } from "../settings/connections.ts";
import { distanceOf } from "../settings/distance.ts";
import type { Tuning } from "../settings/tuning.ts";
import { chunkBlocks } from "../settings/ultra.ts";
import { kindOfFault, type Outcome, type Summary } from "../transfer/outcome.ts";
import { Sender } from "../transfer/sender.ts";
import type { SenderCommand } from "../transfer/turns.ts";
import { Meter } from "../verdict/meter.ts";
import type { RunContext, TransferEvent, TransferPhase } from "./events.ts";
import { factsOf, judged } from "./facts.ts";
import { type Offering, type PageEvent, sentence, type WalkEndEvent } from "./offering.ts";
import { GrantIds } from "./grant_ids.ts";
import { EARLY_PAGE_BYTES, type OutgoingState, type Road, type Way } from "./outgoing_states.ts";
import type { Side } from "./side.ts";

export interface SendOptions {
  readonly tuning: Tuning;
  /** Whether the user accepts what is left out. */
  readonly allowLeftOut: boolean;
  /** The receiver has asked for it, and asks once more on each connection on which it has heard of no offer. */
  readonly isAsked?: boolean;
}

/** What a receiver may say before it accepts; `want-connections` has its own answer. Pages may be there already, and yet no need may come. */
const BEFORE_ACCEPT: ReadonlySet<TransferMessage["type"]> = new Set(["abort", "heartbeat", "want-connections"]);

/** A connection that ends takes its lanes with it; its own end, which says more, follows within this time. */
const LANELESS_MS = 1000;

export class Outgoing implements Side {
  readonly role = "sender";
  /** Its last word is `bye`, and the receiver's is `done`. */
  readonly isLinkFree = true;
  readonly machine: Sender;
  readonly #context: RunContext;
  readonly #offering: Offering;
  readonly #transfer: number;
  readonly #options: SendOptions;
  readonly #format: Format;
  /** What the walk has given and the machine has not taken. */
  readonly #walk: (PageEvent | WalkEndEvent)[] = [];
  /** Once the peer has accepted the offer: the first connection, and further ones while the receiver gives them lanes. */
  readonly #connections = new Map<ControlLink, readonly LaneId[]>();
  readonly #grants: GrantIds;
  readonly #reports: { sender?: ReportNumbers; receiver?: ReportNumbers } = {};
  #state: OutgoingState = { at: "ready" };
  /** The last one that was told. */
  #phase: TransferPhase | undefined;
  /** Lanes of each connection. */
  #lanes = 0;
  /** Lanes that are open, on any connection. */
  readonly #open = new Set<LaneId>();
  /** Since when none is. */
  #lanelessMs = 0;
  /** Lanes that were opened since the first connection came: the number of the next one. */
  #opened = 0;
  /** Lanes that are opened one after the other, and of which nothing was heard yet. */
  #unopened = 0;
  /** Connections that there were since then. */
  #joined = 0;
  #way: Way = "open";

  /**
   * @param transfer its number on its link: 1 for the first one
   * @param format how files travel there
   */
  constructor(
    offering: Offering,
    transfer: number,
    options: SendOptions,
    context: RunContext,
    format: Format = "ultra",
  ) {
    const tuning = format === "blazing" ? blazingTuning(options.tuning) : options.tuning;
    this.#context = context;
    this.#offering = offering;
    this.#transfer = transfer;
    this.#options = { ...options, tuning };
    this.#format = format;
    const { engine } = context.hub;
    this.#grants = new GrantIds(() => context.hub.newGrant());
    this.machine = new Sender({
      shrink: (grant, end) => {
        this.flush();
        // A grant that is read ends where it ended: nothing can be cut off it.
        return engine.shrink(this.#grants.engineOf(grant), end) ?? Number.MAX_SAFE_INTEGER;
      },
      transferRoot: (statuses) => engine.transferRoot(offering.id, statuses),
      root: (entry) => engine.entryRoot(offering.id, entry),
    }, {
      describe: context.describe,
      transfer,
      chunkBlocks: (fileBlocks) => chunkBlocks(fileBlocks, tuning.chunkBlocks),
      sealsAlike: format === "blazing",
      expected: offering.entries,
    });
  }

  get isUnconfirmed(): boolean {
    return this.machine.isAllSent;
  }

  get id(): TransferId {
    return this.#offering.id;
  }

  get mostConnections(): number {
    return this.#state.at === "ready" ? 1 : this.#state.road.plan.most;
  }

  get hasStarted(): boolean {
    return this.#state.at !== "ready";
  }

  get hasBegun(): boolean {
    return this.#state.at === "listing" || this.#state.at === "listed";
  }

  /** Makes the offer. */
  connect(peer: Peer, changed: () => void): void {
    const { link, proved } = peer;
    const road = this.#roadTo(peer, this.#context.clock.now(), changed);
    const earlyBytes = proved.peer.type === "dialer-hello" ? Infinity : EARLY_PAGE_BYTES;
    this.#state = { at: "offered", road, earlyBytes, early: new Map() };
    link.admit(0);
    this.#offer(link);
    this.#enter("listing");
    const { name, totalSize } = this.#offering;
    this.tell({ type: "started", start: { role: "send", name, bytes: totalSize } });
    this.#offering.handOver((event) => {
      this.#on(event);
      changed();
    });
  }

  lose(): void {
    this.#way = "lost";
    this.#connections.clear();
    this.#open.clear();
    this.#grants.clear();
    if (this.#state.at === "offered") this.#state.early.clear();
    this.machine.handle({ type: "link-lost" });
  }

  /** Offers once more when nobody accepted; in any case the receiver says what it has, and how many lanes it takes here. */
  reconnect(peer: Peer): void {
    if (this.#state.at === "ready") return;
    this.lose();
    const { startedMs, changed } = this.#state.road;
    const road = this.#roadTo(peer, startedMs, changed);
    this.#opened = this.#joined = 0;
    peer.link.admit(0);
    if (this.#state.at === "offered") {
      this.#state = { ...this.#state, road, earlyBytes: 0 };
      this.#way = "open";
      this.#offer(peer.link);
    } else {
      this.#state = { ...this.#state, road };
      this.#way = "accepting";
    }
    this.machine.handle({ type: "link-restored" });
  }

  tell(event: TransferEvent): void {
    this.#context.tell({ ...event, transfer: this.id });
  }

  step(): void {
    this.#feed();
    if (this.#way === "open" && (this.#state.at === "listing" || this.#state.at === "listed")) {
      this.#tune(this.#state.road);
      this.#checkLanes();
    }
    if (this.machine.phase === "committing") this.#enter("committing");
  }

  flush(): void {
    for (let command = this.machine.poll(); command !== undefined; command = this.machine.poll()) this.#run(command);
  }

  /** Takes the receiver's answer to the offer, and its report; everything else is the machine's. */
  message(message: TransferMessage): boolean {
    if (message.type === "report") {
      this.#reports.receiver = message.numbers;
      return true;
    }
    if (message.type === "accept") {
      this.#begin(message);
      return true;
    }
    if (message.type === "request" && this.#options.isAsked === true && this.#state.at === "offered") return true;
    if (this.#state.at !== "offered" || BEFORE_ACCEPT.has(message.type)) return false;
    const error = new UltraError("protocol", `The other side sent "${message.type}" before it accepted the offer`);
    this.machine.handle({ type: "cancel", error });
    return true;
  }

  asked(connections: number): void {
    if (this.#state.at === "ready") return;
    const { tuner, peer } = this.#state.road;
    tuner.stop();
    peer.extra.asked(connections);
  }

  /** The receiver says how many lanes it takes there. */
  joined(link: ControlLink): boolean {
    link.admit(0);
    return true;
  }

  accepted(link: ControlLink, { transfer, lanes }: Accept): boolean {
    if (transfer !== this.#transfer) return false;
    if (this.#state.at === "offered") {
      if (this.#state.early.has(link)) return false;
      this.#state.early.set(link, lanes);
      return true;
    }
    if (this.#state.at === "ready" || this.#way !== "open" || this.#connections.has(link)) return false;
    this.#add(this.#state.road, link, lanes);
    return true;
  }

  left(link: ControlLink): void {
    for (const lane of this.#connections.get(link) ?? []) this.laneClosed(lane);
    this.#connections.delete(link);
    if (this.#state.at === "offered") this.#state.early.delete(link);
  }

  /** The sender opens lanes itself: in the older format the next one when the one before is open. */
  laneOpened(link: ControlLink): void {
    if (this.#state.at === "ready" || this.#way !== "open" || this.#unopened === 0) return;
    if (--this.#unopened > 0) this.#openLanes(this.#state.road, link, 1);
    else this.tell({ type: "opened", streams: this.#lanes });
  }

  laneClosed(lane: LaneId): void {
    if (this.#open.delete(lane) && this.#open.size === 0) this.#lanelessMs = this.#context.clock.now();
    this.machine.handle({ type: "lane-lost", lane });
  }

  /** Tells how a transfer ended that has not failed. */
  report(outcome: Outcome): void {
    if (outcome.state !== "finished" || this.#state.at === "ready") return;
    const seconds = (this.#context.clock.now() - this.#state.road.startedMs) / 1000;
    const facts = factsOf(this.#withResent(outcome.summary), {
      seconds,
      // The receiver confirms only what is on its disk.
      durable: true,
      noSync: false,
      isLeftOutAccepted: this.#options.allowLeftOut,
      confirmedFiles: 0,
      role: "send",
      format: this.#format,
      name: this.#offering.only,
      savedTo: undefined,
      pathOf: (entry) => this.#nameOf(entry),
    });
    const { unsent } = this.#offering;
    if (unsent !== undefined && isAny(unsent)) this.tell({ type: "unsent", unsent });
    this.tell({ type: "complete", facts: { ...facts, verdict: judged(this.#reports) } });
  }

  /** The machine counts what was granted again; what of the first grants was never read when a connection was lost, the engine knows. */
  #withResent(summary: Summary): Summary {
    const sentBytes = this.#context.hub.engine.stats(this.id)?.sentBytes ?? Infinity;
    const twice = Math.max(0, sentBytes - summary.committedBytes);
    return { ...summary, resentBytes: Math.min(summary.resentBytes, twice) };
  }

  #enter(phase: TransferPhase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.tell({ type: "phase", phase });
  }

  /** What of the settings hangs on the path. */
  #roadTo(peer: Peer, startedMs: number, changed: () => void): Road {
    const distance = distanceOf(addressOf(peer.link.remote));
    const plan = senderPlan({ distance, cores: this.#context.cores, tuning: this.#options.tuning });
    this.#lanes = Math.min(plan.lanes, peer.proved.peer.maxLanes, MAX_LANES);
    return { peer, plan, tuner: new ConnectionTuner(distance, plan.automatic), startedMs, changed };
  }

  #offer(link: ControlLink): void {
    const { name, totalSize, content } = this.#offering;
    link.send({
      type: "offer",
      transfer: this.#transfer,
      host: this.#context.host,
      name,
      totalSize,
      lanes: this.#lanes,
      ...content !== undefined && { content },
    });
  }

  #begin({ transfer, lanes }: Accept): void {
    if (this.#way === "accepting" && this.#state.at !== "ready" && transfer === this.#transfer) {
      return this.#goOn(this.#state.road, lanes);
    }
    if (this.#state.at !== "offered" || transfer !== this.#transfer) {
      const what = this.#state.at === "offered" ? "accepted another transfer" : "accepted the offer twice";
      return this.machine.handle({ type: "cancel", error: new UltraError("protocol", `The other side ${what}`) });
    }
    const { road, early } = this.#state;
    this.#state = { at: "listing", road, meter: new Meter(this.id, this.#context) };
    const { bytesPerSecond } = this.#options.tuning;
    if (bytesPerSecond !== undefined) this.#context.hub.engine.limitRate(this.id, bytesPerSecond);
    this.#lanes = Math.min(lanes, this.#lanes);
    this.#enter("moving");
    this.#feed();
    this.#openFirst(road);
    for (const [link, granted] of early) this.#add(road, link, granted);
    road.peer.extra.want(road.plan.atOnce);
  }

  /** Lanes of a first connection that replaces another one. */
  #goOn(road: Road, lanes: number): void {
    this.#way = "open";
    this.#lanes = Math.min(lanes, this.#lanes);
    this.#openFirst(road);
    road.peer.extra.want(road.plan.atOnce);
  }

  #openFirst(road: Road): void {
    this.#unopened = this.#format === "blazing" ? this.#lanes : 0;
    if (this.#unopened === 0) this.tell({ type: "opened", streams: this.#lanes });
    this.#openLanes(road, road.peer.link, this.#unopened > 0 ? 1 : this.#lanes);
  }

  #add(road: Road, link: ControlLink, granted: number): void {
    const lanes = Math.min(granted, this.#lanes, MAX_LANES - this.#opened);
    if (lanes < 1) return void link.close(EXIT_CODES.network);
    this.#openLanes(road, link, lanes);
    this.tell({ type: "added", added: { connection: this.#joined, streams: lanes } });
  }

  #openLanes({ changed }: Road, link: ControlLink, count: number): void {
    const { hub } = this.#context;
    const first = hub.newLanes(count);
    hub.onLanes(first, count, (event) => {
      const grant = this.#grants.read(event.grant);
      if (grant !== undefined) this.machine.handle({ ...event, grant });
      changed();
    });
    hub.engine.openLanes({
      connection: link.id,
      source: this.id,
      firstLane: first,
      firstNumber: this.#opened,
      count,
      transfer: this.#transfer,
    });
    const lanes = Array.from({ length: count }, (_, index) => first + index);
    for (const lane of lanes) this.#open.add(lane);
    const before = this.#connections.get(link);
    this.#connections.set(link, [...before ?? [], ...lanes]);
    this.#opened += count;
    this.machine.handle({ type: "lanes-opened", lanes });
    if (before !== undefined) return;
    this.#joined++;
    const settings = hub.engine.settings(link.id);
    if (settings !== undefined) this.tell({ type: "settings", reported: { connection: this.#joined, settings } });
  }

  /** Only the peer can end lanes before their connection. Without any left, what is missing could never leave. */
  #checkLanes(): void {
    const isStuck = this.#open.size === 0 && this.machine.phase === "moving";
    if (!isStuck || this.#context.clock.now() - this.#lanelessMs < LANELESS_MS) return;
    const error = new UltraError("network", "The other side ended all streams before everything had arrived");
    this.machine.handle({ type: "cancel", error });
  }

  #tune({ peer, tuner }: Road): void {
    const { listed, totalBytes, verifiedBytes, presentBytes, resumedBytes } = this.machine.progress;
    peer.extra.want(tuner.wanted({
      nowMs: this.#context.clock.now(),
      movedBytes: verifiedBytes - presentBytes - resumedBytes,
      leftBytes: listed ? totalBytes - verifiedBytes : undefined,
      connections: this.#connections.size,
    }));
  }

  /** Feeds pages while the machine wants them; what it does not want stays in the engine, whose walk then pauses. */
  #feed(): void {
    if (this.#state.at !== "listing" && this.#state.at !== "offered") return;
    for (let next = this.#walk[0]; next !== undefined; next = this.#walk[0]) {
      if (next.type === "page" && !this.machine.wantsPage) return;
      if (this.#state.at === "offered" && !this.#isEarly(next, this.#state)) return;
      const first = this.#walk.shift() ?? next;
      if (first.type === "page") this.machine.handle({ ...first, entries: first.take() });
      else this.#list(first);
      // Each page is on its way while the next one is worked at: after the accept there may be dozens, which took a round trip of `metro`.
      this.flush();
      this.#context.hub.engine.submit();
    }
  }

  /** Whether the first page may go out before `accept`, and takes its share. The end of the list waits: nothing hangs on it until then. */
  #isEarly(next: PageEvent | WalkEndEvent, offered: { earlyBytes: number }): boolean {
    if (next.type !== "page" || offered.earlyBytes === 0) return false;
    const entries = next.take();
    this.#walk[0] = { ...next, take: () => entries };
    const isEarly = entries.length <= offered.earlyBytes;
    offered.earlyBytes = isEarly ? offered.earlyBytes - entries.length : 0;
    return isEarly;
  }

  #list(end: WalkEndEvent): void {
    if (this.#state.at !== "listing") return;
    this.machine.handle(end);
    this.#state = { ...this.#state, at: "listed" };
    if (!this.machine.progress.listed) return;
    const { chunks, chunkBytes, isEven } = this.machine.plan;
    this.tell({ type: "config", config: { streams: this.#lanes, chunks, chunkBytes, isEven } });
  }

  #run(command: SenderCommand): void {
    const { engine } = this.#context.hub;
    switch (command.type) {
      case "send":
        return this.#send(command.message);
      case "grant": {
        const { lane, grant, entry, first, count } = command;
        return engine.grant(lane, this.#grants.give(grant), entry, first, count);
      }
      case "grant-entries":
        return engine.grantEntries(command.lane, this.#grants.give(command.grant), command.first, command.count);
      case "hold":
        return engine.values(this.id, command.entry, command.first, command.values);
      case "release":
        return engine.release(this.id, command.first, command.count);
    }
  }

  /** The receiver is to have the report before it hangs up, which `bye` lets it do. */
  #send(message: TransferMessage): void {
    if (this.#state.at === "ready") return;
    const { link } = this.#state.road.peer;
    if (message.type === "bye" && this.#state.at !== "offered") {
      const rateLimitBytes = this.#options.tuning.bytesPerSecond ?? 0;
      this.#reports.sender = this.#state.meter.report([...this.#connections.keys()], { rateLimitBytes });
      link.send({ type: "report", numbers: this.#reports.sender });
      // What follows on this link opens lanes of its own.
      for (const lane of this.#open) this.#context.hub.engine.finishLane(lane);
    }
    link.send(message);
  }

  #on(event: SourceEvent): void {
    switch (event.type) {
      case "page":
      case "walk-end":
        return void this.#walk.push(event);
      case "walk-failed":
        return this.machine.handle({ ...event, text: sentence(event.text) });
      case "read-failed":
      case "seal-failed": {
        const { entry, fault, text } = event;
        const failure = { path: this.#nameOf(entry), kind: kindOfFault(fault), text: sentence(text) };
        this.tell({ type: "file-failed", failure });
        return this.machine.handle(event);
      }
      case "sealed":
        if (event.unlinked) this.tell({ type: "name-lost", path: this.#nameOf(event.entry) });
        return this.machine.handle(event);
      case "walk-begun":
      case "disposed":
        return;
    }
  }

  #nameOf(entry: EntryId): string | undefined {
    return this.#context.hub.engine.name(this.id, entry);
  }
}
