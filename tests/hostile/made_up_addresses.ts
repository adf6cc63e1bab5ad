/**
 * First datagrams from thousands of addresses that nobody has, and what a listener answers to each (I11). They are sent by a process of their own:
 * thousands of sockets in the one that tests would be thousands of descriptors of each process that it starts, until that has become another program.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Addresses that send at the same time. */
const TOGETHER = 100;

/** These bits of a packet's first byte say that it is a Retry: RFC 9000, 17.2.5. */
const RETRY = 0xf0;

/** A listener gives a handshake up after 5 s; until then it may repeat itself. */
const GIVEN_UP_MS = 6000;

/** What a listener answered an address: nothing, that it has to be shown first, or the beginning of a handshake. */
type Answer = "nothing" | "retry" | "handshake";

export interface Answers {
  /** How many addresses had each answer. */
  readonly counts: Readonly<Record<Answer, number>>;
  /** Most bytes that came to an address for each that was sent from there. */
  readonly most: number;
}

/** Sends a datagram from each of so many addresses of loopback; what came back when no handshake is under way any more. */
export async function comeFromMadeUpAddresses(datagram: Uint8Array, port: number, count: number): Promise<Answers> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", fileURLToPath(import.meta.url), datagram.toHex(), String(port), String(count)],
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  const said = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 0, said(stderr));
  return JSON.parse(said(stdout));
}

/** An address that is made up: whoever has it has sent nothing, and says nothing to what comes. */
class MadeUpAddress implements AsyncDisposable {
  readonly #socket = createSocket("udp4");
  #sent = 0;
  #received = 0;
  #retries = 0;

  constructor() {
    this.#socket.on("message", (datagram) => {
      this.#received += datagram.length;
      if (((datagram[0] ?? 0) & RETRY) === RETRY) this.#retries++;
    });
  }

  /** Bytes that came here for each that was sent from here. */
  get amplification(): number {
    return this.#received / this.#sent;
  }

  get answer(): Answer {
    if (this.#received === 0) return "nothing";
    return this.#retries > 0 ? "retry" : "handshake";
  }

  /** @param number which of the addresses of loopback, of which there are 65,536 for this */
  async send(number: number, datagram: Uint8Array, port: number): Promise<void> {
    this.#socket.bind(0, `127.65.${number >> 8 & 255}.${number & 255}`);
    await once(this.#socket, "listening");
    await new Promise<void>((sent, failed) =>
      this.#socket.send(datagram, port, "127.0.0.1", (error) => error === null ? sent() : failed(error))
    );
    this.#sent += datagram.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((done) => this.#socket.close(() => done()));
  }
}

async function flood(datagram: Uint8Array, port: number, count: number): Promise<Answers> {
  await using held = new AsyncDisposableStack();
  const addresses: MadeUpAddress[] = [];
  while (addresses.length < count) {
    const more = Array.from({ length: TOGETHER }, () => held.use(new MadeUpAddress()));
    const first = addresses.length;
    addresses.push(...more);
    await Promise.all(more.map((address, index) => address.send(first + index, datagram, port)));
  }
  await new Promise((over) => setTimeout(over, GIVEN_UP_MS)); // what is tested is the time
  const counts: Record<Answer, number> = { nothing: 0, retry: 0, handshake: 0 };
  for (const { answer } of addresses) counts[answer]++;
  return { counts, most: Math.max(...addresses.map(({ amplification }) => amplification)) };
}

if (import.meta.main) {
  const [datagram = "", port, count] = Deno.args;
  const answers = await flood(Uint8Array.fromHex(datagram), Number(port), Number(count));
  await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(answers)));
}
