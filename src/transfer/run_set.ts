/**
 * A set of block numbers as sorted runs.
 *
 * @module
 */

import type { BlockIndex } from "../protocol/messages.ts";

/** Is called with runs of blocks, in ascending order. */
export type VisitRun = (first: BlockIndex, count: number) => void;

/** Most bounds of a leaf, an even number: a change moves no more than these, and a leaf fits the first cache. */
const LEAF_BOUNDS = 256;

/**
 * A set of block numbers, kept as runs: a file's blocks arrive in few runs at a time, whatever its size.
 *
 * A peer may make as many runs as it likes. They lie in leaves of bounded length, so that every method takes O(log runs) besides the
 * runs that it unites or visits, and a run costs 16 bytes.
 */
export class RunSet {
  /** Starts and ends of the runs in turn, ascending; neighbours never touch. No leaf is empty, and none ends inside a run. */
  readonly #leaves: number[][] = [];
  #total = 0;

  /** How many blocks are in the set. */
  get total(): number {
    return this.#total;
  }

  has(block: BlockIndex): boolean {
    return isOdd(above(this.#leaf(this.#leafOf(block)), block));
  }

  /** Adds blocks; returns how many of them are new. */
  add(first: BlockIndex, count: number): number {
    const end = first + count;
    const leaf = this.#leafOf(first - 1);
    const bounds = this.#leaf(leaf);
    const at = above(bounds, first - 1);
    if (isOdd(at)) {
      // The usual case: the run that ends here, or reaches over it, grows into the gap behind it.
      const runEnd = bounds[at] ?? 0;
      if (end <= runEnd) return 0;
      if (end < (bounds[at + 1] ?? this.#leaf(leaf + 1)[0] ?? Infinity)) {
        bounds[at] = end;
        this.#total += end - runEnd;
        return end - runEnd;
      }
    }
    const added = count - this.#covered(first, end);
    const toLeaf = this.#leafOf(end);
    const to = above(this.#leaf(toLeaf), end);
    const replaced = isOdd(at) ? [] : [first];
    if (!isOdd(to)) replaced.push(end);
    this.#replace(leaf, at, toLeaf, to, replaced);
    this.#total += added;
    return added;
  }

  /** Removes blocks; returns how many of them were in the set. */
  remove(first: BlockIndex, count: number): number {
    const end = first + count;
    const removed = this.#covered(first, end);
    if (removed === 0) return 0;
    const leaf = this.#leafOf(first - 1);
    const at = above(this.#leaf(leaf), first - 1);
    const toLeaf = this.#leafOf(end);
    const to = above(this.#leaf(toLeaf), end);
    const replaced = isOdd(at) ? [first] : [];
    if (isOdd(to)) replaced.push(end);
    this.#replace(leaf, at, toLeaf, to, replaced);
    this.#total -= removed;
    return removed;
  }

  /** The first block of `first` to `end` that is not in the set. */
  firstMissing(first: BlockIndex, end: BlockIndex): BlockIndex | undefined {
    const bounds = this.#leaf(this.#leafOf(first));
    const at = above(bounds, first);
    // Behind a run is a gap: runs do not touch.
    const missing = isOdd(at) ? bounds[at] ?? end : first;
    return missing < end ? missing : undefined;
  }

  /** Visits the runs of `first` to `end` that are not in the set. */
  forEachMissing(first: BlockIndex, end: BlockIndex, visit: VisitRun): void {
    let next = first;
    let leaf = this.#leafOf(first);
    let at = above(this.#leaf(leaf), first) & ~1;
    for (; leaf < this.#leaves.length && next < end; leaf++, at = 0) {
      const bounds = this.#leaf(leaf);
      for (; at < bounds.length && next < end; at += 2) {
        const start = bounds[at] ?? 0;
        if (start > next) visit(next, Math.min(start, end) - next);
        next = Math.max(next, bounds[at + 1] ?? 0);
      }
    }
    if (next < end) visit(next, end - next);
  }

  /** Visits the runs of the set. */
  forEach(visit: VisitRun): void {
    for (const bounds of this.#leaves) {
      for (let at = 0; at < bounds.length; at += 2) visit(bounds[at] ?? 0, (bounds[at + 1] ?? 0) - (bounds[at] ?? 0));
    }
  }

  /** How many blocks of `first` to `end` are in the set. */
  #covered(first: BlockIndex, end: BlockIndex): number {
    let covered = end - first;
    this.forEachMissing(first, end, (_first, count) => covered -= count);
    return covered;
  }

  /** Index of the first leaf with a bound above a block; beyond the last if there is none. */
  #leafOf(block: BlockIndex): number {
    let low = 0;
    let high = this.#leaves.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const bounds = this.#leaf(middle);
      if ((bounds[bounds.length - 1] ?? 0) > block) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Puts up to two bounds in the place of those between two places. */
  #replace(leaf: number, at: number, toLeaf: number, to: number, bounds: readonly number[]): void {
    const last = this.#leaves.length - 1;
    if (leaf > last) return this.#append(bounds);
    const changed = this.#leaf(leaf);
    if (toLeaf === leaf) {
      changed.splice(at, to - at, ...bounds);
    } else {
      const rest = this.#leaf(toLeaf).slice(to);
      changed.splice(at, changed.length - at, ...bounds, ...rest);
      this.#leaves.splice(leaf + 1, toLeaf - leaf);
    }
    if (changed.length === 0) this.#leaves.splice(leaf, 1);
    else if (changed.length > LEAF_BOUNDS) this.#leaves.splice(leaf + 1, 0, changed.splice((changed.length >>> 2) * 2));
  }

  #append(bounds: readonly number[]): void {
    const last = this.#leaves.at(-1);
    if (last !== undefined && last.length < LEAF_BOUNDS) last.push(...bounds);
    else this.#leaves.push([...bounds]);
  }

  /** Beyond the last leaf there are no bounds. */
  #leaf(index: number): number[] {
    return this.#leaves[index] ?? NO_BOUNDS;
  }
}

/** Shared by all sets, and never changed. */
const NO_BOUNDS: number[] = [];

/** Index of the first bound above a block: odd inside of a run, even outside. */
function above(bounds: readonly number[], block: BlockIndex): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] ?? 0) > block) high = middle;
    else low = middle + 1;
  }
  return low;
}

function isOdd(index: number): boolean {
  return (index & 1) === 1;
}
