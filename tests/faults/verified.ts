/** When blocks are verified, seen from outside. @module */

import assert from "node:assert/strict";

/** When blocks were verified: each of them is written down in the file's journal. */
export class Verified implements AsyncDisposable {
  readonly #watcher: Deno.FsWatcher;
  readonly #timesMs: number[] = [];
  readonly #reading: Promise<void>;
  #enough: { readonly count: number; readonly reached: () => void } | undefined;

  constructor(into: string) {
    this.#watcher = Deno.watchFs(into);
    this.#reading = this.#read();
  }

  /** Resolved when so many have been. */
  some(count: number): Promise<void> {
    return new Promise((reached) => this.#enough = { count, reached });
  }

  /** The longest time without any after a moment at which there was more to come. */
  longestPauseAfter(sinceMs: number): number {
    const after = this.#timesMs.filter((timeMs) => timeMs > sinceMs);
    assert.ok(after.length > 0, "nothing was left to verify when the network changed");
    return Math.max(...after.map((timeMs, index) => timeMs - (after[index - 1] ?? sinceMs)));
  }

  async #read(): Promise<void> {
    for await (const { kind, paths } of this.#watcher) {
      if (kind !== "modify" || !paths.some((path) => path.endsWith(".journal"))) continue;
      this.#timesMs.push(performance.now());
      if (this.#enough !== undefined && this.#timesMs.length >= this.#enough.count) this.#enough.reached();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher.close();
    await this.#reading;
  }
}
