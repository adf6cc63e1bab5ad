/** Several transfers on one proved link, strictly one after the other: docs/protocol.md, "Several transfers on a link". */

import assert from "node:assert/strict";
import { UltraError } from "../../src/base/errors.ts";
import type { Peer } from "../../src/meet/join.ts";
import type { Message } from "../../src/protocol/messages.ts";
import type { ReceiveOptions } from "../../src/session/incoming.ts";
import { openSink } from "../../src/session/sink.ts";
import { LinkTransfers } from "../../src/session/link_transfers.ts";
import { Offering, USUAL_CHOICES } from "../../src/session/offering.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import type { Outcome } from "../../src/transfer/outcome.ts";
import { emptyDisk, type Item, MIB } from "../support/made_up.ts";
import { assertArrived, assertClean, provedPair, RECEIVE_OPTIONS, SEND_OPTIONS } from "./support.ts";

const FIRST: readonly Item[] = [["photos", "folder"], ["photos/a", 3 * MIB + 5], ["photos/b", 7]];
const SECOND: readonly Item[] = [["movie", 40 * MIB + 3]];
const THIRD: readonly Item[] = [["notes", "folder"], ["notes/empty", 0], ["notes/small", 100]];
const ALL = [...FIRST, ...SECOND, ...THIRD];

/** Entry 0 of either is a file of the same size: only the number of its transfer tells them apart. */
const TWINS: readonly Item[] = [["one", 20 * MIB], ["two", 20 * MIB]];

/** Leaves room among the lanes that the transfer before was allowed. */
const ONE_LANE = { ...SEND_OPTIONS, tuning: { ...DEFAULT_TUNING, streams: 1 } };

/** A lost connection ends its transfer: what is waited for has tests of its own. */
const AT_ONCE = { retryForMs: 0 };

type Pair = Awaited<ReturnType<typeof provedPair>>;

/** Both ends of a link, and what each says on it. */
class Ends {
  readonly sending: LinkTransfers;
  readonly receiving: LinkTransfers;

  constructor(readonly pair: Pair) {
    this.sending = new LinkTransfers(pair.there, AT_ONCE, pair.sender.context);
    this.receiving = new LinkTransfers(pair.here, AT_ONCE, pair.receiver.context);
  }

  static async meet(items: readonly Item[] = ALL, ...more: [disk?: Pair["disk"], host?: object]): Promise<Ends> {
    return new Ends(await provedPair(items, ...more));
  }

  offer(paths: readonly string[]): Offering {
    return Offering.ofPaths(paths, USUAL_CHOICES, this.pair.sender.context);
  }

  send(paths: readonly string[], options = SEND_OPTIONS): Promise<Outcome> {
    return this.sending.send(this.offer(paths), options, () => this.offer(paths));
  }

  receive(options: Partial<ReceiveOptions> = {}): Promise<Outcome> {
    const all = { ...RECEIVE_OPTIONS, ...options };
    return this.receiving.receive(openSink(all, this.pair.receiver.context), all);
  }

  /** One transfer, from both sides. */
  async transfer(...paths: readonly string[]): Promise<readonly [sent: Outcome, received: Outcome]> {
    return await this.pair.world.time.until(Promise.all([this.send(paths), this.receive()]));
  }

  async hangUp(): Promise<void> {
    const { world, receiver, there, here } = this.pair;
    await world.time.until(Promise.all([this.sending.hangUp(), this.receiving.hangUp()]));
    assert.deepEqual([there.link.isOver, here.link.isOver], [true, true]);
    assert.equal(receiver.engine.sinkCount, 0, "all sinks are disposed of");
    assert.equal(world.time.openTimers, 0, "no timer is left");
  }
}

function heard({ link }: Peer): Message[] {
  const said: Message[] = [];
  const send = link.send.bind(link);
  link.send = (message) => {
    said.push(message);
    send(message);
  };
  return said;
}

function committedFiles(outcome: Outcome): number | string {
  return outcome.state === "finished" ? outcome.summary.counts.committedFiles : outcome.state;
}

function failure(outcome: Outcome): string {
  return outcome.state === "failed" ? `${outcome.error.kind}: ${outcome.error.message}` : outcome.state;
}

Deno.test("transfers: three follow each other on one link, each with its number and with lanes from 0 on", async () => {
  const ends = await Ends.meet();
  const { pair } = ends;
  const said = [...[heard(pair.there), heard(pair.here)]];
  const lanes: (readonly [transfer: number, firstNumber: number])[] = [];
  const { engine } = pair.sender;
  const openLanes = engine.openLanes.bind(engine);
  engine.openLanes = (options) => {
    lanes.push([options.transfer, options.firstNumber]);
    openLanes(options);
  };
  for (const [path, files] of [["photos", 2], ["movie", 1], ["notes", 2]] as const) {
    assert.deepEqual((await ends.transfer(path)).map(committedFiles), [files, files]);
    assert.deepEqual([pair.there.link.isOver, pair.here.link.isOver], [false, false]);
  }
  const numbers = said.map((messages) =>
    messages.flatMap((one) => "transfer" in one ? [[one.type, one.transfer]] : [])
  );
  assert.deepEqual(numbers, [[["offer", 1], ["offer", 2], ["offer", 3]], [["accept", 1], ["accept", 2], [
    "accept",
    3,
  ]]]);
  assert.deepEqual(lanes, [[1, 0], [2, 0], [3, 0]]);
  assertArrived({ ...pair, items: ALL });
  await ends.hangUp();
});

Deno.test("transfers: the next one may be offered before the receiver is ready for it", async () => {
  const ends = await Ends.meet();
  const { time } = ends.pair.world;
  assert.deepEqual((await ends.transfer("photos")).map(committedFiles), [2, 2]);
  const sent = ends.send(["notes"]);
  await time.pass(2000);
  assert.deepEqual((await time.until(Promise.all([sent, ends.receive()]))).map(committedFiles), [2, 2]);
  assertArrived({ ...ends.pair, items: [...FIRST, ...THIRD] });
});

Deno.test("transfers: one whose files fail leaves the link to the next one, which brings them", async () => {
  const disk = emptyDisk({ faults: new Map([["photos/a", { block: 1, fault: "io", text: "bad sector" }]]) });
  const ends = await Ends.meet(ALL, disk);
  for (const outcome of await ends.transfer("photos")) {
    assert.ok(outcome.state === "finished" && outcome.summary.exitKind === "some-failed", outcome.state);
    assert.equal(outcome.summary.counts.failed, 1);
  }
  disk.faults.clear();
  assert.deepEqual((await ends.transfer("photos")).map(committedFiles), [1, 1], "the other one is present");
  assert.deepEqual((await ends.transfer("movie")).map(committedFiles), [1, 1]);
  assertArrived({ ...ends.pair, items: [...FIRST, ...SECOND] });
  await ends.hangUp();
});

Deno.test("transfers: one that fails as a whole ends the link, and no other one runs on it", async () => {
  const ends = await Ends.meet(ALL, emptyDisk({ freeSpace: MIB }));
  const { there, here, world } = ends.pair;
  assert.match(failure((await ends.transfer("movie"))[1]), /^disk: Not enough space/);
  await world.time.until(Promise.all([there.link.over, here.link.over]));
  await assert.rejects(ends.transfer("notes"), /Not enough space|failed at its disk|closed/i);
  assertClean(ends.pair);
  assert.equal(ends.pair.disk.final.size, 0);
});

Deno.test("transfers: each may have further connections, which end with it", async () => {
  const ends = await Ends.meet(ALL, emptyDisk({ writeMs: 5 }), { cores: 4 });
  const { world, sender, receiver } = ends.pair;
  const tuning = { ...DEFAULT_TUNING, connections: 3 };
  for (const path of ["movie", "photos"]) {
    const before = sender.output.events.length;
    const both = Promise.all([ends.send([path], { ...SEND_OPTIONS, tuning }), ends.receive({ lanes: 12 })]);
    assert.ok((await world.time.until(both)).every(({ state }) => state === "finished"));
    const added = sender.output.events.slice(before).filter(({ type }) => type === "added");
    if (path === "movie") assert.equal(added.length, 2);
    await world.time.pass(1000);
    for (const { engine } of [sender, receiver]) assert.equal(engine.connections.length, 1, "only the first one stays");
  }
  await ends.hangUp();
});

Deno.test("transfers: a link carries one at a time", async () => {
  const ends = await Ends.meet();
  const first = ends.send(["photos"]);
  await assert.rejects(ends.send(["movie"]), /one transfer at a time/);
  await ends.pair.world.time.until(Promise.all([first, ends.receive()]));
  await ends.hangUp();
});

Deno.test("transfers: a late frame of the first one meets no file of the second", async () => {
  const ends = await Ends.meet(TWINS);
  const { sender, receiver, there, world } = ends.pair;
  await ends.transfer("one");
  const source = ends.offer(["one"]).id;
  const second = Promise.all([ends.send(["two"], ONE_LANE), ends.receive()]);
  const late = { connection: there.link.id, source, firstLane: 900, firstNumber: 3, count: 1, transfer: 1 };
  world.time.later(6, () => {
    sender.engine.openLanes(late);
    sender.engine.grant(900, 900, 0, 0, 20);
  });
  let seen = 0;
  world.time.later(20, () => seen = receiver.engine.connections[0]?.laneIds.length ?? 0);
  assert.deepEqual((await world.time.until(second)).map(committedFiles), [1, 1]);
  assert.equal(seen, 2, "the late lane is open");
  assertArrived({ ...ends.pair, items: TWINS });
});

Deno.test("transfers: a lane of a transfer that was not offered ends both sides with 8", async () => {
  const ends = await Ends.meet(TWINS);
  const { sender, there, here, world } = ends.pair;
  await ends.transfer("one");
  const second = Promise.all([ends.send(["two"], ONE_LANE), ends.receive()]);
  const source = ends.offer(["one"]).id;
  world.time.later(6, () => {
    sender.engine.openLanes({
      connection: there.link.id,
      source,
      firstLane: 900,
      firstNumber: 3,
      count: 1,
      transfer: 3,
    });
    sender.engine.grant(900, 900, 0, 0, 1);
  });
  const [sent, received] = await world.time.until(second);
  assert.match(failure(received), /^protocol: .*a lane of a transfer that was not offered/);
  assert.match(failure(sent), /^protocol/);
  assert.equal((await world.time.until(here.link.over)).code, 8);
});

Deno.test("transfers: what a sender says of an earlier transfer, or out of turn, ends the next one with 8", async () => {
  const offer = { type: "offer", host: "h", name: "n", totalSize: 1, lanes: 1 } as const;
  const root = new Uint8Array(32);
  const cases: readonly Message[] = [
    { ...offer, transfer: 1 },
    { ...offer, transfer: 3 },
    { type: "bye" },
    { type: "seal", items: [{ entry: 0, size: 1, root }] },
    { type: "page", first: 0, count: 1, entries: new Uint8Array(60) },
    { type: "pages-end", entries: 3, bytes: 12 },
    { type: "report", numbers: await reportOfFirst() },
  ];
  for (const message of cases) {
    const ends = await Ends.meet();
    const { there, world } = ends.pair;
    await ends.transfer("photos");
    there.link.send(message);
    assert.match(failure(await world.time.until(ends.receive())), /^protocol/, JSON.stringify(message));
    assert.equal((await world.time.until(there.link.over)).code, 8);
  }
});

async function reportOfFirst() {
  const ends = await Ends.meet();
  const said = heard(ends.pair.there);
  await ends.transfer("photos");
  const report = said.find((message) => message.type === "report");
  assert.ok(report?.type === "report");
  return report.numbers;
}

Deno.test("transfers: what a receiver says of an earlier transfer ends the next one with 8", async () => {
  const cases: readonly Message[] = [
    { type: "accept", transfer: 1, host: "h", lanes: 4 },
    { type: "committed", runs: [{ first: 0, count: 1 }] },
    { type: "done", transferRoot: new Uint8Array(32), committed: 1, present: 0, skipped: 0, failed: 0 },
  ];
  for (const message of cases) {
    const ends = await Ends.meet();
    const { here, world } = ends.pair;
    await ends.transfer("photos");
    here.link.send(message);
    assert.match(failure(await world.time.until(ends.send(["movie"]))), /^protocol/, message.type);
    assert.equal((await world.time.until(here.link.over)).code, 8);
  }
});

Deno.test("transfers: without `bye` the receiver has its files, and the link carries nothing more", async () => {
  const ends = await Ends.meet();
  const { there, here, world } = ends.pair;
  const send = there.link.send.bind(there.link);
  there.link.send = (message) => {
    if (message.type !== "bye") send(message);
  };
  assert.deepEqual((await ends.transfer("photos")).map(committedFiles), [2, 2]);
  await world.time.until(Promise.all([here.link.over, there.link.over]));
  assert.ok(here.link.isOver && there.link.isOver);
  assertArrived({ ...ends.pair, items: FIRST });
});

Deno.test("transfers: an interruption between two ends the next one as soon as it begins", async () => {
  const ends = await Ends.meet();
  const { sender, world } = ends.pair;
  await ends.transfer("photos");
  sender.interrupt();
  const received = ends.receive();
  await assert.rejects(world.time.until(ends.send(["movie"])), /SIGINT|interrupted/i);
  assert.match(failure(await world.time.until(received)), /interrupted/);
});

Deno.test("transfers: T13 a receiver that waits for `bye` gives its place away at once; Ctrl-C waits for it a moment", async () => {
  for (
    const [reason, least, most] of [[new UltraError("network", "give way"), 0, 100], ["SIGINT", 4900, 5100]] as const
  ) {
    const pair = await provedPair(FIRST);
    const { world, sender, receiver, there, here } = pair;
    const send = there.link.send.bind(there.link);
    there.link.send = (message) => message.type === "bye" ? undefined : send(message);
    const leave = new AbortController();
    let doneMs = 0;
    const tell = receiver.context.tell;
    const context = {
      ...receiver.context,
      ended: leave.signal,
      tell: (event: Parameters<typeof tell>[0]) => {
        tell(event);
        if (event.type !== "phase" || event.phase !== "confirming") return;
        doneMs = world.time.now();
        leave.abort(reason);
      },
    };
    const sending = new LinkTransfers(there, AT_ONCE, sender.context);
    const offer = () => Offering.ofPaths(["photos"], USUAL_CHOICES, sender.context);
    const sent = sending.send(offer(), SEND_OPTIONS, offer);
    const receiving = new LinkTransfers(here, AT_ONCE, context);
    const outcome = await world.time.until(receiving.receive(openSink(RECEIVE_OPTIONS, context), RECEIVE_OPTIONS));
    const tookMs = world.time.now() - doneMs;
    assert.equal(committedFiles(outcome), 2);
    assert.ok(doneMs > 0 && tookMs >= least && tookMs <= most, `${tookMs} ms`);
    await world.time.until(receiving.hangUp());
    await world.time.until(sent);
  }
});
