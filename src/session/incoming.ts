/**
 * Receives: joins the receiver machine to the engine. The other half is `send.ts`.
 *
 * @module
 */

import { join, resolve } from "node:path";
import type { Unkept } from "../engine/engine.ts";
import type { SinkId } from "../protocol/words.ts";
import { UltraError } from "../base/errors.ts";
import { addressOf } from "../base/endpoints.ts";
import { MAX_LANES } from "../protocol/limits.ts";
import type { Offer, TransferMessage } from "../protocol/messages.ts";
import type { ReportNumbers } from "../protocol/report.ts";
import { kindOfFault, type Outcome } from "../transfer/outcome.ts";
import { Receiver } from "../transfer/receiver.ts";
import { distanceOf } from "../settings/distance.ts";
import { mostConnections } from "../settings/connections.ts";
import type { SinkEvent } from "../link/hub.ts";
import type { ExtraConnections, Peer } from "../meet/join.ts";
import type { ControlLink } from "../link/control_link.ts";
import { Meter } from "../verdict/meter.ts";
import { factsOf, judged, UNNAMED } from "./facts.ts";
import { runSession } from "./transfer.ts";
import type { Context } from "../link/context.ts";

export interface ReceiveOptions {
  readonly folder: string;
  readonly rename: string | undefined;
  readonly overwrite: boolean;
  readonly hidden: boolean;
  /** Whether the user accepts what is left out. */
  readonly allowLeftOut: boolean;
  /** Lanes to grant at most, on all connections together. */
  readonly lanes: number;
  /** Connections that the user wants; `undefined`: as many as the sender does, within what fits the path. */
  readonly connections: number | undefined;
  /** What may be offered at most, where that is known; more is a breach. */
  readonly most?: { readonly entries: number; readonly bytes: number } | undefined;
}

/** A proved sender that makes no offer is stuck in its walk, or not one of ours. */
const OFFER_MS = 30_000;

/** What a sender may say while its walk is still at the first page. */
const BEFORE_OFFER: ReadonlySet<TransferMessage["type"]> = new Set(["abort", "heartbeat"]);

/** How long a removal of part files may take at the end before nobody waits for it. */
const DISPOSE_MS = 1000;

/** Opens the folder to receive into. Done before anybody is let in, so that a wrong one is told at once. */
export function openSink(options: ReceiveOptions, { hub }: Context): SinkId {
  return hub.engine.sink({
    folder: options.folder,
    create: false,
    overwrite: options.overwrite,
    hidden: options.hidden,
    rename: options.rename,
    discard: false,
  });
}

/** Receives one transfer into `sink` over a link whose other end has proved itself. The sink is disposed of at the end. */
export async function receive(
  sink: SinkId,
  met: Peer,
  options: ReceiveOptions,
  context: Context,
): Promise<Outcome> {
  const run = new ReceiveRun(sink, met, options, context);
  // Lanes are for whoever has made an offer.
  met.link.admit(0);
  try {
    const outcome = await runSession(met, run.receiver, run, context);
    run.report(outcome);
    return outcome;
  } finally {
    await run.dispose();
  }
}

/** One transfer, seen from the receiver. */
class ReceiveRun {
  readonly role = "receiver";
  readonly hasBegun = true;
  readonly mostConnections: number;
  readonly receiver: Receiver;
  readonly #context: Context;
  readonly #sink: SinkId;
  readonly #link: ControlLink;
  readonly #extra: ExtraConnections;
  readonly #options: ReceiveOptions;
  readonly #disposed = Promise.withResolvers<void>();
  /** What each connection may open and has opened; the first one has number 1. */
  readonly #connections = new Map<ControlLink, { readonly number: number; readonly granted: number; opened: number }>();
  readonly #sinceMs: number;
  #offer: Offer | undefined;
  #joined = 1;
  #isDurable = true;
  /** What the folder's file system refused to keep of anything. */
  #unkept: Unkept = { mode: false, time: false };
  #startedMs: number | undefined;
  #meter: Meter | undefined;
  /** When everything had arrived. */
  #arrivedMs: number | undefined;
  readonly #reports: { sender?: ReportNumbers; receiver?: ReportNumbers } = {};
  #poke = () => {};

  constructor(sink: SinkId, { link, extra }: Peer, options: ReceiveOptions, context: Context) {
    this.#context = context;
    this.#sink = sink;
    this.#link = link;
    this.#extra = extra;
    this.#options = options;
    this.mostConnections = mostConnections(distanceOf(addressOf(link.remote)), options.connections);
    this.#sinceMs = context.clock.now();
    const { engine } = context.hub;
    this.receiver = new Receiver({
      send: (message) => this.#send(message),
      page: (first, count, entries) => engine.page(sink, first, count, entries),
      expect: (entry, first, count) => engine.expect(sink, entry, first, count),
      commit: (entry, size, root) => engine.commit(sink, entry, size, root),
      finishFolders: () => engine.finishFolders(sink),
      name: (entry) => engine.name(sink, entry),
      abandon: (entry) => engine.abandon(sink, entry),
      transferRoot: (statuses) => engine.transferRoot(sink, statuses),
    }, { overwrite: options.overwrite, most: options.most });
    context.hub.onSink(sink, (event) => this.#on(event));
  }

  begin(poke: () => void): void {
    this.#poke = poke;
  }

  /** The sender is to have the report when it finishes, which `done` lets it do. */
  #send(message: TransferMessage): void {
    if (message.type === "done" && this.#meter !== undefined) {
      const finishMs = this.#arrivedMs === undefined ? 0 : this.#context.clock.now() - this.#arrivedMs;
      this.#reports.receiver = this.#meter.report([...this.#connections.keys()], { finishMicros: finishMs * 1000 });
      this.#link.send({ type: "report", numbers: this.#reports.receiver });
    }
    this.#link.send(message);
  }

  /** Takes the offer and the report; everything else is the machine's. */
  message(message: TransferMessage): boolean {
    if (message.type === "offer") {
      this.#accept(message);
      return true;
    }
    if (this.#offer === undefined && !BEFORE_OFFER.has(message.type)) {
      this.receiver.cancel(new UltraError("protocol", `The other side sent "${message.type}" before its offer`));
      return true;
    }
    if (message.type !== "report") return false;
    this.#reports.sender = message.numbers;
    return true;
  }

  asked(connections: number): void {
    this.#extra.asked(connections);
  }

  joined(link: ControlLink): boolean {
    const taken = [...this.#connections.values()].reduce((sum, { granted }) => sum + granted, 0);
    const room = Math.min(this.#options.lanes, MAX_LANES) - taken;
    if (this.#offer === undefined || room < 1) return false;
    this.#grant(link, ++this.#joined, Math.max(1, Math.min(this.#offer.lanes, room)));
    return true;
  }

  left(link: ControlLink): void {
    this.#connections.delete(link);
  }

  laneOpened(_lane: number, link: ControlLink): void {
    const connection = this.#connections.get(link);
    if (connection === undefined || ++connection.opened !== connection.granted) return;
    const { output } = this.#context;
    if (link === this.#link) output.opened(connection.granted);
    else output.added({ connection: connection.number, streams: connection.granted });
  }

  step(): void {
    const { clock, output } = this.#context;
    if (this.#offer === undefined && clock.now() - this.#sinceMs > OFFER_MS) {
      this.receiver.cancel(new UltraError("network", "The other side offered nothing in time"));
    }
    const { phase } = this.receiver.progress;
    if (phase === "committing") this.#arrivedMs ??= clock.now();
    if (phase === "moving") this.#arrivedMs = undefined;
    if (this.#offer !== undefined && (phase === "committing" || phase === "confirming")) output.phase(phase);
  }

  report(outcome: Outcome): void {
    if (outcome.state !== "finished") return;
    const { clock, output } = this.#context;
    const seconds = (clock.now() - (this.#startedMs ?? clock.now())) / 1000;
    const facts = factsOf(outcome.summary, {
      seconds,
      durable: this.#isDurable,
      isLeftOutAccepted: this.#options.allowLeftOut,
      role: "receive",
      ...this.#place(outcome.summary.counts.entries),
      pathOf: (entry) => this.#nameOf(entry),
    });
    const unkept = unkeptWarning(this.#unkept, this.#options.folder);
    if (unkept !== undefined) output.warning(unkept);
    output.complete({ ...facts, verdict: judged(this.#reports) });
  }

  /** Removes what was not committed; resolved when it is gone. */
  async dispose(): Promise<void> {
    const { hub, timers } = this.#context;
    hub.engine.dispose(this.#sink);
    const enough = Promise.withResolvers<void>();
    using _enough = timers.after(DISPOSE_MS, () => enough.resolve());
    await Promise.race([this.#disposed.promise, enough.promise]);
  }

  #accept(offer: Offer): void {
    if (this.#offer !== undefined) {
      return this.receiver.cancel(new UltraError("protocol", "The other side made a second offer"));
    }
    const { output, clock } = this.#context;
    const { lanes, connections } = this.#options;
    this.#offer = offer;
    this.#startedMs = clock.now();
    this.#meter = new Meter(this.#context);
    output.started({ role: "receive", name: offer.name, bytes: offer.totalSize });
    output.phase("moving");
    this.#grant(this.#link, 1, Math.max(1, Math.min(offer.lanes, Math.floor(lanes / (connections ?? 1)), MAX_LANES)));
    if (connections !== undefined) this.#extra.want(connections);
  }

  /** Lets a connection's lanes in, and says so. */
  #grant(link: ControlLink, number: number, lanes: number): void {
    const { hub, host } = this.#context;
    this.#connections.set(link, { number, granted: lanes, opened: 0 });
    link.admit(lanes);
    hub.engine.attach(link.id, this.#sink);
    link.send({ type: "accept", host, lanes });
  }

  #nameOf(entry: number): string | undefined {
    return this.#context.hub.engine.name(this.#sink, entry);
  }

  /** Where to find what has arrived. What is at the top level comes as one run of entries, so the last one tells whether there is more. */
  #place(entries: number): { readonly name: string | undefined; readonly savedTo: string } {
    const folder = resolve(this.#options.folder);
    const [top] = this.#nameOf(0)?.split("/") ?? [];
    const isOnly = top !== undefined && this.#nameOf(entries - 1)?.split("/")[0] === top;
    return isOnly ? { name: top, savedTo: join(folder, top) } : { name: undefined, savedTo: folder };
  }

  #on(event: SinkEvent): void {
    switch (event.type) {
      case "checked":
        this.receiver.checked(event.first, event.statuses, event.freeSpace);
        break;
      case "page-refused":
        this.receiver.pageRefused(event.fault, event.text);
        break;
      case "verified":
        this.receiver.verified(event.entry, event.first, event.count);
        break;
      case "mismatch":
        this.receiver.mismatch(event.entry, event.block);
        break;
      case "committed":
        this.#isDurable &&= event.durable;
        this.#keep(event.unkept);
        this.receiver.committed(event.entry, event.durable);
        break;
      case "entry-failed":
        this.receiver.entryFailed(event.entry, event.fault, event.text);
        // What ends the whole transfer is told as its error.
        if (this.receiver.outcome.state === "running") this.#fileFailed(event.entry, event.fault, event.text);
        break;
      case "folders-finished":
        this.#keep(event.unkept);
        this.receiver.foldersFinished(event.failure);
        break;
      case "disposed":
        return this.#disposed.resolve();
    }
    this.#poke();
  }

  #keep({ mode, time }: Unkept): void {
    this.#unkept = { mode: this.#unkept.mode || mode, time: this.#unkept.time || time };
  }

  #fileFailed(entry: number, fault: Parameters<typeof kindOfFault>[0], text: string): void {
    this.#context.output.fileFailed({ path: this.#nameOf(entry) ?? UNNAMED, kind: kindOfFault(fault), text });
  }
}

/** One warning for a whole transfer: the contents are there, but not all that is known of the files. */
function unkeptWarning({ mode, time }: Unkept, folder: string): string | undefined {
  if (!mode && !time) return undefined;
  const what = mode && time ? "Modes and times" : mode ? "Modes" : "Times";
  return `${what} are not kept there: the file system of ${folder} refuses them`;
}
