/** One connection with its control stream. */

import assert from "node:assert/strict";
import { CLOSE_INTERRUPTED, EXIT_CODES } from "../../src/protocol/codes.ts";
import { encode } from "../../src/protocol/encode.ts";
import { MAX_BODY, MAX_BYTES_BEFORE_PROOF } from "../../src/protocol/limits.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { MAX_UNANSWERED_PAGES } from "../../src/transfer/sender.ts";
import { joinedLinks, Listening } from "../session/support.ts";

const FEW: readonly Message[] = [
  { type: "heartbeat" },
  { type: "abort", kind: "disk", text: "the disk is full" },
  { type: "accept", transfer: 1, host: "there", lanes: 7 },
  { type: "pages-end", entries: 3, bytes: 12345 },
  { type: "heartbeat" },
  { type: "bye" },
];

/** A page as large as the word says; its entries are nobody's affair here. */
function pageOf(bytes: number): Message {
  return { type: "page", first: 0, count: 1, entries: new Uint8Array(bytes) };
}

for (const pieceBytes of [1, 2, 5, 6, 7, 13, 64, Infinity]) {
  Deno.test(`link: messages arrive whole and in order in pieces of ${pieceBytes} bytes`, async () => {
    const { world, near, far } = await joinedLinks();
    const listening = new Listening();
    Object.assign(world.network, { pieceBytes, jitterMs: 20, clumpMs: pieceBytes === Infinity ? 3 : 0 });
    far.handle(listening);
    for (const message of FEW) near.send(message);
    await world.time.pass(500);
    assert.deepEqual(listening.messages.map(({ message }) => message), FEW);
    assert.deepEqual(listening.messages.map(({ bytes }) => bytes), FEW.map((message) => encode(message)));
  });
}

Deno.test("link: what arrives between two phases is delivered to the next one first, and so is the end", async () => {
  const { world, near, far } = await joinedLinks();
  for (const message of FEW.slice(0, 2)) near.send(message);
  await world.time.pass(10);
  void near.close(4);
  await world.time.pass(1000);
  const listening = new Listening();
  far.handle(listening);
  assert.deepEqual(listening.types, ["heartbeat", "abort"]);
  assert.deepEqual(listening.ends.map(({ code }) => code), [4]);
  assert.ok(far.isOver);
});

Deno.test("link: what waits for a handler is bounded: an offer and 64 long pages may, more breaks the stream", async () => {
  for (const [pages, type] of [[MAX_UNANSWERED_PAGES, undefined], [MAX_UNANSWERED_PAGES + 2, "protocol"]] as const) {
    const { world, near, far } = await joinedLinks();
    far.admit(0);
    near.send({ type: "offer", transfer: 2, host: "h", name: "n", totalSize: undefined, lanes: 1 });
    for (let i = 0; i < pages; i++) near.send(pageOf(MAX_BODY - 6));
    await world.time.pass(100);
    const listening = new Listening();
    far.handle(listening);
    assert.deepEqual(listening.broke.map(({ kind }) => kind), type === undefined ? [] : [type]);
    if (type === undefined) assert.equal(listening.types.length, 1 + pages);
  }
});

Deno.test("link: a peer that says many short words to nobody breaks the stream as well", async () => {
  const { world, near, far } = await joinedLinks();
  far.admit(0);
  for (let i = 0; i < 10_000; i++) near.send({ type: "heartbeat" });
  await world.time.pass(100);
  const listening = new Listening();
  far.handle(listening);
  assert.deepEqual(listening.broke.map(({ kind }) => kind), ["protocol"]);
  assert.ok(listening.types.length < 9000, `${listening.types.length} waited`);
});

Deno.test("link: what a handler is given no longer counts among what waits", async () => {
  const { world, near, far } = await joinedLinks();
  far.admit(0);
  const listening = new Listening();
  for (let phase = 0; phase < 4; phase++) {
    far.release();
    for (let i = 0; i < 30; i++) near.send(pageOf(60_000));
    await world.time.pass(100);
    far.handle(listening);
  }
  assert.deepEqual([listening.types.length, listening.broke.length], [120, 0]);
});

Deno.test("link: lanes that a peer was allowed stay so: QUIC takes nothing back, and would add them again", async () => {
  const { listener, far } = await joinedLinks();
  const allowed: number[] = [];
  const { engine } = listener;
  const admit = engine.admit.bind(engine);
  engine.admit = (connection, lanes) => {
    allowed.push(lanes);
    admit(connection, lanes);
  };
  for (const lanes of [0, 4, 0, 3, 6]) far.admit(lanes);
  assert.deepEqual(allowed, [0, 4, 4, 4, 6]);
});

Deno.test("link: a handler can leave a message to the next one", async () => {
  const { world, near, far } = await joinedLinks();
  const next = new Listening();
  far.handle({ message: (decoded) => far.keep(decoded), broken: () => {}, ended: () => {} });
  for (const message of FEW) near.send(message);
  await world.time.pass(10);
  far.handle(next);
  near.send({ type: "heartbeat" });
  await world.time.pass(10);
  assert.deepEqual(next.types, [...FEW, { type: "heartbeat" }].map(({ type }) => type));
});

Deno.test("link: G11 what no peer may send is told once, and nothing behind it is read", async () => {
  const { world, near, far } = await joinedLinks();
  const listening = new Listening();
  far.handle(listening);
  near.send({ type: "heartbeat" });
  near.sendBytes(Uint8Array.of(0xff, 0xff, 1, 0, 0, 0, 0));
  near.send({ type: "bye" });
  near.sendBytes(new Uint8Array(100).fill(0xee));
  await world.time.pass(50);
  assert.deepEqual(listening.types, ["heartbeat"]);
  assert.deepEqual(listening.broke.map(({ kind }) => kind), ["protocol"]);
});

Deno.test("link: a broken stream is told to a handler that comes later, too", async () => {
  const { world, near, far } = await joinedLinks();
  near.sendBytes(new Uint8Array(100).fill(0xee));
  await world.time.pass(50);
  const listening = new Listening();
  far.handle(listening);
  assert.deepEqual(listening.broke.map(({ kind }) => kind), ["protocol"]);
});

Deno.test("link: G8 before admission a message of more than 4 KiB is refused, afterwards it is taken", async () => {
  const { world, near, far } = await joinedLinks();
  const listening = new Listening();
  far.handle(listening);
  far.admit(0);
  near.send(pageOf(60_000));
  await world.time.pass(50);
  assert.deepEqual(listening.types, ["page"]);

  const stranger = await joinedLinks();
  const unproved = new Listening();
  stranger.far.handle(unproved);
  stranger.near.sendBytes(encode(pageOf(60_000)).slice(0, 100));
  await stranger.world.time.pass(50);
  assert.deepEqual(unproved.broke.map(({ kind }) => kind), ["protocol"], "the header alone tells");
});

Deno.test("link: I10 a stranger that sends more than 4 KiB in small messages is cut off", async () => {
  const { world, near, far } = await joinedLinks();
  const listening = new Listening();
  far.handle(listening);
  for (let sent = 0; sent <= MAX_BYTES_BEFORE_PROOF; sent += 6) near.send({ type: "heartbeat" });
  await world.time.pass(50);
  assert.equal(listening.ends.length, 1);
  assert.match(listening.ends[0]?.error.message ?? "", /too much before its proof/);
});

Deno.test("link: a close lets the last words arrive", async () => {
  const { world, near, far } = await joinedLinks();
  const listening = new Listening();
  far.handle(listening);
  near.send({ type: "abort", kind: "disk", text: "full" });
  await world.time.until(near.close(4));
  await world.time.pass(50);
  assert.deepEqual(listening.types, ["abort"]);
  assert.deepEqual(listening.ends.map(({ cause, code, error }) => [cause, code, error.kind]), [["peer", 4, "disk"]]);
});

Deno.test("link: a close waits 0.6 seconds at most for a peer that does not answer any more", async () => {
  const { world, near } = await joinedLinks();
  world.network.lose();
  near.send({ type: "bye" });
  const start = world.time.now();
  await world.time.until(near.close(0));
  assert.ok(world.time.now() - start <= 600, `${world.time.now() - start} ms`);
  assert.equal(world.time.openTimers, 0);
});

Deno.test("link: closing twice, and closing what is gone, does nothing", async () => {
  const { world, near, far } = await joinedLinks();
  const listening = new Listening();
  far.handle(listening);
  await world.time.until(Promise.all([near.close(8), near.close(8)]));
  await world.time.until(near.close(1));
  await world.time.pass(50);
  near.send({ type: "bye" });
  assert.equal(listening.ends.length, 1);
  assert.equal(world.time.openTimers, 0);
});

Deno.test("link: B20 a close code becomes an error of its kind for whoever still needed the connection", async () => {
  const codes: readonly (readonly [number, string])[] = [
    ...Object.entries(EXIT_CODES).map(([kind, code]) => [code, kind] as const),
    [0, "network"],
    [3, "network"],
    [130, "network"],
    [40_000, "network"],
  ];
  for (const [code, kind] of codes) {
    const { world, near, far } = await joinedLinks();
    const listening = new Listening();
    far.handle(listening);
    void near.close(code);
    await world.time.pass(50);
    assert.deepEqual(listening.ends.map(({ error }) => error.kind), [kind], `code ${code}`);
  }
});

Deno.test("link: C7 a side that was interrupted is known by its close code, also when its last words were lost", async () => {
  const { world, near, far } = await joinedLinks();
  void near.close(CLOSE_INTERRUPTED);
  const { error } = await world.time.until(far.over);
  assert.deepEqual([error.kind, error.message], ["network", "The other side was interrupted"]);
});

Deno.test("link: B10 a connection that QUIC gives up ends with a network error on both sides", async () => {
  const { world, near, far } = await joinedLinks();
  const ends = [near, far].map((link) => link.over);
  world.network.lose();
  for (const { cause, error } of await world.time.until(Promise.all(ends))) {
    assert.deepEqual([cause, error.kind], ["transport", "network"]);
    assert.match(error.message, /connection was lost/);
  }
});
