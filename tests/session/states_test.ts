import assert from "node:assert/strict";
import type { Peer } from "../../src/meet/join.ts";
import { Incoming } from "../../src/session/incoming.ts";
import { openSink } from "../../src/session/sink.ts";
import { Offering, USUAL_CHOICES } from "../../src/session/offering.ts";
import { Outgoing } from "../../src/session/outgoing.ts";
import { Transfer } from "../../src/session/transfer.ts";
import type { Summary } from "../../src/transfer/outcome.ts";
import { type Item, MIB } from "../support/made_up.ts";
import type { SimulatedProcess } from "../support/simulated_process.ts";
import { assertArrived, provedPair, RECEIVE_OPTIONS, SEND_OPTIONS } from "./support.ts";

const ITEMS: readonly Item[] = [["photos", "folder"], ["photos/a", 3 * MIB + 5], ["photos/b", 7]];

const proved = () => provedPair(ITEMS);

function outgoing(sender: SimulatedProcess): Transfer {
  const offering = Offering.ofPaths(["photos"], USUAL_CHOICES, sender.context);
  return new Transfer(
    new Outgoing(offering, 1, SEND_OPTIONS, sender.context),
    { retryForMs: 0 },
    sender.context,
  );
}

function incoming(receiver: SimulatedProcess): Transfer {
  const sink = openSink(RECEIVE_OPTIONS, receiver.context);
  return new Transfer(new Incoming(sink, 1, RECEIVE_OPTIONS, receiver.context), { retryForMs: 0 }, receiver.context);
}

function summaryOf({ outcome }: Transfer): Summary {
  if (outcome.state !== "finished") throw new Error(`${outcome.state} instead of finished`);
  return outcome.summary;
}

const isOver = (...peers: readonly Peer[]) => peers.map(({ link }) => link.isOver);

Deno.test("transfer: at its end the link is its owner's, and its lanes are gone", async () => {
  const { world, disk, sender, receiver, there, here } = await proved();
  const [one, other] = [outgoing(sender), incoming(receiver)];
  assert.deepEqual([one.state.at, other.state.at], ["waiting", "waiting"]);
  one.connect(there);
  other.connect(here);
  assert.deepEqual([one.state.at, other.state.at], ["active", "active"]);
  await world.time.until(Promise.all([one.rest, other.rest]));
  assert.deepEqual([one.state.at, other.state.at], ["finished", "finished"]);
  for (const transfer of [one, other]) assert.equal(summaryOf(transfer).counts.committedFiles, 2);
  assert.deepEqual(isOver(there, here), [false, false], "the link is its owner's");
  await world.time.pass(100);
  for (const { engine } of [sender, receiver]) {
    assert.deepEqual(engine.connections.flatMap((end) => end.laneIds), [], "lanes end with their transfer");
  }
  assertArrived({ world, sender, receiver, disk, items: ITEMS });
  await world.time.until(Promise.all([there.link.close(0), here.link.over]));
  assert.deepEqual(isOver(there, here), [true, true]);
});

Deno.test("transfer: one that waits for nobody ends with its link, with what the link says", async () => {
  const { world, sender, receiver, there, here } = await proved();
  const [one, other] = [outgoing(sender), incoming(receiver)];
  other.connect(here);
  one.connect(there);
  await world.time.until(here.link.close(5));
  await world.time.until(Promise.all([one.rest, other.rest]));
  assert.deepEqual([one.state.at, other.state.at], ["finished", "finished"]);
  assert.ok(one.outcome.state === "failed" && one.outcome.error.message === "The other side went away");
});

Deno.test("transfer: it begins once", async () => {
  const { sender, there } = await proved();
  const transfer = outgoing(sender);
  transfer.connect(there);
  assert.throws(() => transfer.connect(there), /active cannot begin/);
});

Deno.test("transfer: progress is told with the clock, at the beginning and at the end, however many events there are", async () => {
  const { world, sender, receiver, there, here } = await proved();
  const [one, other] = [outgoing(sender), incoming(receiver)];
  const told: number[] = [];
  receiver.output.listener = ({ type }) => {
    if (type === "progress") told.push(world.time.now());
  };
  let turns = 0;
  using _turns = receiver.context.hub.onTurn(() => turns++);
  one.connect(there);
  other.connect(here);
  await world.time.until(other.rest);
  assert.ok(turns > 5, `${turns} batches`);
  // One is told out of time: with the end.
  const early = told.filter((atMs, index) => atMs - (told[index - 1] ?? -Infinity) < 50);
  assert.ok(told.length >= 2 && early.length <= 1, `told at ${told.join(", ")} in ${turns} batches`);
  const calls = receiver.output.events.filter(({ type }) => type === "started" || type === "progress");
  assert.deepEqual(calls.map(({ type }) => type), ["started", ...told.map(() => "progress")]);
  assert.deepEqual(receiver.output.reports.at(-1)?.verifiedBytes, summaryOf(other).totalBytes);
  await world.time.until(one.rest);
});

Deno.test("transfer: its events carry its id, and a phase is told when it changes", async () => {
  const { world, sender, receiver, there, here } = await proved();
  const [one, other] = [outgoing(sender), incoming(receiver)];
  const sides = [[sender, one.id], [receiver, other.id]] as const;
  const before = sides.map(([{ output }]) => output.events.length);
  one.connect(there);
  other.connect(here);
  await world.time.until(Promise.all([one.rest, other.rest]));
  for (const [index, [{ output }, id]] of sides.entries()) {
    const events = output.events.slice(before[index]);
    assert.ok(events.length > 5);
    for (const event of events) assert.ok("transfer" in event && event.transfer === id, event.type);
    const phases = events.flatMap((event) => event.type === "phase" ? [event.phase] : []);
    assert.deepEqual(phases, [...new Set(phases)]);
    assert.ok(phases.includes("moving"));
  }
});
