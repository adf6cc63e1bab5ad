/** Whole transfers between two simulated processes, from the commands to the exit codes. */

import assert from "node:assert/strict";
import type { TransferFacts } from "../../src/session/events.ts";
import { meetByTicket } from "../../src/meet/meet.ts";
import type { TransferMessage } from "../../src/protocol/messages.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import { emptyDisk, type Item, MIB, tree } from "../support/made_up.ts";
import { createOutput } from "../../src/ui/create.ts";
import { MemoryTerminal } from "../ui/support.ts";
import { KILLED, SimulatedWorld } from "../support/simulated_process.ts";
import { assertArrived, assertClean, type Ending, play, RECEIVER, SENDER } from "./support.ts";

const TREE: readonly Item[] = [
  ["photos", "folder"],
  ["photos/empty", 0],
  ["photos/one", 1],
  ["photos/block", MIB],
  ["photos/more", MIB + 1],
  ["photos/raw", "folder"],
  ["photos/raw/large", 70 * MIB + 5],
  ["photos/raw/small", 10],
];

const FILE: readonly Item[] = [["movie", 40 * MIB + 3]];

const BOTH = ["sender", "receiver"] as const;

function assertCodes({ codes, sender, receiver }: Ending, expected: number | readonly [number, number]): void {
  const [sent, received] = typeof expected === "number" ? [expected, expected] : expected;
  const texts = [...sender.output.errorTexts, ...receiver.output.errorTexts].join("; ");
  assert.deepEqual(codes, { sender: sent, receiver: received }, texts);
}

for (const waits of BOTH) {
  Deno.test(`transfer: A2 A7 a tree arrives whole when the ${waits} waits`, async () => {
    const ending = await play({ items: TREE, waits });
    assertCodes(ending, 0);
    assertArrived(ending);
    assert.equal(ending.world.time.openTimers, 0, "no timer is left");
    await ending.world.time.pass(10_000);
    assert.deepEqual(ending.world.network.open, [], "no connection is left");
    assert.equal(ending.receiver.engine.sinkCount, 0, "the sink is disposed of");
  });

  Deno.test(`transfer: what the user is told comes in order when the ${waits} waits`, async () => {
    const { sender, receiver } = await play({
      items: TREE,
      waits,
      send: { tuning: { ...DEFAULT_TUNING, streams: 3 } },
    });
    const told = (calls: readonly string[]) => calls.filter((call) => call !== "progress");
    assert.deepEqual(told(sender.output.calls), ["started", "config", "opened", "settings", "complete"]);
    assert.deepEqual(told(receiver.output.calls), ["started", "settings", "opened", "complete"]);
    for (const { output } of [sender, receiver]) {
      assert.equal(output.calls[0], "started", "no progress is told before the start");
    }
    assert.equal(sender.output.calls.at(-1), "complete", "no progress is told behind the end");
    assert.deepEqual(sender.output.configs, [{ streams: 3, chunks: 7, chunkBytes: 32 * MIB, isEven: false }]);
    assert.deepEqual([sender.output.openedStreams, receiver.output.openedStreams], [[3], [3]]);
    const reported = [sender, receiver].flatMap(({ output }) => output.reportedSettings);
    assert.deepEqual(reported.map(({ connection }) => connection), [1, 1]);
    assert.deepEqual(reported.map(({ settings }) => settings.peerUnidiStreams), [0, 3]);
    assert.deepEqual([sender.output.starts[0]?.name, receiver.output.starts[0]?.name], ["photos", "photos"]);
  });

  Deno.test(`transfer: both ends show the same numbers at the end when the ${waits} waits`, async () => {
    const { sender, receiver } = await play({ items: TREE, waits });
    const [mine, theirs] = [sender.output.facts[0], receiver.output.facts[0]];
    assert.ok(mine !== undefined && theirs !== undefined);
    assert.deepEqual(shared(mine), shared(theirs));
    const { reports } = mine.verdict;
    assert.deepEqual([reports.sender?.connections, reports.receiver?.connections], [1, 1]);
    assert.equal(mine.files, 6);
    const bytes = mine.bytes;
    for (const { output } of [sender, receiver]) {
      assert.deepEqual(output.reports.at(-1), { verifiedBytes: bytes, totalBytes: bytes, listed: true });
      const counts = output.reports.map(({ verifiedBytes }) => verifiedBytes);
      assert.deepEqual(counts, counts.toSorted((a, b) => a - b), "progress never goes back");
    }
  });
}

Deno.test("transfer: no side shows 100 % before both have confirmed the end, and the machine may sleep again then", async () => {
  for (const waits of BOTH) {
    const { sender, receiver } = await play({ items: TREE, waits });
    for (const { output, engine } of [sender, receiver]) {
      const reports = output.events.flatMap((event) => event.type === "progress" ? [event.progress] : []);
      assert.deepEqual(
        reports.map(({ isConfirmed }) => isConfirmed),
        reports.map((_, at) => at === reports.length - 1),
      );
      const terminal = new MemoryTerminal();
      const shown = createOutput(terminal.options("json"));
      for (const event of output.events) {
        terminal.now += 1000;
        shown.tell(event);
      }
      const percents = terminal.stdout.lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "progress")
        .map(({ percent }) => percent);
      assert.equal(percents.indexOf(100), percents.length - 1);
      assert.equal(engine.awake, 0);
    }
  }
});

Deno.test("transfer: a page that arrives together with the last flight does not break the connection", async () => {
  for (const waits of BOTH) {
    const world = new SimulatedWorld();
    world.network.clumpMs = 10;
    const items = Array.from({ length: 400 }, (_, i): Item => [`a file with a rather long name ${i}`, i]);
    const ending = await play({ world, items, tree: { pageEntries: 400 }, waits });
    assertCodes(ending, 0);
    assertArrived(ending);
  }
});

Deno.test("transfer: B2 whatever way the control stream is cut and delayed, everything arrives", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const world = new SimulatedWorld(seed);
    const { random } = world;
    world.network.latencyMs = random.between(1, 150);
    world.network.jitterMs = random.below(50);
    world.network.clumpMs = random.below(3) * 4;
    world.network.pieceBytes = random.pick([1, 3, 100, 5000, Infinity]);
    const waits = random.pick(BOTH);
    const ending = await play({ world, items: TREE, waits, tree: { pageEntries: random.between(1, 8) } });
    assert.deepEqual(ending.codes, { sender: 0, receiver: 0 }, `seed ${seed}`);
    assertArrived(ending);
  }
});

Deno.test("transfer: J6 a sender that waits a quarter of an hour for its turn is served with all its files", async () => {
  const world = new SimulatedWorld();
  const disk = emptyDisk({ writeMs: 20_000 });
  const receiver = world.process({ address: RECEIVER, disk });
  const receiving = receiver.receive(undefined, { stay: true });
  const ticket = await world.time.until(receiver.ticket);
  const many = Array.from({ length: 1000 }, (_, i): Item => [`many/a rather long name ${i}`, 0]);
  const visits: readonly (readonly Item[])[] = [[["first", 50 * MIB]], [["many", "folder"], ...many]];
  const codes = visits.map((items, i) => {
    const sender = world.process({ address: `10.0.1.${i}`, tree: tree(items, { pageEntries: 200 }) });
    return sender.send([items[0]?.[0] ?? ""], ticket, { tuning: { ...DEFAULT_TUNING, streams: 1 } });
  });
  assert.deepEqual(await world.time.until(Promise.all(codes)), [0, 0]);
  assert.ok(world.time.now() > 900_000, "it waited");
  receiver.interrupt();
  assert.equal(await world.time.until(receiving), 130);
  assertArrived({ world, sender: receiver, receiver, disk, items: visits.flat() });
});

Deno.test("transfer: a receiver that stays goes on after a transfer that failed", async () => {
  const world = new SimulatedWorld();
  const disk = emptyDisk();
  const receiver = world.process({ address: RECEIVER, disk });
  const receiving = receiver.receive(undefined, { stay: true });
  const ticket = await world.time.until(receiver.ticket);
  const visitor = (i: number, items: readonly Item[]) => world.process({ address: `10.0.1.${i}`, tree: tree(items) });
  assert.equal(await world.time.until(visitor(1, FILE).send(["movie"], ticket)), 0);
  assert.equal(await world.time.until(visitor(2, [[".hidden", 5]]).send([".hidden"], ticket)), 4);
  const killed = visitor(3, [["other", 90 * MIB]]);
  world.time.later(20, () => killed.kill(100));
  assert.equal(await world.time.until(killed.send(["other"], ticket)), KILLED);
  assert.equal(await world.time.until(visitor(4, [["last", 5]]).send(["last"], ticket)), 0);
  receiver.interrupt("SIGTERM");
  assert.equal(await world.time.until(receiving), 143);
  assert.deepEqual([...disk.final.keys()].sort(), ["last", "movie"]);
  assertClean({ disk });
});

Deno.test("transfer: D17 a file that exists and differs is refused on both sides, and replaced when that was allowed", async () => {
  const existing = () => emptyDisk({ final: new Map([["movie", { size: 3, blocks: new Uint32Array(1) }]]) });
  const refused = await play({ items: FILE, waits: "receiver", disk: existing() });
  assertCodes(refused, 4);
  assert.equal(sizeOf(refused, "movie"), 3, "it is untouched");
  const told = refused.sender.output.facts[0]?.leftOut;
  assert.deepEqual(told, [{ reason: "exists", path: "movie" }]);
  const replaced = await play({ items: FILE, waits: "receiver", disk: existing(), receive: { existing: "replace" } });
  assertCodes(replaced, 0);
  assertArrived(replaced);
});

function sizeOf({ disk }: Ending, path: string): number {
  const there = disk.final.get(path);
  return typeof there === "object" ? there.size : -1;
}

Deno.test("transfer: what is there already is not sent again and counts as done", async () => {
  const first = await play({ items: TREE, waits: "receiver" });
  const again = await play({ items: TREE, waits: "sender", disk: first.disk });
  assertCodes(again, 0);
  const facts = again.receiver.output.facts[0];
  assert.deepEqual([facts?.files, facts?.bytes, facts?.presentFiles], [0, 0, 6]);
  assertArrived(again);
});

Deno.test("transfer: D1 a manifest that does not fit is refused before anything is created", async () => {
  const ending = await play({ items: TREE, waits: "receiver", disk: emptyDisk({ freeSpace: 50 * MIB }) });
  assertCodes(ending, 4);
  assert.match(ending.receiver.output.errorTexts[0] ?? "", /Not enough space/);
  assert.deepEqual([ending.disk.final.size, ending.disk.parts.size], [0, 0]);
});

Deno.test("transfer: a folder that cannot be used ends the receiver with 4 before anybody is let in", async () => {
  const world = new SimulatedWorld();
  const disk = emptyDisk({ folderFault: { fault: "not-found", text: "The folder does not exist" } });
  const receiver = world.process({ address: RECEIVER, disk });
  assert.equal(await world.time.until(receiver.receive()), 4);
  assert.deepEqual(receiver.output.tickets, []);
});

for (const fault of ["no-space", "read-only"] as const) {
  Deno.test(`transfer: D2 a disk that ends with "${fault}" in the middle ends everything with 4 on both sides`, async () => {
    const disk = emptyDisk({ faults: new Map([["photos/raw/large", { block: 20, fault, text: "the disk is bad" }]]) });
    const ending = await play({ items: TREE, waits: "receiver", disk });
    assertCodes(ending, 4);
    assert.match(ending.sender.output.errorTexts[0] ?? "", /^The other side: the disk is bad/i);
    assertClean(ending);
  });
}

Deno.test("transfer: D8 one file that the receiver's disk fails leaves the others alone: 3, or 4 when it was the only one, and the next run goes on with it", async () => {
  for (const block of [3, undefined]) {
    const broken = (path: string) =>
      emptyDisk({ faults: new Map([[path, { block, fault: "io", text: "bad sector" }]]) });
    const several = await play({ items: TREE, waits: "receiver", disk: broken("photos/raw/large") });
    assertCodes(several, 3);
    assertArrived(several, ["photos/raw/large"], ["photos/raw/large"]);
    const again = await play({ items: TREE, waits: "receiver", disk: { ...several.disk, faults: new Map() } });
    assertCodes(again, 0);
    assertArrived(again);
    const resumed = again.receiver.output.facts[0]?.resumedBytes ?? 0;
    assert.ok(resumed > 0, `${resumed} bytes were taken up`);
    assert.deepEqual(several.receiver.output.failures.map(({ path }) => path), ["photos/raw/large"]);
    assert.equal(several.sender.output.facts[0]?.failed[0]?.path, "photos/raw/large");
    const single = await play({ items: FILE, waits: "sender", disk: broken("movie") });
    assertCodes(single, 4);
    assert.equal(single.disk.final.size, 0);
    assertClean(single);
  }
});

Deno.test("transfer: E1 E2 a source that cannot be read on, or is another at its seal, fails that file on both sides", async () => {
  const changed = { fault: "changed", text: "it changed while it was read" } as const;
  const flaws = [
    { readFaults: new Map([["photos/raw/large", { ...changed, block: 20 }], ["movie", { ...changed, block: 7 }]]) },
    { sealFaults: new Map([["photos/raw/large", changed], ["movie", changed]]) },
  ];
  for (const flaw of flaws) {
    const several = await play({ items: TREE, waits: "sender", tree: flaw });
    assertCodes(several, 3);
    assertArrived(several, ["photos/raw/large"]);
    const single = await play({ items: FILE, waits: "receiver", tree: flaw });
    assertCodes(single, 9);
    assert.equal(single.disk.final.size, 0);
    assertClean(single);
  }
});

Deno.test("transfer: a walk that fails ends both sides, and nothing has got a name", async () => {
  for (const waits of BOTH) {
    // The walk pauses until the receiver has accepted, so the failure comes in the middle.
    const items = Array.from({ length: 30 }, (_, i): Item => [`file ${i}`, MIB]);
    const walkFault = { before: 20, fault: "io", text: "the folder cannot be read" } as const;
    const ending = await play({ items, waits, tree: { walkFault, pageEntries: 1 } });
    assertCodes(ending, 4);
    assert.match(ending.receiver.output.errorTexts[0] ?? "", /^The other side: The folder cannot be read/);
    assert.equal(ending.disk.final.size, 0);
    assertClean(ending);
  }
});

Deno.test("transfer: T10: a tree of more than a transfer holds ends both sides with 2, also when data flows, and nothing has got a name", async () => {
  for (const waits of BOTH) {
    const items = Array.from({ length: 300 }, (_, i): Item => [`file ${i}`, MIB]);
    const text = "cannot send the folder: it holds more than 4,194,304 entries";
    const names = new Set<string>();
    const ending = await play({
      items,
      waits,
      tree: { walkFault: { before: 280, fault: "too-much", text }, pageEntries: 1 },
      during: ({ world, disk }) => {
        const look = () => {
          for (const name of disk.final.keys()) names.add(name);
          if (world.network.open.length > 0 || world.time.now() < 100) world.time.later(1, look);
        };
        look();
      },
    });
    assertCodes(ending, 2);
    assert.ok((ending.receiver.output.reports.at(-1)?.verifiedBytes ?? 0) > 0, "data was flowing");
    assert.deepEqual([[...names], ending.disk.final.size], [[], 0], "no final name at any time");
    assertClean(ending);
    assert.match(ending.receiver.output.errorTexts[0] ?? "", /^The other side: Cannot send the folder/);
  }
});

Deno.test("transfer: a path that does not exist ends the sender with 4 before it shows a ticket", async () => {
  const world = new SimulatedWorld();
  const sender = world.process({ address: SENDER, tree: tree(FILE) });
  assert.equal(await world.time.until(sender.send(["muvie"])), 4);
  assert.deepEqual(sender.output.tickets, []);
  assert.match(sender.output.errorTexts[0] ?? "", /^There is no "muvie"/);
});

Deno.test("transfer: B5 a block that arrives damaged is asked for again, three times at most", async () => {
  const damaged = (times: number) => [{ entry: 0, block: 5, times }, { entry: 0, block: 40, times: 1 }];
  const lucky = await play({ items: FILE, waits: "receiver", damages: damaged(3) });
  assertCodes(lucky, 0);
  assertArrived(lucky);
  assert.equal(lucky.receiver.output.facts[0]?.resentBytes, 3 * MIB + 3);
  assert.equal(lucky.sender.output.facts[0]?.resentBytes, 3 * MIB + 3);
  const broken = await play({ items: FILE, waits: "sender", damages: damaged(4) });
  assertCodes(broken, 7);
  assertClean(broken);
});

Deno.test("transfer: lanes that are reset on the way cost time and nothing else", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = new SimulatedWorld(seed);
    const ending = await play({
      world,
      items: TREE,
      waits: "sender",
      send: { tuning: { ...DEFAULT_TUNING, streams: 6 } },
      during: ({ sender }) => {
        const reset = () => {
          const [end] = sender.engine.connections;
          const lanes = end?.laneIds ?? [];
          if (lanes.length > 1) end?.resetLane(world.random.pick(lanes));
        };
        for (let i = 0; i < 4; i++) world.time.later(world.random.time(10, 60), reset);
      },
    });
    assert.deepEqual(ending.codes, { sender: 0, receiver: 0 }, `seed ${seed}`);
    assertArrived(ending);
  }
});

Deno.test("transfer: D23 a disk that takes 2 seconds for a block is waited for", async () => {
  const ending = await play({ items: FILE, waits: "receiver", disk: emptyDisk({ writeMs: 2000, commitMs: 40_000 }) });
  assertCodes(ending, 0);
  assertArrived(ending);
});

Deno.test("transfer: two receivers that meet end with 2 where one dials, and the other one goes on waiting", async () => {
  const world = new SimulatedWorld();
  const waiting = world.process({ address: RECEIVER });
  const receiving = waiting.receive();
  const ticket = await world.time.until(waiting.ticket);
  const dialing = world.process({ address: SENDER });
  assert.equal(await world.time.until(dialing.receive(ticket)), 2);
  assert.match(dialing.output.errorTexts[0] ?? "", /Both sides want to receive/);
  const sender = world.process({ address: SENDER, tree: tree(FILE) });
  assert.deepEqual(await world.time.until(Promise.all([sender.send(["movie"], ticket), receiving])), [0, 0]);
});

Deno.test("transfer: G10 a proved sender that offers nothing is given up after 30 seconds", async () => {
  const world = new SimulatedWorld();
  const receiver = world.process({ address: RECEIVER });
  const receiving = receiver.receive();
  const ticket = await world.time.until(receiver.ticket);
  const silent = world.process({ address: SENDER });
  await world.time.until(meetByTicket(ticket, "send", DEFAULT_TUNING, silent.context));
  assert.equal(await world.time.until(receiving), 5);
  assert.ok(Math.abs(world.time.now() - 30_000) < 1000);
  assert.match(receiver.output.errorTexts[0] ?? "", /offered nothing in time/);
});

Deno.test("transfer: what a peer sends out of place ends with 8 on both sides", async () => {
  const offer = { type: "offer", transfer: 1, host: "h", name: "n", totalSize: 1, lanes: 1 } as const;
  const cases: readonly (readonly TransferMessage[])[] = [
    [offer, offer],
    [offer, { type: "bye" }],
    [offer, { type: "seal", items: [{ entry: 0, size: 1, root: new Uint8Array(32) }] }],
    [offer, { type: "need", items: [{ what: "all", entry: 0, entries: 1 }] }],
    [offer, { type: "position", transfer: 1, entries: 0, end: false }],
    [offer, { type: "pages-end", entries: 5, bytes: 0 }],
  ];
  for (const messages of cases) {
    const world = new SimulatedWorld();
    const receiver = world.process({ address: RECEIVER });
    const receiving = receiver.receive();
    const ticket = await world.time.until(receiver.ticket);
    const hostile = world.process({ address: SENDER });
    const { link } = await world.time.until(meetByTicket(ticket, "send", DEFAULT_TUNING, hostile.context));
    for (const message of messages) link.send(message);
    assert.equal(await world.time.until(receiving), 8, messages.map(({ type }) => type).join(", "));
    assert.equal((await world.time.until(link.over)).code, 8);
  }
});

Deno.test("transfer: a sender cancels with 8 when its offer is accepted twice", async () => {
  const world = new SimulatedWorld();
  const sender = world.process({ address: SENDER, tree: tree(FILE) });
  const sending = sender.send(["movie"]);
  const ticket = await world.time.until(sender.ticket);
  const hostile = world.process({ address: RECEIVER });
  const { link } = await world.time.until(meetByTicket(ticket, "receive", DEFAULT_TUNING, hostile.context));
  link.admit(4);
  for (let i = 0; i < 2; i++) link.send({ type: "accept", transfer: 1, host: "h", lanes: 4 });
  assert.equal(await world.time.until(sending), 8);
});

/** What both sides say alike: not their role, their own disk and their own time. */
function shared(
  { role: _role, savedTo: _savedTo, seconds: _seconds, ...facts }: TransferFacts,
): Partial<TransferFacts> {
  return facts;
}
