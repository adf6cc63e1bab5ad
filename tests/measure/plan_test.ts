import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_TEST_BYTES } from "../../src/protocol/limits.ts";
import type { TestPhase } from "../../src/protocol/messages.ts";
import { testPlan, type TestSizes } from "../../src/measure/plan.ts";
import { type Measurement, testVerdicts } from "../../src/measure/verdict.ts";
import { bottleneckText } from "../../src/ui/verdict.ts";
import type { Finding } from "../../src/verdict/finding.ts";
import { verdictOf } from "../../src/verdict/judges.ts";

const MIB = 1024 * 1024;

type Phase = Omit<TestPhase, "type">;

/** All phases of a plan on a path whose rate for each phase is given, in bytes a second. */
function phasesOf(sizes: TestSizes, rate: (phase: Phase) => number): Phase[] {
  const phases: Phase[] = [];
  const plan = testPlan(sizes);
  for (let step = plan.next(0); !step.done; step = plan.next(step.value.size / rate(step.value))) {
    phases.push(step.value);
    assert.ok(phases.length < 100, "the plan has an end");
  }
  return phases;
}

const name = ({ sender, from, to }: Phase) => `${sender} ${from} ${to}`;

Deno.test("test plan: with a size, both ways of all four kinds move just that, and the last one says so", () => {
  const phases = phasesOf({ size: 5_000_000, isLocal: false }, () => 1e9);
  assert.deepEqual(phases.map(name), [
    "dialer memory memory",
    "listener memory memory",
    "dialer memory disk",
    "listener memory disk",
    "dialer disk memory",
    "listener disk memory",
    "dialer disk disk",
    "listener disk disk",
  ]);
  assert.ok(phases.every(({ size, isProbe }) => size === 5_000_000 && !isProbe));
  assert.deepEqual(phases.filter(({ isLast }) => isLast).map(name), ["listener disk disk"]);
});

Deno.test("test plan: alone one way is enough", () => {
  const phases = phasesOf({ size: 1e6, isLocal: true }, () => 1e9);
  assert.deepEqual(phases.map(name), [
    "dialer memory memory",
    "dialer memory disk",
    "dialer disk memory",
    "dialer disk disk",
  ]);
  assert.equal(phases.at(-1)?.isLast, true);
});

Deno.test("test plan: without a size, probes find one that takes about three seconds", () => {
  const rate = ({ to, sender }: Phase) => (to === "disk" ? 100e6 : 1000e6) * (sender === "dialer" ? 1 : 0.5);
  const phases = phasesOf({ size: undefined, isLocal: false }, rate).filter(({ isProbe }) => !isProbe);
  const seconds = phases.filter(({ from }) => from === "memory").map((phase) => phase.size / rate(phase));
  for (const time of seconds) assert.ok(time > 2.9 && time < 3.2, `${time} s`);
  // What a side reads from its disk is what was written there.
  const size = (wanted: string) => phases.find((phase) => name(phase) === wanted)?.size;
  assert.equal(size("listener disk memory"), size("dialer memory disk"));
  assert.equal(size("dialer disk disk"), size("listener memory disk"));
});

Deno.test("test plan: whatever the rates are, sizes are legal, few probes are needed, and a slow path is not kept busy for long", () => {
  const rates = fc.double({ min: 1e3, max: 1e12, noNaN: true });
  fc.assert(fc.property(rates, rates, fc.boolean(), (memory, disk, isLocal) => {
    const phases = phasesOf({ size: undefined, isLocal }, ({ to }) => to === "disk" ? disk : memory);
    for (const { size, isProbe, from, to } of phases) {
      assert.ok(Number.isInteger(size) && size >= MIB && size <= MAX_TEST_BYTES);
      const rate = to === "disk" ? disk : memory;
      const least = to === "disk" || from === "disk" ? 16 * MIB : MIB;
      assert.ok(
        size <= least || size / rate <= (isProbe ? 0.3 * 8 + 0.01 : 3.1) || from === "disk",
        `${size} at ${rate}`,
      );
    }
    assert.ok(phases.length <= 8 + 4 * 5);
  }));
});

const FINDING: Finding = { limit: "sender-core", role: "network" };

/** The verdicts as a user reads them, with what a program gets. */
function read(measurements: readonly Measurement[]) {
  return testVerdicts(measurements).map((verdict) => {
    return { way: verdict.way, bottleneck: verdict.bottleneck, sentence: bottleneckText(verdict) };
  });
}

function measured(way: Measurement["way"], from: "memory" | "disk", to: "memory" | "disk", rate: number): Measurement {
  return { way, from, to, bytes: rate * 2, seconds: 2, verdict: { ...verdictOf({}), finding: FINDING } };
}

Deno.test("test verdict: the slowest disk of a way is named, with the side where it is", () => {
  const results = [
    measured("send", "memory", "memory", 500e6),
    measured("receive", "memory", "memory", 400e6),
    measured("send", "memory", "disk", 120e6),
    measured("receive", "memory", "disk", 390e6),
    measured("send", "disk", "memory", 200e6),
    measured("receive", "disk", "memory", 80e6),
    measured("send", "disk", "disk", 118e6),
    measured("receive", "disk", "disk", 80e6),
  ];
  assert.deepEqual(read(results), [
    {
      way: "send",
      bottleneck: "disk-write",
      sentence: "the disk there, which writes 120.0 MB/s (memory to memory goes 500.0 MB/s)",
    },
    {
      way: "receive",
      bottleneck: "disk-read",
      sentence: "the disk there, which reads 80.0 MB/s (memory to memory goes 400.0 MB/s)",
    },
  ]);
});

Deno.test("test verdict: disks that keep up are not blamed", () => {
  const results = [
    measured("local", "memory", "memory", 500e6),
    measured("local", "memory", "disk", 450e6),
    measured("local", "disk", "memory", 520e6),
  ];
  const sentence =
    "no disk (memory to memory goes 500.0 MB/s): limited by one core on the sender (network and encryption)";
  assert.deepEqual(read(results), [{ way: "local", bottleneck: "way", sentence }]);
  assert.deepEqual(read(results.slice(0, 1)), [{ way: "local", bottleneck: "way", sentence }]);
  assert.deepEqual(read(results.slice(1)), [], "nothing to compare with");
  const slow = [...results, measured("local", "disk", "memory", 1)].filter(({ from, seconds }) =>
    from === "memory" || seconds > 0
  );
  assert.equal(
    read(slow.toSpliced(2, 1))[0]?.sentence,
    "the disk, which reads 1 B/s (memory to memory goes 500.0 MB/s)",
  );
});
