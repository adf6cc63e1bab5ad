/** Windows of many connections from one pool. */

import assert from "node:assert/strict";
import { budgetOf } from "../../src/settings/budget.ts";
import { connectionSettings } from "../../src/settings/connection_settings.ts";
import { LEAST_WINDOW_BYTES, WindowPool } from "../../src/settings/shared.ts";
import { DEFAULT_TUNING } from "../../src/settings/tuning.ts";

const MIB = 1024 * 1024;

for (const distance of ["loopback", "near", "far"] as const) {
  Deno.test(`shared: ${distance}: one client has what its path can use, and 64 together stay within the bound`, () => {
    const pool = new WindowPool(DEFAULT_TUNING, distance);
    assert.equal(pool.next.connectionWindowBytes, budgetOf(DEFAULT_TUNING, distance).connectionWindowBytes);
    for (let id = 1; id <= 64; id++) {
      const { connectionWindowBytes = 0 } = pool.next;
      assert.ok(connectionWindowBytes >= LEAST_WINDOW_BYTES);
      const settings = connectionSettings({ distance, side: "listener", tuning: pool.next });
      assert.ok(settings.streamWindowUnidiBytes <= settings.connectionWindowBytes);
      pool.take(id);
    }
    assert.ok(pool.takenBytes <= (96 + 64 * 0.5) * MIB, `${pool.takenBytes} bytes`);
    for (let id = 1; id <= 64; id++) pool.free(id);
    assert.equal(pool.takenBytes, 0);
    assert.equal(pool.next.connectionWindowBytes, budgetOf(DEFAULT_TUNING, distance).connectionWindowBytes);
  });
}

Deno.test("shared: a window of lanes that the user chose is never wider than its connection's", () => {
  const pool = new WindowPool({ ...DEFAULT_TUNING, laneWindowBytes: 16 * MIB }, "far");
  for (let id = 1; id <= 10; id++) pool.take(id);
  const { connectionWindowBytes = 0, laneWindowBytes = Infinity } = pool.next;
  assert.ok(laneWindowBytes <= connectionWindowBytes);
});
