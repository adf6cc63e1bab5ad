import assert from "node:assert/strict";
import { InOrder } from "../../src/session/in_order.ts";

Deno.test("events in order: what comes behind one that waits is handed on behind it, also when it comes meanwhile", async () => {
  const handled: string[] = [];
  const gates = new Map(["a", "c"].map((name) => [name, Promise.withResolvers<void>()]));
  const events = new InOrder<string>((event) => gates.get(event)?.promise, (event) => {
    handled.push(event);
    if (event === "a") events.push("said by a");
  });
  for (const event of ["first", "a", "b", "c", "d"]) events.push(event);
  assert.deepEqual(handled, ["first"]);
  gates.get("c")?.resolve();
  await Promise.resolve();
  assert.deepEqual(handled, ["first"], "c waits for a, whose turn is first");
  gates.get("a")?.resolve();
  await gates.get("a")?.promise;
  await Promise.resolve();
  assert.deepEqual(handled.slice(0, 3), ["first", "a", "b"]);
  await gates.get("c")?.promise;
  await Promise.resolve();
  assert.deepEqual(handled, ["first", "a", "b", "c", "d", "said by a"]);
  events.push("last");
  assert.equal(handled.at(-1), "last");
});
