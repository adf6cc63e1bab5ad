/** `ultra test` between two simulated processes, from the commands to the exit codes. */

import assert from "node:assert/strict";
import type { ControlLink } from "../../src/link/control_link.ts";
import { meetByTicket } from "../../src/meet/meet.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";
import type { Message, TestPhase } from "../../src/protocol/messages.ts";
import { emptyDisk, MIB } from "../support/made_up.ts";
import { type SimulatedProcess, SimulatedWorld } from "../support/simulated_process.ts";
import { Listening, RECEIVER, SENDER } from "../session/support.ts";

interface Pair {
  readonly world: SimulatedWorld;
  readonly waits: SimulatedProcess;
  readonly dials: SimulatedProcess;
  /** Exit codes. */
  readonly codes: Promise<readonly [waits: number, dials: number]>;
}

async function pair(size: number | undefined, disks = { waits: emptyDisk(), dials: emptyDisk() }): Promise<Pair> {
  const world = new SimulatedWorld();
  const waits = world.process({ address: RECEIVER, disk: disks.waits });
  const dials = world.process({ address: SENDER, disk: disks.dials });
  const waiting = waits.test(undefined, { size });
  const ticket = await world.time.until(waits.ticket);
  const dialing = dials.test(ticket, { size });
  return { world, waits, dials, codes: Promise.all([waiting, dialing]) };
}

function assertTidy({ waits, dials }: Pair): void {
  for (const { engine } of [waits, dials]) {
    assert.deepEqual([...engine.folders.keys()], [], "what was written is removed");
    assert.equal(engine.sinkCount, 0);
  }
}

/** Rows of the second round: memory, and both disks, each way, twice. */
const AGAIN = 12;

Deno.test("test: T46: both sides see all eight phases, each as its own way, and what was too short again with more", async () => {
  const play = await pair(5 * MIB);
  assert.deepEqual(await play.world.time.until(play.codes), [0, 0]);
  const shown = ({ output }: SimulatedProcess) =>
    output.measurements.map(({ way, from, to, bytes }) => `${way} ${from} ${to} ${bytes / MIB}`);
  const ways = (first: string, second: string) =>
    ["memory memory", "memory disk", "disk memory", "disk disk"].flatMap((
      kind,
    ) => [`${first} ${kind} 5`, `${second} ${kind} 5`]);
  assert.deepEqual(shown(play.dials).slice(0, 8), ways("send", "receive"));
  assert.deepEqual(shown(play.waits).slice(0, 8), ways("receive", "send"));
  const again = ({ output }: SimulatedProcess) => output.measurements.slice(8);
  assert.deepEqual(again(play.dials).map(({ bytes }) => bytes), again(play.waits).map(({ bytes }) => bytes));
  assert.ok(again(play.dials).length === AGAIN && again(play.dials).every(({ bytes }) => bytes > 100 * MIB));
  for (const { output } of [play.dials, play.waits]) {
    const phases = Array.from({ length: 8 }, () => ["measuring", "measured"]).flat();
    assert.deepEqual(output.calls.slice(0, 17), [...phases, "measuring-again"]);
    assert.equal(output.calls.at(-1), "tested");
    assert.equal(output.calls.filter((call) => call === "measuring-again" || call === "tested").length, 2);
    assert.deepEqual(output.testVerdicts.map(({ way }) => way).sort(), ["receive", "send"]);
    assert.deepEqual([output.facts, output.errorTexts, output.warnings], [[], [], []]);
  }
  assert.deepEqual(play.dials.output.phases, ["connecting", "proving"], "said once");
  assert.equal(play.world.time.openTimers, 0, "no timer is left");
  assertTidy(play);
});

Deno.test("test: the size that nobody named is found with probes, which nobody is told of", async () => {
  const play = await pair(undefined);
  assert.deepEqual(await play.world.time.until(play.codes), [0, 0]);
  for (const { output } of [play.dials, play.waits]) assert.equal(output.measurements.length, 8);
  assertTidy(play);
});

Deno.test("test: alone, one process is both sides", async () => {
  const world = new SimulatedWorld();
  const process = world.process({ address: "127.0.0.1" });
  const code = await world.time.until(process.test(undefined, { size: 3 * MIB, peer: { type: "local" } }));
  assert.equal(code, 0, process.output.errorTexts.join());
  const { measurements } = process.output;
  assert.deepEqual(measurements.slice(0, 4).map(({ way, bytes }) => `${way} ${bytes / MIB}`), Array(4).fill("local 3"));
  assert.deepEqual(measurements.slice(4).map(({ way }) => way), Array(6).fill("local"));
  assert.deepEqual(process.output.tickets, []);
  assert.deepEqual([...process.engine.folders.keys()], []);
});

Deno.test("test: a full disk ends both sides with 4, and says where it is", async () => {
  const full = { ...emptyDisk(), freeSpace: MIB };
  for (const isThere of [true, false]) {
    const play = await pair(5 * MIB, { waits: isThere ? full : emptyDisk(), dials: isThere ? emptyDisk() : full });
    assert.deepEqual(await play.world.time.until(play.codes), [4, 4]);
    const [own, other] = isThere ? [play.waits, play.dials] : [play.dials, play.waits];
    assert.match(own.output.errorTexts.join(), /space/);
    assert.match(other.output.errorTexts.join(), /^The other side: .*space/);
    assertTidy(play);
  }
});

Deno.test("test: an interrupted side ends with its signal, the other one with 5, and both tidy up", async () => {
  for (const side of ["waits", "dials"] as const) {
    // (A dialer that ends before its proof was nobody to the side that waits, which goes on waiting.)
    for (const afterMs of [50, 100, 200, 300]) {
      const play = await pair(80 * MIB);
      play.world.time.later(afterMs, () => play[side].interrupt());
      const [waits, dials] = await play.world.time.until(play.codes);
      assert.deepEqual(side === "waits" ? [waits, dials] : [dials, waits], [130, 5], `${side} after ${afterMs} ms`);
      assertTidy(play);
    }
  }
});

Deno.test("test: a dialer that does not come again is not waited for for ever", async () => {
  const play = await pair(5 * MIB);
  const before = Promise.withResolvers<void>();
  const { output } = play.waits;
  const { listener } = output;
  output.listener = (event) => {
    listener(event);
    if (event.type === "measured") before.resolve();
  };
  await play.world.time.until(before.promise);
  play.dials.kill();
  const [code] = await play.world.time.until(Promise.all([play.codes.then(([waits]) => waits)]));
  assert.equal(code, 5);
  assert.match(play.waits.output.errorTexts.join(), /did not go on|lost|went away/);
  assert.deepEqual([...play.waits.engine.folders.keys()], []);
});

/** A dialer that has proved the ticket of a waiting tester, and whatever it says then. */
async function stranger(
  say: (link: ControlLink) => void,
): Promise<{ code: number; text: string; heard: (string | undefined)[] }> {
  const world = new SimulatedWorld();
  const waits = world.process({ address: RECEIVER });
  const dials = world.process({ address: SENDER });
  const waiting = waits.test(undefined, { size: MIB });
  const ticket = await world.time.until(waits.ticket);
  const { link } = await world.time.until(meetByTicket(ticket, "test", DEFAULT_TUNING, dials.context));
  const listening = new Listening();
  link.handle(listening);
  say(link);
  const code = await world.time.until(waiting);
  assert.deepEqual([...waits.engine.folders.keys()], []);
  return { code, text: waits.output.errorTexts.join(), heard: listening.types };
}

const OFFER: Message = { type: "offer", transfer: 1, host: "a", name: "b", totalSize: 1, lanes: 1 };

Deno.test("test: whoever says something else than a phase, or nothing, ends the test", async () => {
  const silent = await stranger(() => {});
  assert.deepEqual([silent.code, silent.heard], [5, ["abort"]]);
  const offering = await stranger((link) => link.send(OFFER));
  assert.deepEqual([offering.code, offering.heard], [8, ["abort"]]);
  assert.match(offering.text, /"offer" before its phase/);
  const aborting = await stranger((link) => link.send({ type: "abort", kind: "disk", text: "no room" }));
  assert.deepEqual([aborting.code, aborting.text], [4, "no room"]);
});

Deno.test("test: a phase that the other side does not run as it said fails as a transfer does", async () => {
  const phase: TestPhase = {
    type: "test-phase",
    sender: "dialer",
    from: "memory",
    to: "memory",
    size: MIB,
    isProbe: false,
    isLast: true,
  };
  const twice = await stranger((link) => {
    link.send(phase);
    link.send(phase);
  });
  assert.equal(twice.code, 8);
  const absent = await stranger((link) => link.send({ ...phase, sender: "listener", from: "disk" }));
  assert.equal(absent.code, 4, "there is no file yet to be read");
});

Deno.test("test: a ticket of a test is for tests only, and one of a transfer for transfers", async () => {
  const world = new SimulatedWorld();
  const waits = world.process({ address: RECEIVER });
  const dials = world.process({ address: SENDER });
  const waiting = waits.test(undefined, { size: MIB });
  const ticket = await world.time.until(waits.ticket);
  assert.equal(await world.time.until(dials.receive(ticket)), 2);
  assert.match(dials.output.errorTexts.join(), /run `ultra test` on both/);
  assert.deepEqual(waits.output.measurements, []);
  // Whoever has the ticket and a wrong command has not used it up.
  const again = world.process({ address: SENDER });
  assert.deepEqual(await world.time.until(Promise.all([waiting, again.test(ticket, { size: MIB })])), [0, 0]);
});
