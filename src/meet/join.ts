/**
 * The further connections of a transfer: `docs/protocol.md`, "Joining". Who dialled opens them, who waited lets them in. Both halves.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { UltraError } from "../base/errors.ts";
import { addressOf } from "../base/endpoints.ts";
import { MAX_BYTES_BEFORE_PROOF } from "../protocol/limits.ts";
import type { DialerHello, ListenerHello } from "../protocol/messages.ts";
import { distanceOf } from "../settings/distance.ts";
import { furtherTuning } from "../settings/connections.ts";
import { networkThreads } from "../settings/engine_sizes.ts";
import { connectionSettings } from "../settings/connection_settings.ts";
import { ControlLink, type LinkEnd } from "../link/control_link.ts";
import type { Listener } from "./listen.ts";
import { isTurnedAway, proveAsDialer, type ProvedLink } from "./prove.ts";
import { type FirstConnection, Seeker, type WayBack } from "./seek.ts";
import type { Context } from "../link/context.ts";

/** What came back to a transfer whose connection is silent or lost. */
export type Return =
  /** The process that took part so far: the transfer goes on, on this connection. */
  | { readonly type: "replaced"; readonly peer: Peer }
  /** The other side was started again: another transfer takes the place of this one. */
  | { readonly type: "restarted"; readonly peer: Peer }
  /** The other side runs, and knows nothing of this transfer any more. */
  | { readonly type: "forgotten" };

/** What a transfer does with the connections that it gets. */
export interface Taker {
  /** Connections that there may be in all. */
  readonly most: number;
  /** Gets every link whose other end has proved that it belongs to this transfer. */
  readonly take: (link: ControlLink) => void;
  /** `undefined`: a connection that is lost is not replaced. */
  readonly returned: ((what: Return) => void) | undefined;
}

/** How one transfer comes to further connections, and to another first one. */
export interface ExtraConnections {
  /** A transfer begins, or goes on here. */
  begin(taker: Taker): void;
  /** Sees to it that there are so many connections in all, as far as the other side goes along; once the transfer has begun. */
  want(connections: number): void;
  /** The other side asked for so many. */
  asked(connections: number): void;
  /** Whether an address of this computer is gone that the first connection may have had. */
  readonly isUprooted: boolean;
  /**
   * Whether a connection on which nothing has come since the other side's proof may have ended before the other side had that of this one: it has
   * met nobody then, and may do so on the next connection.
   */
  isUnmet(end: LinkEnd): boolean;
  /**
   * The first connection is silent or lost: looks for the other side until the result is disposed of, if it is on this side to look.
   *
   * @param isTakenUp whether the other side has the transfer
   */
  seek(isTakenUp: boolean): Disposable;
  /** The transfer is over: admits no further connection. Links that were handed over stay. */
  end(): void;
}

/** A peer that has proved the secret, and the way to further connections with it. */
export interface Peer<PeerHello = DialerHello | ListenerHello> extends ProvedLink<PeerHello> {
  readonly extra: ExtraConnections;
}

const log = getLogger(["ultra", "peer"]);

/** The side that dialled. Each connection is tried once, one after the other, so that no listener can keep it busy. */
export class DialerConnections implements ExtraConnections {
  readonly #first: FirstConnection;
  readonly #context: Context;
  #taker: Taker | undefined;
  #wanted = 1;
  /** Connections that were tried, the first one included. */
  #tried = 1;
  #isDialing = false;
  /** Closes what is under way. */
  #giveUp = () => {};
  /** Those that this computer had when the connection was made. */
  readonly #addresses: readonly string[];

  constructor(first: FirstConnection, context: Context) {
    this.#first = first;
    this.#context = context;
    this.#addresses = context.addresses();
  }

  get isUprooted(): boolean {
    const now = new Set(this.#context.addresses());
    return this.#addresses.some((address) => !now.has(address));
  }

  isUnmet(end: LinkEnd): boolean {
    return isTurnedAway(end);
  }

  begin(taker: Taker): void {
    this.#tried = 1;
    this.#taker = taker;
    if (!this.#isDialing) void this.#dial();
  }

  want(connections: number): void {
    this.#wanted = Math.max(this.#wanted, connections);
    if (!this.#isDialing) void this.#dial();
  }

  asked(connections: number): void {
    this.want(connections);
  }

  seek(isTakenUp: boolean): Disposable {
    return new Seeker(this.#first, isTakenUp, (way) => this.#taker?.returned?.(this.#returned(way)), this.#context);
  }

  end(): void {
    this.#taker = undefined;
    this.#wanted = 1;
    this.#giveUp();
  }

  #returned(way: WayBack | undefined): Return {
    if (way === undefined) return { type: "forgotten" };
    const { dialed, proved: { link, format, proved } } = way;
    const extra = new DialerConnections({ ...this.#first, dialed, proved }, this.#context);
    return { type: way.purpose === "replace" ? "replaced" : "restarted", peer: { link, format, proved, extra } };
  }

  async #dial(): Promise<void> {
    this.#isDialing = true;
    while (this.#taker !== undefined && this.#tried < Math.min(this.#wanted, this.#taker.most)) {
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
    if (this.#taker === undefined) return await link.close(0);
    this.#taker.take(link);
  }

  /** To where the first connection went, on a core of its own. */
  #connect(index: number): Promise<ControlLink> {
    const { hub, timers, cores } = this.#context;
    const { dialed, ticket, tuning } = this.#first;
    const path = distanceOf(addressOf(dialed.link.remote));
    const connection = hub.engine.connect({
      settings: connectionSettings({
        distance: path,
        side: "dialer",
        tuning: furtherTuning(tuning, path, path, this.#taker?.most ?? 1),
      }),
      // The handshake covers the ALPN, and there are no versions to talk about any more.
      alpns: [dialed.alpn],
      address: dialed.link.remote,
      pin: ticket.pin,
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

  begin({ most, take, returned }: Taker): void {
    const { link, proved, admission } = this.#first;
    const path = distanceOf(addressOf(link.remote));
    this.#session = this.#listener.open({
      link,
      key: proved.sessionKey,
      most,
      path,
      take,
      admission,
      returned: returned && ((met) => {
        const type = met.proved.peer.purpose === "replace" ? "replaced" : "restarted";
        returned({ type, peer: { ...met, extra: new ListenerConnections(this.#listener, met) } });
      }),
    });
  }

  want(connections: number): void {
    if (connections <= this.#wanted) return;
    this.#wanted = connections;
    this.#first.link.send({ type: "want-connections", connections });
  }

  /** A dialer that wants more opens them itself. */
  asked(): void {}

  /** Its addresses are in the ticket: without them the dialer finds nobody. */
  get isUprooted(): boolean {
    return false;
  }

  /** The dialer's proof came last. */
  isUnmet(): boolean {
    return false;
  }

  /** The dialer does it. */
  seek(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }

  end(): void {
    this.#wanted = 1;
    this.#session?.[Symbol.dispose]();
  }
}
