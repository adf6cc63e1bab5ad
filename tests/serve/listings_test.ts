/** Listings that clients share: one walk, the same pages, and a fresh walk once it is old. */

import assert from "node:assert/strict";
import type { Context } from "../../src/link/context.ts";
import type { SourceEvent } from "../../src/link/hub.ts";
import type { SourceId } from "../../src/protocol/words.ts";
import { Listings } from "../../src/serve/listings.ts";
import { USUAL_CHOICES } from "../../src/session/offering.ts";
import { NOTHING_LEFT_OUT } from "../../src/transfer/left_out.ts";

const SHARES = 1 as SourceId;

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
    listings.offer([path], []).handOver((event) => {
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
