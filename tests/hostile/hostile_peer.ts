/**
 * Hostile peers for tests: connections whose every byte the test decides. They live in a process of their own (`speaker.ts`).
 *
 * @module
 */

import { join } from "node:path";
import { ROOT } from "../../scripts/paths.ts";
import { TextLineStream } from "./lines.ts";
import type { SpeakerCommand, SpeakerEvent } from "./speaker_protocol.ts";
import {
  ALPN,
  type Bytes,
  concat,
  dialerHello,
  message,
  proofOf,
  split,
  type WireMessage,
  type WireTicket,
} from "./wire.ts";

/** Nothing here takes longer unless it hangs: five times a listener's patience, and more than a receiver's with a proved sender. */
export const HANG_MS = 45_000;

/** The promise's result, or a failure that says what was waited for. */
export async function within<T>(what: string, promise: Promise<T>, ms = HANG_MS): Promise<T> {
  const guard = Promise.withResolvers<never>();
  const timer = setTimeout(() => guard.reject(new Error(`waited too long for ${what}`)), ms);
  try {
    return await Promise.race([promise, guard.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Values that come one after the other, taken one after the other. */
class Inbox<T> {
  readonly #values: T[] = [];
  readonly #waiting: ((value: T) => void)[] = [];

  push(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#values.push(value);
    else waiting(value);
  }

  take(): Promise<T> {
    const value = this.#values.shift();
    if (value !== undefined) return Promise.resolve(value);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

export interface Closed {
  readonly cause: "own" | "peer" | "transport";
  readonly code: number;
  readonly text: string;
}

/** The listener turned the connection away, and may take the next. */
class Refused extends Error {}

/** One connection of a speaker. */
export class Peer {
  readonly #speaker: Speaker;
  readonly #messages = new Inbox<WireMessage>();
  readonly #connected = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<Closed>();
  readonly #answers = new Inbox<string>();
  #rest: Bytes = new Uint8Array(0);
  alpn = "";
  /** SHA-256 of the listener's certificate. */
  certificate: Bytes = new Uint8Array(0);
  /** Everything that came, to be recorded. */
  received: Bytes = new Uint8Array(0);

  constructor(speaker: Speaker, readonly key: string) {
    this.#speaker = speaker;
    this.#connected.promise.catch(() => {});
  }

  get connected(): Promise<void> {
    return within("the connection", this.#connected.promise);
  }

  get closed(): Promise<Closed> {
    return within("the end of the connection", this.#closed.promise);
  }

  send(...pieces: readonly Uint8Array[]): void {
    this.#speaker.tell({ op: "send", key: this.key, hex: concat(...pieces).toHex() });
  }

  /** The next message; a connection that ends before is a failure. */
  async next(): Promise<WireMessage> {
    const ended = this.#closed.promise.then(({ cause, code, text }) => {
      throw new Error(`the connection ended instead of a message: ${cause} ${code} ${text}`);
    });
    ended.catch(() => {});
    return await within("a message", Promise.race([this.#messages.take(), ended]));
  }

  /** The next message of this code; heartbeats and others between are skipped. */
  async nextOf(code: number): Promise<WireMessage> {
    while (true) {
      const found = await this.next();
      if (found.code === code) return found;
    }
  }

  async close(code = 0): Promise<void> {
    this.#speaker.tell({ op: "close", key: this.key, code });
    await this.closed;
  }

  /** A foreign peer tries to open one more stream. */
  async open(direction: "bidi" | "uni"): Promise<string> {
    this.#speaker.tell({ op: "foreign-open", key: this.key, direction });
    return await within("an answer", this.#answers.take());
  }

  lane(bytes: Uint8Array, end = false): void {
    this.#speaker.tell({ op: "foreign-lane", key: this.key, hex: bytes.toHex(), end });
  }

  endControl(how: "fin" | "reset"): void {
    this.#speaker.tell({ op: "foreign-end", key: this.key, how });
  }

  on(event: SpeakerEvent): void {
    switch (event.type) {
      case "connected":
        this.alpn = event.alpn;
        this.certificate = Uint8Array.fromHex(event.certificate);
        return this.#connected.resolve();
      case "control": {
        const bytes = Uint8Array.fromHex(event.hex);
        this.received = concat(this.received, bytes);
        const { messages, rest } = split(concat(this.#rest, bytes));
        this.#rest = rest;
        for (const found of messages) this.#messages.push(found);
        return;
      }
      case "answer":
        return this.#answers.push(event.text);
      case "closed":
        this.#connected.reject(
          event.text === "connection_refused" ? new Refused(event.text) : new Error(`closed: ${event.text}`),
        );
        return this.#closed.resolve(event);
      case "refused":
        // Sending to a connection that was closed meanwhile is what many tests do.
        return;
    }
  }
}

/** A listener of a speaker. */
export interface HostileListener {
  readonly port: number;
  readonly certificate: Bytes;
  next(): Promise<Peer>;
}

export class Speaker implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  readonly #peers = new Map<string, Peer>();
  readonly #listeners = new Map<string, Inbox<Peer>>();
  readonly #listening = new Inbox<SpeakerEvent & { type: "listening" }>();
  readonly #grants = new Inbox<number>();
  #keys = 0;
  /** Where the last connection went. */
  lastDialed = { port: 0 };

  constructor() {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        ...[
          "run",
          "--quiet",
          "--no-config",
          "--no-lock",
          "-A",
          "--unstable-net",
          "--unsafely-ignore-certificate-errors=127.0.0.1",
        ],
        join(ROOT, "tests", "hostile", "speaker.ts"),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#reading = this.#read();
  }

  tell(command: SpeakerCommand): void {
    this.#input.write(new TextEncoder().encode(JSON.stringify(command) + "\n")).catch(() => {});
  }

  /** Starts to connect; `connected` or `closed` of the peer tells what comes of it. */
  dial(port: number, alpns: readonly string[] = [ALPN]): Peer {
    const peer = this.#add(`dialer-${++this.#keys}`);
    this.lastDialed = { port };
    this.tell({ op: "connect", key: peer.key, address: `127.0.0.1:${port}`, alpns: [...alpns] });
    return peer;
  }

  /**
   * Connects, as a dialer does: one refused for too many unproved connections tries again. A busy listener counts those that were just
   * closed until it has seen their ends.
   */
  async connect(port: number, alpns?: readonly string[]): Promise<Peer> {
    const deadline = performance.now() + HANG_MS;
    while (true) {
      const peer = this.dial(port, alpns);
      try {
        await peer.connected;
        return peer;
      } catch (error) {
        if (!(error instanceof Refused) || performance.now() > deadline) throw error;
      }
    }
  }

  /** Connects with another implementation of QUIC, which does not show the certificate: `certificate` comes from elsewhere. */
  async connectForeign(port: number, certificate?: Bytes, alpn = ALPN): Promise<Peer> {
    const peer = this.#add(`foreign-${++this.#keys}`);
    this.tell({ op: "foreign", key: peer.key, port, alpn });
    await peer.connected;
    if (certificate !== undefined) peer.certificate = certificate;
    return peer;
  }

  /** The SHA-256 of a listener's certificate. */
  async certificateOf(port: number, alpn = ALPN): Promise<Bytes> {
    const peer = await this.connect(port, [alpn]);
    await peer.close();
    return peer.certificate;
  }

  async listen(alpns: readonly string[]): Promise<HostileListener> {
    const key = `listener-${++this.#keys}`;
    const incoming = new Inbox<Peer>();
    this.#listeners.set(key, incoming);
    this.tell({ op: "listen", key, alpns: [...alpns] });
    const { port, certificate } = await within("the listener", this.#listening.take());
    const next = () => within("a dialer", incoming.take());
    return { port, certificate: Uint8Array.fromHex(certificate), next };
  }

  /** The end of the next grant that was read to its end. */
  grantRead(): Promise<number> {
    return this.#grants.take();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await within("the hostile process's end", this.#process.status);
    await this.#reading;
  }

  async #read(): Promise<void> {
    const lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) this.#on(JSON.parse(line) as SpeakerEvent);
  }

  #on(event: SpeakerEvent): void {
    switch (event.type) {
      case "listening":
        return this.#listening.push(event);
      case "incoming": {
        const peer = this.#add(event.key);
        peer.alpn = event.alpn;
        return this.#listeners.get(event.listener)?.push(peer);
      }
      case "grant-read":
        return this.#grants.push(event.end);
      default:
        return this.#peers.get(event.key)?.on(event);
    }
  }

  #add(key: string): Peer {
    const peer = new Peer(this, key);
    this.#peers.set(key, peer);
    return peer;
  }
}

/** What both sides said before the dialer's proof, and the proof. */
export interface Flights {
  readonly hello: Bytes;
  readonly listenerHello: Bytes;
  readonly listenerProof: Bytes;
  /** The message that would prove it, not sent yet. */
  readonly proof: Bytes;
}

/** Says hello as an honest dialer and makes its proof, but does not send it. */
export async function greet(peer: Peer, ticket: WireTicket, token = ticket.token): Promise<Flights> {
  const hello = dialerHello({ token: ticket.token, direction: ticket.role === "receive" ? 0 : 1 });
  peer.send(hello);
  const listenerHello = (await peer.next()).bytes;
  const listenerProof = (await peer.next()).bytes;
  const { alpn, certificate } = peer;
  const bytes = proofOf("dialer", { alpn, certificate, token, dialerHello: hello, listenerHello });
  return { hello, listenerHello, listenerProof, proof: message("proof", bytes) };
}

/** Goes through all flights: from here on the peer is trusted. */
export async function prove(peer: Peer, ticket: WireTicket): Promise<Flights> {
  const flights = await greet(peer, ticket);
  peer.send(flights.proof);
  return flights;
}
