/** Lost connections that are replaced inside running processes, in virtual time. */

import assert from "node:assert/strict";
import { Secret } from "../../src/auth/secret.ts";
import { dial } from "../../src/meet/dial.ts";
import type { Peer } from "../../src/meet/join.ts";
import { meetByTicket } from "../../src/meet/meet.ts";
import { proveAsDialer, proveAsListener } from "../../src/meet/prove.ts";
import { ControlLink } from "../../src/link/control_link.ts";
import { CLOSE_REPLACED, EXIT_CODES } from "../../src/protocol/codes.ts";
import type { ListenerHello, Message } from "../../src/protocol/messages.ts";
import type { Ticket } from "../../src/protocol/ticket.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { emptyDisk, type Item, MIB, tree } from "../support/made_up.ts";
import { type SimulatedProcess, SimulatedWorld } from "../support/simulated_process.ts";
import {
  assertArrived,
  assertClean,
  type Ending,
  Listening,
  listenOptions,
  type Play,
  play,
  RECEIVER,
  type Scene,
  SENDER,
  WAITS_ON,
} from "./support.ts";

const ITEMS: readonly Item[] = [
  ["data", "folder"],
  ["data/a", 40 * MIB],
  ["data/b", 0],
  ["data/c", 3 * MIB + 7],
  ["data/d", 20 * MIB],
  ...Array.from({ length: 40 }, (_, index): Item => [`data/small${index}`, 100 + index]),
];

/** A little longer than the transfer takes. */
const SPAN_MS = 160;

const RETRY = { retryForMs: 300_000 };

/** A transfer whose sides wait for each other. */
function patient(scene: Partial<Scene>): Promise<Ending> {
  return play({ items: ITEMS, waits: "receiver", send: RETRY, receive: RETRY, ...scene });
}

/** A world whose paths and disks are as its seed says. */
function worldOf(seed: number): { readonly world: SimulatedWorld; readonly scene: Partial<Scene> } {
  const world = new SimulatedWorld(seed);
  world.network.latencyMs = world.random.between(1, 15);
  world.network.clumpMs = world.random.below(2) * 3;
  const disk = emptyDisk({ writeMs: world.random.time(0.1, 2), commitMs: world.random.time(0.1, 20) });
  return { world, scene: { world, disk, waits: world.random.pick(["sender", "receiver"]) } };
}

function told(play: Play, side: "sender" | "receiver"): string[] {
  const about = new Set(["stalled", "connection-lost", "returned", "peer-restarted"]);
  return play[side].output.events.map(({ type }) => type).filter((type) => about.has(type));
}

Deno.test("reconnect: B8 B9 a black hole of up to 70 s at any moment of a transfer ends with everything there on both sides", async () => {
  const counts = { replaced: 0, before: 0 };
  for (let seed = 1; seed <= 200; seed++) {
    const { world, scene } = worldOf(seed);
    const holeMs = world.random.time(100, 70_000);
    let [atMs, isNoticed] = [0, false];
    const ending = await patient({
      ...scene,
      during: ({ sender }) =>
        world.time.later(world.random.time(0, SPAN_MS), () => {
          atMs = world.time.now();
          // A dialer that receives and has no offer yet cannot tell a sender that looks through its files from one that is gone.
          const from = scene.waits === "receiver" ? "started" : "opened";
          isNoticed = sender.output.events.some(({ type }) => type === from);
          world.network.goDown(holeMs, world.random.time(12_000, 20_000));
        }),
    });
    const text = `seed ${seed}: ${JSON.stringify(ending.codes)}`;
    const { codes, sender, receiver } = ending;
    const isReplaced = told(ending, "sender").includes("returned");
    if (!isReplaced && (codes.sender !== 0 || codes.receiver !== 0)) {
      // Before both had proved themselves there was nothing to go on with; at the very end the receiver may have everything.
      counts.before++;
      assertClean(ending);
      continue;
    }
    assert.deepEqual(codes, { sender: 0, receiver: 0 }, text);
    assertArrived(ending);
    if (!isReplaced) continue;
    assert.equal(told(ending, "sender").filter((type) => type === "returned").length, 1, text);
    counts.replaced++;
    // Found within 2 s of the end of the hole or of the first three seconds of silence.
    const lostMs = Math.max(sender.endedMs ?? Infinity, receiver.endedMs ?? Infinity) - atMs;
    assert.ok(
      lostMs <= Math.max(holeMs, isNoticed ? 3300 : 20_000) + 2000 + 1500,
      `${text}: ${lostMs} ms for a hole of ${holeMs} ms`,
    );
  }
  assert.ok(counts.replaced > 100 && counts.before < 80, JSON.stringify(counts));
});

Deno.test("reconnect: one black hole after the other is survived, and the positions agree each time", async () => {
  let replaced = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const { world, scene } = worldOf(seed);
    const ending = await patient({
      ...scene,
      items: [...ITEMS, ["large", 500 * MIB]],
      during: () => {
        let atMs = 100;
        for (let hole = 0; hole < 4; hole++) {
          world.time.later(atMs, () => world.network.goDown(200));
          // Back after the first three seconds of silence; then the rest goes on for a moment.
          atMs += 3100 + world.random.time(0, 300);
        }
      },
    });
    // Before both had proved themselves there was nothing to go on with.
    if (Object.values(ending.codes).includes(WAITS_ON)) continue;
    assert.deepEqual(ending.codes, { sender: 0, receiver: 0 }, `seed ${seed}`);
    assertArrived(ending);
    const returns = told(ending, "receiver").filter((type) => type === "returned").length;
    replaced += returns > 1 ? 1 : 0;
  }
  assert.ok(replaced > 10, `${replaced} were lost more than once`);
});

Deno.test("reconnect: T4 a dialer that a crowded listener lets go when its proof is under way begins again, and everything arrives", async () => {
  let again = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const { world, scene } = worldOf(seed);
    const ending = await patient({
      ...scene,
      during: ({ sender, receiver }) => {
        const listener = scene.waits === "sender" ? sender : receiver;
        world.time.later(world.random.time(0, 8 * world.network.latencyMs), () => {
          // As the data plane does: only a connection that has not proved itself.
          const strangers = listener.engine.connections.filter(({ isAdmitted }) => !isAdmitted);
          for (const { id } of strangers) listener.engine.close(id, EXIT_CODES.network);
        });
      },
    });
    assert.deepEqual(ending.codes, { sender: 0, receiver: 0 }, `seed ${seed}`);
    assertArrived(ending);
    again += told(ending, scene.waits === "sender" ? "receiver" : "sender").includes("peer-restarted") ? 1 : 0;
  }
  assert.ok(again > 5, `${again} began again`);
});

Deno.test("reconnect: H3 a listener that proves itself and then says nothing, on one connection after the other, is asked twice a second and no longer than --retry-for", async () => {
  for (const code of [EXIT_CODES.network, CLOSE_REPLACED]) {
    const world = new SimulatedWorld();
    const listener = world.process({ address: RECEIVER });
    const { engine, context: { hub, random } } = listener;
    const options = listenOptions(listener, `${RECEIVER}:7000`);
    const token = new Uint8Array(16).fill(1);
    let connections = 0;
    hub.onListener(engine.listen(options), (event) => {
      if (event.type !== "incoming") return;
      connections++;
      const link = new ControlLink(hub, event.connection, event.remote, world.time);
      const proving = proveAsListener(link, {
        alpn: event.alpn,
        certificateHash: options.identity.hash,
        random,
        directions: ["dialer-receives"],
        secretFor: (_, kind) => kind === "token" ? new Secret(token) : undefined,
      }, world.time);
      proving.then(() => link.close(code), () => {});
    });
    const hints: Ticket["hints"] = [{ type: "address", address: RECEIVER, port: 7000 }];
    const pin = options.identity.hash.slice(0, 16);
    const ticket: Ticket = { role: "send", longLived: false, pin, token, hints };
    const dialer = world.process({ address: SENDER, disk: emptyDisk() });
    const ended = await world.time.until(dialer.receive(ticket, { retryForMs: 10_000 }));
    assert.equal(ended, EXIT_CODES.network, `${code}`);
    assert.ok(world.time.now() < 15_000, `${world.time.now()} ms`);
    // For each try the key of the session twice, and then the ticket.
    assert.ok(connections > 10 && connections <= 3 * 2 * 12, `${connections} connections`);
  }
});

Deno.test("reconnect: B17 a dialer whose address is gone goes on from another one within 2 s where the system says so, and within 6 s anyway", async () => {
  for (const isTold of [true, false]) {
    for (const waits of ["sender", "receiver"] as const) {
      const world = new SimulatedWorld();
      const ending = await patient({
        world,
        waits,
        items: [["large", 400 * MIB]],
        disk: emptyDisk({ writeMs: 5 }),
        during: ({ sender, receiver }) =>
          world.time.later(60, () => {
            world.network.lose();
            if (isTold) (waits === "sender" ? receiver : sender).addresses = ["10.0.0.77"];
          }),
      });
      assert.deepEqual(ending.codes, { sender: 0, receiver: 0 });
      assertArrived(ending);
      const returned = ending.sender.output.events.find((event) => event.type === "returned");
      assert.ok(returned !== undefined && returned.lostMs < (isTold ? 2000 : 6000), `${returned?.lostMs} ms`);
    }
  }
});

Deno.test("reconnect: further connections come again after a loss", async () => {
  const tuning = { ...DEFAULT_TUNING, connections: 2 };
  for (const waits of ["sender", "receiver"] as const) {
    const world = new SimulatedWorld();
    const ending = await patient({
      world,
      waits,
      items: [["large", 400 * MIB]],
      disk: emptyDisk({ writeMs: 5 }),
      send: { ...RETRY, tuning },
      receive: { ...RETRY, tuning },
      during: () => world.time.later(100, () => world.network.goDown(5000)),
    });
    assert.deepEqual(ending.codes, { sender: 0, receiver: 0 });
    assertArrived(ending);
    const connections = ending.sender.output.additions.map(({ connection }) => connection);
    assert.deepEqual(connections, [2, 2], `the ${waits} waits`);
  }
});

Deno.test("reconnect: B8 no side says that it finishes files before a lost connection is back and all has arrived", async () => {
  for (const waits of ["sender", "receiver"] as const) {
    const world = new SimulatedWorld();
    const ending = await patient({
      world,
      waits,
      items: [["large", 400 * MIB]],
      disk: emptyDisk({ writeMs: 5 }),
      during: () => world.time.later(100, () => world.network.goDown(25_000)),
    });
    assert.deepEqual(ending.codes, { sender: 0, receiver: 0 });
    for (const { output: { events } } of [ending.sender, ending.receiver]) {
      const finishing = events.findIndex((event) => event.type === "phase" && event.phase === "committing");
      const returned = events.findIndex(({ type }) => type === "returned");
      assert.ok(events.some(({ type }) => type === "connection-lost") && returned >= 0);
      assert.ok(finishing > returned, `files are finished at ${finishing}, and the other side is back at ${returned}`);
    }
  }
});

Deno.test("reconnect: B25 a listener that slept takes one of the connections that were tried meanwhile, and each side tells one loss and one return", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { world, scene } = worldOf(seed);
    const sleepMs = world.random.time(17_000, 40_000);
    const ending = await patient({
      ...scene,
      items: [["large", 400 * MIB]],
      disk: emptyDisk({ writeMs: 5 }),
      during: () => world.time.later(100 + 10 * world.network.latencyMs, () => world.network.sleep(sleepMs)),
    });
    assert.deepEqual(ending.codes, { sender: 0, receiver: 0 }, `seed ${seed}`);
    assertArrived(ending);
    for (const side of ["sender", "receiver"] as const) {
      assert.deepEqual(told(ending, side), ["stalled", "connection-lost", "returned"], `seed ${seed}: the ${side}`);
    }
    assert.deepEqual(world.network.open, [], `seed ${seed}: a connection is left`);
  }
});

Deno.test("reconnect: a network that stays away ends both sides with 5 and one line when the time is over", async () => {
  for (const retryForMs of [30_000, 300_000]) {
    const world = new SimulatedWorld();
    const { codes, sender, receiver, disk } = await patient({
      world,
      send: { retryForMs },
      receive: { retryForMs },
      during: () => world.time.later(60, () => world.network.goDown(3_000_000)),
    });
    assert.deepEqual(codes, { sender: 5, receiver: 5 });
    for (const process of [sender, receiver]) {
      assert.deepEqual(process.output.errorTexts, [
        "The connection was lost, and did not come back in time; --retry-for waits longer",
      ]);
      const lastedMs = (process.endedMs ?? 0) - 60;
      assert.ok(lastedMs >= retryForMs && lastedMs <= retryForMs + 1500, `${lastedMs} ms`);
    }
    assertClean({ disk });
  }
});

Deno.test("reconnect: a signal ends the wait at once", async () => {
  const world = new SimulatedWorld();
  const { codes, sender, receiver } = await patient({
    world,
    during: ({ sender, receiver }) => {
      world.time.later(60, () => world.network.goDown(3_000_000));
      world.time.later(40_000, () => sender.interrupt());
      world.time.later(40_000, () => receiver.interrupt("SIGTERM"));
    },
  });
  assert.deepEqual(codes, { sender: 130, receiver: 143 });
  for (const { endedMs } of [sender, receiver]) assert.ok((endedMs ?? Infinity) <= 41_000);
});

Deno.test("reconnect: silence of some seconds that ends by itself costs no connection", async () => {
  const world = new SimulatedWorld();
  const ending = await patient({
    world,
    // The receiver's disk hangs for a while, and the other side hears of it each second.
    disk: emptyDisk({ writeMs: 0.2, commitMs: 60_000 }),
  });
  assert.deepEqual(ending.codes, { sender: 0, receiver: 0 });
  assert.equal(world.network.dialled.length, 1);
});

Deno.test("reconnect: a sender that waits for its turn with --stay is not taken for a lost one", async () => {
  const world = new SimulatedWorld();
  const disk = emptyDisk({ writeMs: 400 });
  const receiver = world.process({ address: RECEIVER, disk });
  const receiving = receiver.receive(undefined, { ...RETRY, stay: true });
  const ticket = await world.time.until(receiver.ticket);
  const senders = ["one", "two"].map((name, index) =>
    world.process({ address: `10.0.1.${index}`, tree: tree([[name, 40 * MIB]]) }).send([name], ticket, RETRY)
  );
  assert.deepEqual(await world.time.until(Promise.all(senders)), [0, 0]);
  assert.deepEqual([...disk.final.keys()].sort(), ["one", "two"]);
  receiver.interrupt();
  assert.equal(await world.time.until(receiving), 130);
});

// Those who should not come back.

interface Stage {
  readonly world: SimulatedWorld;
  readonly ticket: Ticket;
  readonly receiver: SimulatedProcess;
  readonly receiving: Promise<number>;
  readonly met: Peer<ListenerHello>;
}

const OFFER: Message = { type: "offer", transfer: 1, host: "h", name: "n", totalSize: 1, lanes: 4 };

/** A patient receiver that has accepted the offer of a sender that says what the test wants. */
async function stage(): Promise<Stage> {
  const world = new SimulatedWorld();
  const receiver = world.process({ address: RECEIVER });
  const receiving = receiver.receive(undefined, RETRY);
  const ticket = await world.time.until(receiver.ticket);
  const hostile = world.process({ address: SENDER });
  const met = await world.time.until(meetByTicket(ticket, "send", DEFAULT_TUNING, hostile.context));
  met.link.admit(0);
  met.link.send(OFFER);
  await world.time.pass(50);
  return { world, ticket, receiver, receiving, met };
}

async function comeBack(
  { world, ticket }: Stage,
  secret: Secret,
  purpose: "replace" | "new" = "replace",
): Promise<ControlLink> {
  const { context } = world.process({ address: "10.0.9.9" });
  const { link, alpn, certificate } = await world.time.until(dial(ticket, DEFAULT_TUNING, context));
  const { random } = context;
  const options = { alpn, certificateHash: certificate, random, secret, secretKind: "session", purpose } as const;
  await world.time.until(proveAsDialer(link, { ...options, direction: "dialer-sends" }, world.time));
  return link;
}

Deno.test("reconnect: I4 nobody but a holder of the session key replaces a connection", async () => {
  const scene = await stage();
  const secrets = [new Secret(new Uint8Array(32).fill(9)), new Secret(scene.ticket.token)];
  for (const purpose of ["replace", "new"] as const) {
    for (const secret of secrets) await assert.rejects(comeBack(scene, secret, purpose), { kind: "authentication" });
  }
  assert.ok(!scene.met.link.isOver);
  scene.met.link.send({ type: "abort", kind: "disk", text: "enough" });
  assert.equal(await scene.world.time.until(scene.receiving), 4);
});

Deno.test("reconnect: what still comes on a connection that was replaced is nothing to the transfer", async () => {
  const scene = await stage();
  const { world, met, receiver } = scene;
  const link = await comeBack(scene, met.proved.sessionKey);
  // Under way while the receiver learns of the other connection.
  met.link.send({ type: "abort", kind: "disk", text: "too late" });
  met.link.sendBytes(new Uint8Array(100).fill(255));
  link.admit(0);
  const heard = new Listening();
  link.handle(heard);
  await world.time.pass(100);
  assert.deepEqual(heard.types.filter((type) => type !== "heartbeat"), ["accept", "position"]);
  assert.equal((await met.link.over).code, CLOSE_REPLACED);
  assert.deepEqual([receiver.output.errors, heard.ends], [[], []]);
  link.send({ type: "abort", kind: "disk", text: "enough" });
  assert.equal(await world.time.until(scene.receiving), 4);
});

Deno.test("reconnect: a connection that replaces one on which the other side was just heard is no return to tell of", async () => {
  for (const [silentMs, returns] of [[100, 0], [4000, 1]] as const) {
    const scene = await stage();
    const { world, met, receiver } = scene;
    met.link.send({ type: "heartbeat" });
    await world.time.pass(silentMs);
    let link = met.link;
    // As versions did that proved all the connections which they had tried while the receiver slept.
    for (let time = 0; time < 3; time++) {
      link = await comeBack(scene, met.proved.sessionKey);
      await world.time.pass(50);
    }
    const told = receiver.output.events.filter(({ type }) => type === "returned" || type === "connection-lost");
    assert.equal(told.length, returns, `after ${silentMs} ms of silence`);
    link.send({ type: "abort", kind: "disk", text: "enough" });
    assert.equal(await world.time.until(scene.receiving), 4);
  }
});

Deno.test("reconnect: a peer that comes back with anything but its position breaks the protocol", async () => {
  const wrong: readonly Message[] = [
    { type: "pages-end", entries: 0, bytes: 0 },
    { type: "position", transfer: 2, entries: 0, end: false },
    { type: "position", transfer: 1, entries: 5, end: false },
  ];
  for (const message of wrong) {
    const scene = await stage();
    const link = await comeBack(scene, scene.met.proved.sessionKey);
    link.admit(0);
    link.send(message);
    assert.equal(await scene.world.time.until(scene.receiving), 8, JSON.stringify(message));
  }
});
