import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockTable } from "../../src/transfer/blocks.ts";
import { ChunkHeap, forEachChunk, SmallQueue } from "../../src/transfer/plan.ts";
import { MAX_UNDER_WAY, Schedule } from "../../src/transfer/schedule.ts";
import { chunkBlocks } from "../../src/settings/ultra.ts";

const MIB = 1 << 20;

Deno.test("chunks cover every block of a run once, and none is longer than the chunk size", () => {
  const chunks = fc.integer({ min: 1, max: 256 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 40_000 }), chunks, fc.nat(), fc.nat(), (blocks, chunk, a, b) => {
    const first = a % blocks;
    const count = 1 + b % (blocks - first);
    let next = first;
    forEachChunk(chunk, first, count, (from, length) => {
      assert.equal(from, next);
      assert.ok(length > 0 && length <= chunk);
      next += length;
    });
    assert.equal(next, first + count);
  }));
});

Deno.test("the heap gives the largest chunk first, and equal ones in the order of the manifest", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(9), fc.integer({ min: 1, max: 9 }))), (chunks) => {
    const heap = new ChunkHeap();
    for (const [entry, first, count] of chunks) heap.push(entry, first, count);
    const popped: [number, number, number][] = [];
    for (let chunk = heap.pop(); chunk !== undefined; chunk = heap.pop()) {
      popped.push([chunk.entry, chunk.first, chunk.count]);
    }
    assert.deepEqual(popped, chunks.sort((a, b) => b[2] - a[2] || a[0] - b[0] || a[1] - b[1]));
  }));
});

Deno.test("small files leave their queue as they came", () => {
  const queue = new SmallQueue();
  const seen: number[] = [];
  for (let i = 0; i < 1000; i++) {
    queue.push(i);
    if (i % 3 !== 0) seen.push(queue.pop() ?? -1);
  }
  while (queue.length > 0) seen.push(queue.pop() ?? -1);
  assert.deepEqual(seen, Array.from({ length: 1000 }, (_, i) => i));
});

/** Files of these lengths in blocks, and lanes that read one block at a time, all at the same speed. */
class Bench {
  readonly schedule: Schedule;
  readonly read: BlockTable;
  readonly lanes = new Map<number, { id: number; entry: number; cursor: number; end: number }[]>();
  readonly totals = new Map<number, number>();
  readonly granted = new Map<string, number>();
  shrunk = 0;

  constructor(readonly files: readonly number[], lanes: number, wanted?: number) {
    this.read = new BlockTable({ blocks: (entry) => this.files[entry] ?? 0 });
    this.schedule = new Schedule({
      grant: (lane, id, entry, first, count) => {
        this.lanes.get(lane)?.push({ id, entry, cursor: first, end: first + count });
      },
      shrink: (id, end) => this.#shrink(id, end),
      cutOff: () => {},
    }, {
      blocks: (entry) => this.files[entry] ?? 0,
      bytes: (_entry, _first, count) => count * MIB,
      forEachMissing: (entry, first, end, visit) => this.read.forEachMissing(entry, first, end, visit),
      firstMissing: (entry, first, end) => this.read.firstMissing(entry, first, end),
    }, (blocks) => chunkBlocks(blocks, wanted));
    for (let lane = 1; lane <= lanes; lane++) this.open(lane);
    files.forEach((blocks, entry) => this.schedule.add(entry, 0, blocks));
    this.schedule.fill();
  }

  open(lane: number): void {
    this.lanes.set(lane, []);
    this.totals.set(lane, 0);
    this.schedule.openLane(lane);
  }

  /** Lets every lane read a block; false when none had any. */
  step(): boolean {
    let isBusy = false;
    for (const lane of [...this.lanes.keys()]) isBusy = this.readOne(lane) || isBusy;
    return isBusy;
  }

  readOne(lane: number): boolean {
    const grants = this.lanes.get(lane) ?? [];
    const grant = grants[0];
    if (grant === undefined) return false;
    if (grant.cursor < grant.end) {
      const block = grant.cursor++;
      const key = `${grant.entry}:${block}`;
      this.granted.set(key, (this.granted.get(key) ?? 0) + 1);
      this.read.add(grant.entry, block, 1);
      this.totals.set(lane, (this.totals.get(lane) ?? 0) + 1);
    }
    if (grant.cursor === grant.end) {
      grants.shift();
      this.schedule.grantRead(lane, grant.id);
    }
    return true;
  }

  assertAllOnce(): void {
    assert.equal(this.granted.size, this.files.reduce((sum, blocks) => sum + blocks, 0));
    for (const [block, times] of this.granted) assert.equal(times, 1, block);
    assert.ok(this.schedule.isIdle);
  }

  #shrink(id: number, end: number): number {
    const grant = [...this.lanes.values()].flat().find((grant) => grant.id === id);
    assert.ok(grant !== undefined);
    const before = grant.end;
    grant.end = Math.min(before, Math.max(end, grant.cursor));
    if (grant.end < before) this.shrunk++;
    return grant.end;
  }
}

const files = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 40 }), fc.integer({ min: 41, max: 3000 })), {
  minLength: 1,
  maxLength: 20,
});
const laneCount = fc.integer({ min: 1, max: 16 });

Deno.test("splitting and stealing read every block exactly once", () => {
  fc.assert(fc.property(files, laneCount, (files, lanes) => {
    const bench = new Bench(files, lanes);
    while (bench.step());
    bench.assertAllOnce();
  }));
});

Deno.test("chunks of the user's own length: grants are no longer, and every block is read once", () => {
  const chunks = fc.integer({ min: 1, max: 40 });
  fc.assert(fc.property(files, laneCount, chunks, (files, lanes, chunk) => {
    const bench = new Bench(files, lanes, chunk);
    const longest = [...bench.lanes.values()].flat().map(({ cursor, end }) => end - cursor);
    assert.ok(Math.max(...longest) <= chunk, `${longest} with chunks of ${chunk}`);
    while (bench.step());
    assert.equal(bench.granted.size, files.reduce((sum, blocks) => sum + blocks, 0));
    assert.ok([...bench.granted.values()].every((times) => times === 1));
  }));
});

Deno.test("lanes of equal speed get totals that differ by one chunk at most", () => {
  fc.assert(fc.property(files, laneCount, (files, lanes) => {
    const bench = new Bench(files, lanes);
    while (bench.step());
    const totals = [...bench.totals.values()];
    const chunk = Math.max(...files.map((blocks) => Math.min(blocks, chunkBlocks(blocks))));
    assert.ok(Math.max(...totals) - Math.min(...totals) <= chunk, `${totals} with chunks of ${chunk}`);
  }));
});

Deno.test("lanes of unequal speed read every block exactly once, and end together", () => {
  fc.assert(fc.property(fc.integer({ min: 500, max: 3000 }), fc.integer({ min: 2, max: 8 }), (blocks, lanes) => {
    const bench = new Bench([blocks], lanes);
    let step = 0;
    const endedAt = new Map<number, number>();
    while (!bench.schedule.isIdle) {
      step++;
      for (const lane of bench.lanes.keys()) {
        // Lane n reads every n-th step, so that the last is much slower than the first.
        if (step % lane === 0 && bench.readOne(lane)) endedAt.set(lane, step);
      }
    }
    bench.assertAllOnce();
    const ends = [...endedAt.values()];
    // Less than 8 blocks are not split, and the slowest lane needs `lanes` steps for each.
    assert.ok(Math.max(...ends) - Math.min(...ends) <= 10 * lanes, `${ends}`);
  }));
});

Deno.test("what a lost lane had and did not deliver goes to the others", () => {
  const bench = new Bench([300], 3);
  for (let i = 0; i < 20; i++) bench.step();
  bench.lanes.delete(2);
  bench.schedule.loseLane(2);
  bench.schedule.fill();
  while (bench.step());
  bench.assertAllOnce();
});

Deno.test("a lane that opens late takes over from the others", () => {
  const bench = new Bench([64], 1);
  for (let i = 0; i < 10; i++) bench.step();
  bench.open(2);
  bench.schedule.fill();
  while (bench.step());
  bench.assertAllOnce();
  assert.equal(bench.shrunk > 0, true);
  assert.equal(bench.totals.get(2), 27);
});

Deno.test("lanes of a connection that joins late share what is granted already, and all lanes end together", () => {
  const late = fc.record({
    blocks: fc.integer({ min: 300, max: 8000 }),
    first: fc.integer({ min: 1, max: 8 }),
    more: fc.integer({ min: 1, max: 8 }),
    part: fc.double({ min: 0, max: 0.9, noNaN: true }),
  });
  fc.assert(fc.property(late, ({ blocks, first, more, part }) => {
    const bench = new Bench([blocks], first);
    const alone = Math.floor(part * blocks / first);
    for (let step = 0; step < alone; step++) bench.step();
    for (let lane = first + 1; lane <= first + more; lane++) bench.open(lane);
    bench.schedule.fill();
    let together = 0;
    while (bench.step()) together++;
    bench.assertAllOnce();
    const ideal = (blocks - alone * first) / (first + more);
    // Less than 8 blocks are not split, and what is taken over is a half each time.
    assert.ok(together <= ideal + 24, `${together} steps where ${ideal} would do`);
  }));
});

Deno.test("a lane with less than 8 blocks left is left alone", () => {
  const bench = new Bench([7], 4);
  while (bench.step());
  assert.equal(bench.shrunk, 0);
});

Deno.test("every lane has a grant that waits, and small files wait in numbers", () => {
  const large = new Bench([4000], 4);
  assert.deepEqual([...large.lanes.values()].map((grants) => grants.length), [2, 2, 2, 2]);
  const small = new Bench(Array.from({ length: 100 }, () => 1), 2);
  assert.deepEqual([...small.lanes.values()].map((grants) => grants.length), [16, 16]);
});

Deno.test("nothing more of a dropped entry is read", () => {
  const bench = new Bench([100, 100], 1);
  bench.step();
  bench.read.add(0, 0, 100);
  bench.schedule.drop(0);
  bench.schedule.fill();
  const after = bench.granted.size;
  while (bench.step());
  assert.equal(bench.granted.size - after, 100);
});

Deno.test("A5 D12: only so many files are under way at the same time, small or not, and all of them get their turn", () => {
  for (const blocks of [1, 3]) {
    const bench = new Bench(Array.from({ length: 3 * MAX_UNDER_WAY }, () => blocks), 4);
    const over = new Set<number>();
    while (bench.step()) {
      const begun = new Set([...bench.granted.keys()].map((block) => Number(block.split(":")[0])));
      const granted = new Set([...bench.lanes.values()].flat().map((grant) => grant.entry));
      const open = [...new Set([...begun, ...granted])].filter((entry) => !over.has(entry));
      assert.ok(open.length <= MAX_UNDER_WAY, `${open.length} files are open`);
      for (const entry of open) {
        if (Array.from({ length: blocks }, (_, block) => bench.granted.has(`${entry}:${block}`)).every(Boolean)) {
          over.add(entry);
          bench.schedule.over(entry);
        }
      }
      bench.schedule.fill();
    }
    assert.equal(bench.granted.size, 3 * MAX_UNDER_WAY * blocks);
  }
});
