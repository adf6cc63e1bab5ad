/** Floods of replayed first datagrams from addresses that are not their sender's, beside dialers with a ticket (T4, I11). */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { ULTRA } from "../../scripts/paths.ts";
import { firstDatagram } from "../support/first_datagram.ts";
import { within } from "./hostile_peer.ts";
import { comeFromMadeUpAddresses } from "./made_up_addresses.ts";
import { Box, type Exit, UltraProcess } from "./ultra_process.ts";

/** 200 datagrams a second, in small bursts. */
const BURST = 10;
const BURST_MS = 50;

/** Five times what a dialer may take beside such a flood on loopback: a hang, on a machine with other work. */
const DIALER_MS = 10_000;

/** A listener may grow by so much under a flood; what it holds is bounded, and is 10 MB in `bench/admission.ts`. */
const MOST_GROWTH = 64 << 20;

/** Addresses of I11. */
const ADDRESSES = 10_000;

/** With 16 places, each taken for 5 s, a flood of a minute; it takes seconds. What comes faster than it is read gets no answer at all. */
const MOST_HANDSHAKES = 200;

/** What a server may send to an address that has shown nothing, for each byte from there: RFC 9000, 8.1. */
const MOST_AMPLIFICATION = 3;

/** Replays a datagram, each time from another address of loopback, until it is disposed of. */
class Flood implements AsyncDisposable {
  readonly #datagram: Uint8Array;
  readonly #port: number;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #bursts = new Set<Promise<unknown>>();
  readonly #watchers = new Set<() => void>();
  #started = 0;
  #sent = 0;

  constructor(datagram: Uint8Array, port: number) {
    this.#datagram = datagram;
    this.#port = port;
    this.#timer = setInterval(() => this.#burst(), BURST_MS);
  }

  /** When so many more datagrams have been sent. */
  async more(count: number): Promise<void> {
    const goal = this.#sent + count;
    const arrived = async () => {
      while (this.#sent < goal) await new Promise<void>((resolve) => this.#watchers.add(resolve));
    };
    await within(`${count} datagrams`, arrived());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#bursts);
  }

  #burst(): void {
    const burst = Promise.all(Array.from({ length: BURST }, () => this.#send(this.#started++)));
    this.#bursts.add(burst);
    void burst.finally(() => {
      this.#bursts.delete(burst);
      this.#sent += BURST;
      for (const watcher of this.#watchers) watcher();
      this.#watchers.clear();
    });
  }

  async #send(number: number): Promise<void> {
    const socket = createSocket("udp4");
    socket.bind(0, `127.64.${number >> 8 & 255}.${number & 255}`);
    await once(socket, "listening");
    await new Promise<void>((sent, failed) =>
      socket.send(this.#datagram, this.#port, "127.0.0.1", (error) => error === null ? sent() : failed(error))
    );
    socket.close();
  }
}

/** Sends a file; those who come one after the other may send the same one, which is there already for all but the first. */
async function send(box: Box, ticket: string, name = "canary"): Promise<Exit> {
  await using sender = new UltraProcess(["send", join(box.folder, name), ticket]);
  return await sender.exit();
}

async function peakBytes(pid: number): Promise<number> {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(await Deno.readTextFile(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes ?? assert.fail("no peak")) * 1024;
}

Deno.test("hostile: T4 beside 200 replayed first datagrams a second every honest dialer gets in, and memory stays bounded", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box, "--stay");
  const { port, text } = await receiver.ticket();
  assert.equal((await send(box, text)).code, 0);
  const before = await peakBytes(receiver.pid);
  await using flood = new Flood(await firstDatagram(ULTRA, join(box.folder, "canary")), port);
  // More than there are places, of which none is free any more if they are taken at all.
  await flood.more(200);
  for (let i = 0; i < 8; i++) {
    const { code, stderr } = await within("a dialer beside the flood", send(box, text), DIALER_MS);
    assert.equal(code, 0, stderr);
  }
  await flood.more(200);
  const growth = await peakBytes(receiver.pid) - before;
  assert.ok(growth < MOST_GROWTH, `the listener grew by ${growth} bytes`);
});

Deno.test("hostile: T4 a crowd of honest dialers gets in without a flood", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box, "--stay");
  const { text } = await receiver.ticket();
  // They are served at the same time: of two that bring the same name, one would find it taken.
  const names = Array.from({ length: 6 }, (_, index) => `file ${index}`);
  for (const name of names) await Deno.writeTextFile(join(box.folder, name), name);
  const sent = await within("the crowd", Promise.all(names.map((name) => send(box, text, name))));
  for (const { code, stderr } of sent) assert.equal(code, 0, stderr);
});

Deno.test({
  name:
    "hostile: I11 of 10,000 made-up addresses none gets more than three times what came from it, all but a few have to show themselves with a Retry, memory stays flat, and honest dialers get in",
  ignore: await mostDescriptors() < ADDRESSES + 1000,
  fn: async () => {
    await using box = await Box.make();
    await using receiver = UltraProcess.receiver(box, "--stay");
    const { port, text } = await receiver.ticket();
    assert.equal((await send(box, text)).code, 0);
    const before = await peakBytes(receiver.pid);
    const datagram = await firstDatagram(ULTRA, join(box.folder, "canary"));
    let isOver = false;
    const flood = comeFromMadeUpAddresses(datagram, port, ADDRESSES).finally(() => isOver = true);
    const honest = async () => {
      let count = 0;
      for (; !isOver; count++) {
        const { code, stderr } = await within("a dialer beside the flood", send(box, text), DIALER_MS);
        assert.equal(code, 0, stderr);
      }
      return count;
    };
    const [{ counts, most }, dialers] = await Promise.all([flood, honest()]);
    assert.equal((await send(box, text)).code, 0);
    assert.ok(dialers > 0, "nobody came beside the flood");
    assert.ok(counts.handshake > 0, "nobody was answered before addresses had to be shown");
    assert.ok(counts.handshake < MOST_HANDSHAKES && counts.retry > MOST_HANDSHAKES, JSON.stringify(counts));
    assert.ok(most <= MOST_AMPLIFICATION, `${most} times what came from there was sent to an address`);
    const growth = await peakBytes(receiver.pid) - before;
    assert.ok(growth < MOST_GROWTH, `the listener grew by ${growth} bytes`);
  },
});

/** How many descriptors a process may have that raises its own limit, as Deno does. */
async function mostDescriptors(): Promise<number> {
  if (Deno.build.os !== "linux") return 0;
  const [, most] = /^Max open files +\S+ +(\S+)/m.exec(await Deno.readTextFile("/proc/self/limits")) ?? [];
  return most === "unlimited" ? Infinity : Number(most ?? assert.fail("no limit"));
}
