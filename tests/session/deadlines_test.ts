/** Peers that let others wait, in virtual time: each is given up when its time is over, to the millisecond, and no sooner. */

import assert from "node:assert/strict";
import { encode } from "../../src/protocol/encode.ts";
import { meetByTicket } from "../../src/meet/meet.ts";
import type { Ticket } from "../../src/protocol/ticket.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { dialerHello, listenerHello } from "../hostile/wire.ts";
import { emptyDisk, tree } from "../support/made_up.ts";
import { type SimulatedProcess, SimulatedWorld } from "../support/simulated_process.ts";
import { assertClean, connected, listenOptions, RECEIVER, SENDER } from "./support.ts";

const NETWORK = 5;

/** A listener's patience with strangers, a dialer's with its listener, and a receiver's with a sender that offers nothing. */
const LISTENER_MS = 5000;
const DIALER_MS = 10_000;
const OFFER_MS = 30_000;

/** A turn of the receiver's clock, and the way of a last word. */
const SLACK_MS = 60;

function assertTook(world: SimulatedWorld, sinceMs: number, ms: number, what: string): void {
  const took = world.time.now() - sinceMs;
  assert.ok(took >= ms && took <= ms + SLACK_MS, `${what}: ${took} ms instead of ${ms}`);
}

/** Sends bytes that are no whole message. */
function sendBytes(process: SimulatedProcess, connection: number, bytes: Uint8Array): void {
  process.context.hub.engine.send(connection, bytes);
}

Deno.test("deadlines: I10 H5 strangers with half a hello, a whole one, a trickle or nothing are closed after 5 s, and an honest dialer gets in", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = new SimulatedWorld(seed);
    world.network.latencyMs = 1;
    const disk = emptyDisk();
    const receiver = world.process({ address: RECEIVER, disk });
    const receiving = receiver.receive();
    const ticket = await world.time.until(receiver.ticket);
    const hello = dialerHello({ token: new Uint8Array(ticket.token), direction: 0 });
    const address = addressOf(ticket);
    const stranger = world.process({ address: "10.0.0.66" });
    const sinceMs = world.time.now();
    const links = [];
    for (let i = 0; i < 8; i++) links.push(await connected(world, stranger, address));
    const [half, whole, slow] = links;
    assert.ok(half !== undefined && whole !== undefined && slow !== undefined);
    sendBytes(stranger, half.id, hello.subarray(0, 1 + world.random.below(hello.length - 1)));
    sendBytes(stranger, whole.id, hello);
    let sent = 0;
    using _trickle = world.time.every(500, () => {
      if (!slow.isOver && sent < hello.length - 1) sendBytes(stranger, slow.id, hello.subarray(sent, ++sent));
    });
    // From another address: H5, one address may have eight places.
    const ninth = await assertRejected(connected(world, stranger, address));
    assert.match(ninth, /refused/);
    for (const link of links) {
      const { cause, code } = await world.time.until(link.over);
      assert.deepEqual({ cause, code }, { cause: "peer", code: NETWORK });
    }
    assertTook(world, sinceMs, LISTENER_MS, `strangers, seed ${seed}`);
    const honest = world.process({ address: SENDER, tree: tree([["one", 1]]) });
    assert.equal(await world.time.until(honest.send(["one"], ticket)), 0);
    assert.equal(await world.time.until(receiving), 0);
    assert.deepEqual([...disk.final.keys()], ["one"]);
  }
});

for (const says of ["nothing", "half a hello", "a hello and no proof"] as const) {
  Deno.test(`deadlines: G10 a listener that says ${says} is given up after 10 s, with 5`, async () => {
    const world = new SimulatedWorld();
    world.network.latencyMs = 1;
    const hostile = world.process({ address: RECEIVER });
    const options = listenOptions(hostile, `${RECEIVER}:7000`);
    const id = hostile.engine.listen(options);
    let reachedMs = 0;
    hostile.context.hub.onListener(id, (event) => {
      if (event.type !== "incoming") return;
      reachedMs = world.time.now();
      const hello = listenerHello();
      if (says !== "nothing") {
        sendBytes(hostile, event.connection, says === "half a hello" ? hello.subarray(0, 20) : hello);
      }
    });
    const ticket: Ticket = {
      role: "receive",
      longLived: false,
      pin: options.identity.hash.slice(0, 16),
      token: new Uint8Array(16),
      hints: [{ type: "address", address: RECEIVER, port: 7000 }],
    };
    const sender = world.process({ address: SENDER, tree: tree([["one", 1]]) });
    assert.equal(await world.time.until(sender.send(["one"], ticket)), NETWORK);
    assertTook(world, reachedMs, DIALER_MS - SLACK_MS / 2, says);
    assert.match(sender.output.errorTexts.join(), /in time/);
  });
}

Deno.test("deadlines: H5 a proved sender that offers half, or nothing, is given up after 30 s, with 5, and nothing is created", async () => {
  const offer = encode({ type: "offer", transfer: 1, host: "h", name: "n", totalSize: 1, lanes: 1 });
  for (const length of [0, 1, 10, offer.length - 1]) {
    const world = new SimulatedWorld(length);
    const disk = emptyDisk();
    const receiver = world.process({ address: RECEIVER, disk });
    const receiving = receiver.receive();
    const ticket = await world.time.until(receiver.ticket);
    const silent = world.process({ address: SENDER });
    const { link } = await world.time.until(meetByTicket(ticket, "send", DEFAULT_TUNING, silent.context));
    const sinceMs = world.time.now();
    sendBytes(silent, link.id, offer.subarray(0, length));
    assert.equal(await world.time.until(receiving), NETWORK);
    assertTook(world, sinceMs, OFFER_MS, `${length} bytes of an offer`);
    assert.match(receiver.output.errorTexts.join(), /offered nothing in time/);
    assertClean({ disk });
    assert.equal(disk.final.size, 0);
  }
});

async function assertRejected(promise: Promise<unknown>): Promise<string> {
  let why: unknown;
  await assert.rejects(promise, (error) => {
    why = error;
    return true;
  });
  return String(why);
}

function addressOf(ticket: Ticket): string {
  const [hint] = ticket.hints;
  if (hint?.type !== "address") throw new Error("the ticket names no address");
  return `${hint.address}:${hint.port}`;
}
