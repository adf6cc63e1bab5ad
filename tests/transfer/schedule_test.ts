import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockTable } from "../../src/transfer/blocks.ts";
import { ChunkHeap, forEachChunk } from "../../src/transfer/plan.ts";
import { Schedule } from "../../src/transfer/schedule.ts";
import { SmallQueue } from "../../src/transfer/small_queue.ts";
import { MAX_LARGE_UNDER_WAY, MAX_UNDER_WAY, MAX_UNDER_WAY_BYTES } from "../../src/transfer/under_way.ts";
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

/** A queue over entries of these sizes, of which some are over. */
function queueOf(sizes: readonly number[], over: ReadonlySet<number> = new Set()): SmallQueue {
  return new SmallQueue({
    isSmall: (entry) => (sizes[entry] ?? 0) > 0 && (sizes[entry] ?? 0) <= MIB,
    isMissing: (entry) => !over.has(entry),
    size: (entry) => sizes[entry] ?? 0,
  });
}

Deno.test("small files leave their queue as they came, in runs of as many files and bytes as are wanted", () => {
  const queue = queueOf([10, 10, 0, 10, MIB, 2 * MIB, 10]);
  queue.push(0, 7, 5);
  assert.deepEqual(queue.take(2, MIB), { first: 0, count: 2, files: 2, bytes: 20 });
  // What lies between them is passed over; one file may always go.
  assert.deepEqual(queue.take(9, MIB), { first: 3, count: 1, files: 1, bytes: 10 });
  assert.deepEqual(queue.take(9, 5), { first: 4, count: 1, files: 1, bytes: MIB });
  assert.equal(queue.files, 1);
  assert.deepEqual(queue.take(9, 5), { first: 6, count: 1, files: 1, bytes: 10 });
  assert.deepEqual([queue.files, queue.take(9, MIB)], [0, undefined]);
});

Deno.test("runs of small files never pass over a small file that is over meanwhile", () => {
  const over = new Set<number>();
  const queue = queueOf([10, 10, 0, 10, 10, 10], over);
  queue.push(0, 6, 5);
  for (const entry of [0, 3, 5]) over.add(entry);
  assert.deepEqual(queue.take(9, MIB), { first: 1, count: 1, files: 1, bytes: 10 });
  assert.deepEqual(queue.take(9, MIB), { first: 4, count: 1, files: 1, bytes: 10 });
  assert.deepEqual([queue.take(9, MIB), queue.files], [undefined, 0]);
});

Deno.test("a queue of small files gives each of them once, however runs are pushed and taken", () => {
  const turns = fc.array(fc.record({ push: fc.boolean(), count: fc.integer({ min: 1, max: 9 }) }), { maxLength: 60 });
  fc.assert(fc.property(turns, (turns) => {
    const queue = queueOf(Array.from({ length: 600 }, (_, entry) => entry % 4 === 3 ? 0 : 1));
    const seen: number[] = [];
    let pushed = 0;
    const take = (files: number) => {
      const run = queue.take(files, MIB);
      for (let i = 0; i < (run?.count ?? 0); i++) seen.push((run?.first ?? 0) + i);
      return run !== undefined;
    };
    for (const { push, count } of turns) {
      if (!push) {
        take(count);
        continue;
      }
      // A gap now and then, so that not all runs unite.
      pushed += count % 2;
      const files = Array.from({ length: count }, (_, i) => pushed + i).filter((entry) => entry % 4 !== 3);
      queue.push(pushed, count, files.length);
      pushed += count;
    }
    while (take(3));
    const files = seen.filter((entry) => entry % 4 !== 3);
    assert.deepEqual(files, [...new Set(files)].sort((a, b) => a - b));
    assert.equal(queue.files, 0);
  }));
});

interface BenchGrant {
  readonly id: number;
  /** `undefined`: files of one block, by entry. */
  readonly entry: number | undefined;
  cursor: number;
  end: number;
}

/** Files of these lengths in blocks, and lanes that read one block at a time, all at the same speed. */
class Bench {
  readonly schedule: Schedule;
  readonly read = new BlockTable();
  readonly lanes = new Map<number, BenchGrant[]>();
  readonly totals = new Map<number, number>();
  readonly granted = new Map<string, number>();
  /** Entries of which something was granted, until a test takes them out. */
  readonly begun = new Set<number>();
  shrunk = 0;

  /** @param blockBytes bytes of a file of one block */
  constructor(readonly files: readonly number[], lanes: number, wanted?: number, blockBytes = MIB) {
    this.schedule = new Schedule({
      grant: (lane, id, entry, first, count) => this.#take(lane, { id, entry, cursor: first, end: first + count }),
      grantEntries: (lane, id, { first, count }) => {
        this.#take(lane, { id, entry: undefined, cursor: first, end: first + count });
      },
      shrink: (id, end) => this.#shrink(id, end),
      cutOff: () => {},
    }, {
      isSmall: (entry) => this.files[entry] === 1,
      isMissing: (entry) => this.read.total(entry) < (this.files[entry] ?? 0),
      size: () => blockBytes,
      blocks: (entry) => this.files[entry] ?? 0,
      bytes: (entry, _first, count) => this.files[entry] === 1 ? blockBytes : count * MIB,
      forEachMissing: (entry, first, end, visit) => this.read.forEachMissing(entry, first, end, visit),
      firstMissing: (entry, first, end) => this.read.firstMissing(entry, first, end),
    }, (blocks) => chunkBlocks(blocks, wanted));
    for (let lane = 1; lane <= lanes; lane++) this.open(lane);
    this.queue();
    this.schedule.fill();
  }

  /** Queues all files: those of one block as runs. */
  queue(): void {
    let [first, count] = [0, 0];
    for (const [entry, blocks] of [...this.files, 0].entries()) {
      if (blocks === 1) {
        count++;
        continue;
      }
      this.schedule.addSmall(first, count, count);
      if (blocks > 1) this.schedule.add(entry, 0, blocks);
      [first, count] = [entry + 1, 0];
    }
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
    while (grant.entry === undefined && grant.cursor < grant.end && this.files[grant.cursor] !== 1) grant.cursor++;
    if (grant.cursor < grant.end) {
      const at = grant.cursor++;
      const [entry, block] = grant.entry === undefined ? [at, 0] : [grant.entry, at];
      const key = `${entry}:${block}`;
      this.granted.set(key, (this.granted.get(key) ?? 0) + 1);
      this.read.add(entry, block, 1);
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

  /** Entries that a lane was told to read files of one block of, in their order. */
  entriesOf(lane: number): number[] {
    return (this.lanes.get(lane) ?? []).flatMap(({ entry, cursor, end }) => {
      return entry === undefined ? Array.from({ length: end - cursor }, (_, i) => cursor + i) : [];
    });
  }

  #take(lane: number, grant: BenchGrant): void {
    this.lanes.get(lane)?.push(grant);
    if (grant.entry !== undefined) this.begun.add(grant.entry);
    for (let at = grant.cursor; grant.entry === undefined && at < grant.end; at++) this.begun.add(at);
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

Deno.test("every lane has a grant that waits, and all lanes have a share of few small files", () => {
  const large = new Bench([4000], 4);
  assert.deepEqual([...large.lanes.values()].map((grants) => grants.length), [2, 2, 2, 2]);
  const small = new Bench(ones(100), 2, undefined, 10);
  const shares = [1, 2].map((lane) => small.entriesOf(lane).length);
  assert.deepEqual(shares, [50, 50]);
});

Deno.test("a grant of small files has 512 of them and 1 MiB at most, and a lane has enough of them before it has all", () => {
  const many = new Bench(ones(4000), 1, undefined, 10);
  assert.deepEqual((many.lanes.get(1) ?? []).map(({ cursor, end }) => end - cursor), [512, 512]);
  const bytes = new Bench(ones(4000), 1, undefined, 100_000);
  const lengths = (bytes.lanes.get(1) ?? []).map(({ cursor, end }) => end - cursor);
  assert.deepEqual([new Set(lengths), lengths.length], [new Set([10]), 17]);
});

Deno.test("A5: small files of a lane that is lost go to the others, as runs, and each is read once", () => {
  const bench = new Bench([...ones(900), 3, ...ones(900)], 3, undefined, 10);
  for (let i = 0; i < 20; i++) bench.step();
  const lost = bench.entriesOf(2).length;
  assert.ok(lost > 0);
  bench.lanes.delete(2);
  bench.schedule.loseLane(2);
  bench.schedule.fill();
  while (bench.step());
  bench.assertAllOnce();
});

Deno.test("what a lost lane had read of small files, and was not verified, is read again", () => {
  const bench = new Bench(ones(300), 2, undefined, 10);
  while (bench.step());
  bench.assertAllOnce();
  // None of it has arrived.
  for (let entry = 0; entry < 300; entry++) bench.read.drop(entry);
  bench.lanes.delete(1);
  bench.schedule.loseLane(1);
  bench.schedule.fill();
  while (bench.step());
  const again = [...bench.granted.values()].filter((times) => times === 2).length;
  assert.equal(again, bench.totals.get(1));
});

Deno.test("a lane that opens late takes over half of the small files of another", () => {
  const bench = new Bench(ones(256), 1, undefined, 10);
  for (let i = 0; i < 10; i++) bench.step();
  const before = bench.entriesOf(1).length;
  assert.equal(before, 246, "the first lane has all of them");
  bench.open(2);
  bench.schedule.fill();
  const [left, taken] = [bench.entriesOf(1).length, bench.entriesOf(2).length];
  assert.deepEqual([left + taken, Math.abs(left - taken) <= 16], [before, true], `${left} and ${taken}`);
  assert.ok(bench.shrunk > 0);
  while (bench.step());
  bench.assertAllOnce();
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

Deno.test("A5 D12: only so many files and bytes are under way at the same time, and all files get their turn", () => {
  const cases = [
    // Blocks and bytes of each file, and how many may be under way.
    [1, 10, MAX_UNDER_WAY],
    [1, MIB, MAX_UNDER_WAY_BYTES / MIB],
    [3, MIB, MAX_LARGE_UNDER_WAY],
  ] as const;
  for (const [blocks, bytes, most] of cases) {
    const bench = new Bench(Array.from({ length: 3 * most }, () => blocks), 4, undefined, bytes);
    while (bench.step()) {
      assert.ok(bench.begun.size <= most, `${bench.begun.size} files are under way`);
      // Now and then all that were read are committed.
      if (bench.granted.size % 64 > 3) continue;
      for (const entry of bench.begun) {
        if (bench.read.total(entry) < blocks) continue;
        bench.begun.delete(entry);
        bench.schedule.over(entry, 1);
      }
      bench.schedule.fill();
    }
    assert.equal(bench.granted.size, 3 * most * blocks);
  }
});

function ones(count: number): number[] {
  return Array.from({ length: count }, () => 1);
}
