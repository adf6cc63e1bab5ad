/** The race for the listener that a ticket names. */

import assert from "node:assert/strict";
import type { UltraError } from "../../src/base/errors.ts";
import { alpnsOf, type FormatChoice } from "../../src/auth/versions.ts";
import { dial, type Dialed } from "../../src/meet/dial.ts";
import type { Ticket, TicketHint } from "../../src/protocol/ticket.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import type { SimulatedProcess } from "../support/simulated_process.ts";
import { SimulatedWorld } from "../support/simulated_process.ts";
import { connected, listenOptions, SENDER } from "../session/support.ts";

interface Stage {
  readonly world: SimulatedWorld;
  readonly dialer: SimulatedProcess;
  readonly listener: SimulatedProcess;
  readonly ticket: Ticket;
  /** Dialers that got through. */
  readonly incoming: string[];
}

/** A listener on 10.0.0.2, and a ticket with these hints. */
function stage(...hints: (string | TicketHint)[]): Stage {
  const world = new SimulatedWorld();
  const dialer = world.process({ address: SENDER });
  const listener = world.process({ address: "10.0.0.2" });
  const options = listenOptions(listener, "10.0.0.2:7000");
  const incoming: string[] = [];
  listener.context.hub.onListener(listener.engine.listen(options), (event) => {
    if (event.type === "incoming") incoming.push(event.remote);
  });
  const ticket: Ticket = {
    role: "receive",
    longLived: false,
    pin: options.identity.hash.slice(0, 16),
    token: new Uint8Array(16),
    hints: hints.map((hint) => typeof hint === "string" ? { type: "address", address: hint, port: 7000 } : hint),
  };
  return { world, dialer, listener, ticket, incoming };
}

function run({ world, dialer, ticket }: Stage): Promise<Dialed> {
  return world.time.until(dial(ticket, DEFAULT_TUNING, dialer.context));
}

async function failed(scene: Stage): Promise<{ error: UltraError; seconds: number }> {
  const error = await run(scene).then(() => assert.fail("must fail"), (error: UltraError) => error);
  const seconds = scene.world.time.now() / 1000;
  await assertNothingOpen(scene);
  return { error, seconds };
}

/** Losers are closed, and no timer goes off later. */
async function assertNothingOpen({ world, dialer }: Stage, won = 0): Promise<void> {
  assert.equal(world.time.openTimers, 0);
  await world.time.pass(20_000);
  assert.equal(dialer.engine.connections.length, won);
}

const name = (text: string): TicketHint => ({ type: "name", name: text, port: 7000 });

Deno.test("dial: the listener is found, with its certificate and the version's ALPN", async () => {
  const scene = stage("10.0.0.2");
  const { link, alpn, certificate } = await run(scene);
  assert.deepEqual([link.remote, alpn], ["10.0.0.2:7000", "ultra/2"]);
  assert.deepEqual(certificate.slice(0, 16), scene.ticket.pin);
  await assertNothingOpen(scene, 1);
});

/** A dialer with this format, and a listener that offers what another one does. */
async function dialed(dialing: FormatChoice, listening: FormatChoice): Promise<Dialed> {
  const scene = stage("10.0.0.2");
  const hidden = listenOptions(scene.listener, "10.0.0.2:7001");
  scene.listener.engine.listen({ ...hidden, alpns: alpnsOf(listening) });
  const ticket: Ticket = {
    ...scene.ticket,
    pin: hidden.identity.hash.slice(0, 16),
    hints: [{ type: "address", address: "10.0.0.2", port: 7001 }],
  };
  const found = await scene.world.time.until(
    dial(ticket, { ...DEFAULT_TUNING, format: dialing }, scene.dialer.context),
  );
  assert.equal(scene.world.network.dialled.length, 1, "one handshake decides");
  return found;
}

Deno.test("dial: the older format is found in the one handshake in which the listener offers no ultra, and by who asks for it", async () => {
  const found = [["auto", "auto"], ["auto", "blazing"], ["blazing", "auto"], ["blazing", "blazing"]] as const;
  const alpns = await Promise.all(found.map(async ([dialing, listening]) => (await dialed(dialing, listening)).alpn));
  assert.deepEqual(alpns, ["ultra/2", "blazing/1", "blazing/1", "blazing/1"]);
});

Deno.test("dial: who asks for one format gets that or a failure that names what it wanted, and a word of advice", async () => {
  const cases = [["ultra", "blazing", /does not speak ultra\/2 or ultra;/], [
    "blazing",
    "ultra",
    /older format \(blazing\/1\);/,
  ]];
  for (const [dialing, listening, pattern] of cases as [FormatChoice, FormatChoice, RegExp][]) {
    await assert.rejects(dialed(dialing, listening), (error: UltraError) => {
      assert.deepEqual([error.kind, error.reason], ["protocol", "one-format"]);
      assert.match(error.message, pattern);
      return true;
    });
  }
});

Deno.test("dial: silence, nobody there, and a listener without any common ALPN are no reason to try another format", async () => {
  for (const fate of ["dead", "unreachable"] as const) {
    const scene = stage("10.0.0.2");
    scene.world.network.fates.set("10.0.0.2", fate);
    const { error } = await failed(scene);
    assert.equal(error.kind, "network");
    assert.equal(scene.world.network.dialled.length, 1, fate);
  }
  await assert.rejects(dialed("auto", "h3" as FormatChoice), { kind: "protocol", reason: undefined });
});

Deno.test("dial: B22 a dead first address costs 250 ms, not a timeout", async () => {
  const scene = stage("2001:db8::1", "10.0.0.2");
  scene.world.network.fates.set("2001:db8::1", "dead");
  const { link } = await run(scene);
  assert.equal(link.remote, "10.0.0.2:7000");
  assert.ok(scene.world.time.now() < 300, `${scene.world.time.now()} ms`);
  await assertNothingOpen(scene, 1);
});

Deno.test("dial: addresses start 250 ms apart, in the ticket's order", async () => {
  const addresses = ["10.1.0.1", "2001:db8::1", "10.1.0.3", "10.1.0.4"];
  const scene = stage(...addresses);
  for (const address of addresses) scene.world.network.fates.set(address, "dead");
  await failed(scene);
  assert.deepEqual(scene.world.network.dialled, [
    { address: "10.1.0.1:7000", atMs: 0 },
    { address: "[2001:db8::1]:7000", atMs: 250 },
    { address: "10.1.0.3:7000", atMs: 500 },
    { address: "10.1.0.4:7000", atMs: 750 },
  ]);
});

Deno.test("dial: of two that answer the first one wins, and the other one is closed unused", async () => {
  const scene = stage("10.0.0.2", "10.0.0.2");
  scene.world.network.latencyMs = 200; // the second has started when the first is through
  await run(scene);
  await assertNothingOpen(scene, 1);
  assert.equal(scene.world.network.dialled.length, 2);
});

Deno.test("dial: B23 of a name's three addresses the third is used when two are dead", async () => {
  const scene = stage(name("files.example"));
  const addresses = ["10.1.0.1", "10.1.0.2", "10.0.0.2"];
  scene.world.network.names.set("files.example", { addresses, afterMs: 30 });
  for (const dead of addresses.slice(0, 2)) scene.world.network.fates.set(dead, "dead");
  assert.equal((await run(scene)).link.remote, "10.0.0.2:7000");
  assert.ok(scene.world.time.now() < 600);
  await assertNothingOpen(scene, 1);
});

Deno.test("dial: a name server that does not answer holds up neither the addresses nor the end", async () => {
  const scene = stage(name("slow.example"), "10.0.0.2");
  scene.world.network.names.set("slow.example", { addresses: ["10.1.0.1"], afterMs: 60_000 });
  await run(scene);
  assert.ok(scene.world.time.now() < 100);

  const alone = stage(name("slow.example"));
  alone.world.network.names.set("slow.example", { addresses: ["10.1.0.1"], afterMs: 60_000 });
  const { error, seconds } = await failed(alone);
  assert.deepEqual([error.kind, seconds], ["network", 8.5]);
  assert.match(error.message, /host names were not found in time/);
  await alone.world.time.pass(60_000);
  assert.deepEqual(alone.world.network.dialled, [], "an answer that comes too late starts nothing");
});

Deno.test("dial: names that do not exist are named as the reason when there is nothing else", async () => {
  const { error, seconds } = await failed(stage(name("nowhere.example"), name("neither.example")));
  assert.match(error.message, /host names can be found/);
  assert.ok(seconds < 1);
  const scene = stage(name("nowhere.example"), "10.1.0.1");
  scene.world.network.fates.set("10.1.0.1", "unreachable");
  assert.match((await failed(scene)).error.message, /Nothing listens there/);
});

Deno.test("dial: B12 where UDP does not come through, it says so in under 10 seconds", async () => {
  const scene = stage("10.1.0.1");
  scene.world.network.fates.set("10.1.0.1", "dead");
  const { error, seconds } = await failed(scene);
  assert.deepEqual([error.kind, error.subject], ["network", "10.1.0.1:7000"]);
  assert.match(error.message, /^No answer on UDP; a firewall may block it/);
  assert.ok(seconds < 10);

  const far = stage("203.0.113.1", "203.0.113.2");
  for (const address of ["203.0.113.1", "203.0.113.2"]) far.world.network.fates.set(address, "dead");
  const { error: late, seconds: lasted } = await failed(far);
  assert.match(late.message, /^No answer on UDP; a firewall may block it/);
  assert.equal(late.subject, "203.0.113.1:7000, 203.0.113.2:7000");
  // The rest is for the start and the end of a process.
  assert.ok(lasted <= 8.5, `${lasted} s`);
});

Deno.test("dial: B13 a port that nobody listens on is told at once, in other words", async () => {
  const scene = stage("10.0.0.3");
  const { error, seconds } = await failed(scene);
  assert.match(error.message, /Nothing listens there/);
  assert.ok(seconds < 1);
});

Deno.test("dial: an address that cannot even be started is one that failed, and others may win", async () => {
  const scene = stage("fe80::1", "10.0.0.2");
  scene.world.network.fates.set("fe80::1", "cannot-start");
  assert.equal((await run(scene)).link.remote, "10.0.0.2:7000");
  const late = stage("10.1.0.1", "fe80::1");
  late.world.network.fates.set("10.1.0.1", "dead").set("fe80::1", "cannot-start");
  assert.equal((await failed(late)).error.kind, "network");
  const alone = stage("fe80::1");
  alone.world.network.fates.set("fe80::1", "cannot-start");
  assert.match((await failed(alone)).error.message, /No connection can be started/);
});

Deno.test("dial: whoever refused is asked again every half second until the time is up", async () => {
  const scene = stage("10.1.0.1");
  scene.world.network.fates.set("10.1.0.1", "refuses");
  const { error, seconds } = await failed(scene);
  assert.match(error.message, /takes no more connections at the moment/);
  assert.equal(seconds, 8.5);
  assert.ok(scene.world.network.dialled.length >= 15, `${scene.world.network.dialled.length} tries`);
});

Deno.test("dial: H5 a listener that is full of strangers is reached when they have gone", async () => {
  const scene = stage("10.0.0.2");
  const strangers = scene.world.process({ address: SENDER });
  for (let i = 0; i < 8; i++) await connected(scene.world, strangers, "10.0.0.2:7000");
  scene.world.time.later(3000, () => strangers.engine.stop());
  await run(scene);
  assert.ok(scene.world.time.now() > 3000 && scene.world.time.now() < 4000);
});

Deno.test("dial: T4 a dialer whose place goes to another one during its handshake tries again", async () => {
  const scene = stage("10.0.0.2");
  const { network, time } = scene.world;
  network.fates.set("10.0.0.2", "displaces");
  time.later(1200, () => network.fates.delete("10.0.0.2"));
  await run(scene);
  assert.equal(network.dialled.length, 4);
  assert.ok(time.now() < 1600, `${time.now()} ms`);
});

Deno.test("dial: T4 a listener that displaces every time is given up with 5", async () => {
  const scene = stage("10.0.0.2");
  scene.world.network.fates.set("10.0.0.2", "displaces");
  const { error, seconds } = await failed(scene);
  assert.equal(error.kind, "network");
  assert.match(error.message, /takes no more connections/);
  assert.equal(seconds, 8.5);
});

Deno.test("dial: I1 another certificate than the ticket's ends with 6, and not one byte reached the listener", async () => {
  const scene = stage("10.0.0.2");
  scene.ticket.pin.fill(9);
  const { error } = await failed(scene);
  assert.deepEqual([error.kind, scene.incoming], ["authentication", []]);
});

Deno.test("dial: when all addresses fail, the failure that tells most is told", async () => {
  const wrongPin = (scene: Stage) => void scene.ticket.pin.fill(9);
  const cases: readonly (readonly [hints: string[], what: RegExp, (scene: Stage) => void])[] = [
    [["10.1.0.1", "10.1.0.2"], /Nothing listens/, () => {}],
    [["10.1.0.2", "10.1.0.1"], /Nothing listens/, () => {}],
    [["10.1.0.1", "10.1.0.2", "10.1.0.3"], /takes no more connections/, () => {}],
    [["10.1.0.1", "10.1.0.2", "10.0.0.2"], /another certificate/, wrongPin],
    [["10.0.0.2", "10.1.0.2", "10.1.0.1"], /another certificate/, wrongPin],
  ];
  for (const [hints, what, prepare] of cases) {
    const scene = stage(...hints);
    scene.world.network.fates.set("10.1.0.1", "dead").set("10.1.0.2", "unreachable").set("10.1.0.3", "refuses");
    prepare(scene);
    assert.match((await failed(scene)).error.message, what);
  }
});

Deno.test("dial: C5 an interruption ends it at once, whatever it waits for", async () => {
  for (const hint of ["10.1.0.1", "10.1.0.3", name("slow.example")]) {
    const scene = stage(hint);
    scene.world.network.fates.set("10.1.0.1", "dead").set("10.1.0.3", "refuses");
    scene.world.network.names.set("slow.example", { addresses: [], afterMs: 60_000 });
    scene.world.time.later(700, () => scene.dialer.interrupt("SIGTERM"));
    await assert.rejects(run(scene), { name: "Interrupted", signal: "SIGTERM" });
    assert.ok(scene.world.time.now() <= 701);
    await assertNothingOpen(scene);
  }
  const before = stage("10.0.0.2");
  before.dialer.interrupt();
  await assert.rejects(run(before), { name: "Interrupted" });
  assert.deepEqual(before.world.network.dialled, []);
});
