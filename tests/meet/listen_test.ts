/** Who is let in, and what strangers can do to a listener: nothing. */

import assert from "node:assert/strict";
import { Secret } from "../../src/auth/secret.ts";
import { dial } from "../../src/meet/dial.ts";
import { Listener, type ListenRequest } from "../../src/meet/listen.ts";
import { proveAsDialer, type ProvedLink } from "../../src/meet/prove.ts";
import { parseTicket, type Ticket } from "../../src/protocol/ticket.ts";
import { startWaiting } from "../../src/meet/meet.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { type SimulatedProcess, SimulatedWorld } from "../support/simulated_process.ts";
import { connected, Listening } from "../session/support.ts";

const HOST = "10.0.0.2";

interface Stage {
  readonly world: SimulatedWorld;
  readonly process: SimulatedProcess;
  readonly listener: Listener;
  readonly ticket: Ticket;
}

async function stage(longLived: boolean, seed = 1): Promise<Stage> {
  const world = new SimulatedWorld(seed);
  const process = world.process({ address: HOST });
  const { listener, ticket } = await world.time.until(startWaiting({
    role: "receive",
    endpoint: { address: HOST, port: 7000 },
    advertise: [],
    machine: { interfaces: [], outward: [] },
    longLived,
    tuning: DEFAULT_TUNING,
  }, process.context));
  return { world, process, listener, ticket: parseTicket(ticket) };
}

/** Dials and proves; how a computer with the ticket does it. */
async function visit({ world, ticket }: Stage, from: string, token = ticket.token): Promise<ProvedLink> {
  const visitor = world.process({ address: from });
  const { link, certificate } = await dial(ticket, DEFAULT_TUNING, visitor.context);
  return await proveAsDialer(link, {
    alpn: "ultra/2",
    certificateHash: certificate,
    random: visitor.context.random,
    secret: new Secret(token),
    secretKind: "token",
    purpose: "new",
    direction: "dialer-sends",
  }, world.time);
}

const wrongToken = () => new Uint8Array(16).fill(1);

Deno.test("listen: a ticket names where the listener really is, and its certificate", async () => {
  const { ticket, listener } = await stage(false);
  assert.deepEqual(ticket.hints, [{ type: "address", address: HOST, port: 7000 }]);
  assert.deepEqual([ticket.pin, ticket.token, ticket.longLived], Object.values(listener.ticketParts));
});

Deno.test("listen: the first proof burns a single-use ticket for good", async () => {
  const scene = await stage(false);
  const { world, process, listener } = scene;
  const next = listener.next();
  await world.time.until(visit(scene, "10.0.0.1"));
  const first = await world.time.until(next);
  assert.equal(first.link.remote, "10.0.0.1:50000");
  await assert.rejects(world.time.until(visit(scene, "10.0.0.3")), { kind: "authentication" });
  const session = listener.open({
    link: first.link,
    key: new Secret(new Uint8Array(32)),
    most: 2,
    path: "near",
    take: () => {},
    returned: undefined,
  });
  await assert.rejects(
    world.time.until(visit(scene, "10.0.0.3")),
    { kind: "authentication" },
    "joins are let in, alone",
  );
  session[Symbol.dispose]();
  await assert.rejects(world.time.until(visit(scene, "10.0.0.3")), { kind: "authentication" }, "between transfers");
  await world.time.until(first.link.close(0));
  await world.time.pass(1);
  assert.equal(process.engine.listenerCount, 0, "the port is closed with its first connection");
  await assert.rejects(world.time.until(visit(scene, "10.0.0.3")), { kind: "network" });
});

Deno.test("listen: of two dialers with one single-use ticket at the same time one is served, the other one gets 6", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const scene = await stage(false, seed);
    const { world, listener } = scene;
    world.network.jitterMs = 5;
    const visits = ["10.0.0.1", "10.0.0.3"].map(async (from) => {
      const { link } = await visit(scene, from);
      const { error } = await link.over;
      throw error;
    });
    const served = await world.time.until(listener.next());
    const loser = visits[served.link.remote.startsWith("10.0.0.1") ? 1 : 0];
    await assert.rejects(world.time.until(loser ?? assert.fail()), { kind: "authentication" }, `seed ${seed}`);
    visits.forEach((visit) => visit.catch(() => {}));
  }
});

Deno.test("listen: J6 a long-lived ticket serves several, one after the other, in the order of their proofs", async () => {
  const scene = await stage(true);
  const visitors = ["10.0.0.1", "10.0.0.3", "10.0.0.4"];
  for (const from of visitors) await scene.world.time.until(visit(scene, from));
  const served: string[] = [];
  for (const _ of visitors) served.push((await scene.world.time.until(scene.listener.next())).link.remote);
  assert.deepEqual(served, visitors.map((from) => `${from}:50000`));
  assert.equal(scene.process.engine.listenerCount, 1);
});

Deno.test("listen: H5 sixteen proved dialers wait, one more is sent away and may come again", async () => {
  const scene = await stage(true);
  for (let i = 0; i < 16; i++) await scene.world.time.until(visit(scene, `10.0.1.${i}`));
  const { link } = await scene.world.time.until(visit(scene, "10.0.2.1"));
  const { code, error } = await scene.world.time.until(link.over);
  assert.deepEqual([code, error.kind], [5, "network"]);
  await scene.world.time.until(scene.listener.next());
  await scene.world.time.until(visit(scene, "10.0.2.1"));
});

Deno.test("listen: nothing strangers do ends a listener, and the right dialer still comes in", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const scene = await stage(false, seed);
    const { world, process, listener } = scene;
    const next = listener.next();
    const strangers = world.process({ address: "10.0.9.9" });
    for (let i = 0; i < 7; i++) {
      const link = await connected(world, strangers, `${HOST}:7000`);
      const what = world.random.below(4);
      if (what === 0) link.sendBytes(new Uint8Array(world.random.between(1, 6000)).map(() => world.random.below(256)));
      if (what === 1) void link.close(world.random.below(10));
      if (what === 2) link.send({ type: "bye" });
      if (what === 3) world.network.vanish(strangers.engine.connections);
    }
    for (let i = 0; i < 3; i++) await assert.rejects(world.time.until(visit(scene, `10.0.8.${i}`, wrongToken())));
    await world.time.until(visit(scene, "10.0.0.1"));
    assert.equal((await world.time.until(next)).link.remote, "10.0.0.1:50000", `seed ${seed}`);
    assert.deepEqual(process.output.errors, []);
  }
});

Deno.test("listen: wrong guesses are told three times at most, whoever makes them", async () => {
  const scene = await stage(false);
  for (let i = 0; i < 10; i++) {
    await assert.rejects(scene.world.time.until(visit(scene, `10.0.8.${i}`, wrongToken())), { kind: "authentication" });
  }
  assert.equal(scene.process.output.warnings.length, 3);
});

Deno.test("listen: I10 strangers that say nothing lose their place after 5 seconds", async () => {
  const scene = await stage(false);
  const strangers = scene.world.process({ address: "10.0.9.9" });
  for (let i = 0; i < 8; i++) await connected(scene.world, strangers, `${HOST}:7000`);
  await assert.rejects(connected(scene.world, strangers, `${HOST}:7000`), /refused/);
  await scene.world.time.pass(5700);
  assert.equal(scene.process.engine.connections.length, 0);
  await connected(scene.world, strangers, `${HOST}:7000`);
});

Deno.test("listen: I5 a recorded proof is worth nothing on another connection", async () => {
  const scene = await stage(true);
  const { world, ticket } = scene;
  const visitor = world.process({ address: "10.0.0.1" });
  const flights: Uint8Array[] = [];
  const recorded = await world.time.until(dial(ticket, DEFAULT_TUNING, visitor.context));
  const { link } = recorded;
  const sendBytes = link.sendBytes.bind(link);
  link.sendBytes = (bytes) => {
    flights.push(bytes.slice());
    sendBytes(bytes);
  };
  await world.time.until(proveAsDialer(link, {
    alpn: "ultra/2",
    certificateHash: recorded.certificate,
    random: visitor.context.random,
    secret: new Secret(ticket.token),
    secretKind: "token",
    purpose: "new",
    direction: "dialer-sends",
  }, world.time));
  const thief = await connected(world, world.process({ address: "10.0.9.9" }), `${HOST}:7000`);
  const heard = new Listening();
  thief.handle(heard);
  for (const flight of flights) thief.sendBytes(flight);
  await world.time.pass(1000);
  assert.deepEqual(heard.ends.map(({ code }) => code), [6]);
  await world.time.until(scene.listener.next());
  const another = scene.listener.next();
  await world.time.until(visit(scene, "10.0.0.3"));
  assert.equal((await world.time.until(another)).link.remote, "10.0.0.3:50000", "the thief was not let in");
});

Deno.test("listen: stopping turns strangers away and leaves those that were let in alone", async () => {
  const scene = await stage(true);
  await scene.world.time.until(visit(scene, "10.0.0.1"));
  const stranger = await connected(scene.world, scene.world.process({ address: "10.0.9.9" }), `${HOST}:7000`);
  scene.listener.stop();
  await scene.world.time.until(stranger.over);
  assert.ok(!(await scene.world.time.until(scene.listener.next())).link.isOver);
  await assert.rejects(scene.world.time.until(visit(scene, "10.0.0.3")), { kind: "network" });
});

Deno.test("listen: a system without IPv6 listens on IPv4 and says so; an address that is taken is an error", () => {
  const request: ListenRequest = {
    endpoint: { address: "::", port: 7000 },
    role: "receive",
    longLived: false,
    tuning: DEFAULT_TUNING,
  };
  const world = new SimulatedWorld();
  const old = world.process({ address: HOST, hasNoIpv6: true });
  new Listener(request, old.context);
  assert.deepEqual(old.output.notes, ["This system has no IPv6: listening on IPv4 only"]);
  assert.throws(() => new Listener({ ...request, endpoint: { address: "::1", port: 7000 } }, old.context), {
    reason: "no-family",
  });
  const twin = world.process({ address: HOST });
  assert.throws(() => new Listener({ ...request, endpoint: { address: HOST, port: 7000 } }, twin.context), {
    reason: "port-in-use",
  });
});
