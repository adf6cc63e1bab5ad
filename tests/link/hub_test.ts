/** Who gets which event. */

import assert from "node:assert/strict";
import type { EngineEvent } from "../../src/engine/engine.ts";
import { Hub } from "../../src/link/hub.ts";
import { NOTHING_LEFT_OUT } from "../../src/transfer/left_out.ts";
import { ALL_KEPT } from "../support/made_up.ts";
import { SimulatedEngine } from "../support/simulated_engine.ts";
import { SimulatedWorld } from "../support/simulated_process.ts";
import { script } from "../session/support.ts";

/** An engine that says what a test wants. */
class ScriptedEngine extends SimulatedEngine {
  readonly asked: (readonly [number, string])[] = [];
  readonly #events: readonly EngineEvent[];

  constructor(...events: EngineEvent[]) {
    super(new SimulatedWorld().network, { addresses: [] });
    this.#events = events;
  }

  override events() {
    return script(...this.#events);
  }

  override resolve(request: number, name: string): void {
    this.asked.push([request, name]);
  }
}

const NOTHING = new Uint8Array(0);
const closed = (connection: number): EngineEvent => ({ type: "closed", connection, cause: "own", code: 0, text: "" });

Deno.test("hub: an event comes to the handler of its connection, listener, source or sink, and to no other", async () => {
  const events: EngineEvent[] = [
    { type: "listening", listener: 1, port: 7, address: "::" },
    { type: "incoming", listener: 1, connection: 2, alpn: "ultra/2", remote: "10.0.0.1:1" },
    { type: "connected", connection: 3, alpn: "ultra/2", remote: "10.0.0.1:1", certificate: NOTHING },
    { type: "control", connection: 2, bytes: NOTHING },
    { type: "lane-opened", lane: 9, connection: 2, number: 0 },
    { type: "lane-broke", connection: 3, lane: 9, text: "x" },
    { type: "walk-end", source: 4, entries: 0, files: 0, size: 0, unkept: ALL_KEPT, leftOut: NOTHING_LEFT_OUT },
    { type: "sealed", source: 4, entry: 0, size: 0, root: NOTHING, unlinked: false },
    { type: "verified", sink: 5, entry: 0, first: 0, count: 1 },
    { type: "folders-finished", sink: 5, unkept: ALL_KEPT },
    { type: "committed", sink: 6, first: 0, count: 1, durable: true, unkept: ALL_KEPT },
  ];
  const hub = new Hub(new ScriptedEngine(...events));
  const got: string[] = [];
  const note = (who: string) => (event: EngineEvent) => void got.push(`${who} ${event.type}`);
  hub.onListener(1, note("listener 1"));
  for (const id of [2, 3]) hub.onConnection(id, note(`connection ${id}`));
  hub.onSource(4, note("source 4"));
  hub.onSink(5, note("sink 5"));
  await hub.run();
  assert.deepEqual(got, [
    "listener 1 listening",
    "listener 1 incoming",
    "connection 3 connected",
    "connection 2 control",
    "connection 2 lane-opened",
    "connection 3 lane-broke",
    "source 4 walk-end",
    "source 4 sealed",
    "sink 5 verified",
    "sink 5 folders-finished",
  ]);
});

Deno.test("hub: a closed connection gets its last event once, and nothing behind it", async () => {
  const hub = new Hub(new ScriptedEngine(closed(1), closed(1), { type: "control", connection: 1, bytes: NOTHING }));
  const got: string[] = [];
  hub.onConnection(1, (event) => void got.push(event.type));
  await hub.run();
  assert.deepEqual(got, ["closed"]);
});

Deno.test("hub: a read grant comes to whoever opened its lane, until the lane is closed", async () => {
  const read = (lane: number): EngineEvent => ({ type: "grant-read", lane, grant: 1, entry: 0, end: 1 });
  const gone: EngineEvent = { type: "lane-closed", lane: 11, connection: 1, finished: false };
  const hub = new Hub(new ScriptedEngine(read(10), read(11), read(12), gone, read(11), read(10)));
  const got: string[] = [];
  hub.onConnection(1, (event) => void got.push(event.type));
  hub.onLanes(10, 2, (event) => void got.push(`read ${event.lane}`));
  await hub.run();
  assert.deepEqual(got, ["read 10", "read 11", "lane-closed", "read 10"]);
});

Deno.test("hub: names are looked up at the same time, and each answer finds its question", async () => {
  const engine = new ScriptedEngine(
    { type: "resolved", request: 2, addresses: ["10.0.0.2"] },
    { type: "resolved", request: 1, addresses: [] },
    { type: "resolved", request: 99, addresses: ["10.0.0.99"] },
  );
  const hub = new Hub(engine);
  const answers = Promise.all([hub.resolve("one.example"), hub.resolve("two.example")]);
  await hub.run();
  assert.deepEqual(engine.asked, [[1, "one.example"], [2, "two.example"]]);
  assert.deepEqual(await answers, [[], ["10.0.0.2"]]);
});

Deno.test("hub: a disposed source or sink is told so, and then forgotten", async () => {
  const verified: EngineEvent = { type: "verified", sink: 5, entry: 0, first: 0, count: 1 };
  const hub = new Hub(
    new ScriptedEngine({ type: "disposed", transfer: 4 }, { type: "disposed", transfer: 5 }, verified),
  );
  const got: string[] = [];
  hub.onSource(4, (event) => void got.push(`source ${event.type}`));
  hub.onSink(5, (event) => void got.push(`sink ${event.type}`));
  await hub.run();
  assert.deepEqual(got, ["source disposed", "sink disposed"]);
});

Deno.test("hub: C11 a fault of the data plane and a bug in a handler end the run, so that nothing hangs", async () => {
  await assert.rejects(new Hub(new ScriptedEngine({ type: "fault", text: "a thread panicked" })).run(), /panicked/);
  const hub = new Hub(new ScriptedEngine(closed(1)));
  hub.onConnection(1, () => {
    throw new Error("a bug");
  });
  await assert.rejects(hub.run(), /a bug/);
});
