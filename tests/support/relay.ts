/**
 * A way over real UDP between dialers and a port on loopback, with faults that come from a seed.
 *
 * Each dialer's port has a port of its own behind the relay, as behind a NAT, so that several connections may go through.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import { encodeTicket, parseTicket } from "../../src/protocol/ticket.ts";
import { Random } from "../simulation/random.ts";

const LOOPBACK = "127.0.0.1";

export interface RelayOptions {
  readonly seed?: number;
  /** Share of the datagrams that get lost, each way. */
  readonly loss?: number;
}

/** Which way a datagram goes. */
export type Way = "to-listener" | "to-dialer";

/** Bytes that were handed on, each way. */
export type Carried = Readonly<Record<Way, number>>;

export class UdpRelay implements AsyncDisposable {
  readonly #front: Socket;
  readonly #target: number;
  readonly #random: Random;
  readonly #loss: number;
  /** By the port of the dialer. */
  readonly #back = new Map<number, Promise<Socket>>();
  readonly #closing: Promise<void>[] = [];
  readonly #carried = { "to-listener": 0, "to-dialer": 0 };
  #isHole = false;

  private constructor(front: Socket, target: number, { seed = 1, loss = 0 }: RelayOptions) {
    this.#front = front;
    this.#target = target;
    this.#random = new Random(seed);
    this.#loss = loss;
    front.on("message", (bytes, { port }) => void this.#fromDialer(bytes, port));
  }

  /** A relay to a port on loopback. */
  static async to(port: number, options: RelayOptions = {}): Promise<UdpRelay> {
    return new UdpRelay(await boundSocket(), port, options);
  }

  /** A relay to the maker of a ticket, which waits on loopback, and the ticket that leads there. */
  static async before(made: string): Promise<{ readonly relay: UdpRelay; readonly ticket: string }> {
    const ticket = parseTicket(made);
    const relay = await UdpRelay.to(Number(ticket.hints[0]?.port));
    const hints = [{ type: "address" as const, address: LOOPBACK, port: relay.port }];
    return { relay, ticket: encodeTicket({ ...ticket, hints }) };
  }

  /** Where dialers find it. */
  get port(): number {
    return this.#front.address().port;
  }

  get carried(): Carried {
    return { ...this.#carried };
  }

  /** Dialers that came through, by their ports. */
  get dialers(): number {
    return this.#back.size;
  }

  /** From here on nothing arrives anywhere, and nobody is told. */
  goDark(): void {
    this.#isHole = true;
  }

  comeBack(): void {
    this.#isHole = false;
  }

  /** As a NAT that forgot its bindings: what a dialer sends comes from another port from here on, and the old ones are dead. */
  rebind(): void {
    for (const socket of this.#back.values()) this.#closing.push(closed(socket));
    this.#back.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rebind();
    await Promise.all([closed(Promise.resolve(this.#front)), ...this.#closing]);
  }

  async #fromDialer(bytes: Uint8Array, port: number): Promise<void> {
    if (this.#isLost()) return;
    const back = this.#back.get(port) ?? this.#open(port);
    this.#back.set(port, back);
    const socket = await back;
    // Closed meanwhile by a rebinding: the datagram was under way, and is lost.
    if (this.#back.get(port) !== back) return;
    this.#carry("to-listener", bytes);
    socket.send(bytes, this.#target, LOOPBACK, ignoreLoss);
  }

  async #open(port: number): Promise<Socket> {
    const socket = await boundSocket();
    socket.on("message", (bytes) => {
      if (this.#isLost()) return;
      this.#carry("to-dialer", bytes);
      this.#front.send(bytes, port, LOOPBACK, ignoreLoss);
    });
    return socket;
  }

  #carry(way: Way, { length }: Uint8Array): void {
    this.#carried[way] += length;
  }

  #isLost(): boolean {
    return this.#isHole || (this.#loss > 0 && this.#random.chance(this.#loss));
  }
}

/** Nobody listens any more, or the socket is closed: a datagram less. */
function ignoreLoss(): void {}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
  // As a port without a listener tells it (ICMP).
  socket.on("error", ignoreLoss);
  await new Promise<void>((bound) => socket.bind(0, LOOPBACK, bound));
  return socket;
}

async function closed(socket: Promise<Socket>): Promise<void> {
  const open = await socket;
  await new Promise<void>((done) => open.close(() => done()));
}
