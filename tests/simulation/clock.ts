/** Virtual time: things happen when they are due, and no time passes otherwise. @module */

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

export class Clock {
  readonly #heap: Due[] = [];
  #nowMs = 0;
  #order = 0;
  #steps = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many things have happened. */
  get steps(): number {
    return this.#steps;
  }

  after(delayMs: number, act: () => void): void {
    this.at(this.#nowMs + delayMs, act);
  }

  /** What is due at the same time happens in the order of these calls; a delay, added to another time, would be rounded differently. */
  at(timeMs: number, act: () => void): void {
    this.#push({ atMs: timeMs, order: this.#order++, act });
  }

  /** Lets the next thing happen; false when nothing will. */
  step(): boolean {
    const due = this.#pop();
    if (due === undefined) return false;
    this.#nowMs = due.atMs;
    this.#steps++;
    due.act();
    return true;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    heap.push(due);
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >>> 1;
      if (!this.#swapIfBefore(at, parent)) return;
      at = parent;
    }
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const due = heap[0];
    const last = heap.pop();
    if (last === undefined || last === due) return due;
    heap[0] = last;
    for (let at = 0;;) {
      const left = 2 * at + 1;
      const child = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfBefore(child, at)) return due;
      at = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return false;
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
  }

  #swapIfBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined || !this.#isBefore(a, b)) return false;
    this.#heap[a] = other;
    this.#heap[b] = one;
    return true;
  }
}
