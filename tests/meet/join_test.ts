/** Further connections of a transfer: who may join, who may not, and what is lost when one is. */

import assert from "node:assert/strict";
import { Secret } from "../../src/auth/secret.ts";
import { dial } from "../../src/meet/dial.ts";
import type { Peer } from "../../src/meet/join.ts";
import type { ControlLink, LinkEnd } from "../../src/link/control_link.ts";
import { meetByTicket } from "../../src/meet/meet.ts";
import { proveAsDialer } from "../../src/meet/prove.ts";
import { encode } from "../../src/protocol/encode.ts";
import type { ListenerHello, Message, TransferMessage } from "../../src/protocol/messages.ts";
import type { Ticket } from "../../src/protocol/ticket.ts";
import type { DialerOptions } from "../../src/auth/handshake.ts";
import { DEFAULT_TUNING, type Tuning } from "../../src/settings/tuning.ts";
import { emptyDisk, type Item, MIB, tree } from "../support/made_up.ts";
import { type SimulatedProcess, SimulatedWorld } from "../support/simulated_process.ts";
import { assertArrived, assertClean, type Ending, Listening, play, RECEIVER, SENDER } from "../session/support.ts";

const LARGE: readonly Item[] = [["movie", 600 * MIB + 3], ["small", 10]];
const BOTH = ["sender", "receiver"] as const;
const WANT_ALL = encode({ type: "want-connections", connections: 256 });
const NETWORK = 5;
const AUTHENTICATION = 6;
const PROTOCOL = 8;

function wish(part: Partial<Tuning>): { readonly tuning: Tuning } {
  return { tuning: { ...DEFAULT_TUNING, ...part } };
}

/** Everything that a transfer may leave behind in its engines. */
async function assertGone({ world, sender, receiver }: Ending): Promise<void> {
  assert.equal(world.time.openTimers, 0, "no timer is left");
  await world.time.pass(10_000);
  assert.deepEqual(world.network.open, [], "no connection is left");
  for (const { engine } of [sender, receiver]) {
    assert.deepEqual([engine.connections.length, engine.listenerCount], [0, 0]);
  }
}

for (const waits of BOTH) {
  for (const asks of [["sender"], ["receiver"], BOTH]) {
    Deno.test(`join: the ${waits} waits, and ${asks.join(" and ")} asked for three connections: so there are`, async () => {
      const ending = await play({
        items: LARGE,
        waits,
        send: asks.includes("sender") ? wish({ connections: 3 }) : {},
        receive: asks.includes("receiver") ? wish({ connections: 3 }) : {},
      });
      assert.deepEqual(ending.codes, { sender: 0, receiver: 0 });
      assertArrived(ending);
      const added = [{ connection: 2, streams: 4 }, { connection: 3, streams: 4 }];
      assert.deepEqual([ending.sender.output.additions, ending.receiver.output.additions], [added, added]);
      assert.equal(ending.world.network.dialled.length, 3);
      assert.equal(ending.sender.output.facts[0]?.resentBytes, 0);
      const { reports } = ending.sender.output.facts[0]?.verdict ?? {};
      assert.deepEqual([reports?.sender?.connections, reports?.receiver?.connections], [3, 3], "all are measured");
      await assertGone(ending);
    });
  }

  Deno.test(`join: of two numbers the smaller one counts when the ${waits} waits`, async () => {
    for (const [sent, received] of [[1, 4], [4, 1], [2, 4], [4, 2]] as const) {
      const ending = await play({
        items: LARGE,
        waits,
        send: wish({ connections: sent }),
        receive: wish({ connections: received }),
      });
      assert.deepEqual(ending.codes, { sender: 0, receiver: 0 });
      assertArrived(ending);
      const wanted = Math.min(sent, received) - 1;
      assert.equal(ending.sender.output.additions.length, wanted, `${sent} and ${received}`);
      assert.equal(ending.receiver.output.additions.length, wanted, `${sent} and ${received}`);
      await assertGone(ending);
    }
  });

  Deno.test(`join: a further connection that is lost when the ${waits} waits takes its lanes with it and nothing else`, async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const world = new SimulatedWorld(seed);
      const lost: number[] = [];
      const ending = await play({
        world,
        items: LARGE,
        tree: { readMs: 10 },
        waits,
        send: wish({ connections: 3 }),
        during: ({ sender }) => {
          const lose = () => {
            const end = sender.engine.connections.at(-1);
            if (end === undefined || sender.engine.connections.length === 1) return;
            lost.push(world.time.now());
            for (const one of [end, end.peer]) {
              world.time.later(world.random.time(0, 500), () => one?.fail("connection_idle"));
            }
          };
          for (let i = 0; i < 2; i++) world.time.later(world.random.time(100, 400), lose);
        },
      });
      assert.deepEqual(ending.codes, { sender: 0, receiver: 0 }, `seed ${seed}`);
      assert.ok(lost.length > 0 && Math.max(...lost) < (ending.sender.endedMs ?? 0), `seed ${seed}: in the middle`);
      assertArrived(ending);
      await assertGone(ending);
    }
  });

  Deno.test(`join: a transfer ends with its first connection when the ${waits} waits, and the others with it`, async () => {
    const world = new SimulatedWorld();
    const ending = await play({
      world,
      items: LARGE,
      tree: { readMs: 10 },
      waits,
      send: wish({ connections: 3 }),
      during: ({ sender }) => {
        world.time.later(200, () => {
          const [end] = sender.engine.connections;
          for (const one of [end, end?.peer]) one?.fail("connection_idle");
        });
      },
    });
    assert.equal(ending.sender.output.additions.length, 2, "there were others");
    assert.deepEqual(ending.codes, { sender: NETWORK, receiver: NETWORK });
    assertClean(ending);
    await assertGone(ending);
  });

  Deno.test(`join: a sender of many cores adds connections while they help when the ${waits} waits`, async () => {
    const world = new SimulatedWorld();
    const items: readonly Item[] = [["movie", 24 * 1024 * MIB]];
    const slow = { readMs: 5 };
    const sender = { address: SENDER, cores: 6, tree: tree(items, slow) };
    const ending = await play({ world, items, waits, processes: { sender } });
    assert.deepEqual(ending.codes, { sender: 0, receiver: 0 });
    assert.deepEqual(ending.sender.output.additions.map(({ connection }) => connection), [2, 3]);
    const seconds = ending.sender.output.facts[0]?.seconds ?? 0;
    const alone = await play({ items, waits, tree: slow });
    assert.deepEqual(alone.sender.output.additions, []);
    assert.ok(seconds < 0.6 * (alone.sender.output.facts[0]?.seconds ?? 0), `${seconds} s`);
  });
}

Deno.test("join: streams are shared by the connections that were asked for, and a number of streams alone is for one", async () => {
  const shared = await play({ items: LARGE, waits: "receiver", send: wish({ connections: 3, streams: 6 }) });
  assert.deepEqual([shared.sender.output.openedStreams, shared.sender.output.additions.map(({ streams }) => streams)], [
    [2],
    [2, 2],
  ]);
  const few = await play({ items: LARGE, waits: "sender", send: wish({ connections: 16, streams: 2 }) });
  assert.deepEqual([few.sender.output.openedStreams, few.sender.output.additions.length], [[1], 1]);
  const bounded = await play({
    items: LARGE,
    waits: "receiver",
    send: wish({ connections: 4 }),
    receive: wish({ streams: 6 }),
  });
  assert.deepEqual(bounded.receiver.output.additions, [{ connection: 2, streams: 2 }]);
  assert.deepEqual(bounded.codes, { sender: 0, receiver: 0 });
});

Deno.test("join: the windows of a listener's later dialers shrink while a transfer runs", async () => {
  const ending = await play({
    items: LARGE,
    waits: "receiver",
    send: wish({ connections: 2 }),
    receive: wish({ connections: 2 }),
  });
  const [settings] = ending.receiver.engine.retunings;
  assert.ok(settings !== undefined && ending.receiver.engine.retunings.length === 1);
  assert.equal(settings.connectionWindowBytes, 16 * MIB, "what the path needs of what is left");
});

// Those who should not join.

interface Stage {
  readonly world: SimulatedWorld;
  readonly ticket: Ticket;
  /** The side that waits, and receives. */
  readonly receiver: SimulatedProcess;
  readonly receiving: Promise<number>;
  /** A sender that knows the ticket and says what the test wants. */
  readonly hostile: SimulatedProcess;
  readonly met: Peer<ListenerHello>;
}

const OFFER: Message = { type: "offer", transfer: 1, host: "h", name: "n", totalSize: 1, lanes: 4 };

/** A receiver whose transfer has begun: its offer is accepted. */
async function stage(stay = false): Promise<Stage> {
  const world = new SimulatedWorld();
  const receiver = world.process({ address: RECEIVER });
  const receiving = receiver.receive(undefined, { stay });
  const ticket = await world.time.until(receiver.ticket);
  const hostile = world.process({ address: SENDER });
  const met = await world.time.until(meetByTicket(ticket, "send", DEFAULT_TUNING, hostile.context));
  met.link.admit(0);
  const heard = new Listening();
  met.link.handle(heard);
  met.link.send(OFFER);
  await world.time.pass(50);
  assert.deepEqual(heard.types.filter((type) => type !== "heartbeat"), ["accept"]);
  return { world, ticket, receiver, receiving, hostile, met };
}

/** ExtraConnections as whoever knows `secret`. */
async function join(
  { world, ticket }: Stage,
  secret: Secret,
  options: Partial<DialerOptions> = {},
  from = "10.0.9.9",
): Promise<ControlLink> {
  const { context } = world.process({ address: from });
  const { link, alpn, certificate } = await dial(ticket, DEFAULT_TUNING, context);
  await proveAsDialer(link, {
    alpn,
    certificateHash: certificate,
    random: context.random,
    secret,
    secretKind: "session",
    purpose: "add",
    direction: "dialer-sends",
    ...options,
  }, world.time);
  return link;
}

/** How a joiner is turned away: by the listener's close code, or because it did not even know that secret. */
async function refusal(scene: Stage, ...args: [Secret, Partial<DialerOptions>?, string?]): Promise<number> {
  const { time } = scene.world;
  const ended = join(scene, ...args).then(
    ({ over }) => over,
    (error) => ({ code: error.kind === "authentication" ? AUTHENTICATION : -1 }),
  );
  return (await time.until<Pick<LinkEnd, "code">>(ended)).code;
}

/** The transfer still runs as if nothing had happened. */
async function assertRuns({ world, receiver, receiving, met }: Stage): Promise<void> {
  assert.ok(!met.link.isOver);
  assert.deepEqual(receiver.output.errors, []);
  met.link.send({ type: "abort", kind: "disk", text: "enough" });
  assert.equal(await world.time.until(receiving), 4);
}

Deno.test("join: I4 a wrong session key, the ticket's token and a key for another purpose are refused, and nothing ends", async () => {
  const scene = await stage();
  const { sessionKey } = scene.met.proved;
  const token = new Secret(scene.ticket.token);
  const cases: readonly [string, Secret, Partial<DialerOptions>][] = [
    ["another key", new Secret(new Uint8Array(32).fill(9)), {}],
    ["the burnt token", token, { secretKind: "token", purpose: "new" }],
    ["the token as a session key", token, {}],
    ["the session key as a token", sessionKey, { secretKind: "token", purpose: "new" }],
    ["the session key for a new transfer", sessionKey, { purpose: "new" }],
    ["the session key to replace what is not lost", sessionKey, { purpose: "replace" }],
  ];
  for (const [what, secret, options] of cases) {
    assert.equal(await refusal(scene, secret, options), AUTHENTICATION, what);
  }
  await assertRuns(scene);
});

Deno.test("join: I5 a recorded join proves nothing on another connection", async () => {
  const scene = await stage();
  const { world, ticket, met } = scene;
  const { context } = world.process({ address: "10.0.9.9" });
  const { link, alpn, certificate } = await world.time.until(dial(ticket, DEFAULT_TUNING, context));
  const flights: Uint8Array[] = [];
  const sendBytes = link.sendBytes.bind(link);
  link.sendBytes = (bytes) => {
    flights.push(bytes.slice());
    sendBytes(bytes);
  };
  const options = { alpn, certificateHash: certificate, random: context.random, secret: met.proved.sessionKey };
  const more = { secretKind: "session", purpose: "add", direction: "dialer-sends" } as const;
  await world.time.until(proveAsDialer(link, { ...options, ...more }, world.time));
  const thief = await world.time.until(dial(ticket, DEFAULT_TUNING, context));
  const heard = new Listening();
  thief.link.handle(heard);
  for (const flight of flights) thief.link.sendBytes(flight);
  await world.time.pass(1000);
  assert.deepEqual(heard.ends.map(({ code }) => code), [AUTHENTICATION]);
  assert.ok(!link.isOver, "the honest one stays");
  await assertRuns(scene);
});

Deno.test("join: nobody joins a transfer that has not begun, or another one than its own", async () => {
  const scene = await stage(true);
  const waiting = scene.world.process({ address: "10.0.0.7" });
  const other = await scene.world.time.until(meetByTicket(scene.ticket, "send", DEFAULT_TUNING, waiting.context));
  assert.equal(await refusal(scene, other.proved.sessionKey), NETWORK, "it has not offered anything");
  scene.met.link.send({ type: "abort", kind: "disk", text: "enough" });
  other.link.admit(0);
  other.link.send(OFFER);
  await scene.world.time.pass(1000);
  assert.equal(await refusal(scene, scene.met.proved.sessionKey), AUTHENTICATION, "that transfer is over");
  const joined = await scene.world.time.until(join(scene, other.proved.sessionKey));
  await scene.world.time.pass(100);
  assert.ok(!joined.isOver, "this one runs");
  scene.receiver.interrupt();
  assert.equal(await scene.world.time.until(scene.receiving), 130);
  assert.equal((await scene.world.time.until(joined.over)).code, 130);
});

Deno.test("join: who joins before its offer is sent away", async () => {
  const world = new SimulatedWorld();
  const receiver = world.process({ address: RECEIVER });
  const receiving = receiver.receive();
  const ticket = await world.time.until(receiver.ticket);
  const hostile = world.process({ address: SENDER });
  const met = await world.time.until(meetByTicket(ticket, "send", DEFAULT_TUNING, hostile.context));
  const scene = { world, ticket, receiver, receiving, hostile, met };
  await world.time.pass(50);
  assert.equal(await refusal(scene, met.proved.sessionKey), NETWORK);
  await assertRuns(scene);
});

Deno.test("join: H5 a flood of joins finds seven places and as many lanes as were offered, and the rest is sent away", async () => {
  const scene = await stage();
  const { world, met, receiver } = scene;
  const links: ControlLink[] = [];
  for (let i = 0; i < 40; i++) {
    links.push(await world.time.until(join(scene, met.proved.sessionKey, {}, `10.0.8.${i}`)));
  }
  await world.time.pass(1000);
  const open = links.filter((link) => !link.isOver);
  assert.equal(open.length, 7);
  for (const link of links.filter((link) => link.isOver)) assert.equal((await link.over).code, NETWORK);
  assert.equal(receiver.engine.connections.length, 8);
  // Who leaves makes room.
  await world.time.until(open[0]?.close(0) ?? assert.fail());
  await world.time.pass(50);
  assert.ok(!(await world.time.until(join(scene, met.proved.sessionKey))).isOver);
  await assertRuns(scene);
});

Deno.test("join: all connections together have 256 lanes at most", async () => {
  const world = new SimulatedWorld();
  const receiver = world.process({ address: RECEIVER });
  const receiving = receiver.receive(undefined, { tuning: { ...DEFAULT_TUNING, streams: 256 } });
  const ticket = await world.time.until(receiver.ticket);
  const hostile = world.process({ address: SENDER });
  const met = await world.time.until(meetByTicket(ticket, "send", DEFAULT_TUNING, hostile.context));
  met.link.admit(0);
  met.link.send({ ...OFFER, lanes: 100 } as Message);
  await world.time.pass(50);
  const scene = { world, ticket, receiver, receiving, hostile, met };
  const granted: number[] = [];
  for (let i = 0; i < 3; i++) {
    const link = await world.time.until(join(scene, met.proved.sessionKey));
    const heard = new Listening();
    link.handle(heard);
    await world.time.pass(1000);
    for (const { message } of heard.messages) if (message?.type === "accept") granted.push(message.lanes);
    if (i === 2) assert.deepEqual(heard.ends.map(({ code }) => code), [NETWORK]);
  }
  assert.deepEqual(granted, [100, 56]);
  await assertRuns(scene);
});

Deno.test("join: what is out of place on a further connection ends the transfer with 8", async () => {
  const messages: readonly TransferMessage[] = [
    OFFER as TransferMessage,
    { type: "accept", transfer: 1, host: "h", lanes: 4 },
    { type: "page", first: 0, count: 1, entries: new Uint8Array(1) },
    { type: "want-connections", connections: 3 },
    { type: "bye" },
  ];
  for (const message of messages) {
    const scene = await stage();
    const link = await scene.world.time.until(join(scene, scene.met.proved.sessionKey));
    link.send(message);
    assert.equal(await scene.world.time.until(scene.receiving), PROTOCOL, message.type);
    assert.equal((await scene.world.time.until(link.over)).code, PROTOCOL);
  }
});

Deno.test("join: H5 a listener that asks over and over makes a dialer try each connection once", async () => {
  const world = new SimulatedWorld();
  const disk = emptyDisk();
  const sender = world.process({ address: SENDER, tree: tree(LARGE) });
  const sending = sender.send(["movie"]);
  const ticket = await world.time.until(sender.ticket);
  const receiver = world.process({ address: RECEIVER, disk });
  const receiving = receiver.receive(ticket);
  await world.time.pass(60);
  // The real sender's end of the first connection, whose words the receiver believes.
  const [end] = sender.engine.connections;
  const before = world.network.dialled.length;
  world.network.fates.set(SENDER, "refuses");
  for (let i = 0; i < 50; i++) {
    sender.context.hub.engine.send(end?.id ?? 0, WANT_ALL);
    await world.time.pass(5);
  }
  assert.deepEqual(await world.time.until(Promise.all([sending, receiving])), [0, 0]);
  assert.equal(world.network.dialled.length - before, 7);
});

Deno.test("join: who is asked for connections before it was accepted ends with 8", async () => {
  const world = new SimulatedWorld();
  const sender = world.process({ address: SENDER, tree: tree(LARGE) });
  const sending = sender.send(["movie"]);
  const ticket = await world.time.until(sender.ticket);
  const hostile = world.process({ address: RECEIVER });
  const { link } = await world.time.until(meetByTicket(ticket, "receive", DEFAULT_TUNING, hostile.context));
  link.admit(0);
  link.send({ type: "want-connections", connections: 4 });
  assert.equal(await world.time.until(sending), PROTOCOL);
});
