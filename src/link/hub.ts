/**
 * Brings the engine's events to whom they concern: a connection, a listener, a source or a sink.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import type { ClipboardContent, Engine, EngineEvent, Search } from "../engine/engine.ts";
import type { ConnectionId, GrantId, LaneId, ListenerId, SinkId, SourceId } from "../protocol/words.ts";

type EventOf<Type extends EngineEvent["type"]> = Extract<EngineEvent, { type: Type }>;

export type ListenerEvent = EventOf<"listening" | "incoming">;
export type ConnectionEvent = EventOf<
  "connected" | "control" | "closed" | "lane-opened" | "lane-closed" | "lane-broke"
>;
export type SourceEvent = EventOf<
  "walk-begun" | "page" | "walk-end" | "walk-failed" | "sealed" | "seal-failed" | "read-failed" | "disposed"
>;
export type SinkEvent = EventOf<
  | "checked"
  | "page-refused"
  | "verified"
  | "arrived"
  | "mismatch"
  | "held"
  | "taken-up"
  | "anew"
  | "stale"
  | "left-over"
  | "committed"
  | "entry-failed"
  | "folders-finished"
  | "folders-failed"
  | "disposed"
>;

/** What an earlier transfer left. */
export type Leftover = Omit<EventOf<"leftover">, "type" | "request">;

export interface Cleaned {
  readonly leftovers: readonly Leftover[];
  /** Why folders could not be searched. */
  readonly unread: readonly string[];
}

/** A search for leftovers that goes on. */
interface Cleaning {
  readonly leftovers: Leftover[];
  readonly done: (cleaned: Cleaned) => void;
  readonly failed: (error: UltraError) => void;
}

const MAX_GRANT = 0xffff_ffff;

export type ClipboardRead = EventOf<"clipboard-read">;
export type ClipboardFailed = EventOf<"clipboard-failed">;
type ClipboardAnswer = ClipboardRead | ClipboardFailed | EventOf<"clipboard-written">;

type Handler<Event> = (event: Event) => void;

/** A handler is set before the engine can have anything to say about its id, so that no event is ever lost. */
export class Hub {
  readonly #connections = new Map<ConnectionId, Handler<ConnectionEvent>>();
  readonly #listeners = new Map<ListenerId, Handler<ListenerEvent>>();
  readonly #sources = new Map<SourceId, Handler<SourceEvent>>();
  readonly #sinks = new Map<SinkId, Handler<SinkEvent>>();
  readonly #requests = new Map<number, Handler<readonly string[]>>();
  readonly #cleanings = new Map<number, Cleaning>();
  readonly #clippings = new Map<number, Handler<ClipboardAnswer>>();
  /** By lane, for events that name only the lane. */
  readonly #laneHandlers = new Map<number, Handler<EventOf<"grant-read">>>();
  readonly #turns = new Set<() => void>();
  #nextRequest = 1;
  #nextLane: LaneId = 1;
  #lastGrant: GrantId = 0;

  constructor(readonly engine: Engine) {}

  onConnection(id: ConnectionId, handler: Handler<ConnectionEvent>): void {
    this.#connections.set(id, handler);
  }

  onListener(id: ListenerId, handler: Handler<ListenerEvent>): void {
    this.#listeners.set(id, handler);
  }

  onSource(id: SourceId, handler: Handler<SourceEvent>): void {
    this.#sources.set(id, handler);
  }

  onSink(id: SinkId, handler: Handler<SinkEvent>): void {
    this.#sinks.set(id, handler);
  }

  /** Events of the grants of these lanes. */
  onLanes(first: number, count: number, handler: Handler<EventOf<"grant-read">>): void {
    for (let lane = first; lane < first + count; lane++) this.#laneHandlers.set(lane, handler);
  }

  /** Addresses of a host name; none when it is not found. */
  resolve(name: string): Promise<readonly string[]> {
    const request = this.#nextRequest++;
    return new Promise((done) => {
      this.#requests.set(request, done);
      this.engine.resolve(request, name);
    });
  }

  /**
   * Looks for what transfers left in a folder.
   *
   * @throws {UltraError} `disk` when the folder itself cannot be searched
   */
  clean(search: Search): Promise<Cleaned> {
    const request = this.#nextRequest++;
    return new Promise((done, failed) => {
      this.#cleanings.set(request, { leftovers: [], done, failed });
      this.engine.clean(request, search);
    });
  }

  /** What is on the user's clipboard. */
  readClipboard(): Promise<ClipboardRead | ClipboardFailed> {
    return this.#clipping((request) => this.engine.readClipboard(request));
  }

  /** Puts something there; why that failed. */
  async writeClipboard(content: ClipboardContent): Promise<ClipboardFailed | undefined> {
    const answer = await this.#clipping<ClipboardAnswer>((request) => this.engine.writeClipboard(request, content));
    return answer.type === "clipboard-failed" ? answer : undefined;
  }

  #clipping<Answer extends ClipboardAnswer>(ask: (request: number) => void): Promise<Answer> {
    const request = this.#nextRequest++;
    return new Promise((done) => {
      // The engine answers what it was asked.
      this.#clippings.set(request, done as Handler<ClipboardAnswer>);
      ask(request);
    });
  }

  /** Calls `settle` behind every batch of events, until the result is disposed of. */
  onTurn(settle: () => void): Disposable {
    this.#turns.add(settle);
    return { [Symbol.dispose]: () => void this.#turns.delete(settle) };
  }

  /** Ids for `count` lanes, unique in this process. */
  newLanes(count: number): LaneId {
    const first = this.#nextLane;
    this.#nextLane += count;
    return first;
  }

  /** An id for a grant, unique among those that are open: transfers run at the same time. A server may live for longer than 32 bits last. */
  newGrant(): GrantId {
    this.#lastGrant = this.#lastGrant % MAX_GRANT + 1;
    return this.#lastGrant;
  }

  /** Runs until the engine is stopped. A handler that throws is a bug, which ends the run. */
  async run(): Promise<void> {
    for await (const batch of this.engine.events()) {
      for (const event of batch) this.#deliver(event);
      for (const settle of this.#turns) settle();
    }
  }

  #deliver(event: EngineEvent): void {
    switch (event.type) {
      case "listening":
      case "incoming":
        return this.#listeners.get(event.listener)?.(event);
      case "connected":
      case "control":
      case "lane-opened":
      case "lane-broke":
        return this.#connections.get(event.connection)?.(event);
      case "closed": {
        const handler = this.#connections.get(event.connection);
        this.#connections.delete(event.connection);
        return handler?.(event);
      }
      case "lane-closed":
        this.#laneHandlers.delete(event.lane);
        return this.#connections.get(event.connection)?.(event);
      case "grant-read":
        return this.#laneHandlers.get(event.lane)?.(event);
      case "resolved":
        this.#requests.get(event.request)?.(event.addresses);
        this.#requests.delete(event.request);
        return;
      case "leftover":
      case "clean-end":
      case "clean-failed":
        return this.#deliverLeftover(event);
      case "clipboard-read":
      case "clipboard-written":
      case "clipboard-failed":
        this.#clippings.get(event.request)?.(event);
        this.#clippings.delete(event.request);
        return;
      case "fault":
        throw new Error(`The data plane failed: ${event.text}`);
      case "disposed":
        this.#sources.get(event.transfer)?.(event);
        this.#sinks.get(event.transfer)?.(event);
        this.#sources.delete(event.transfer);
        this.#sinks.delete(event.transfer);
        return;
      default:
        return this.#deliverToTransfer(event);
    }
  }

  #deliverLeftover(event: EventOf<"leftover" | "clean-end" | "clean-failed">): void {
    const cleaning = this.#cleanings.get(event.request);
    if (event.type === "leftover") {
      const { type: _type, request: _request, ...leftover } = event;
      cleaning?.leftovers.push(leftover);
      return;
    }
    this.#cleanings.delete(event.request);
    if (event.type === "clean-failed") cleaning?.failed(new UltraError("disk", sentence(event.text)));
    else cleaning?.done({ leftovers: cleaning.leftovers, unread: event.unread });
  }

  #deliverToTransfer(event: Exclude<SourceEvent | SinkEvent, { type: "disposed" }>): void {
    if ("source" in event) this.#sources.get(event.source)?.(event);
    else this.#sinks.get(event.sink)?.(event);
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
