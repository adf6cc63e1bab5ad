/**
 * How long nothing has been heard on a connection.
 *
 * A message comes each second, and often more. Behind a full path it may be late, so before the other side counts as silent QUIC is asked
 * whether packets still come. That waits for the connection's thread, and so it happens only while messages are missing.
 *
 * @module
 */

import type { Hub } from "../link/hub.ts";
import type { ConnectionId } from "../protocol/words.ts";

/** A heartbeat that is later than this is missing. */
export const MISSING_MS = 1200;

/** How often QUIC is asked then. */
const ASK_MS = 250;

export class Silence {
  readonly #hub: Hub;
  readonly #connection: ConnectionId;
  #heardMs: number;
  #askedMs = -Infinity;
  /** Packets that QUIC had received when it was asked last. */
  #packets: number | undefined;

  constructor(connection: ConnectionId, hub: Hub, nowMs: number) {
    this.#connection = connection;
    this.#hub = hub;
    this.#heardMs = nowMs;
  }

  /** When the other side was heard last. */
  get sinceMs(): number {
    return this.#heardMs;
  }

  /** A message has come. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#packets = undefined;
  }

  /** How long it lasts. */
  lasts(nowMs: number): number {
    if (nowMs - this.#heardMs >= MISSING_MS && nowMs - this.#askedMs >= ASK_MS) this.#ask(nowMs);
    return nowMs - this.#heardMs;
  }

  #ask(nowMs: number): void {
    this.#askedMs = nowMs;
    const packets = this.#hub.engine.path(this.#connection)?.receivedPackets;
    // What had come before the first question is as old as the last message, as far as is known.
    if (packets !== undefined && this.#packets !== undefined && packets > this.#packets) this.#heardMs = nowMs;
    this.#packets = packets;
  }
}
