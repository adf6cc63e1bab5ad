import assert from "node:assert/strict";
import { Entries, EntryState } from "../../src/transfer/entries.ts";

const STATES = Object.values(EntryState);

/** The way to each state, as both sides together know them. */
const WAYS: Readonly<Record<keyof typeof EntryState, readonly EntryState[]>> = {
  listed: [],
  needed: [EntryState.needed],
  verified: [EntryState.needed, EntryState.verified],
  sealed: [EntryState.needed, EntryState.verified, EntryState.sealed],
  committing: [EntryState.needed, EntryState.verified, EntryState.sealed, EntryState.committing],
  committed: [EntryState.needed, EntryState.verified, EntryState.sealed, EntryState.committed],
  present: [EntryState.present],
  skipped: [EntryState.skipped],
  failed: [EntryState.failed],
};

function at(name: keyof typeof EntryState): Entries {
  const entries = new Entries();
  entries.append({ kind: "file", size: 5, path: "a" });
  for (const state of WAYS[name]) entries.setState(0, state);
  return entries;
}

function followers(name: keyof typeof EntryState): (keyof typeof EntryState)[] {
  const names = Object.keys(EntryState) as (keyof typeof EntryState)[];
  return names.filter((next) => {
    try {
      at(name).setState(0, EntryState[next]);
      return true;
    } catch (error) {
      assert.match(String(error), /cannot go from state/);
      return false;
    }
  });
}

Deno.test("entries: a state follows only those that may lead to it, and anything else is a bug", () => {
  assert.deepEqual(followers("listed"), ["needed", "present", "skipped", "failed"]);
  assert.deepEqual(followers("needed"), ["verified", "committing", "committed", "failed"]);
  assert.deepEqual(followers("verified"), ["sealed", "failed"]);
  assert.deepEqual(followers("sealed"), ["committing", "committed", "failed"]);
  assert.deepEqual(followers("committing"), ["committed", "failed"]);
  for (const name of ["committed", "present", "skipped", "failed"] as const) assert.deepEqual(followers(name), []);
});

Deno.test("entries: what is over has a status on the wire, and nothing else has", () => {
  const statuses = (name: keyof typeof EntryState) => [...at(name).statuses()];
  assert.deepEqual(["committed", "present", "skipped", "failed"].map((name) => statuses(name as "failed")), [
    [1],
    [2],
    [3],
    [4],
  ]);
  const open = (Object.keys(EntryState) as (keyof typeof EntryState)[]).filter((name) => !at(name).isOver(0));
  assert.deepEqual(open, ["listed", "needed", "verified", "sealed", "committing"]);
  for (const name of open) assert.throws(() => statuses(name), /is not over/);
  assert.equal(STATES.length, open.length + 4);
});
