import assert from "node:assert/strict";
import fc from "fast-check";
import { type Delivery, Queue } from "../../src/watch/queue.ts";

const TIMES = { quietMs: 2000, retryMs: 1000, mostRetryMs: 8000, mostItemRetryMs: 8000 };
const ALL: Delivery = { type: "finished", missing: new Set() };
const LOST: Delivery = { type: "lost" };

function seen(items: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(items));
}

/** A queue with items that are due at 2000. */
function due(...names: readonly string[]): Queue {
  const queue = new Queue(false, TIMES);
  queue.see(new Map(names.map((name) => [name, "x"])), 0);
  return queue;
}

Deno.test("an item is sent when it has looked the same for the quiet time, and not before", () => {
  const queue = new Queue(false, TIMES);
  queue.see(seen({ a: "1" }), 0);
  assert.equal(queue.wakeMs(0), 2000);
  assert.deepEqual(queue.take(1999), []);
  queue.see(seen({ a: "2", b: "1" }), 1999);
  assert.deepEqual(queue.take(3998), []);
  queue.see(seen({ a: "2", b: "2" }), 3999);
  assert.deepEqual(queue.take(3999), ["a"]);
});

Deno.test("what was confirmed is put away, and the same name is another item then", () => {
  const queue = due("a");
  assert.deepEqual(queue.take(2000), ["a"]);
  assert.deepEqual(queue.take(2001), [], "it is under way");
  queue.delivered(ALL, 3000);
  assert.deepEqual(queue.toPutAway(3000), [{ name: "a", look: "x", isWhole: true }]);
  queue.wasPutAway("a", "failed", 3000);
  assert.deepEqual([queue.toPutAway(3999), queue.wakeMs(3000)], [[], 4000]);
  queue.see(seen({ a: "x" }), 3999);
  assert.deepEqual(queue.take(60_000), [], "what has arrived is not sent again because it cannot be moved");
  queue.wasPutAway("a", "done", 4000);
  queue.see(seen({ a: "x" }), 5000);
  assert.deepEqual(queue.state("a"), { at: "settling", look: "x", sinceMs: 5000 });
});

Deno.test("what is kept is sent again only when it has changed", () => {
  const queue = new Queue(true, TIMES);
  queue.see(seen({ a: "x" }), 0);
  queue.take(2000);
  queue.delivered(ALL, 2000);
  queue.see(seen({ a: "x" }), 9000);
  assert.deepEqual([queue.take(9000), queue.toPutAway(9000), queue.wakeMs(9000)], [[], [], undefined]);
  queue.see(seen({ a: "y" }), 9000);
  assert.deepEqual(queue.take(11_000), ["a"]);
});

Deno.test("an item that changes while it is sent is another one, and settles anew", () => {
  const queue = due("a", "b");
  queue.take(2000);
  queue.see(seen({ a: "y" }), 2500);
  queue.delivered(ALL, 3000);
  assert.deepEqual(queue.toPutAway(3000), []);
  assert.deepEqual(queue.state("a"), { at: "settling", look: "y", sinceMs: 3000 });
  assert.equal(queue.state("b"), undefined, "it is gone");
});

Deno.test("when the other side is lost everything waits longer and longer, and goes on in one transfer", () => {
  const queue = due("a", "b");
  let now = 2000;
  for (const wait of [1000, 2000, 4000, 8000, 8000]) {
    assert.deepEqual(queue.take(now), ["a", "b"]);
    queue.delivered(LOST, now);
    assert.equal(queue.wakeMs(now), now + wait);
    assert.deepEqual(queue.take(now + wait - 1), []);
    now += wait;
  }
  queue.take(now);
  queue.delivered(ALL, now);
  queue.see(seen({ c: "x" }), now);
  queue.take(now + 2000);
  queue.delivered(LOST, now + 2000);
  assert.equal(queue.wakeMs(now + 2000), now + 3000, "the first loss counts anew");
});

Deno.test("of a batch that was refused each item is tried alone at once, and then less and less often", () => {
  const queue = due("bad", "good");
  queue.take(2000);
  queue.delivered({ type: "refused" }, 2000);
  assert.deepEqual(queue.take(2000), ["bad"]);
  queue.delivered({ type: "refused" }, 2000);
  assert.deepEqual(queue.take(2000), ["good"]);
  queue.delivered(ALL, 2000);
  assert.deepEqual(queue.toPutAway(2000).map(({ name }) => name), ["good"]);
  queue.wasPutAway("good", "done", 2000);
  assert.equal(queue.wakeMs(2000), 4000);
  queue.see(seen({ bad: "mended" }), 3000);
  assert.deepEqual(queue.state("bad"), { at: "settling", look: "mended", sinceMs: 3000 });
});

Deno.test("of a transfer in which some failed the others are confirmed", () => {
  const queue = due("a", "b", "c");
  queue.take(2000);
  queue.delivered({ type: "finished", missing: new Set(["b"]) }, 2000);
  assert.deepEqual(queue.toPutAway(2000).map(({ name }) => name), ["a", "c"]);
  assert.equal(queue.state("b")?.at, "failed");
});

Deno.test("what fails again and again does not keep others from going, nor they it", () => {
  const queue = due("bad");
  queue.take(2000);
  queue.delivered({ type: "refused" }, 2000);
  const taken: string[] = [];
  for (let round = 0; round < 6; round++) {
    const now = 20_000 * (round + 1);
    queue.see(seen({ bad: "x", [`new${round}`]: "x" }), now - 2000);
    const names = queue.take(now);
    taken.push(...names);
    queue.delivered(names.includes("bad") ? { type: "refused" } : ALL, now);
    for (const { name } of queue.toPutAway(now)) queue.wasPutAway(name, "done", now);
  }
  assert.ok(taken.filter((name) => name === "bad").length >= 2, taken.join(" "));
  assert.ok(taken.filter((name) => name !== "bad").length >= 3, taken.join(" "));
});

/** What happens in a made-up folder, step by step; the receiver takes identical items for one. */
type Step =
  | { readonly do: "write"; readonly name: number; readonly content: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "deliver"; readonly how: "all" | "lost" | "refused" | "unknown" }
  | { readonly do: "kill" };

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("write" as const), name: fc.nat(3), content: fc.nat(5) }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 5000 }) }),
  fc.record({
    do: fc.constant("deliver" as const),
    how: fc.constantFrom("all" as const, "lost" as const, "refused" as const, "unknown" as const),
  }),
  fc.record({ do: fc.constant("kill" as const) }),
);

Deno.test("whatever happens, in the end the folder is empty and every last content has arrived", () => {
  fc.assert(fc.property(fc.array(steps, { maxLength: 60 }), (script) => {
    const folder = new Map<string, string>();
    const arrived = new Map<string, Set<string>>();
    const written = new Map<string, string>();
    let queue = new Queue(false, TIMES);
    let sending: readonly { readonly name: string; readonly content: string }[] = [];
    let now = 0;
    const turn = () => {
      queue.see(folder, now);
      for (const { name, look } of queue.toPutAway(now)) {
        const isSame = folder.get(name) === look;
        if (isSame) folder.delete(name);
        queue.wasPutAway(name, isSame ? "done" : "changed", now);
      }
      if (sending.length > 0) return;
      const names = queue.take(now);
      sending = names.flatMap((name) => {
        const content = folder.get(name);
        return content === undefined ? [] : [{ name, content }];
      });
      assert.equal(sending.length, names.length, "nothing is sent that is not there");
    };
    const deliver = (how: "all" | "lost" | "refused" | "unknown") => {
      if (sending.length === 0) return;
      // What moves in a transfer that is lost or refused may have arrived all the same.
      for (const { name, content } of sending) {
        if (how !== "refused") arrived.set(name, (arrived.get(name) ?? new Set()).add(content));
      }
      queue.see(folder, now);
      if (how === "all") queue.delivered(ALL, now);
      else queue.delivered(how === "unknown" ? { type: "finished", missing: "unknown" } : { type: how }, now);
      sending = [];
    };
    for (const step of script) {
      switch (step.do) {
        case "write":
          folder.set(`n${step.name}`, String(step.content));
          written.set(`n${step.name}`, String(step.content));
          break;
        case "wait":
          now += step.ms;
          break;
        case "deliver":
          deliver(step.how);
          break;
        case "kill":
          queue = new Queue(false, TIMES);
          sending = [];
      }
      turn();
    }
    for (let rounds = 0; rounds < 200 && folder.size > 0; rounds++) {
      deliver("all");
      turn();
      now = Math.max(now + 1, queue.wakeMs(now) ?? now);
    }
    assert.equal(folder.size, 0);
    for (const [name, content] of written) assert.ok(arrived.get(name)?.has(content), `${name} ${content}`);
  }));
});
