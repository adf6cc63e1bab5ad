/** One rate for all clients: who can use their parts, and who cannot, over time. */

import assert from "node:assert/strict";
import { STATS } from "../../src/engine/door.generated.ts";
import type { TransferStats } from "../../src/engine/engine.ts";
import type { SourceId } from "../../src/protocol/words.ts";
import { SharedRate } from "../../src/serve/rate.ts";
import { VirtualTime } from "../support/virtual_time.ts";

/** Sources as they look to who weighs them. */
class Sources {
  readonly parts = new Map<SourceId, number>();
  readonly #stats = new Map<SourceId, { sentBytes: number; limitWait: number }>();

  limitRate(source: SourceId, bytesPerSecond: number): void {
    this.parts.set(source, bytesPerSecond);
  }

  stats(source: SourceId): TransferStats {
    const nothing = Object.fromEntries(STATS.map((name) => [name, 0])) as TransferStats;
    return { ...nothing, ...this.#stats.get(source) };
  }

  /** What a source did since it was last told of. */
  does(source: SourceId, sentBytes: number, waitedMs: number): void {
    const before = this.#stats.get(source) ?? { sentBytes: 0, limitWait: 0 };
    this.#stats.set(source, {
      sentBytes: before.sentBytes + sentBytes,
      limitWait: before.limitWait + waitedMs * 1e6,
    });
  }
}

function ids(count: number): SourceId[] {
  return Array.from({ length: count }, (_, index) => index + 1 as SourceId);
}

Deno.test("G10: a part that is one burst every few seconds stays what it is, though nothing is sent in between", async () => {
  const [time, engine] = [new VirtualTime(), new Sources()];
  const rate = new SharedRate(64_000, engine, time);
  const clients = ids(64);
  for (const id of clients) rate.begin(id);
  for (let second = 1; second <= 40; second++) {
    for (const id of clients) {
      // One in sixteen has sent a burst of 16 KiB, and all wait for their limits.
      engine.does(id, (id + second) % 16 === 0 ? 16_384 : 0, 990);
    }
    await time.pass(1000);
    for (const id of clients) assert.equal(engine.parts.get(id), 1000, `client ${id}, second ${second}`);
  }
  for (const id of clients) rate.end(id);
  assert.equal(time.openTimers, 0);
});

Deno.test("G8: a client that stands still costs the others nearly nothing, also while others come and go", async () => {
  const [time, engine] = [new VirtualTime(), new Sources()];
  const rate = new SharedRate(1_000_000, engine, time);
  const [still = 0 as SourceId, other = 0 as SourceId, next = 0 as SourceId] = ids(3);
  assert.equal(rate.begin(still), 1_000_000);
  assert.equal(rate.begin(other), 500_000);
  engine.does(other, 500_000, 900);
  await time.pass(1000);
  const most = 1_000_000 * (1 - 0.02);
  assert.ok((engine.parts.get(other) ?? 0) >= most, `${engine.parts.get(other)}`);
  rate.end(other);
  assert.ok(rate.begin(next) >= most, "what is known of a client is not forgotten when another one goes");
  rate.end(next);
  engine.does(still, 0, 500);
  rate.begin(other);
  await time.pass(1000);
  assert.equal(engine.parts.get(still), 500_000, "it waits for its limit, so it can use its part again");
});
