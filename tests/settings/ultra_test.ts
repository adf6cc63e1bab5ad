import assert from "node:assert/strict";
import { BLOCK_LEN } from "../../src/protocol/limits.ts";
import { chunkBlocks } from "../../src/settings/ultra.ts";

const MIB = 1 << 20;
const GIB = 1 << 30;

function chunkSize(size: number, wanted?: number): number {
  return chunkBlocks(Math.ceil(size / BLOCK_LEN), wanted) * BLOCK_LEN;
}

Deno.test("chunks grow with the file, from 32 to 256 MiB", () => {
  const sizes = [1, GIB, GIB + 1, 4 * GIB, 4 * GIB + 1, 16 * GIB, 16 * GIB + 1, 2 ** 50].map((size) => chunkSize(size));
  assert.deepEqual(sizes.map((size) => size / MIB), [32, 32, 64, 64, 128, 128, 256, 256]);
  assert.equal(Math.ceil(600_000_000 / chunkSize(600_000_000)), 18);
  assert.equal(chunkSize(1, 5), 5 * MIB, "unless the user says how long they are");
});
