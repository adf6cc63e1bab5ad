/** The relay does what its weather says, the same for the same seed. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Relay } from "./relay.ts";
import { Line, type Weather } from "./weather.ts";

const COUNT = 2000;

const bytesOf = (number: number) => new Uint8Array([number >> 8, number & 255, number >> 8, number & 255]);

interface Arrived {
  readonly numbers: readonly number[];
  readonly damaged: number;
}

/** Numbered datagrams through one direction; `change` is asked before each. */
async function through(seed: number, count: number, change: (at: number) => Partial<Weather>): Promise<Arrived> {
  // All come at the same moment, however busy the machine is.
  const line = new Line(seed, () => 0);
  const numbers: number[] = [];
  let damaged = 0;
  const deliver = ([a = 0, b = 0, c, d]: Uint8Array) => {
    numbers.push(a * 256 + b);
    if (a !== c || b !== d) damaged += 1;
  };
  for (let at = 0; at < count; at++) {
    line.set(change(at));
    line.take(bytesOf(at), deliver);
  }
  line.set({ drop: 0, corrupt: 0, isSilent: false, maxDatagram: Infinity, bytesPerSecond: Infinity, delayMs: 100 });
  // Behind all that is delayed.
  await new Promise<void>((last) => line.take(bytesOf(0), () => last()));
  return { numbers, damaged };
}

function assertAbout(actual: number, wanted: number): void {
  assert.ok(Math.abs(actual - wanted) <= wanted / 4, `${actual} is not about ${wanted}`);
}

const all = (count: number) => Array.from({ length: count }, (_, at) => at);

Deno.test("relay: in fair weather everything arrives once, in its order", async () => {
  assert.deepEqual(await through(1, COUNT, () => ({})), { numbers: all(COUNT), damaged: 0 });
});

Deno.test("relay: what is lost is decided by the seed, and not by the weather before", async () => {
  const { numbers } = await through(7, COUNT, () => ({ drop: 0.2 }));
  assertAbout(COUNT - numbers.length, COUNT / 5);
  assert.deepEqual((await through(7, COUNT, () => ({ drop: 0.2 }))).numbers, numbers);
  assert.notDeepEqual((await through(8, COUNT, () => ({ drop: 0.2 }))).numbers, numbers);
  const late = (await through(7, COUNT, (at) => ({ drop: at < 1000 ? 0 : 0.2 }))).numbers;
  assert.deepEqual(late.filter((number) => number >= 1000), numbers.filter((number) => number >= 1000));
});

Deno.test("relay: datagrams come twice, damaged and out of order as often as they are to", async () => {
  const twice = (await through(7, COUNT, () => ({ duplicate: 0.1 }))).numbers;
  assertAbout(twice.length - COUNT, COUNT / 10);
  assert.equal(new Set(twice).size, COUNT);
  assertAbout((await through(7, COUNT, () => ({ corrupt: 0.3 }))).damaged, 0.3 * COUNT);
  const mixed = (await through(7, COUNT, () => ({ jitterMs: 20 }))).numbers;
  assert.notDeepEqual(mixed, all(COUNT));
  assert.deepEqual(mixed.toSorted((a, b) => a - b), all(COUNT));
});

Deno.test("relay: silence, large datagrams and a full queue lose, a pause does not", async () => {
  // From the tenth datagram on, for ten.
  const meanwhile = async (weather: Partial<Weather>, after: Partial<Weather>) =>
    (await through(1, 100, (at) => at === 10 ? weather : at === 20 ? after : {})).numbers;
  const lost = all(100).filter((number) => number < 10 || number >= 20);
  assert.deepEqual(await meanwhile({ isSilent: true }, { isSilent: false }), lost);
  assert.deepEqual(await meanwhile({ maxDatagram: 3 }, { maxDatagram: 4 }), lost);
  assert.deepEqual(await meanwhile({ isHeld: true }, { isHeld: false }), all(100));
  // Five of them wait for their turn.
  const slow = await meanwhile({ bytesPerSecond: 1000, queueBytes: 20 }, { bytesPerSecond: Infinity });
  assert.equal(slow.length, 95);
});

Deno.test("relay: a NAT that forgets, and an address that changes, show as another port, and silence has a direction", async () => {
  const [listener, dialer] = [createSocket("udp4"), createSocket("udp4")];
  for (const socket of [listener, dialer]) await new Promise<void>((bound) => socket.bind(0, "127.0.0.1", bound));
  {
    await using relay = await Relay.to(listener.address().port);
    const seen = new Set<string>();
    const ask = async (number: number) => {
      const asked = new Promise<{ address: string; port: number }>((got) =>
        listener.once("message", (_, from) => got(from))
      );
      dialer.send(bytesOf(number), relay.port, "127.0.0.1");
      return await asked;
    };
    let from = await ask(1);
    for (const change of [() => relay.rebind(), () => relay.moveTo("127.0.0.2")]) {
      seen.add(`${from.address}:${from.port}`);
      await change();
      from = await ask(2);
    }
    seen.add(`${from.address}:${from.port}`);
    assert.equal(seen.size, 3);
    assert.equal(from.address, "127.0.0.2");
    const answered = new Promise((got) => dialer.once("message", got));
    listener.send(bytesOf(3), from.port, from.address);
    assert.deepEqual([...await answered as Uint8Array], [...bytesOf(3)]);
    await relay.set({ isSilent: true }, "back");
    listener.send(bytesOf(4), from.port, from.address);
    // (`carried` counts from the moment when the relay hears of it, which may be behind the datagram.)
    while ((await relay.counts("back")).datagrams < 2);
    await ask(5);
    assert.deepEqual(await relay.counts("back"), { datagrams: 2, bytes: 8, lost: 1 });
    assert.equal((await relay.counts("out")).lost, 0);
  }
  for (const socket of [listener, dialer]) await new Promise<void>((closed) => socket.close(() => closed()));
});
