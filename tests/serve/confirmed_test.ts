/** What a lasting receiver remembers of the files that it has confirmed. */

import assert from "node:assert/strict";
import { CONFIRMED_MS, ConfirmedRecord, idOf, MOST_CONFIRMED } from "../../src/serve/confirmed.ts";
import { MemoryStates } from "../support/memory_states.ts";

const RECORD_LEN = 24;

function idNumber(number: number): Uint8Array {
  const id = new Uint8Array(16).fill(1);
  new DataView(id.buffer).setUint32(0, number);
  return id;
}

/** A record that is opened again and again, as by one process after the other. */
function records() {
  const states = new MemoryStates();
  let nowMs = 1_700_000_000_000;
  const open = async () => {
    return await ConfirmedRecord.open(states.record("x"), () => nowMs) ?? assert.fail("another process has it");
  };
  const file = () => states.records.get("x") ?? new Uint8Array(0);
  return { states, open, file, pass: (ms: number) => nowMs += ms };
}

Deno.test("confirmed: what one process has written down the next one knows, for 30 days", async () => {
  const { open, pass } = records();
  const first = await open();
  assert.ok(!first.has(idNumber(1)));
  assert.ok(await first.add(idNumber(1)));
  pass(CONFIRMED_MS - 1000);
  assert.ok((await open()).has(idNumber(1)));
  assert.ok(first.has(idNumber(1)));
  pass(2000);
  assert.ok(!(await open()).has(idNumber(1)));
  assert.ok(!first.has(idNumber(1)), "nor in a process that still runs");
});

Deno.test("confirmed: of more than 100,000 the oldest are forgotten, in memory and in the file", async () => {
  const { open, file } = records();
  const record = await open();
  const batch = 50_000;
  for (let from = 0; from < 5 * batch; from += batch) {
    const ids = new Uint8Array(batch * 16);
    for (let i = 0; i < batch; i++) ids.set(idNumber(from + i), i * 16);
    assert.ok(await record.add(ids));
  }
  for (const known of [record, await open()]) {
    assert.ok(!known.has(idNumber(5 * batch - MOST_CONFIRMED - 1)));
    assert.ok(known.has(idNumber(5 * batch - MOST_CONFIRMED)));
    assert.ok(known.has(idNumber(5 * batch - 1)));
  }
  assert.ok(file().length <= 2 * MOST_CONFIRMED * RECORD_LEN, `${file().length} bytes`);
});

Deno.test("confirmed: a record that a power cut has cut off or damaged is nobody's, and those around it count", async () => {
  const { states, open, file } = records();
  const record = await open();
  for (const number of [1, 2, 3]) await record.add(idNumber(number));
  const damaged = file().slice(0, 3 * RECORD_LEN - 5);
  damaged[RECORD_LEN + 3] = 77;
  states.records.set("x", damaged);
  const next = await open();
  assert.deepEqual([1, 2, 3].map((number) => next.has(idNumber(number))), [true, false, false]);
  await next.add(idNumber(4));
  const last = await open();
  assert.deepEqual([1, 4].map((number) => last.has(idNumber(number))), [true, true], "what follows is in step again");
});

Deno.test("confirmed: without a folder for state it is told, and what this process confirmed is known to it", async () => {
  const { states, open } = records();
  states.isReadOnly = true;
  const record = await open();
  assert.equal(await record.add(idNumber(1)), false);
  assert.ok(record.has(idNumber(1)));
});

Deno.test("confirmed: host, path, size and fingerprint make the identity of a file, and no two of them run together", () => {
  const print = new Uint8Array(16);
  const ids = [
    idOf("a", "b", 1, print),
    idOf("", "ab", 1, print),
    idOf("a", "b1", 1, print),
    idOf("a", "b", 11, print),
    idOf("a", "b", 1, print.with(15, 1)),
    idOf('a","b', "", 1, print),
  ];
  assert.equal(new Set(ids.map((id) => id.toHex())).size, ids.length);
  assert.deepEqual(idOf("a", "b", 1, print), ids[0]);
});
