/** Listings that clients share: one walk, the same pages, and a fresh walk once it is old. */

import assert from "node:assert/strict";
import type { Context } from "../../src/link/context.ts";
import type { SourceEvent } from "../../src/link/hub.ts";
import type { SourceId } from "../../src/protocol/words.ts";
import { Listings } from "../../src/serve/listings.ts";
import { USUAL_CHOICES } from "../../src/session/offering.ts";
import { NOTHING_LEFT_OUT } from "../../src/transfer/left_out.ts";

const SHARES = 1 as SourceId;

/** Listings over an engine that only counts. */
class Scene {
  nowMs = 0;
  readonly walks: SourceId[] = [];
  readonly disposed: SourceId[] = [];
  readonly #handlers = new Map<SourceId, (event: SourceEvent) => void>();
  readonly #listings: Listings;
  #last = 1;

  constructor() {
    const engine = {
      requested: () => {
        this.walks.push(++this.#last as SourceId);
        return this.#last as SourceId;
      },
      sameSource: () => ++this.#last as SourceId,
      dispose: (id: SourceId) => void this.disposed.push(id),
    };
    const onSource = (id: SourceId, handler: (event: SourceEvent) => void) => void this.#handlers.set(id, handler);
    const context = { hub: { engine, onSource }, clock: { now: () => this.nowMs } } as unknown as Context;
    this.#listings = new Listings(SHARES, USUAL_CHOICES, context);
  }

  /** A client comes; the result is how many walks there are then. */
  come(path = "tree"): number {
    this.#listings.offer({ allowed: [path], denied: [], literal: 0 }).known.catch(() => {});
    return this.walks.length;
  }

  /** The last walk ends after so long. */
  end(lastedMs: number, type: "walk-end" | "walk-failed" = "walk-end"): void {
    this.nowMs += lastedMs;
    const walk = this.#handlers.get(this.walks.at(-1) ?? SHARES) ?? assert.fail();
    const ends = { type, entries: 0, files: 0, size: 0, leftOut: NOTHING_LEFT_OUT, fault: "io", text: "it failed" };
    walk(ends as unknown as SourceEvent);
  }
}

Deno.test("serve: a listing is used for ten times as long as its walk took, a minute at most, and a failed one not again", () => {
  for (const [lastedMs, usedMs] of [[0, 0], [20, 200], [3000, 30_000], [6000, 60_000], [100_000, 60_000]] as const) {
    const scene = new Scene();
    scene.come();
    scene.end(lastedMs);
    scene.nowMs += usedMs;
    assert.equal(scene.come(), 1, `${lastedMs} ms`);
    scene.nowMs += 1;
    assert.equal(scene.come(), 2, `${lastedMs} ms`);
    assert.deepEqual(scene.disposed, scene.walks.slice(0, 1), "nothing is kept of the old one");
  }
  const failed = new Scene();
  failed.come();
  failed.end(5000, "walk-failed");
  assert.equal(failed.come(), 2);
});

Deno.test("serve: an old listing goes when anybody asks for anything, and one that is still walked stays", () => {
  const scene = new Scene();
  scene.come("a");
  scene.end(10);
  scene.come("b");
  scene.nowMs += 120_000;
  assert.equal(scene.come("b"), 2, "its walk goes on");
  assert.deepEqual(scene.disposed, scene.walks.slice(0, 1));
});

Deno.test("serve: 64 clients that ask for the same share one walk and its pages, also those that come in its middle; others have their own", () => {
  let last = 1;
  let nowMs = 0;
  const walks: SourceId[] = [];
  const handlers = new Map<SourceId, (event: SourceEvent) => void>();
  const engine = {
    requested: () => {
      walks.push(++last as SourceId);
      return last as SourceId;
    },
    sameSource: () => ++last as SourceId,
    dispose: () => {},
  };
  const onSource = (id: SourceId, handler: (event: SourceEvent) => void) => void handlers.set(id, handler);
  const context = { hub: { engine, onSource }, clock: { now: () => nowMs } } as unknown as Context;
  const listings = new Listings(SHARES, USUAL_CHOICES, context);
  const bytes = new Uint8Array([1, 2, 3]);
  const heard: Uint8Array[][] = [];
  const come = (path = "tree") => {
    const pages: Uint8Array[] = [];
    heard.push(pages);
    listings.offer({ allowed: [path], denied: [], literal: 0 }).handOver((event) => {
      if (event.type === "page") pages.push(event.take());
    });
  };
  for (let client = 0; client < 32; client++) come();
  assert.equal(walks.length, 1);
  const walk = handlers.get(walks[0] ?? SHARES) ?? assert.fail();
  let taken = 0;
  const take = () => {
    taken++;
    return bytes;
  };
  walk({ type: "page", first: 0, count: 1, files: 1, size: 0, take } as unknown as SourceEvent);
  for (let client = 32; client < 64; client++) come();
  nowMs = 100;
  walk({ type: "walk-end", entries: 1, files: 1, size: 0, leftOut: NOTHING_LEFT_OUT } as unknown as SourceEvent);
  come();
  assert.deepEqual([walks.length, taken], [1, 1]);
  for (const pages of heard) {
    assert.equal(pages.length, 1);
    assert.ok(pages[0] === bytes, "the page itself, and no copy");
  }
  come("other");
  assert.equal(walks.length, 2);
  nowMs = 100 + 1001;
  come();
  assert.equal(walks.length, 3, "ten times as long as the walk took");
});
