/** Whole processes in the older format, in virtual time: what they tell, keep and leave. */

import assert from "node:assert/strict";
import { tuningWithFormat } from "../../src/cli/format.ts";
import type { Tuning } from "../../src/settings/tuning.ts";
import { emptyDisk, type Item, MIB, tree } from "../support/made_up.ts";
import { MemoryStates } from "../support/memory_states.ts";
import { assertArrived, type Ending, play, type Scene, SENDER } from "./support.ts";

const ITEMS: readonly Item[] = [
  ["data", "folder"],
  ["data/a", 40 * MIB],
  ["data/b", 0],
  ["data/c", 3 * MIB + 7],
];

function tuningOf(format: string): Tuning {
  return tuningWithFormat({
    has: (name) => name === "format",
    value: (name) => name === "format" ? format : undefined,
  });
}

interface Sides {
  readonly send: string;
  readonly receive: string;
}

function inFormats({ send, receive }: Sides, scene: Partial<Scene> = {}): Promise<Ending> {
  const retry = { retryForMs: 300_000 };
  return play({
    items: ITEMS,
    waits: "receiver",
    send: { tuning: tuningOf(send), ...retry },
    receive: { tuning: tuningOf(receive), ...retry },
    ...scene,
  });
}

for (const waits of ["sender", "receiver"] as const) {
  Deno.test(`older format: sixteen streams on one connection, told on both sides where the ${waits} waits`, async () => {
    const ending = await inFormats({ send: "auto", receive: "blazing" }, { waits });
    assert.deepEqual(ending.codes, { sender: 0, receiver: 0 });
    assertArrived(ending);
    const { sender, receiver } = ending;
    for (const { output } of [sender, receiver]) {
      assert.deepEqual(output.facts.map(({ format }) => format), ["blazing"]);
      assert.deepEqual(output.openedStreams, [16]);
      assert.deepEqual(output.additions, []);
    }
    assert.deepEqual(sender.output.configs.map(({ streams, chunkBytes }) => [streams, chunkBytes]), [[16, MIB]]);
    const asked = [sender, receiver].map(({ output }) =>
      output.events.flatMap((event) => event.type === "older-format" ? [event.asked] : [])
    );
    assert.deepEqual(asked, [[false], [true]]);
  });
}

Deno.test("older format: two sides that both speak ultra never do", async () => {
  const ending = await inFormats({ send: "auto", receive: "auto" });
  assert.deepEqual(ending.codes, { sender: 0, receiver: 0 });
  for (const { output } of [ending.sender, ending.receiver]) {
    assert.deepEqual(output.facts.map(({ format }) => format), ["ultra"]);
    assert.ok(!output.events.some(({ type }) => type === "older-format"));
  }
});

Deno.test("older format: a lost connection ends both sides with 5, however long they would wait; nothing is kept of it", async () => {
  const states = new MemoryStates();
  const items: readonly Item[] = [["large", 400 * MIB]];
  const ending = await inFormats({ send: "blazing", receive: "auto" }, {
    disk: emptyDisk({ writeMs: 5 }),
    items,
    processes: { sender: { address: SENDER, tree: tree(items), states } },
    during: ({ world }) => world.time.later(60, () => world.network.lose()),
  });
  assert.deepEqual(ending.codes, { sender: 5, receiver: 5 });
  for (const { output } of [ending.sender, ending.receiver]) {
    assert.ok(output.starts.length === 1 && output.facts.length === 0, "it had begun and did not end");
    assert.ok(!output.events.some(({ type }) => type === "connection-lost"), "none is waited for");
  }
  assert.deepEqual([ending.disk.parts.size, ending.disk.kept.size, ending.disk.final.size], [0, 0, 0]);
  assert.equal(states.files.size, 0);
});
