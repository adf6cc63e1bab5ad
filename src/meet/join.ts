/**
 * The further connections of a transfer: `docs/protocol.md`, "Joining". Who dialled opens them, who waited lets them in. Both halves.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { UltraError } from "../base/errors.ts";
import { addressOf } from "../base/endpoints.ts";
import { MAX_BYTES_BEFORE_PROOF } from "../protocol/limits.ts";
import type { DialerHello, Direction, ListenerHello } from "../protocol/messages.ts";
import { distanceOf } from "../settings/distance.ts";
import { furtherTuning } from "../settings/connections.ts";
import { networkThreads } from "../settings/engine_sizes.ts";
import { connectionSettings } from "../settings/connection_settings.ts";
import type { Tuning } from "../settings/tuning.ts";
import type { Dialed } from "./dial.ts";
import { ControlLink } from "../link/control_link.ts";
import type { Listener } from "./listen.ts";
import { proveAsDialer, type ProvedLink } from "./prove.ts";
import type { Context } from "../link/context.ts";

/** How one transfer comes to further connections. */
export interface ExtraConnections {
  /**
   * A transfer begins: from here on there may be `most` connections in all.
   *
   * @param take gets every link whose other end has proved that it belongs to this transfer
   */
  begin(most: number, take: (link: ControlLink) => void): void;
  /** Sees to it that there are so many connections in all, as far as the other side goes along. */
  want(connections: number): void;
  /** The other side asked for so many. */
  asked(connections: number): void;
  /** The transfer is over: admits no further connection. Links that were handed over stay. */
  end(): void;
}

/** A peer that has proved the secret, and the way to further connections with it. */
export interface Peer<PeerHello = DialerHello | ListenerHello> extends ProvedLink<PeerHello> {
  readonly extra: ExtraConnections;
}

const log = getLogger(["ultra", "peer"]);

/** What a dialer knows of the connection that the others join. */
export interface FirstConnection {
  readonly dialed: Dialed;
  readonly proved: ProvedLink<ListenerHello>["proved"];
  readonly pin: Uint8Array;
  readonly direction: Direction;
  readonly tuning: Tuning;
}

/** The side that dialled. Each connection is tried once, one after the other, so that no listener can keep it busy. */
export class DialerConnections implements ExtraConnections {
  readonly #first: FirstConnection;
  readonly #context: Context;
  #take: ((link: ControlLink) => void) | undefined;
  #most = 1;
  #wanted = 1;
  /** Connections that were tried, the first one included. */
  #tried = 1;
  #isDialing = false;
  /** Closes what is under way. */
  #giveUp = () => {};

  constructor(first: FirstConnection, context: Context) {
    this.#first = first;
    this.#context = context;
  }

  begin(most: number, take: (link: ControlLink) => void): void {
    this.#most = most;
    this.#wanted = this.#tried = 1;
    this.#take = take;
  }

  want(connections: number): void {
    this.#wanted = Math.max(this.#wanted, Math.min(connections, this.#most));
    if (!this.#isDialing) void this.#dial();
  }

  asked(connections: number): void {
    this.want(connections);
  }

  end(): void {
    this.#take = undefined;
    this.#giveUp();
  }

  async #dial(): Promise<void> {
    this.#isDialing = true;
    while (this.#take !== undefined && this.#tried < this.#wanted) {
      const index = this.#tried++;
      try {
        await this.#open(index);
      } catch (error) {
        if (!(error instanceof UltraError)) throw error;
        log.debug("Connection {number} did not come about: {message}", { number: index + 1, message: error.message });
      }
    }
    this.#isDialing = false;
  }

  async #open(index: number): Promise<void> {
    const { random, timers } = this.#context;
    const { dialed, proved, direction } = this.#first;
    const link = await this.#connect(index);
    await proveAsDialer(link, {
      alpn: dialed.alpn,
      certificateHash: dialed.certificate,
      random,
      secret: proved.sessionKey,
      secretKind: "session",
      purpose: "add",
      direction,
    }, timers);
    this.#giveUp = () => {};
    if (this.#take === undefined) return await link.close(0);
    this.#take(link);
  }

  /** To where the first connection went, on a core of its own. */
  #connect(index: number): Promise<ControlLink> {
    const { hub, timers, cores } = this.#context;
    const { dialed, pin, tuning } = this.#first;
    const path = distanceOf(addressOf(dialed.link.remote));
    const connection = hub.engine.connect({
      settings: connectionSettings({
        distance: path,
        side: "dialer",
        tuning: furtherTuning(tuning, path, path, this.#most),
      }),
      // The handshake covers the ALPN, and there are no versions to talk about any more.
      alpns: [dialed.alpn],
      address: dialed.link.remote,
      pin,
      partition: index % networkThreads(cores),
      controlLimit: MAX_BYTES_BEFORE_PROOF,
    });
    const connected = Promise.withResolvers<ControlLink>();
    this.#giveUp = () => hub.engine.close(connection, 0);
    hub.onConnection(connection, (event) => {
      if (event.type === "connected") connected.resolve(new ControlLink(hub, connection, event.remote, timers));
      if (event.type === "closed") connected.reject(new UltraError("network", event.text));
    });
    return connected.promise;
  }
}

/** The side that waited. It cannot dial, so it asks; a holder of the session key may also join unasked. */
export class ListenerConnections implements ExtraConnections {
  readonly #listener: Listener;
  readonly #first: ProvedLink<DialerHello>;
  #session: Disposable | undefined;
  #wanted = 1;

  constructor(listener: Listener, first: ProvedLink<DialerHello>) {
    this.#listener = listener;
    this.#first = first;
  }

  begin(most: number, take: (link: ControlLink) => void): void {
    const { link, proved } = this.#first;
    const path = distanceOf(addressOf(link.remote));
    this.#wanted = 1;
    this.#session = this.#listener.open({ key: proved.sessionKey, most, path, take, over: link.over });
  }

  want(connections: number): void {
    if (connections <= this.#wanted) return;
    this.#wanted = connections;
    this.#first.link.send({ type: "want-connections", connections });
  }

  /** A dialer that wants more opens them itself. */
  asked(): void {}

  end(): void {
    this.#session?.[Symbol.dispose]();
  }
}
