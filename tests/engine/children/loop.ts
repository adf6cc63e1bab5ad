/** Both ends of a connection on one engine, for scripts that run in a process of their own: an engine exists once in a process. @module */

import { eachEvent } from "../../support/each_event.ts";
import { NOWHERE } from "../../support/nowhere.ts";
import type { Engine, EngineEvent, Identity } from "../../../src/engine/engine.ts";
import type { ConnectionId, LaneId, ListenerId, SinkId, SourceId } from "../../../src/protocol/words.ts";
import { startEngine } from "../../../src/engine/native.ts";
import { connectionSettings } from "../../../src/settings/connection_settings.ts";

export const MIB = 1024 * 1024;

/** The number of the transfer on its link. */
export const TRANSFER = 1;

type EventOf<Type extends EngineEvent["type"]> = Extract<EngineEvent, { type: Type }>;

export class Loop {
  readonly engine: Engine;
  readonly identity: Identity;
  readonly #events: AsyncIterator<EngineEvent>;
  /** Events that nobody has waited for yet. */
  readonly #past: EngineEvent[] = [];
  #listener: ListenerId = 0;
  #port = 0;

  constructor(onEvent: () => void = () => {}) {
    this.engine = startEngine({
      readers: 2,
      writers: 2,
      buffers: 24,
      executionProfile: "low-latency",
      networkThreads: 1,
      outstandingBytes: 8 * MIB,
      keptBuffers: 0,
    });
    this.identity = this.engine.identity();
    this.#events = this.#watched(onEvent);
  }

  get listener(): ListenerId {
    return this.#listener;
  }

  async *#watched(onEvent: () => void): AsyncGenerator<EngineEvent> {
    for await (const event of eachEvent(this.engine)) {
      onEvent();
      yield event;
    }
  }

  /** The first event of a type, among those that came and those to come. */
  async next<Type extends EngineEvent["type"]>(
    type: Type,
    isMeant: (event: EventOf<Type>) => boolean = () => true,
  ): Promise<EventOf<Type>> {
    const fits = (event: EngineEvent): event is EventOf<Type> => event.type === type && isMeant(event as EventOf<Type>);
    const at = this.#past.findIndex(fits);
    if (at >= 0) return this.#past.splice(at, 1)[0] as EventOf<Type>;
    while (true) {
      const { value, done } = await this.#events.next();
      if (done) throw new Error(`the events ended before ${type}`);
      const event = value as EngineEvent;
      if (event.type === "fault") throw new Error(event.text);
      if (fits(event)) return event;
      this.#past.push(event);
    }
  }

  /** Whether an event of a type has come and was not waited for. */
  has(type: EngineEvent["type"]): boolean {
    return this.#past.some((event) => event.type === type);
  }

  async listen(): Promise<void> {
    const settings = connectionSettings({ distance: "near", side: "listener" });
    this.#listener = this.engine.listen({
      settings,
      plainSettings: settings,
      identity: this.identity,
      alpns: ["ultra/2"],
      address: "127.0.0.1:0",
      maxUnvalidated: 16,
      maxUnproved: 64,
      maxUnprovedPerAddress: 8,
      controlLimit: 4096,
    });
    this.#port = (await this.next("listening")).port;
  }

  dial(pin: Uint8Array | "report"): ConnectionId {
    return this.engine.connect({
      settings: connectionSettings({ distance: "near", side: "dialer" }),
      alpns: ["ultra/2"],
      address: `127.0.0.1:${this.#port}`,
      pin,
      partition: 0,
      controlLimit: 4096,
    });
  }

  /** Connects both ends; the listener's is admitted. */
  async connect(): Promise<{ readonly dialer: ConnectionId; readonly listener: ConnectionId }> {
    if (this.#port === 0) await this.listen();
    const dialer = this.dial(this.identity.hash.slice(0, 16));
    await this.next("connected", ({ connection }) => connection === dialer);
    const listener = (await this.next("incoming")).connection;
    this.engine.admit(listener, 64);
    return { dialer, listener };
  }

  /** A source in memory, and a sink that keeps nothing and knows its page; all blocks are expected. */
  async transfer(blocks: number): Promise<{ readonly source: SourceId; readonly sink: SinkId }> {
    const source = this.engine.memorySource(blocks * MIB);
    const sink = this.engine.sink(NOWHERE);
    const page = await this.next("page");
    this.engine.page(sink, page.first, page.count, page.take());
    await this.next("checked");
    this.engine.expect(sink, 0, 0, blocks);
    return { source, sink };
  }

  /** Opens lanes with these ids. */
  openLanes(connection: ConnectionId, source: SourceId, first: LaneId, count: number): void {
    this.engine.openLanes({ connection, source, firstLane: first, firstNumber: 0, count, transfer: TRANSFER });
  }

  /** Waits until this many blocks were verified. */
  async verified(blocks: number): Promise<void> {
    for (let left = blocks; left > 0;) left -= (await this.next("verified")).count;
  }

  /** Commits the file, which is sealed when all of it was read; its root on both sides is the same. */
  async commit(source: SourceId, sink: SinkId): Promise<void> {
    const { size, root } = await this.next("sealed", (event) => event.source === source);
    this.engine.commit(sink, 0, size, root);
    await this.next("committed", (event) => event.sink === sink);
  }

  async stop(): Promise<void> {
    this.engine.stop();
    while (!(await this.#events.next()).done);
  }
}

/** The opposite of what a test wants. */
export function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}
