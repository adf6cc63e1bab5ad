/** The loop of `ultra watch` over a made-up folder, in virtual time. */

import assert from "node:assert/strict";
import { UltraError } from "../../src/base/errors.ts";
import { Interrupted } from "../../src/base/interrupted.ts";
import type { RunEvent } from "../../src/session/events.ts";
import type { Delivery, PutAway } from "../../src/watch/queue.ts";
import type { Stuck } from "../../src/watch/folder.ts";
import { type Deliver, watch } from "../../src/watch/run.ts";
import { VirtualTime } from "../support/virtual_time.ts";

/** A folder in memory, and a loop that watches it. */
class Scene {
  readonly time = new VirtualTime();
  readonly items = new Map<string, string>();
  readonly events: RunEvent[] = [];
  /** When what was sent. */
  readonly sent: (readonly [number, readonly string[]])[] = [];
  others: readonly string[] = [];
  /** Confirmed items that are still on their way out. */
  stuck: readonly Stuck[] = [];
  deliver: Deliver = () => Promise.resolve({ type: "finished", missing: new Set() });
  putAway: (name: string, look: string) => PutAway = (name, look) => {
    if (this.items.get(name) !== look) return "changed";
    this.items.delete(name);
    return "done";
  };
  readonly #ended = new AbortController();
  #changed = Promise.withResolvers<void>();

  drop(name: string, look: string, isTold = true): void {
    this.items.set(name, look);
    if (isTold) this.#changed.resolve();
  }

  run(areTold = true): Promise<never> {
    const next = () => this.#changed.promise;
    const changes = {
      areTold,
      get next() {
        return next();
      },
      clear: () => void (this.#changed = Promise.withResolvers()),
    };
    const folder = {
      list: () => Promise.resolve({ items: new Map(this.items), others: this.others }),
      goOn: () => Promise.resolve(this.stuck),
      putAway: (name: string, look: string) => {
        const result = this.putAway(name, look);
        return result === "failed" ? Promise.reject(new UltraError("disk", "It is full")) : Promise.resolve(result);
      },
    };
    const deliver: Deliver = async (names) => {
      this.sent.push([this.time.now(), names]);
      return await this.deliver(names);
    };
    return watch(folder, changes, deliver, { keep: false }, {
      clock: this.time,
      timers: this.time,
      ended: this.#ended.signal,
      tell: (event) => void this.events.push(event),
    });
  }

  async end(running: Promise<never>): Promise<void> {
    this.#ended.abort("SIGTERM");
    await assert.rejects(this.time.until(running), Interrupted);
    assert.equal(this.time.openTimers, 0);
  }
}

Deno.test("watch: what is dropped is sent two seconds after its last change, and put away", async () => {
  const scene = new Scene();
  const running = scene.run();
  await scene.time.pass(5000);
  scene.drop("a", "half");
  await scene.time.pass(1500);
  scene.drop("a", "whole");
  await scene.time.pass(10_000);
  const [[sentMs, names]] = scene.sent as [[number, readonly string[]]];
  assert.deepEqual([scene.sent.length, names, scene.items.size], [1, ["a"], 0]);
  assert.ok(sentMs >= 8500 && sentMs < 9000, String(sentMs));
  assert.deepEqual(scene.events.at(-1), { type: "phase", phase: "watching" }, "nobody is waited for");
  await scene.end(running);
});

for (const areTold of [true, false]) {
  Deno.test(`watch: what nobody tells of is found all the same, ${areTold ? "also beside events" : "without events"}`, async () => {
    const scene = new Scene();
    const running = scene.run(areTold);
    await scene.time.pass(1000);
    scene.drop("a", "x", false);
    await scene.time.pass(areTold ? 13_000 : 5000);
    assert.deepEqual(scene.sent.map(([, names]) => names), [["a"]]);
    await scene.end(running);
  });
}

Deno.test("watch: a lost other side is tried again, each time told when", async () => {
  const scene = new Scene();
  const fates: Delivery[] = [{ type: "lost" }, { type: "lost" }, { type: "finished", missing: new Set() }];
  scene.deliver = () => Promise.resolve(fates.shift() ?? assert.fail("it was sent once more"));
  scene.drop("a", "x");
  const running = scene.run();
  await scene.time.pass(20_000);
  assert.equal(scene.items.size, 0);
  const waits = scene.events.flatMap((event) => event.type === "retrying" ? [event.afterMs] : []);
  assert.deepEqual(waits, [1000, 2000]);
  await scene.end(running);
});

Deno.test("watch: what cannot be put away is told, and not sent again", async () => {
  const scene = new Scene();
  let tries = 0;
  const usual = scene.putAway;
  scene.putAway = (name, look) => ++tries < 3 ? "failed" : usual(name, look);
  scene.drop("a", "x");
  const running = scene.run();
  await scene.time.pass(20_000);
  assert.deepEqual([scene.sent.length, scene.items.size, tries], [1, 0, 3]);
  const warned = scene.events.filter((event) => event.type === "warning" && event.warning.about === "not-put-away");
  assert.equal(warned.length, 2);
  await scene.end(running);
});

Deno.test("watch: what is neither a file nor a folder is named once", async () => {
  const scene = new Scene();
  scene.others = ["pipe"];
  const running = scene.run();
  await scene.time.pass(60_000);
  assert.deepEqual(scene.events, [{ type: "warning", warning: { about: "not-sent", name: "pipe" } }]);
  await scene.end(running);
});

Deno.test("watch: confirmed items that cannot leave the folder are told once each, and hold up no other", async () => {
  const scene = new Scene();
  scene.stuck = [{ name: "old", why: "It cannot be put away (File exists)" }];
  scene.drop("a", "x");
  const running = scene.run();
  await scene.time.pass(60_000);
  assert.deepEqual([scene.sent.map(([, names]) => names), scene.items.size], [[["a"]], 0]);
  const warnings = scene.events.flatMap((event) => event.type === "warning" ? [event.warning] : []);
  assert.deepEqual(warnings, [{ about: "not-put-away", ...scene.stuck[0] }]);
  await scene.end(running);
});

Deno.test("watch: an item of which something is left out is tried ever less often, an hour apart at most, each time told when; a change is tried at once", async () => {
  const scene = new Scene();
  scene.deliver = (names) => Promise.resolve({ type: "finished", missing: new Set(names) });
  scene.drop("a", "x");
  const running = scene.run();
  for (let hour = 0; hour < 24; hour++) await scene.time.pass(3_599_000);
  const waits = scene.events.flatMap((event) => event.type === "retrying" ? [event.afterMs / 1000] : []);
  assert.deepEqual(waits.slice(0, 14), [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]);
  const tries = scene.sent.length;
  assert.equal(tries, waits.length);
  assert.ok(tries < 40, String(tries));
  scene.drop("a", "mended");
  scene.deliver = () => Promise.resolve({ type: "finished", missing: new Set() });
  await scene.time.pass(5000);
  assert.deepEqual([scene.sent.length, scene.items.size], [tries + 1, 0]);
  await scene.end(running);
});

Deno.test("watch: an error that would come again ends it", async () => {
  const scene = new Scene();
  scene.deliver = () => Promise.reject(new UltraError("authentication", "Another ticket"));
  scene.drop("a", "x");
  await assert.rejects(scene.time.until(scene.run()), /Another ticket/);
  assert.deepEqual([...scene.items.keys()], ["a"]);
});
