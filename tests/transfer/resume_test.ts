/** Files that go on where an earlier run ended, as the receiver machine sees them. */

import assert from "node:assert/strict";
import { UltraError } from "../../src/base/errors.ts";
import type { TargetStatus } from "../../src/protocol/words.ts";
import { MIB, needBlocks, page, ReceiverBench } from "./harness.ts";

/** A receiver that an earlier run left the first `held` blocks of a file of four. */
function goingOn(held: number, isClean: boolean, statuses: readonly TargetStatus[] = ["absent"], freeSpace = 1e15) {
  const bench = new ReceiverBench().receive(page(0, [["a", 4 * MIB]]));
  bench.handle({ type: "held", entry: 0, first: 0, values: new Uint8Array(32 * held) });
  bench.handle({ type: "taken-up", entry: 0, occupied: 3 * MIB, isClean });
  bench.handle({ type: "checked", first: 0, statuses, freeSpace });
  return bench;
}

Deno.test("what an earlier run left in good order is told before the need, counts at once, and only the rest is let in", () => {
  const bench = goingOn(3, true);
  assert.deepEqual(bench.sent.map(({ type }) => type), ["held", "need"]);
  assert.deepEqual([bench.sent[1], bench.toldOf("expect")], [needBlocks(0, 3, 1), [[0, 3, 1]]]);
  const { verifiedBytes, resumedBytes } = bench.receiver.progress;
  assert.deepEqual([verifiedBytes, resumedBytes], [3 * MIB, 3 * MIB]);
});

Deno.test("D26 D29: what a crash left counts when it was read again, and what is not as it was is needed", () => {
  const bench = goingOn(3, false);
  assert.equal(bench.receiver.progress.verifiedBytes, 0);
  bench.handle({ type: "verified", entry: 0, first: 0, count: 1 });
  bench.handle({ type: "stale", entry: 0, block: 1 });
  bench.handle({ type: "verified", entry: 0, first: 1, count: 3 });
  assert.deepEqual(bench.sent.at(-1), needBlocks(0, 1, 1));
  assert.deepEqual(bench.toldOf("expect"), [[0, 3, 1], [0, 1, 1]]);
  const { verifiedBytes, resumedBytes } = bench.receiver.progress;
  assert.deepEqual([verifiedBytes, resumedBytes], [4 * MIB, 2 * MIB]);
});

Deno.test("what a part occupies already is not asked of the disk again", () => {
  assert.equal(goingOn(3, true, ["absent"], 3 * MIB).state, "running");
  goingOn(3, true, ["absent"], MIB).assertFails("disk");
});

Deno.test("a lost network, a signal and a full disk leave the parts; a refusal and a wrong root do not", () => {
  const ends: readonly (readonly [(bench: ReceiverBench) => void, string])[] = [
    [(bench) => bench.handle({ type: "cancel", error: new UltraError("network", "gone") }), "parts"],
    [(bench) => bench.handle({ type: "entry-failed", entry: 0, fault: "no-space", text: "full" }), "parts"],
    [(bench) => bench.receive({ type: "abort", kind: "network", text: "It was interrupted" }), "parts"],
    [(bench) => bench.handle({ type: "entry-failed", entry: 0, fault: "integrity", text: "wrong" }), "nothing"],
    [(bench) => bench.receive({ type: "abort", kind: "source-changed", text: "changed" }), "nothing"],
  ];
  for (const [end, leaving] of ends) {
    const bench = goingOn(3, true);
    end(bench);
    assert.deepEqual([bench.state, bench.receiver.leaving], ["failed", leaving]);
  }
  assert.equal(goingOn(3, true, ["duplicate"]).receiver.leaving, "nothing");
  assert.equal(goingOn(3, true, ["absent"], 0).receiver.leaving, "nothing");
});

Deno.test("news of blocks before their page is checked is a bug that shows, in place of a transfer that waits for them without end", () => {
  for (const type of ["verified", "stale"] as const) {
    const bench = new ReceiverBench().receive(page(0, [["a", 4 * MIB]]));
    const news = type === "verified"
      ? { type, entry: 0, first: 0, count: 1 } as const
      : { type, entry: 0, block: 0 } as const;
    assert.throws(() => bench.handle(news), /before its page was checked/);
  }
});
