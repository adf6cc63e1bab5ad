/** T13: a receiver that goes on, on the simulated network: many senders at once, those that do nothing, and repeats. */

import assert from "node:assert/strict";
import { MOST_CLIENTS, PROGRESS_MS } from "../../src/serve/clients.ts";
import { meetByTicket } from "../../src/meet/meet.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import type { Ticket } from "../../src/protocol/ticket.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { Listening, RECEIVER } from "../session/support.ts";
import { emptyDisk, type Item, MIB, tree } from "../support/made_up.ts";
import { MemoryStates } from "../support/memory_states.ts";
import type { SimulatedProcess } from "../support/simulated_process.ts";
import { SimulatedWorld } from "../support/simulated_process.ts";

const OFFER: Message = { type: "offer", transfer: 1, host: "h", name: "n", totalSize: 1, lanes: 4 };

async function staying(host: Parameters<SimulatedWorld["process"]>[0] = { address: RECEIVER }) {
  const world = new SimulatedWorld();
  const disk = emptyDisk();
  const receiver = world.process({ disk, ...host });
  const receiving = receiver.receive(undefined, { stay: true, retryForMs: 60_000 });
  return { world, disk, receiver, receiving, ticket: await world.time.until(receiver.ticket) };
}

const sender = (world: SimulatedWorld, number: number, items: readonly Item[]) =>
  world.process({ address: `10.0.1.${number}`, tree: tree(items) });

/** A sender that proves itself, and then says what the test wants. */
async function silent(world: SimulatedWorld, ticket: Ticket, number: number) {
  const { context } = world.process({ address: `10.0.2.${number}` });
  const met = await world.time.until(meetByTicket(ticket, "send", DEFAULT_TUNING, context));
  met.link.admit(0);
  const heard = new Listening();
  met.link.handle(heard);
  return { link: met.link, heard };
}

const ends = ({ output }: SimulatedProcess) =>
  output.events.flatMap((event) => event.type === "client-over" ? [event.client] : []);

Deno.test("T13: G8: a sender that proves itself and does nothing holds up nobody, and has a place for minutes only", async () => {
  const { world, disk, receiver, receiving, ticket } = await staying();
  const mute = await silent(world, ticket, 1);
  const stuck = await silent(world, ticket, 2);
  stuck.link.send(OFFER);
  const beat = world.time.every(1000, () => stuck.link.send({ type: "heartbeat" }));
  const began = world.time.now();
  assert.equal(await world.time.until(sender(world, 1, [["movie", 3 * MIB]]).send(["movie"], ticket)), 0);
  assert.ok(world.time.now() - began < 5000, "nobody waited for the silent ones");
  assert.deepEqual([mute.heard.ends.length, stuck.heard.ends.length], [0, 0]);
  await world.time.until(mute.link.over);
  await world.time.until(stuck.link.over);
  beat[Symbol.dispose]();
  const lasted = world.time.now() - began;
  assert.ok(lasted > PROGRESS_MS - 5000 && lasted < PROGRESS_MS + 5000, `${lasted} ms`);
  assert.deepEqual(ends(receiver).map(({ code }) => code), [0, 5, 5]);
  assert.match(ends(receiver).at(-1)?.error?.message ?? "", /Nothing moved for too long/);
  assert.deepEqual([...disk.final.keys()], ["movie"]);
  receiver.interrupt();
  assert.equal(await world.time.until(receiving), 130);
});

Deno.test("T13: one sender more than there are places is told so with 5, and the next one finds a place that is free", async () => {
  const { world, receiver, receiving, ticket } = await staying();
  const holders = [];
  for (let i = 0; i < MOST_CLIENTS; i++) holders.push(await silent(world, ticket, i));
  const late = sender(world, 1, [["a", 5]]);
  assert.equal(await world.time.until(late.send(["a"], ticket)), 5);
  assert.match(late.output.errorTexts[0] ?? "", /^The other side: It serves as many clients as it takes .*\(64\)/);
  assert.deepEqual(ends(receiver).map(({ code, at }) => [code, at]), [[5, "door"]]);
  await world.time.until(holders[0]?.link.close(0) ?? assert.fail());
  await world.time.pass(2000);
  assert.equal(await world.time.until(sender(world, 2, [["a", 5]]).send(["a"], ticket)), 0);
  receiver.interrupt();
  assert.equal(await world.time.until(receiving), 130);
});

Deno.test("stay: a file that was taken away is confirmed again and not received, also by another process; another file of its name is", async () => {
  const states = new MemoryStates();
  const { world, disk, receiver, receiving, ticket } = await staying({ address: RECEIVER, states });
  const items: Item[] = [["big", 3 * MIB], ["small", 5], ["none", 0]];
  const names = items.map(([name]) => name);
  assert.equal(await world.time.until(sender(world, 1, items).send(names, ticket)), 0);
  disk.final.clear();
  const repeat = sender(world, 1, items);
  assert.equal(await world.time.until(repeat.send(names, ticket)), 0);
  assert.deepEqual([...disk.final.keys()], []);
  assert.equal(repeat.output.facts[0]?.presentFiles, 3);
  receiver.interrupt();
  assert.equal(await world.time.until(receiving), 130);

  const next = world.process({ address: RECEIVER, disk, states });
  const nextEnd = next.receive(undefined, { stay: true });
  const nextTicket = await world.time.until(next.ticket);
  assert.equal(await world.time.until(sender(world, 1, items).send(names, nextTicket)), 0);
  assert.deepEqual([...disk.final.keys()], []);
  const others: Item[] = [["big", 3 * MIB], ["small", 6], ["none", 0]];
  assert.equal(await world.time.until(sender(world, 1, others).send(names, nextTicket)), 0);
  assert.deepEqual([...disk.final.keys()], ["small"]);
  // From another computer the same names are other files.
  assert.equal(await world.time.until(sender(world, 2, items).send(["big"], nextTicket)), 0);
  assert.deepEqual([...disk.final.keys()].sort(), ["big", "small"]);
  next.interrupt();
  assert.equal(await world.time.until(nextEnd), 130);
});
