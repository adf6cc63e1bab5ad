/**
 * A connection with its control stream: messages out, messages in, one end.
 *
 * @module
 */

import type { Engine } from "../engine/engine.ts";
import type { ConnectionId } from "../protocol/words.ts";
import { UltraError } from "../base/errors.ts";
import { atMost, type Timers } from "../base/timers.ts";
import { CLOSE_INTERRUPTED, CLOSE_OTHER_FORMAT, errorKindOf } from "../protocol/codes.ts";
import { type Decoded, MessageReader } from "../protocol/decode.ts";
import { encode } from "../protocol/encode.ts";
import { MAX_BODY, MAX_BYTES_BEFORE_PROOF, MESSAGE_HEADER_LEN } from "../protocol/limits.ts";
import type { Message } from "../protocol/messages.ts";
import { MAX_UNANSWERED_PAGES } from "../transfer/sender.ts";
import type { ConnectionEvent, Hub } from "./hub.ts";

/** How a connection ended, and the error that it is for a transfer that still needed it. */
export interface LinkEnd {
  readonly cause: "own" | "peer" | "transport";
  /** The exit code of the closing side, or QUIC's status. */
  readonly code: number;
  readonly error: UltraError;
}

/** Who takes what comes in. Set anew for each phase of a conversation. */
export interface LinkHandler {
  message(decoded: Decoded): void;
  /** The peer sent what no peer may send. */
  broken(error: UltraError): void;
  ended(end: LinkEnd): void;
  laneOpened?(lane: number): void;
  laneClosed?(lane: number, finished: boolean): void;
}

/** How long a close waits for the peer to have read the last words. */
const FAREWELL_MS = 400;

/** How long the end of a connection that was closed by force is awaited. */
const FORCED_MS = 200;

/** The same of one that was dropped: QUIC lets some round trips pass. */
const DROP_MS = 2000;

/** What waits for a handler at most: a sender may have made its offer, and sent as many pages as it sends unanswered. */
const MAX_WAITING_BYTES = (MAX_UNANSWERED_PAGES + 1) * (MESSAGE_HEADER_LEN + MAX_BODY);

/** What a waiting message counts at least: its objects take room here, however short it is. */
const WAITING_BYTES = 512;

export class ControlLink {
  readonly #hub: Hub;
  readonly #timers: Timers;
  readonly #reader = new MessageReader(MAX_BYTES_BEFORE_PROOF);
  readonly #waiting: Decoded[] = [];
  readonly #over = Promise.withResolvers<LinkEnd>();
  /** What the messages among `#waiting` count. */
  #waitingBytes = 0;
  /** Lanes of the peer's that it was allowed to have open. */
  #lanes = 0;
  #handler: LinkHandler | undefined;
  #broken: UltraError | undefined;
  #end: LinkEnd | undefined;

  constructor(hub: Hub, readonly id: ConnectionId, readonly remote: string, timers: Timers) {
    this.#hub = hub;
    this.#timers = timers;
    hub.onConnection(id, (event) => this.#on(event));
  }

  get engine(): Engine {
    return this.#hub.engine;
  }

  /** Resolved when the connection is gone. */
  get over(): Promise<LinkEnd> {
    return this.#over.promise;
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** Lets the next phase take over; what came meanwhile is delivered to it first. */
  handle(handler: LinkHandler): void {
    this.#handler = handler;
    this.#waitingBytes = 0;
    for (const decoded of this.#waiting.splice(0)) handler.message(decoded);
    if (this.#broken !== undefined) handler.broken(this.#broken);
    if (this.#end !== undefined) handler.ended(this.#end);
  }

  /** Ends a phase: what comes from here on waits for the next one. */
  release(): void {
    this.#handler = undefined;
  }

  /**
   * For a handler that gets what is not for it: the next one gets it.
   *
   * @throws {UltraError} `protocol`, for the reader of the stream: the peer says more than may wait
   */
  keep(decoded: Decoded): void {
    this.#waitingBytes += Math.max(decoded.bytes.length, WAITING_BYTES);
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      throw new UltraError("protocol", "The other side sent too much unasked");
    }
    this.#waiting.push(decoded);
  }

  send(message: Message): void {
    this.sendBytes(encode(message));
  }

  sendBytes(bytes: Uint8Array): void {
    if (bytes.length > 0) this.engine.send(this.id, bytes);
  }

  /**
   * The peer has proved itself: long messages and `lanes` of its lanes are welcome. What a transfer was allowed stays for the next one on the
   * link: QUIC takes nothing back, and would add the same number again.
   */
  admit(lanes: number): void {
    this.#reader.setMaxBody(MAX_BODY);
    this.#lanes = Math.max(this.#lanes, lanes);
    this.engine.admit(this.id, this.#lanes);
  }

  /** Closes when the peer has what was sent, or after a moment in any case; resolved when the connection is gone. */
  async close(code: number): Promise<void> {
    if (this.#end !== undefined) return;
    this.engine.close(this.id, code);
    using _forced = this.#timers.after(FAREWELL_MS, () => this.engine.close(this.id, code));
    await atMost(FAREWELL_MS + FORCED_MS, this.#over.promise, this.#timers);
  }

  /** Closes at once, because the path is gone and nobody would hear more; resolved when nothing can come of it any more. */
  async drop(code: number): Promise<void> {
    if (this.#end !== undefined) return;
    this.engine.close(this.id, code);
    this.engine.close(this.id, code);
    await atMost(DROP_MS, this.#over.promise, this.#timers);
  }

  #on(event: ConnectionEvent): void {
    switch (event.type) {
      case "connected":
        return; // dial.ts makes a link only then
      case "control":
        return this.#read(event.bytes);
      case "lane-opened":
        return this.#handler?.laneOpened?.(event.lane);
      case "lane-closed":
        return this.#handler?.laneClosed?.(event.lane, event.finished);
      case "lane-broke":
        return this.#break(new UltraError("protocol", `The other side sent ${event.text}`));
      case "closed":
        this.#end = { cause: event.cause, code: event.code, error: endError(event) };
        this.#over.resolve(this.#end);
        this.#handler?.ended(this.#end);
        return;
    }
  }

  #read(bytes: Uint8Array): void {
    if (this.#broken !== undefined) return;
    try {
      this.#reader.push(bytes);
      for (const decoded of this.#reader) {
        if (this.#handler === undefined) this.keep(decoded);
        else this.#handler.message(decoded);
      }
    } catch (error) {
      if (!(error instanceof UltraError)) throw error;
      this.#break(error);
    }
  }

  #break(error: UltraError): void {
    if (this.#broken !== undefined) return;
    this.#broken = error;
    this.#handler?.broken(error);
  }
}

function endError(event: { cause: LinkEnd["cause"]; code: number; text: string }): UltraError {
  switch (event.cause) {
    case "own":
      return new UltraError("protocol", event.text === "" ? "The connection was closed" : `Refused: ${event.text}`);
    case "peer": {
      if (event.code === CLOSE_INTERRUPTED) return new UltraError("network", "The other side was interrupted");
      if (event.code === CLOSE_OTHER_FORMAT) {
        const text = "The other side does not speak the format of this one";
        return new UltraError("protocol", text, { reason: "one-format" });
      }
      const kind = errorKindOf(event.code);
      if (kind === undefined) return new UltraError("network", "The other side closed the connection");
      return new UltraError(kind, PEER_SENTENCES[kind]);
    }
    case "transport":
      return new UltraError("network", `The connection was lost: ${LOSSES[event.text] ?? event.text}`);
  }
}

/** QUIC's statuses in words. */
const LOSSES: Readonly<Record<string, string>> = {
  connection_timeout: "the other side no longer answers",
  connection_idle: "the other side no longer answers",
  unreachable: "the other side cannot be reached any more",
  aborted: "the other side ended it",
};

/** For a close code whose text was lost on the way. */
const PEER_SENTENCES: Readonly<Record<UltraError["kind"], string>> = {
  internal: "The other side failed with an internal error",
  usage: "The other side was used in a way that does not fit this one",
  disk: "The other side failed at its disk",
  network: "The other side went away",
  authentication: "The other side did not accept the proof of this ticket's secret",
  integrity: "The other side found damaged data",
  protocol: "The other side did not understand what was sent",
  "source-changed": "A source changed on the other side",
};
