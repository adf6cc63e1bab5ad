/** Windows of many connections from one pool. */

import assert from "node:assert/strict";
import { blazingTuning } from "../../src/settings/blazing.ts";
import { budgetOf } from "../../src/settings/budget.ts";
import { connectionSettings } from "../../src/settings/connection_settings.ts";
import { LEAST_WINDOW_BYTES, WindowPool } from "../../src/settings/shared.ts";
import { DEFAULT_TUNING, type Tuning } from "../../src/settings/tuning.ts";

const MIB = 1024 * 1024;

for (const distance of ["loopback", "near", "far"] as const) {
  Deno.test(`shared: ${distance}: one client has what its path can use, and 64 together stay within the bound`, () => {
    const pool = new WindowPool(distance);
    assert.equal(
      pool.next(DEFAULT_TUNING).connectionWindowBytes,
      budgetOf(DEFAULT_TUNING, distance).connectionWindowBytes,
    );
    for (let id = 1; id <= 64; id++) {
      const { connectionWindowBytes = 0 } = pool.next(DEFAULT_TUNING);
      assert.ok(connectionWindowBytes >= LEAST_WINDOW_BYTES);
      const settings = connectionSettings({ distance, side: "listener", tuning: pool.next(DEFAULT_TUNING) });
      assert.ok(settings.streamWindowUnidiBytes <= settings.connectionWindowBytes);
      pool.take(id, DEFAULT_TUNING);
    }
    assert.ok(pool.takenBytes <= (96 + 64 * 0.5) * MIB, `${pool.takenBytes} bytes`);
    for (let id = 1; id <= 64; id++) pool.free(id);
    assert.equal(pool.takenBytes, 0);
    assert.equal(
      pool.next(DEFAULT_TUNING).connectionWindowBytes,
      budgetOf(DEFAULT_TUNING, distance).connectionWindowBytes,
    );
  });
}

Deno.test("shared: a window of lanes that the user chose is never wider than its connection's", () => {
  const tuning = { ...DEFAULT_TUNING, laneWindowBytes: 16 * MIB };
  const pool = new WindowPool("far");
  for (let id = 1; id <= 10; id++) pool.take(id, tuning);
  const { connectionWindowBytes = 0, laneWindowBytes = Infinity } = pool.next(tuning);
  assert.ok(laneWindowBytes <= connectionWindowBytes);
});

Deno.test("shared: connections of the older format have its windows out of the same pool, and leave the rest to the others", () => {
  const plain = blazingTuning(DEFAULT_TUNING);
  const pool = new WindowPool("far");
  const windows = ({ connectionWindowBytes, laneWindowBytes }: Tuning) => [connectionWindowBytes, laneWindowBytes];
  assert.deepEqual(windows(pool.next(plain)), [16 * MIB, MIB]);
  pool.take(1, plain);
  assert.equal(pool.takenBytes, 16 * MIB);
  assert.deepEqual(windows(pool.next(plain)), [16 * MIB, MIB]);
  assert.equal(pool.next(DEFAULT_TUNING).connectionWindowBytes, 40 * MIB);
  for (let id = 2; id <= 64; id++) pool.take(id, plain);
  assert.ok(pool.takenBytes <= (96 + 64 * 0.5) * MIB, `${pool.takenBytes} bytes`);
  assert.deepEqual(windows(pool.next(plain)), [LEAST_WINDOW_BYTES, LEAST_WINDOW_BYTES]);
});
