import assert from "node:assert/strict";
import { BlockTable, EntryRuns, RunList } from "../../src/transfer/blocks.ts";

Deno.test("a block table keeps files apart and forgets what it drops", () => {
  const table = new BlockTable();
  assert.equal(table.add(1, 0, 1), 1);
  assert.equal(table.add(1, 0, 1), 0);
  assert.equal(table.add(2, 3, 4), 4);
  assert.deepEqual([table.total(0), table.total(1), table.total(2), table.size], [0, 1, 4, 2]);
  assert.deepEqual(listed((visit) => table.forEachMissing(1, 0, 1, visit)), []);
  assert.deepEqual(listed((visit) => table.forEachMissing(2, 0, 10, visit)), [0, 1, 2, 7, 8, 9]);
  assert.deepEqual(listed((visit) => table.forEach(2, visit)), [3, 4, 5, 6]);
  assert.deepEqual(
    [[1, 0, 1], [1, 0, 0], [2, 0, 10], [2, 3, 7], [2, 4, 10], [5, 2, 9], [5, 2, 2]].map((
      [entry = 0, first = 0, end = 0],
    ) => table.firstMissing(entry, first, end)),
    [undefined, undefined, 0, undefined, 7, 2, undefined],
  );
  table.remove(2, 4, 1);
  assert.deepEqual(listed((visit) => table.forEach(2, visit)), [3, 5, 6]);
  table.drop(1);
  table.drop(2);
  assert.deepEqual([table.has(1, 0), table.has(2, 3), table.size], [false, false, 0]);
});

Deno.test("a run list unites runs that continue each other", () => {
  const list = new RunList();
  for (let block = 0; block < 100; block++) list.push(4, block, 1);
  list.push(5, 100, 1);
  const seen: number[][] = [];
  list.forEach((entry, first, count) => seen.push([entry, first, count]));
  assert.deepEqual(seen, [[4, 0, 100], [5, 100, 1]]);
});

Deno.test("runs of entries unite when they continue each other, and are taken out once", () => {
  const runs = new EntryRuns();
  for (let entry = 0; entry < 1000; entry++) if (entry % 100 !== 50) runs.push(entry, 1);
  assert.equal(runs.length, 11);
  assert.deepEqual(runs.take().slice(0, 2), [{ first: 0, count: 50 }, { first: 51, count: 99 }]);
  assert.deepEqual(runs.take(), []);
});

function listed(forEach: (visit: (first: number, count: number) => void) => void): number[] {
  const blocks: number[] = [];
  forEach((first, count) => {
    for (let block = first; block < first + count; block++) blocks.push(block);
  });
  return blocks;
}
