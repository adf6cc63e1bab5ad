/**
 * Sends: joins the sender machine to the engine. The other half is `receive.ts`.
 *
 * @module
 */

import { basename, resolve } from "node:path";
import type { EngineEvent } from "../engine/engine.ts";
import type { LaneId, SourceId } from "../protocol/words.ts";
import { UltraError } from "../base/errors.ts";
import { addressOf } from "../base/endpoints.ts";
import { EXIT_CODES } from "../protocol/codes.ts";
import { MAX_LANES } from "../protocol/limits.ts";
import type { Accept, TransferMessage } from "../protocol/messages.ts";
import { forEachEntry } from "../protocol/pages.ts";
import type { ReportNumbers } from "../protocol/report.ts";
import { kindOfFault, type Outcome } from "../transfer/outcome.ts";
import { chunkSize } from "../transfer/plan.ts";
import { Sender } from "../transfer/sender.ts";
import { distanceOf } from "../settings/distance.ts";
import { ConnectionTuner, type SenderPlan } from "../settings/connections.ts";
import type { OfferedFiles } from "../ui/output.ts";
import type { SourceEvent } from "../link/hub.ts";
import type { ExtraConnections, Peer } from "../meet/join.ts";
import type { ControlLink } from "../link/control_link.ts";
import { Meter } from "../verdict/meter.ts";
import { factsOf, judged, UNNAMED } from "./facts.ts";
import { runSession } from "./transfer.ts";
import type { Context } from "../link/context.ts";

/** How long an offer waits for the walk, so that it can name the size: a single file takes no time. */
const LISTING_GRACE_MS = 150;

/** Lane ids are unique in a process. */
let nextLane: LaneId = 1;

/** What is to be sent. The walk starts at once, also while nobody is connected yet: mistakes in paths show early. */
export class Offering {
  readonly id: SourceId;
  readonly name: string;
  /** That of the one thing at the top level. */
  readonly only: string | undefined;
  readonly #pages: Extract<EngineEvent, { type: "page" }>[] = [];
  readonly #known = Promise.withResolvers<void>();
  #end: Extract<EngineEvent, { type: "walk-end" }> | undefined;
  #failure: UltraError | undefined;
  #handler: ((event: SourceEvent) => void) | undefined;

  /** @param id a source of the engine that has just been made */
  private constructor(id: SourceId, name: string, { hub }: Context, only: string | undefined) {
    this.name = name;
    this.only = only;
    this.id = id;
    hub.onSource(id, (event) => this.#on(event));
    this.#known.promise.catch(() => {});
  }

  static ofPaths(paths: readonly string[], context: Context): Offering {
    const [only] = paths;
    const single = paths.length === 1 && only !== undefined ? basename(resolve(only)) : undefined;
    const name = single ?? `${paths.length} items`;
    return new Offering(context.hub.engine.source(paths), name, context, single);
  }

  /** Bytes that need no disk. */
  static ofMemory(size: number, context: Context): Offering {
    return new Offering(context.hub.engine.memorySource(size), "memory", context, "memory");
  }

  /** A file that is to be read from the disk, also if the system has it in memory. */
  static ofDisk(path: string, context: Context): Offering {
    const name = basename(path);
    return new Offering(context.hub.engine.source([path], "forgotten"), name, context, name);
  }

  /** Rejected when the paths cannot be sent; resolved when the walk has ended. */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  /** Waits a moment for the walk: a mistake in a path shows at once, and a single file's size is known. */
  async started({ timers }: Context): Promise<void> {
    const enough = Promise.withResolvers<void>();
    using _enough = timers.after(LISTING_GRACE_MS, () => enough.resolve());
    await Promise.race([this.known, enough.promise]);
  }

  /** The promise's result, unless the walk fails before. */
  async orFailed<T>(promise: Promise<T>): Promise<T> {
    return await Promise.race([promise, this.known.then(() => promise)]);
  }

  /** What there is to send, once that is known. */
  get offered(): OfferedFiles | undefined {
    return this.#end === undefined ? undefined : { files: this.#end.files, bytes: this.#end.size };
  }

  get totalSize(): number | undefined {
    return this.#end?.size;
  }

  /** Gives what has come so far, and from then on everything, to the sender. */
  handOver(handler: (event: SourceEvent) => void): void {
    this.#handler = handler;
    for (const page of this.#pages.splice(0)) handler(page);
    if (this.#end !== undefined) handler(this.#end);
  }

  #on(event: SourceEvent): void {
    if (event.type === "walk-end") {
      this.#end = event;
      this.#known.resolve();
    }
    if (event.type === "walk-failed") {
      this.#failure = new UltraError(kindOfFault(event.fault), sentence(event.text));
      this.#known.reject(this.#failure);
    }
    if (this.#handler !== undefined) this.#handler(event);
    else if (event.type === "page") this.#pages.push(event);
  }
}

export interface SendOptions {
  /** Connections and lanes to use; the receiver may grant fewer. */
  readonly plan: SenderPlan;
  /** Blocks of a chunk; `undefined`: by the size of its file. */
  readonly chunkBlocks: number | undefined;
  /** What the engine sends at most in a second; `undefined`: no limit. It is told in the report. */
  readonly bytesPerSecond: number | undefined;
  /** Whether the user accepts what is left out. */
  readonly allowLeftOut: boolean;
}

/** Sends an offering over a link whose other end has proved itself. */
export async function send(
  offering: Offering,
  met: Peer,
  options: SendOptions,
  context: Context,
): Promise<Outcome> {
  const run = new SendRun(offering, met, options, context);
  const { link } = met;
  link.admit(0);
  link.send({
    type: "offer",
    host: context.host,
    name: offering.name,
    totalSize: offering.totalSize,
    lanes: run.lanes,
  });
  const outcome = await runSession(met, run.sender, run, context);
  run.report(outcome);
  return outcome;
}

/** One transfer, seen from the sender. */
class SendRun {
  readonly role = "sender";
  readonly sender: Sender;
  readonly mostConnections: number;
  readonly #context: Context;
  readonly #offering: Offering;
  readonly #link: ControlLink;
  readonly #extra: ExtraConnections;
  readonly #plan: SenderPlan;
  readonly #tuner: ConnectionTuner;
  readonly #pages: Extract<SourceEvent, { type: "page" }>[] = [];
  readonly #sizes = { chunks: 0, chunkBytes: 0 };
  /** The lanes of each connection on which the receiver takes some. */
  readonly #connections = new Map<ControlLink, readonly LaneId[]>();
  /** Further connections that were taken before the word came that the transfer is. */
  readonly #early = new Map<ControlLink, number>();
  #end: Extract<SourceEvent, { type: "walk-end" }> | undefined;
  #isConfigShown = false;
  /** Lanes of each connection. */
  #lanes: number;
  readonly #chunkBlocks: number | undefined;
  /** Lanes that were opened, ever: the number of the next one. */
  #opened = 0;
  /** Connections that there were, ever. */
  #joined = 0;
  readonly #bytesPerSecond: number | undefined;
  readonly #allowLeftOut: boolean;
  #startedMs: number | undefined;
  #meter: Meter | undefined;
  readonly #reports: { sender?: ReportNumbers; receiver?: ReportNumbers } = {};
  #hasLanes = false;
  #poke = () => {};

  constructor(offering: Offering, { link, extra, proved }: Peer, options: SendOptions, context: Context) {
    const { plan, chunkBlocks, bytesPerSecond, allowLeftOut } = options;
    this.#context = context;
    this.#offering = offering;
    this.#link = link;
    this.#extra = extra;
    this.#plan = plan;
    this.#chunkBlocks = chunkBlocks;
    this.#bytesPerSecond = bytesPerSecond;
    this.#allowLeftOut = allowLeftOut;
    this.#tuner = new ConnectionTuner(distanceOf(addressOf(link.remote)), plan.automatic);
    this.#lanes = Math.min(plan.lanes, proved.peer.maxLanes, MAX_LANES);
    this.mostConnections = plan.most;
    const { engine } = context.hub;
    const source = offering.id;
    this.sender = new Sender({
      send: (message) => this.#send(message),
      grant: (lane, grant, entry, first, count) => engine.grant(lane, grant, entry, first, count),
      // A grant that is read ends where it ended: nothing can be cut off it.
      shrink: (grant, end) => engine.shrink(grant, end) ?? Number.MAX_SAFE_INTEGER,
      hold: (entry, first, values) => engine.values(source, entry, first, values),
      seal: (entry) => engine.seal(source, entry),
      transferRoot: (statuses) => engine.transferRoot(source, statuses),
    }, { chunkBlocks: options.chunkBlocks });
  }

  get lanes(): number {
    return this.#lanes;
  }

  begin(poke: () => void): void {
    this.#poke = poke;
    const { clock, output } = this.#context;
    this.#startedMs = clock.now();
    output.phase("listing");
    output.started({ role: "send", name: this.#offering.name, bytes: this.#offering.totalSize });
    this.#offering.handOver((event) => this.#on(event));
  }

  /** A receiver that is busy with another transfer takes 4 KiB from this side, and no more. */
  get hasBegun(): boolean {
    return this.#hasLanes;
  }

  /** The receiver is to have the report before it hangs up, which `bye` lets it do. */
  #send(message: TransferMessage): void {
    if (message.type === "bye" && this.#meter !== undefined) {
      this.#reports.sender = this.#meter.report([...this.#connections.keys()], {
        rateLimitBytes: this.#bytesPerSecond ?? 0,
      });
      this.#link.send({ type: "report", numbers: this.#reports.sender });
    }
    this.#link.send(message);
  }

  /** Takes the receiver's answer to the offer, and its report; everything else is the machine's. */
  message(message: TransferMessage): boolean {
    if (message.type === "report") {
      this.#reports.receiver = message.numbers;
      return true;
    }
    if (message.type !== "accept") return false;
    if (this.#hasLanes) {
      this.sender.cancel(new UltraError("protocol", "The other side accepted the offer twice"));
      return true;
    }
    this.#begin(message);
    return true;
  }

  #begin({ lanes }: Accept): void {
    const { output } = this.#context;
    this.#hasLanes = true;
    this.#meter = new Meter(this.#context);
    this.#lanes = Math.min(lanes, this.#lanes);
    output.phase("moving");
    this.#feed();
    this.#showConfig();
    output.opened(this.#lanes);
    this.#openLanes(this.#link, this.#lanes);
    for (const [link, lanes] of this.#early) this.#add(link, lanes);
    this.#early.clear();
    this.#extra.want(this.#plan.atOnce);
  }

  /** The other side has its own number of connections. */
  asked(connections: number): void {
    this.#tuner.stop();
    this.#extra.asked(connections);
  }

  /** The receiver says how many lanes it takes there. */
  joined(link: ControlLink): boolean {
    link.admit(0);
    return true;
  }

  accepted(link: ControlLink, { lanes }: Accept): boolean {
    if (this.#connections.has(link) || this.#early.has(link)) return false;
    if (this.#hasLanes) this.#add(link, lanes);
    else this.#early.set(link, lanes);
    return true;
  }

  left(link: ControlLink): void {
    for (const lane of this.#connections.get(link) ?? []) this.sender.laneLost(lane);
    this.#connections.delete(link);
    this.#early.delete(link);
  }

  #add(link: ControlLink, granted: number): void {
    const lanes = Math.min(granted, this.#lanes, MAX_LANES - this.#opened);
    if (lanes < 1) return void link.close(EXIT_CODES.network);
    this.#openLanes(link, lanes);
    this.#context.output.added({ connection: this.#joined, streams: lanes });
  }

  #openLanes(link: ControlLink, count: number): void {
    const { hub } = this.#context;
    const first = nextLane;
    nextLane += count;
    hub.onLanes(first, count, (event) => {
      this.sender.grantRead(event.lane, event.grant, event.end);
      this.#poke();
    });
    hub.engine.openLanes(link.id, this.#offering.id, first, this.#opened, count);
    const lanes = Array.from({ length: count }, (_, index) => first + index);
    this.#connections.set(link, lanes);
    this.#opened += count;
    this.#joined++;
    this.sender.lanesOpened(lanes);
  }

  laneClosed(lane: LaneId): void {
    this.sender.laneLost(lane);
  }

  #tune(): void {
    const { listed, totalBytes, verifiedBytes, presentBytes } = this.sender.progress;
    this.#extra.want(this.#tuner.wanted({
      nowMs: this.#context.clock.now(),
      movedBytes: verifiedBytes - presentBytes,
      leftBytes: listed ? totalBytes - verifiedBytes : undefined,
      connections: this.#connections.size,
    }));
  }

  step(): void {
    this.#feed();
    if (this.#hasLanes) {
      this.#showConfig();
      this.#tune();
    }
    if (this.sender.progress.phase === "committing") this.#context.output.phase("committing");
  }

  /**
   * Feeds pages while the machine wants them; what it does not want stays in the engine, whose walk then pauses.
   *
   * None before `accept`: until the receiver has seen the proof and begun, its engine takes 4 KiB from this side, and a page that
   * came together with the proof broke the connection.
   */
  #feed(): void {
    while (this.#hasLanes && this.sender.wantsPage) {
      const page = this.#pages.shift();
      if (page === undefined) break;
      const entries = page.take();
      this.#look(page.first, page.count, entries);
      this.sender.page(page.first, page.count, page.size, entries);
    }
    if (this.#hasLanes && this.#pages.length === 0 && this.#end !== undefined) {
      const { entries, size, leftOut } = this.#end;
      this.#end = undefined;
      this.sender.walkEnd(entries, size, leftOut);
    }
  }

  report(outcome: Outcome): void {
    const { clock, output } = this.#context;
    if (outcome.state !== "finished") return;
    const seconds = (clock.now() - (this.#startedMs ?? clock.now())) / 1000;
    const facts = factsOf(outcome.summary, {
      seconds,
      // The receiver confirms only what is on its disk.
      durable: true,
      isLeftOutAccepted: this.#allowLeftOut,
      role: "send",
      name: this.#offering.only,
      savedTo: undefined,
      pathOf: (entry) => this.#nameOf(entry),
    });
    output.complete({ ...facts, verdict: judged(this.#reports) });
  }

  #on(event: SourceEvent): void {
    switch (event.type) {
      case "page":
        this.#pages.push(event);
        break;
      case "walk-end":
        this.#end = event;
        break;
      case "walk-failed":
        this.sender.cancel(new UltraError(kindOfFault(event.fault), sentence(event.text)));
        break;
      case "read-failed":
        this.#fileFailed(event.entry, event.fault, event.text);
        this.sender.readFailed(event.entry, event.fault, event.text);
        break;
      case "sealed":
        this.sender.sealed(event.entry, event.size, event.root);
        break;
      case "seal-failed":
        this.#fileFailed(event.entry, event.fault, event.text);
        this.sender.sealFailed(event.entry, event.fault, event.text);
        break;
      case "disposed":
        return;
    }
    this.#poke();
  }

  #fileFailed(entry: number, fault: Parameters<typeof kindOfFault>[0], text: string): void {
    this.#context.output.fileFailed({
      path: this.#nameOf(entry) ?? UNNAMED,
      kind: kindOfFault(fault),
      text: sentence(text),
    });
  }

  #nameOf(entry: number): string | undefined {
    return this.#context.hub.engine.name(this.#offering.id, entry);
  }

  /** What the user is told about the plan. */
  #look(first: number, count: number, entries: Uint8Array): void {
    forEachEntry({ type: "page", first, count, entries }, (entry) => {
      if (entry.kind !== "file" || !entry.size) return;
      const chunkBytes = chunkSize(entry.size, this.#chunkBlocks);
      this.#sizes.chunks += Math.ceil(entry.size / chunkBytes);
      this.#sizes.chunkBytes = Math.max(this.#sizes.chunkBytes, Math.min(chunkBytes, entry.size));
    });
  }

  #showConfig(): void {
    if (this.#isConfigShown || !this.sender.progress.listed) return;
    this.#isConfigShown = true;
    this.#context.output.config({ streams: this.#lanes, ...this.#sizes });
  }
}

/** The engine's texts are the middle of a sentence. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
