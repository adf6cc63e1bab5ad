import assert from "node:assert/strict";
import fc from "fast-check";
import { BUFFER_LEN } from "../../src/engine/door.generated.ts";
import { parseArguments } from "../../src/cli/arguments.ts";
import { UltraError } from "../../src/base/errors.ts";
import type { Distance } from "../../src/settings/distance.ts";
import { budgetOf, grantedLanes, receiverMemory, senderMemory } from "../../src/settings/budget.ts";
import { engineSizes } from "../../src/settings/engine_sizes.ts";
import { connectionSettings } from "../../src/settings/connection_settings.ts";
import { DEFAULT_MEMORY_BYTES, DEFAULT_TUNING, type Tuning } from "../../src/settings/tuning.ts";
import { assertTaken } from "./taken.ts";

const MIB = 2 ** 20;
const CLASSES: readonly Distance[] = ["loopback", "near", "far"];

Deno.test("by default each class has its measured numbers", () => {
  const numbers = CLASSES.map((one) => {
    const budget = budgetOf(DEFAULT_TUNING, one);
    const { connectionWindowBytes, laneWindowBytes, outstandingBuffers, readAheadBuffers, lanes } = budget;
    return [connectionWindowBytes / MIB, laneWindowBytes / MIB, outstandingBuffers, readAheadBuffers, lanes];
  });
  assert.deepEqual(numbers, [[4, 2, 3, 3, 4], [16, 2, 15, 15, 4], [64, 2, 63, 15, 8]]);
});

Deno.test("near and far are the numbers of these classes whatever the address; times included", () => {
  for (const name of ["near", "far"] as const) {
    const tuning: Tuning = { ...DEFAULT_TUNING, profile: { name, memoryBytes: DEFAULT_MEMORY_BYTES } };
    for (const distance of CLASSES) {
      assert.deepEqual(budgetOf(tuning, distance), budgetOf(DEFAULT_TUNING, name));
      for (const side of ["dialer", "listener"] as const) {
        const forced = connectionSettings({ distance, side, tuning });
        assert.deepEqual(forced, connectionSettings({ distance: name, side }));
      }
    }
  }
});

Deno.test("max is the seed values, and says how much memory that may take", () => {
  const tuning: Tuning = { ...DEFAULT_TUNING, profile: { name: "max" } };
  for (const distance of CLASSES) {
    const settings = connectionSettings({ distance, side: "listener", tuning });
    assert.equal(settings.connectionWindowBytes, 2 ** 31 - 1);
    assert.equal(settings.streamWindowUnidiBytes, 256 * MIB);
    assert.equal(settings.initialRttMs, connectionSettings({ distance, side: "listener" }).initialRttMs);
    assertTaken(settings);
    const sizes = engineSizes(2, distance, tuning);
    assert.deepEqual([sizes.writers, sizes.buffers], [64, 272]);
    const budget = budgetOf(tuning, distance);
    assert.equal(budget.lanes, 256);
    assert.equal(receiverMemory(budget, grantedLanes(tuning)), 256 * 256 * MIB);
    assert.equal(senderMemory(budget), 272 * BUFFER_LEN);
  }
});

Deno.test("more memory fills longer paths, and makes no difference near", () => {
  const budget = (memoryBytes: number, one: Distance) =>
    budgetOf({ ...DEFAULT_TUNING, profile: { name: "auto", memoryBytes } }, one);
  assert.equal(budget(4e9, "far").connectionWindowBytes, 2e9);
  assert.equal(budget(4e9, "far").laneWindowBytes, 32 * MIB);
  for (const name of ["connectionWindowBytes", "outstandingBuffers", "readAheadBuffers"] as const) {
    assert.equal(budget(4e9, "near")[name], budget(DEFAULT_MEMORY_BYTES, "near")[name]);
  }
  assert.equal(budget(32e6, "far").connectionWindowBytes, 16e6);
});

Deno.test("a receiver grants 64 lanes, or as many as it was told, or as many as windows of that width leave room for", () => {
  assert.equal(grantedLanes(DEFAULT_TUNING), 64);
  assert.equal(grantedLanes({ ...DEFAULT_TUNING, streams: 200 }), 200);
  assert.equal(grantedLanes({ ...DEFAULT_TUNING, laneWindowBytes: 16 * MIB }), 8);
  assert.equal(budgetOf({ ...DEFAULT_TUNING, streams: 256 }, "far").laneWindowBytes, MIB / 2);
  assert.equal(budgetOf({ ...DEFAULT_TUNING, streams: 1 }, "near").laneWindowBytes, 8 * MIB);
});

/** Command lines of both sides with whatever sizes; some are refused. */
const commandLines = fc.record({
  command: fc.constantFrom("send", "recv"),
  profile: fc.constantFrom("auto", "near", "far"),
  memory: fc.option(fc.integer({ min: 30e6, max: 4.1e9 })),
  window: fc.option(fc.integer({ min: 0.9e6, max: 2.1e9 })),
  lane: fc.option(fc.integer({ min: 60e3, max: 300e6 })),
  streams: fc.option(fc.integer({ min: 1, max: 256 })),
  readBuffer: fc.option(fc.integer({ min: 0.9e6, max: 70e6 })),
});

Deno.test("whatever flags are given, windows and buffers stay within the memory, and QUIC takes them", () => {
  let accepted = 0;
  fc.assert(
    fc.property(commandLines, fc.constantFrom(...CLASSES), ({ command, profile, ...sizes }, distance) => {
      const flags = [`--profile=${profile}`];
      if (sizes.memory !== null) flags.push(`--memory=${sizes.memory}`);
      if (command === "recv" && sizes.window !== null) flags.push(`--connection-window=${sizes.window}`);
      if (sizes.streams !== null) flags.push(`--streams=${sizes.streams}`);
      if (command === "recv" && sizes.lane !== null) flags.push(`--stream-window=${sizes.lane}`);
      if (command === "send" && sizes.readBuffer !== null) flags.push(`--read-buffer=${sizes.readBuffer}`);
      const tuning = tuningOf([command, ...(command === "send" ? ["a"] : []), ...flags]);
      if (tuning === undefined) return;
      accepted++;
      const bound = sizes.memory ?? DEFAULT_MEMORY_BYTES;
      const budget = budgetOf(tuning, distance);
      assert.ok(receiverMemory(budget, grantedLanes(tuning)) <= bound, flags.join(" "));
      assert.ok(senderMemory(budget) <= bound, flags.join(" "));
      assert.ok(budget.outstandingBuffers >= 1 && budget.readAheadBuffers >= 1);
      const { buffers, outstandingBytes } = engineSizes(8, distance, tuning);
      assert.ok(buffers * BUFFER_LEN <= bound && outstandingBytes < buffers * BUFFER_LEN);
      for (const side of ["dialer", "listener"] as const) assertTaken(connectionSettings({ distance, side, tuning }));
    }),
    { numRuns: 2000 },
  );
  assert.ok(accepted > 500, `${accepted} of them were accepted`);
});

function tuningOf(args: readonly string[]): Tuning | undefined {
  try {
    const invocation = parseArguments(args, { ticket: undefined });
    return "tuning" in invocation ? invocation.tuning : undefined;
  } catch (error) {
    if (!(error instanceof UltraError)) throw error;
    return undefined;
  }
}
