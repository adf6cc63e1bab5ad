/** What is left out, from both commands to both exit codes. */

import assert from "node:assert/strict";
import type { LeftOut } from "../../src/protocol/messages.ts";
import type { TransferFacts } from "../../src/session/events.ts";
import { ALL_KEPT, emptyDisk, type Item } from "../support/made_up.ts";
import { assertArrived, assertClean, type Ending, play } from "./support.ts";

const BOTH = ["sender", "receiver"] as const;

const TREE: readonly Item[] = [["top", "folder"], ["top/a", 100], ["top/b", 5]];

const LINKS: LeftOut = {
  counts: [{ reason: "link", count: 1200 }, { reason: "unreadable", count: 2 }],
  names: [{ reason: "unreadable", path: "top/secret" }, { reason: "link", path: "top/link" }],
};

function codes({ codes }: Ending): readonly number[] {
  return [codes.sender, codes.receiver];
}

function factsOf({ sender, receiver }: Ending): readonly TransferFacts[] {
  return [...sender.output.facts, ...receiver.output.facts];
}

Deno.test("transfer: T21: T42: what the sender leaves out gives 3 on both sides, with the count and the first names", async () => {
  for (const waits of BOTH) {
    const ending = await play({ items: TREE, waits, tree: { leftOut: LINKS } });
    assert.deepEqual(codes(ending), [3, 3]);
    assertArrived(ending);
    const facts = factsOf(ending);
    assert.equal(facts.length, 2);
    for (const { leftOut, leftOutCount, leftOutReasons, failedCount } of facts) {
      assert.deepEqual([leftOutCount, failedCount], [1202, 0]);
      assert.deepEqual(leftOutReasons, { link: 1200, unreadable: 2 });
      assert.deepEqual(leftOut, LINKS.names);
    }
    const complete = await play({ items: TREE, waits });
    assert.deepEqual(codes(complete), [0, 0]);
    assert.deepEqual(factsOf(complete).map(({ leftOutCount }) => leftOutCount), [0, 0]);
  }
});

Deno.test("transfer: T21: --allow-left-out makes it 0 on the side that says so, and accepts no failure", async () => {
  const tree = { leftOut: LINKS };
  const allow = { allowLeftOut: true };
  assert.deepEqual(codes(await play({ items: TREE, waits: "receiver", tree, send: allow })), [0, 3]);
  assert.deepEqual(codes(await play({ items: TREE, waits: "sender", tree, receive: allow })), [3, 0]);
  const both = await play({ items: TREE, waits: "sender", tree, send: allow, receive: allow });
  assert.deepEqual(codes(both), [0, 0]);
  assert.deepEqual(factsOf(both).map(({ leftOutCount }) => leftOutCount), [1202, 1202], "the sheet says the same");
  const disk = emptyDisk({ faults: new Map([["top/a", { block: undefined, fault: "io", text: "bad sector" }]]) });
  const failed = await play({ items: TREE, waits: "sender", tree, disk, send: allow, receive: allow });
  assert.deepEqual(codes(failed), [3, 3]);
});

Deno.test("transfer: T6: hidden names at the top are left out alone: 4 on both sides when it was all, else 3", async () => {
  const hidden: readonly Item[] = [[".ssh", "folder"], [".ssh/keys", 100]];
  for (const waits of BOTH) {
    const only = await play({ items: hidden, waits });
    assert.deepEqual(codes(only), [4, 4]);
    assert.equal(only.disk.final.size, 0);
    const some = await play({ items: [...hidden, ...TREE], waits });
    assert.deepEqual(codes(some), [3, 3]);
    assertArrived(some, [".ssh", ".ssh/keys"]);
    for (const { leftOut, leftOutCount } of factsOf(some)) {
      assert.equal(leftOutCount, 2);
      assert.deepEqual(leftOut, [{ reason: "hidden", path: ".ssh" }]);
    }
    const welcome = await play({ items: [...hidden, ...TREE], waits, receive: { hidden: true } });
    assert.deepEqual(codes(welcome), [0, 0]);
    assertArrived(welcome);
  }
});

Deno.test("transfer: T6: a hidden name needs leave below a folder that was there, and passes below a new one", async () => {
  const items: readonly Item[] = [["repo", "folder"], ["repo/.git", "folder"], ["repo/.git/hook", 100], ["repo/a", 5]];
  const there = () => emptyDisk({ final: new Map([["repo", "folder"]]) });
  const refused = await play({ items, waits: "receiver", disk: there() });
  assert.deepEqual(codes(refused), [3, 3]);
  assertArrived(refused, ["repo/.git", "repo/.git/hook"]);
  assert.deepEqual(codes(await play({ items, waits: "receiver", disk: there(), receive: { hidden: true } })), [0, 0]);
  const fresh = await play({ items, waits: "receiver" });
  assert.deepEqual(codes(fresh), [0, 0]);
  assertArrived(fresh);
  const again = await play({ items, waits: "receiver", disk: fresh.disk });
  assert.deepEqual(codes(again), [0, 0], "what is there already passes");
});

Deno.test("transfer: T25: names that the disk does not take, and the later one of two that are one there, are left out alone", async () => {
  const items: readonly Item[] = [
    ["top", "folder"],
    ["top/README", 100],
    ["top/Readme", 200],
    ["top/big: part 1.bin", 300],
  ];
  for (const waits of BOTH) {
    const ending = await play({ items, waits, disk: emptyDisk({ isExfat: true }) });
    assert.deepEqual(codes(ending), [3, 3]);
    assertArrived(ending, ["top/Readme", "top/big: part 1.bin"]);
    for (const { leftOut, leftOutReasons, failedCount } of factsOf(ending)) {
      assert.equal(failedCount, 0);
      assert.deepEqual(leftOutReasons, { "name-refused": 1, "same-name": 1 });
      assert.deepEqual(leftOut, [
        { reason: "same-name", path: "top/Readme" },
        { reason: "name-refused", path: "top/big: part 1.bin" },
      ]);
    }
    const alone = await play({ items: [["ab: c", 100]], waits, disk: emptyDisk({ isExfat: true }) });
    assert.deepEqual(codes(alone), [4, 4], "the one thing that was asked for");
    const there = emptyDisk({ isExfat: true, final: new Map([["top", "folder"], ["top/Readme", "folder"]]) });
    const other = await play({ items: [["top", "folder"], ["top/README", 100], ["top/a", 5]], waits, disk: there });
    assert.deepEqual(codes(other), [3, 3], "in another spelling than one that is there");
    assert.deepEqual([...there.final.keys()].sort(), ["top", "top/Readme", "top/a"]);
  }
});

Deno.test("transfer: T23: a file system that keeps no modes gets everything, with one warning at the receiver", async () => {
  const cases = [
    [{ ...ALL_KEPT, mode: true }, "Modes are not kept there: the file system of . refuses them"],
    [{ ...ALL_KEPT, time: true }, "Times are not kept there: the file system of . refuses them"],
    [{ ...ALL_KEPT, mode: true, time: true }, "Modes and times are not kept there: the file system of . refuses them"],
    [{ ...ALL_KEPT, links: true }, "Hard links are not kept there: the file system of . refuses them"],
    [
      { ...ALL_KEPT, owner: true, xattrs: true, acl: true },
      "Owners, extended attributes and ACLs are not kept there: the file system of . or the rights of its user do not allow them",
    ],
  ] as const;
  for (const [unkept, warning] of cases) {
    const ending = await play({ items: TREE, waits: "receiver", disk: emptyDisk({ unkept }) });
    assert.deepEqual(codes(ending), [0, 0]);
    assertArrived(ending);
    assertClean(ending);
    assert.deepEqual(ending.receiver.output.warnings, [warning]);
    assert.deepEqual(ending.sender.output.warnings, []);
  }
  assert.deepEqual((await play({ items: TREE, waits: "receiver" })).receiver.output.warnings, []);
});

Deno.test("transfer: T31: what the sender cannot read of owners, attributes and ACLs is told once, on its side", async () => {
  const unkept = { ...ALL_KEPT, xattrs: true, acl: true };
  const ending = await play({ items: TREE, waits: "receiver", tree: { unkept } });
  assert.deepEqual(codes(ending), [0, 0]);
  assertArrived(ending);
  assert.deepEqual(ending.sender.output.warnings, [
    "Extended attributes and ACLs of some entries are not sent: they cannot be read, are too large, or have names that are not UTF-8",
  ]);
  assert.deepEqual(ending.receiver.output.warnings, []);
  assert.deepEqual((await play({ items: TREE, waits: "receiver" })).sender.output.warnings, []);
});
