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
  const phases = phasesOf({ size: 5_000_000, isLocal: false }, () => 5e6);
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
  const phases = phasesOf({ size: 1e6, isLocal: true }, () => 1e6);
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
    // (In the second round a read may need three writes before it, and three tries.)
    assert.ok(phases.length <= 8 + 4 * 5 + 2 * (2 * 5 + 7 + 3 + 7), `${phases.length}`);
  }));
});

/** The sizes of what is shown of one kind, in their order. */
const sizesOf = (phases: readonly Phase[], wanted: string) =>
  phases.filter((phase) => !phase.isProbe && name(phase) === wanted).map(({ size }) => size);

Deno.test("T46 test plan: what was too short with the size that was named is measured again with more, and the last one says so", () => {
  const rate = ({ from, to }: Phase) => from === "memory" && to === "memory" ? 1e9 : 200e6;
  const phases = phasesOf({ size: 16 * MIB, isLocal: false }, rate);
  for (const sender of ["dialer", "listener"]) {
    for (const kind of ["memory memory", "memory disk", "disk memory"]) {
      const [first, ...more] = sizesOf(phases, `${sender} ${kind}`);
      assert.deepEqual([first, more.length], [16 * MIB, 2], `${sender} ${kind}`);
      const [from, to] = kind.split(" ");
      for (const seconds of more.map((size) => size / rate({ from, to } as Phase))) {
        assert.ok(seconds >= 0.5 && seconds < 2.5, `${sender} ${kind}: ${seconds} s`);
      }
    }
    assert.equal(sizesOf(phases, `${sender} disk disk`).length, 1);
  }
  assert.deepEqual(phases.map(({ isLast }) => isLast), phases.map((_, index) => index === phases.length - 1));
});

Deno.test("T46 test plan: a disk that would be blamed is measured once more, and memory beside it; nothing else is", () => {
  const rate = ({ from, to }: Phase) => from === "memory" && to === "memory" ? 1000e6 : 100e6;
  const phases = phasesOf({ size: undefined, isLocal: true }, rate);
  const counts = ["memory memory", "memory disk", "disk memory", "disk disk"]
    .map((kind) => sizesOf(phases, `dialer ${kind}`).length);
  assert.deepEqual(counts, [2, 2, 2, 1]);
  const even = phasesOf({ size: undefined, isLocal: true }, () => 1000e6).filter(({ isProbe }) => !isProbe);
  assert.equal(even.length, 4);
});

Deno.test("T46 test plan: a disk that is too fast to tell is not filled for that", () => {
  const phases = phasesOf({ size: undefined, isLocal: true }, ({ from }) => from === "disk" ? 1e11 : 200e6);
  for (const { size, from, isProbe } of phases) {
    if (from === "memory" && isProbe) assert.ok(size / 200e6 <= 2.5, `${size}`);
    assert.ok(size <= 2 * 1024 * MIB);
  }
  assert.equal(phases.at(-1)?.isLast, true);
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

Deno.test("T46 test verdict: a disk that was slow while all cores were busy is not blamed", () => {
  const crowded: Finding = { limit: "sender-cores", cores: 2, used: 0.7 };
  const disk = measured("local", "disk", "memory", 300e6);
  const memory = measured("local", "memory", "memory", 1000e6);
  const slow = [disk, { ...disk, verdict: { ...disk.verdict, finding: crowded } }];
  assert.equal(read([memory, ...slow])[0]?.bottleneck, "disk-read", "once it had cores");
  assert.deepEqual(read([memory, ...slow.slice(1)])[0]?.bottleneck, "unclear");
});

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

/** A phase that took so long. */
function lasting(from: "memory" | "disk", to: "memory" | "disk", rate: number, seconds = 2): Measurement {
  const finding: Finding = seconds < 0.5 ? { limit: "too-short" } : FINDING;
  return { way: "local", from, to, bytes: rate * seconds, seconds, verdict: { ...verdictOf({}), finding } };
}

Deno.test("T46 test verdict: phases that were too short name no bottleneck, and say how much it takes", () => {
  const short = [
    lasting("memory", "memory", 500e6, 0.1),
    lasting("memory", "disk", 50e6, 0.4),
    lasting("disk", "memory", 450e6, 0.1),
  ];
  assert.deepEqual(read(short), [{
    way: "local",
    bottleneck: "too-short",
    sentence: "too short to say: it takes about 500.0 MB in each phase",
  }]);
  // With memory alone long enough, disks are neither blamed nor acquitted by less.
  const memory = lasting("memory", "memory", 500e6);
  assert.equal(read([...short, memory])[0]?.bottleneck, "too-short");
  assert.equal(read([...short, memory, lasting("memory", "disk", 60e6)])[0]?.bottleneck, "disk-write");
  // What was too short went at least that fast.
  assert.equal(
    read([memory, lasting("memory", "disk", 480e6), lasting("disk", "memory", 450e6, 0.1)])[0]?.bottleneck,
    "way",
  );
  assert.equal(
    read([memory, lasting("memory", "disk", 200e6), lasting("disk", "memory", 100e6, 0.1)])[0]?.bottleneck,
    "too-short",
  );
});

Deno.test("T46 test verdict: two measurements that do not agree name no disk", () => {
  const disk = [lasting("memory", "disk", 300e6), lasting("memory", "disk", 310e6)];
  const steady = [lasting("memory", "memory", 500e6), lasting("memory", "memory", 520e6)];
  assert.equal(read([...steady, ...disk])[0]?.bottleneck, "disk-write");
  const noisy = [lasting("memory", "memory", 350e6), lasting("memory", "memory", 520e6)];
  assert.deepEqual(read([...noisy, ...disk]), [{
    way: "local",
    bottleneck: "unclear",
    sentence:
      "not clear: memory to memory went 350.0 MB/s to 520.0 MB/s, and the disk, which writes, 300.0 MB/s to 310.0 MB/s; " +
      "measure again when less else is going on",
  }]);
  const hiccup = [lasting("memory", "disk", 100e6), lasting("memory", "disk", 510e6)];
  assert.equal(read([...steady, ...hiccup])[0]?.bottleneck, "way", "once it kept up");
});

Deno.test("T46 test verdict: whatever is measured, a disk is named only if every one of its rates was below every one of memory's", () => {
  const rates = fc.array(fc.tuple(fc.integer({ min: 1, max: 100 }), fc.constantFrom(0.1, 2)), { maxLength: 3 });
  fc.assert(fc.property(rates, rates, rates, (memory, write, reading) => {
    const all = [
      ...memory.map(([rate, seconds]) => lasting("memory", "memory", rate * 1e6, seconds)),
      ...write.map(([rate, seconds]) => lasting("memory", "disk", rate * 1e6, seconds)),
      ...reading.map(([rate, seconds]) => lasting("disk", "memory", rate * 1e6, seconds)),
    ];
    const [verdict] = testVerdicts(all);
    if (verdict === undefined) return assert.equal(memory.length, 0);
    const told = (rows: typeof memory) => rows.filter(([, seconds]) => seconds > 0.5).map(([rate]) => rate);
    if (verdict.bottleneck === "disk-read" || verdict.bottleneck === "disk-write") {
      const named = told(verdict.bottleneck === "disk-read" ? reading : write);
      assert.ok(named.length > 0 && Math.max(...named) < 0.8 * Math.min(...told(memory)));
    }
    if (verdict.bottleneck === "way") {
      for (const disk of [write, reading].filter((rows) => rows.length > 0)) {
        const best = Math.max(...(told(disk).length > 0 ? told(disk) : disk.map(([rate]) => rate)));
        assert.ok(best >= 0.8 * Math.max(...told(memory)));
      }
    }
  }));
});
