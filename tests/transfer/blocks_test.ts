import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockTable, RunList, RunSet } from "../../src/transfer/blocks.ts";

/** Blocks 0 to 60 are enough for runs to touch, overlap and contain each other. */
const SPACE = 60;

const change = fc.record({
  what: fc.constantFrom("add" as const, "remove" as const),
  first: fc.nat(SPACE),
  count: fc.integer({ min: 1, max: 20 }),
});

Deno.test("a run set is what a plain set of numbers is (A8)", () => {
  fc.assert(fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
    const runs = new RunSet();
    const plain = new Set<number>();
    for (const { what, first, count } of changes) {
      const before = plain.size;
      for (let block = first; block < first + count; block++) {
        if (what === "add") plain.add(block);
        else plain.delete(block);
      }
      assert.equal(runs[what](first, count), Math.abs(plain.size - before));
      assert.equal(runs.total, plain.size);
    }
    for (let block = 0; block <= SPACE + 20; block++) assert.equal(runs.has(block), plain.has(block));
    assert.deepEqual(listed((visit) => runs.forEach(visit)), [...plain].sort((a, b) => a - b));
  }));
});

Deno.test("what is missing of a run set is the rest of the range, in order and in runs that do not touch", () => {
  fc.assert(fc.property(fc.array(change, { maxLength: 20 }), fc.nat(SPACE), fc.nat(30), (changes, first, count) => {
    const runs = new RunSet();
    for (const change of changes) runs[change.what](change.first, change.count);
    let last = -1;
    const missing = listed((visit) =>
      runs.forEachMissing(first, first + count, (from, count) => {
        assert.ok(from > last && count > 0);
        last = from + count;
        visit(from, count);
      })
    );
    const expected = Array.from({ length: count }, (_, i) => first + i).filter((block) => !runs.has(block));
    assert.deepEqual(missing, expected);
  }));
});

Deno.test("a block table keeps small and large files apart and forgets what it drops", () => {
  const table = new BlockTable({ blocks: (entry) => entry === 1 ? 1 : 10 });
  assert.equal(table.add(1, 0, 1), 1);
  assert.equal(table.add(1, 0, 1), 0);
  assert.equal(table.add(2, 3, 4), 4);
  assert.deepEqual([table.total(0), table.total(1), table.total(2)], [0, 1, 4]);
  assert.deepEqual(listed((visit) => table.forEachMissing(1, 0, 1, visit)), []);
  assert.deepEqual(listed((visit) => table.forEachMissing(2, 0, 10, visit)), [0, 1, 2, 7, 8, 9]);
  assert.deepEqual(listed((visit) => table.forEach(2, visit)), [3, 4, 5, 6]);
  table.drop(1);
  table.drop(2);
  assert.deepEqual([table.has(1, 0), table.has(2, 3)], [false, false]);
});

Deno.test("a run list unites runs that continue each other", () => {
  const list = new RunList();
  for (let block = 0; block < 100; block++) list.push(4, block, 1);
  list.push(5, 100, 1);
  const seen: number[][] = [];
  list.forEach((entry, first, count) => seen.push([entry, first, count]));
  assert.deepEqual(seen, [[4, 0, 100], [5, 100, 1]]);
});

function listed(forEach: (visit: (first: number, count: number) => void) => void): number[] {
  const blocks: number[] = [];
  forEach((first, count) => {
    for (let block = first; block < first + count; block++) blocks.push(block);
  });
  return blocks;
}
