/** The number of connections, on paths that a few lines make up. */

import assert from "node:assert/strict";
import type { Distance } from "../../src/settings/distance.ts";
import {
  automaticConnections,
  furtherTuning,
  MOST_CONNECTIONS,
  mostConnections,
  senderPlan,
} from "../../src/settings/connections.ts";
import { ConnectionTuner } from "../../src/settings/connection_tuner.ts";
import { allWindowsBytes, budgetOf } from "../../src/settings/budget.ts";
import { connectionSettings } from "../../src/settings/connection_settings.ts";
import { DEFAULT_TUNING, type Tuning } from "../../src/settings/tuning.ts";
import { Random } from "../simulation/random.ts";

const MIB = 1024 * 1024;
const CLASSES: readonly Distance[] = ["loopback", "near", "far"];

interface Path {
  readonly path?: Distance;
  readonly most?: number;
  /** Bytes a second that so many connections move. */
  readonly rate: (connections: number) => number;
  /** Parts of the rate by which it goes up and down. */
  readonly noise?: number;
  readonly seed?: number;
  readonly size?: number;
  /** How long another connection takes to be there. */
  readonly arrivalMs?: number;
  /** Whether the size is known from the start. */
  readonly listed?: boolean;
}

interface Course {
  readonly connections: number;
  /** When each further connection was asked for, after the first byte. */
  readonly askedMs: readonly number[];
  readonly tookMs: number;
}

/** Runs a transfer in steps of 50 ms, as a session ticks. */
function course({ path = "near", most = 8, rate, noise = 0, seed = 1, size = 1e11, ...rest }: Path): Course {
  const { arrivalMs = 20, listed = true } = rest;
  const random = new Random(seed);
  const tuner = new ConnectionTuner(path, most);
  const askedMs: number[] = [];
  let [connections, moved, nowMs] = [1, 0, 0];
  while (moved < size && nowMs < 60_000) {
    const leftBytes = listed ? size - moved : undefined;
    const wanted = tuner.wanted({ nowMs, movedBytes: moved, leftBytes, connections });
    assert.ok(wanted <= most && wanted <= connections + 1, "one after the other");
    if (wanted > askedMs.length + 1) askedMs.push(nowMs);
    if (wanted > connections && nowMs - (askedMs.at(-1) ?? 0) >= arrivalMs) connections = wanted;
    moved += rate(connections) * 0.05 * (1 + noise * random.time(-1, 1));
    nowMs += 50;
  }
  return { connections, askedMs, tookMs: nowMs };
}

const GB = 1e9;

Deno.test("tuning: a path that grows with its connections gets as many as it may have", () => {
  assert.equal(course({ rate: (n) => n * 0.9 * GB, most: 4 }).connections, 4);
  assert.equal(course({ rate: (n) => n * 0.9 * GB, most: 3, path: "far" }).connections, 3);
});

Deno.test("tuning: a path that is full after some of them gets one more to see that, and no further one", () => {
  assert.equal(course({ rate: (n) => Math.min(n * 0.9, 1.8) * GB }).connections, 3);
});

Deno.test("tuning: a path that does not grow is left with one more at most", () => {
  assert.equal(course({ rate: () => GB }).connections, 2);
  for (let seed = 1; seed <= 300; seed++) assert.equal(course({ rate: () => GB, noise: 0.1, seed }).connections, 2);
});

Deno.test("tuning: where the rate goes up and down by a third, chance adds one or two, and seldom", () => {
  const runs = Array.from({ length: 300 }, (_, seed) => course({ rate: () => GB, noise: 0.3, seed }).connections);
  assert.ok(Math.max(...runs) <= 4);
  assert.ok(runs.filter((connections) => connections > 2).length < 45, "less than 15 of 100");
});

Deno.test("tuning: noise does not hide that a path grows", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const { connections } = course({ rate: (n) => n * 0.7 * GB, noise: 0.3, most: 4, seed });
    assert.equal(connections, 4, `seed ${seed}`);
  }
});

Deno.test("tuning: nothing is added in the first second, nor where little is left", () => {
  const [first = 0] = course({ rate: (n) => n * 0.9 * GB }).askedMs;
  assert.ok(first >= 1000 && first <= 1500, `${first} ms`);
  assert.deepEqual(course({ rate: (n) => n * GB, size: 3 * GB }).askedMs, []);
  assert.equal(course({ rate: (n) => n * GB, size: 3.5 * GB }).askedMs.length, 1);
  assert.notDeepEqual(course({ rate: (n) => n * GB, size: 3 * GB, listed: false }).askedMs, [], "who knows how much");
});

Deno.test("tuning: where no core is the limit there is one connection", () => {
  for (const path of CLASSES) assert.equal(course({ path, rate: (n) => n * 0.1 * GB }).connections, 1);
});

Deno.test("tuning: a connection that does not come, or goes, ends it", () => {
  const never = course({ rate: (n) => n * GB, arrivalMs: Infinity });
  assert.deepEqual([never.connections, never.askedMs.length], [1, 1]);
  const tuner = new ConnectionTuner("near", 8);
  let step = 0;
  const next = (connections: number) =>
    tuner.wanted({ nowMs: 50 * ++step, movedBytes: step * 0.05 * connections * GB, leftBytes: undefined, connections });
  while (next(1) < 2) assert.ok(step < 100);
  for (let i = 0; i < 10; i++) assert.equal(next(2), 2);
  for (let i = 0; i < 200; i++) assert.equal(next(1), 2, "nobody is asked for again");
});

Deno.test("tuning: who may have one connection, or is told to stop, asks for none", () => {
  assert.deepEqual(course({ rate: (n) => n * GB, most: 1 }).askedMs, []);
  const tuner = new ConnectionTuner("near", 8);
  tuner.stop();
  for (let step = 0; step < 100; step++) {
    const sample = { nowMs: step * 100, movedBytes: step * 0.1 * GB, leftBytes: undefined, connections: 1 };
    assert.equal(tuner.wanted(sample), 1);
  }
});

const MEMORIES: readonly Tuning[] = [32, 128, 4096].map((mebibytes) => ({
  ...DEFAULT_TUNING,
  profile: { name: "auto", memoryBytes: mebibytes * MIB },
}));

Deno.test("tuning: the windows of all connections of a transfer stay within three quarters of the memory", () => {
  const wishes: readonly Partial<Tuning>[] = [{}, { laneWindowBytes: 8 * MIB }, { connectionWindowBytes: 10 * MIB }];
  for (const tuning of MEMORIES.flatMap((memory) => wishes.map((wish) => ({ ...memory, ...wish })))) {
    const { profile } = tuning;
    const bound = profile.name === "max" ? NaN : 0.75 * profile.memoryBytes;
    assert.equal(allWindowsBytes(tuning), bound);
    for (const first of CLASSES) {
      for (const path of CLASSES) {
        for (const asked of [undefined, ...Array.from({ length: MOST_CONNECTIONS }, (_, i) => i + 1)]) {
          const most = mostConnections(path, asked);
          const each = connectionSettings({
            distance: path,
            side: "dialer",
            tuning: furtherTuning(tuning, first, path, most),
          });
          const { connectionWindowBytes: window, streamWindowUnidiBytes: lane } = each;
          const all = budgetOf(tuning, first).connectionWindowBytes + (most - 1) * window;
          assert.ok(all <= bound || most === 1, `${first} ${path} ${asked}: ${all}`);
          assert.ok(window >= MIB / 2 && window <= budgetOf(tuning, path).connectionWindowBytes);
          assert.ok(lane > 0 && lane <= window && Number.isInteger(Math.log2(lane)), `${lane} of ${window}`);
        }
      }
    }
  }
});

Deno.test("tuning: a sender's connections share 256 lanes, or as many as were asked for", () => {
  const plan = (wish: Partial<Tuning>, cores = 64) =>
    Object.values(senderPlan({ distance: "near", cores, tuning: { ...DEFAULT_TUNING, ...wish } }));
  assert.deepEqual(plan({}), [4, 8, 1, 8]);
  assert.deepEqual(plan({}, 2), [4, 8, 1, 1]);
  assert.deepEqual(plan({ streams: 12 }), [12, 1, 1, 1]);
  assert.deepEqual(plan({ connections: 3 }), [4, 3, 3, 1]);
  assert.deepEqual(plan({ connections: 3, streams: 7 }), [2, 3, 3, 1]);
  assert.deepEqual(plan({ connections: 16, streams: 5 }), [1, 5, 5, 1]);
  assert.deepEqual(plan({ profile: { name: "max" } }), [256, 1, 1, 1]);
  assert.deepEqual(plan({ profile: { name: "max" }, connections: 16 }), [16, 16, 16, 1]);
});

Deno.test("tuning: small machines try few connections on their own, and no machine many far away", () => {
  for (const path of CLASSES) {
    assert.equal(automaticConnections(path, 1), 1);
    for (let cores = 1; cores <= 256; cores++) {
      const most = automaticConnections(path, cores);
      assert.ok(most >= 1 && most <= mostConnections(path, undefined) && most <= cores);
      assert.ok(most >= automaticConnections(path, cores - 1));
    }
  }
  assert.deepEqual(CLASSES.map((path) => automaticConnections(path, 64)), [8, 8, 3]);
});
