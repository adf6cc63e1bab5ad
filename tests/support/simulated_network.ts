/** The network between simulated engines: addresses, handshakes, latency, and the ways in which all that fails. @module */

import type { ConnectOptions, EngineEvent, ListenOptions } from "../../src/engine/engine.ts";
import type { ListenerId } from "../../src/protocol/words.ts";
import type { Random } from "../simulation/random.ts";
import { ConnectionEnd } from "./simulated_connection.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** A handshake without an answer is given up after this, as `src/settings/connection_settings.ts` has it. */
const HANDSHAKE_MS = 5000;

/** How long QUIC takes to notice that nobody answers any more. */
const NOTICE_MS = 16_000;

/** What happens to whoever dials an address. `dead`: packets vanish; `displaces`: the listener ends the handshake in favour of another dialer. */
export type Fate = "dead" | "unreachable" | "refuses" | "displaces" | "cannot-start";

/** A computer that listens, as the network sees it. */
export interface ListeningHost {
  readonly addresses: readonly string[];
  readonly listener: ListenerId;
  readonly options: ListenOptions;
  nextId(): number;
  accept(end: ConnectionEnd): unknown;
  tell(event: EngineEvent): void;
}

interface Listening {
  readonly host: ListeningHost;
  readonly address: string;
  readonly port: number;
  /** Unproved connections by their address. */
  readonly unproved: string[];
}

export class SimulatedNetwork {
  latencyMs = 2;
  /** Control bytes come later by a random part of this. */
  jitterMs = 0;
  /** Control bytes sent within this time arrive in one piece. */
  clumpMs = 0;
  /** Longest piece in which control bytes arrive. */
  pieceBytes = Infinity;
  /** By address. */
  readonly fates = new Map<string, Fate>();
  /** What names stand for; others are not found. */
  readonly names = new Map<string, { readonly addresses: readonly string[]; readonly afterMs: number }>();
  /** Endpoints in the order in which they were dialled, with the time. */
  readonly dialled: { readonly address: string; readonly atMs: number }[] = [];
  readonly #listening = new Map<string, Listening>();
  readonly #open = new Set<ConnectionEnd>();
  /** Until then nothing arrives anywhere. */
  #downUntilMs = -Infinity;
  /** Until then whoever listens sleeps. */
  #asleepUntilMs = -Infinity;
  #nextPort = 40_000;

  constructor(readonly time: VirtualTime, readonly random: Random) {}

  /** Ends of connections that are open, on any computer. */
  get open(): readonly ConnectionEnd[] {
    return [...this.#open];
  }

  jitter(): number {
    return this.jitterMs === 0 ? 0 : this.random.time(0, this.jitterMs);
  }

  /** @returns the port, or `undefined` when it is taken */
  listen(host: ListeningHost, address: string, port: number): number | undefined {
    const actual = port === 0 ? this.#nextPort++ : port;
    const addresses = address === "::" || address === "0.0.0.0" ? host.addresses : [address];
    if (addresses.some((one) => this.#listening.has(`${one} ${actual}`))) return undefined;
    for (const one of addresses) {
      this.#listening.set(`${one} ${actual}`, { host, address: one, port: actual, unproved: [] });
    }
    return actual;
  }

  /** Ends a listener: from here on nobody answers there. */
  silence(host: ListeningHost): void {
    for (const [key, listening] of this.#listening) if (listening.host === host) this.#listening.delete(key);
  }

  dial(end: ConnectionEnd, options: ConnectOptions, from: string): void {
    const { address, port } = split(options.address);
    this.dialled.push({ address: options.address, atMs: this.time.now() });
    this.#open.add(end);
    const fail = (afterMs: number, status: string) => this.time.later(afterMs, () => end.fail(status));
    const fate = this.fates.get(address);
    if (fate === "dead" || this.time.now() < this.#downUntilMs) return fail(HANDSHAKE_MS, "connection_timeout");
    if (fate === "unreachable") return fail(2 * this.latencyMs, "unreachable");
    if (fate === "displaces") return fail(2 * this.latencyMs, "user_canceled");
    if (fate === "refuses") return fail(2 * this.latencyMs, "connection_refused");
    const sleepMs = Math.max(0, this.#asleepUntilMs - this.time.now());
    if (sleepMs >= HANDSHAKE_MS) return fail(HANDSHAKE_MS, "connection_timeout");
    this.time.later(sleepMs + this.latencyMs, () => {
      const listening = this.#listening.get(`${address} ${port}`);
      if (listening === undefined) return fail(this.latencyMs, "unreachable");
      const status = this.#judge(listening, options, from);
      if (status !== undefined) return fail(this.latencyMs, status);
      listening.unproved.push(from);
      this.#shake(end, options, listening, from);
    });
  }

  /** An end is closed. */
  closed(end: ConnectionEnd): void {
    this.#open.delete(end);
  }

  /** The network between all ends goes away; both notice after a while. */
  lose(noticeMs = NOTICE_MS): void {
    for (const end of this.#open) {
      end.isDeaf = true;
      this.time.later(noticeMs + this.jitter(), () => end.fail("connection_idle"));
    }
  }

  /** A black hole: nothing arrives for a while. No connection that there is survives it, and what is dialled meanwhile never answers. */
  goDown(forMs: number, noticeMs = NOTICE_MS): void {
    this.#downUntilMs = Math.max(this.#downUntilMs, this.time.now() + forMs);
    this.lose(noticeMs);
  }

  /** As {@linkcode goDown}, but it is the listeners that sleep: what was dialled meanwhile, and not given up, they all find when they wake. */
  sleep(forMs: number, noticeMs = NOTICE_MS): void {
    this.#asleepUntilMs = Math.max(this.#asleepUntilMs, this.time.now() + forMs);
    this.lose(noticeMs);
  }

  /** A process is killed: the ends of its connections are gone, and the other ones hear nothing. */
  vanish(ends: readonly ConnectionEnd[], noticeMs = NOTICE_MS): void {
    for (const end of ends) {
      const { peer } = end;
      end.vanish();
      this.#open.delete(end);
      if (peer !== undefined) this.time.later(noticeMs, () => peer.fail("connection_idle"));
    }
  }

  #judge({ host, unproved }: Listening, { alpns, pin }: ConnectOptions, from: string): string | undefined {
    const { maxUnproved, maxUnprovedPerAddress, identity } = host.options;
    const fromThere = unproved.filter((address) => address === from).length;
    if (unproved.length >= maxUnproved || fromThere >= maxUnprovedPerAddress) return "connection_refused";
    if (!alpns.some((alpn) => host.options.alpns.includes(alpn))) return "alpn_neg_failure";
    const isRight = pin === "report" || pin.every((byte, i) => byte === identity.hash[i]);
    return isRight ? undefined : "bad_certificate";
  }

  #shake(dialer: ConnectionEnd, options: ConnectOptions, { host, unproved }: Listening, from: string): void {
    const { latencyMs, time } = this;
    // The listener's order counts, as in msquic.
    const alpn = host.options.alpns.find((one) => options.alpns.includes(one)) ?? "";
    const leave = once(() => void unproved.splice(unproved.indexOf(from), 1));
    time.later(latencyMs, () => {
      if (dialer.isClosed) return leave();
      const remote = `${from}:50000`;
      const end = new ConnectionEnd({
        id: host.nextId(),
        remote,
        controlLimit: host.options.controlLimit,
        settings: host.options.settings,
        network: this,
        tell: (event) => host.tell(event),
      });
      end.leavePlace = leave;
      this.#open.add(end);
      end.peer = dialer;
      dialer.peer = end;
      dialer.connected(alpn, host.options.identity.hash);
      time.later(latencyMs, () => {
        if (end.isClosed) return;
        host.accept(end);
        host.tell({ type: "incoming", listener: host.listener, connection: end.id, alpn, remote });
      });
    });
  }
}

/** `ADDR:PORT` or `[ADDR]:PORT`. */
export function split(endpoint: string): { readonly address: string; readonly port: number } {
  const at = endpoint.lastIndexOf(":");
  return { address: endpoint.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(endpoint.slice(at + 1)) };
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}
