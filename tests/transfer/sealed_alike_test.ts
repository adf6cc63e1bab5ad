/** Transfers in a format whose frames cannot seal a file: those of one block go the way of all others. */

import assert from "node:assert/strict";
import { chunkBlocks } from "../../src/settings/ultra.ts";
import { Sender } from "../../src/transfer/sender.ts";
import type { SenderCommand, SenderEvent } from "../../src/transfer/turns.ts";
import { NOTHING_LEFT_OUT } from "../../src/transfer/left_out.ts";
import type { TransferMessage } from "../../src/protocol/messages.ts";
import {
  bytesOf,
  committed,
  harnessRoot,
  type Item,
  MIB,
  needAll,
  page,
  ReceiverBench,
  ROOT,
  seal,
  verified,
  verifiedAll,
} from "./harness.ts";

const FILES: readonly Item[] = [["large", 2 * MIB], ["small", 5], ["empty", 0], ["folder", "folder"]];

/** A sender whose walk is over, with one lane; and what it wants done. */
class Bench {
  readonly commands: SenderCommand[] = [];
  readonly sender = new Sender({
    shrink: (_grant, end) => end,
    transferRoot: harnessRoot,
    root: () => ROOT,
  }, { transfer: 1, chunkBlocks: (blocks) => chunkBlocks(blocks, 1), describe: String, sealsAlike: true });

  constructor() {
    const { entries } = page(0, FILES);
    this.handle({ type: "page", first: 0, count: FILES.length, size: bytesOf(FILES), entries });
    this.handle({ type: "walk-end", entries: FILES.length, size: bytesOf(FILES), leftOut: NOTHING_LEFT_OUT });
    this.handle({ type: "lanes-opened", lanes: [1] });
  }

  handle(event: SenderEvent): void {
    this.sender.handle(event);
    for (let command = this.sender.poll(); command !== undefined; command = this.sender.poll()) {
      this.commands.push(command);
    }
  }

  receive(...messages: TransferMessage[]): void {
    for (const message of messages) this.handle({ type: "message", message });
  }

  grants(): (readonly number[])[] {
    return this.commands.flatMap((command) =>
      command.type === "grant" ? [[command.entry, command.first, command.count]] : []
    );
  }
}

Deno.test("a sender grants files of one block as blocks, and seals them by messages", () => {
  const bench = new Bench();
  bench.receive(needAll(0, 4));
  assert.deepEqual(bench.grants(), [[0, 0, 1], [0, 1, 1], [1, 0, 1]]);
  assert.ok(!bench.commands.some(({ type }) => type === "grant-entries"));
  for (const grant of [1, 2, 3]) bench.handle({ type: "grant-read", lane: 1, grant });
  for (const [entry, size] of [[0, 2 * MIB], [1, 5]] as const) {
    bench.handle({ type: "sealed", entry, size, root: ROOT });
  }
  bench.handle({ type: "tick", nowMs: 50 });
  const seals = bench.commands.flatMap((command) =>
    command.type === "send" && command.message.type === "seal" ? command.message.items : []
  );
  assert.deepEqual(seals.map(({ entry, size }) => [entry, size]), [[0, 2 * MIB], [1, 5]]);
  bench.receive(verified(0, 0, 2), verifiedAll(1), committed(0, 4));
  const transferRoot = harnessRoot(new Uint8Array(4).fill(1));
  bench.receive({ type: "done", transferRoot, committed: 4, present: 0, skipped: 0, failed: 0 });
  assert.equal(bench.sender.outcome.state, "finished");
});

Deno.test("a receiver that says that a file of one block has arrived which was never granted is a breach", () => {
  const bench = new Bench();
  bench.handle({ type: "lane-lost", lane: 1 });
  bench.receive(needAll(0, 4));
  assert.deepEqual(bench.grants(), []);
  bench.receive(verifiedAll(1));
  const { outcome } = bench.sender;
  assert.ok(outcome.state === "failed" && outcome.error.kind === "protocol");
});

Deno.test("a receiver commits a file of one block with the root of its seal, in either order", () => {
  for (const order of ["sealed first", "seal last"]) {
    const bench = new ReceiverBench().takeAll(FILES);
    const arrives = () => bench.handle({ type: "verified", entry: 1, first: 0, count: 1 });
    if (order === "seal last") arrives();
    assert.deepEqual(bench.toldOf("commit"), []);
    bench.receive(seal(1, 5));
    if (order === "sealed first") arrives();
    assert.deepEqual(bench.toldOf("commit"), [[1, 5]], order);
    assert.equal(bench.state, "running");
  }
});
