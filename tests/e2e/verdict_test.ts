/** What both sides say limited a transfer, and the numbers behind it. */

import assert from "node:assert/strict";
import { encodeTicket, parseTicket } from "../../src/protocol/ticket.ts";
import { MIB, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";
import { relayTo } from "./udp.ts";

const SIZE = 24 * MIB;

interface Told {
  readonly limit: string;
  readonly sentence: string;
  readonly sender: Readonly<Record<string, number>>;
  readonly receiver: Readonly<Record<string, number>>;
}

Deno.test("e2e: both sides tell the same verdict, from numbers that both have", async () => {
  await inWorkspace(async (workspace) => {
    await writeFile(workspace.path("file"), SIZE);
    const into = await workspace.make("in");
    const { sender, receiver } = await workspace.pair(["--streams", "3", "--rate-limit", "20M", "file"], [
      "--into",
      into,
    ], "--json");
    const [sent, received] = await Promise.all([sender.event("complete"), receiver.event("complete")]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(sent["verdict"], received["verdict"]);
    const { sentence, sender: one, receiver: other } = sent["verdict"] as Told;
    // Of all limits the only one that no machine and no moment changes.
    assert.equal(sentence, "limited by the rate limit (20.0 MB/s)");
    assert.deepEqual([one["readBytes"], one["writtenBytes"], one["lanes"]], [SIZE, 0, 3]);
    assert.deepEqual([other["writtenBytes"], other["readBytes"], other["committedFiles"]], [SIZE, 0, 1]);
    assert.equal(one["sentBytes"], Number(other["receivedBytes"]) - 3 * 12, "all but the lanes' prefaces");
    // What every Linux tells; the threads of QUIC, of the readers and of the writers are known by their names.
    for (const side of [one, other]) {
      for (const name of ["spanMicros", "cores", "machineCores", "machineBusyMicros", "networkRanMicros"] as const) {
        assert.ok(Number(side[name]) > 0, `${name} of ${JSON.stringify(side)}`);
      }
      assert.ok(Number(side["rttMicros"]) > 0 && Number(side["receiveWindowBytes"]) >= MIB);
    }
    assert.ok(Number(one["readRanMicros"]) > 0 && Number(other["writeRanMicros"]) > 0);
    // Loopback takes packets of 16 KB (native/msquic-sys/edits). With Ethernet's 1,500 bytes there would be 17,000.
    const packets = Number(one["sentPackets"]);
    assert.ok(packets >= SIZE / 65_536 && packets < SIZE / 4_000, `${packets} packets`);
  });
});

/** What both sides say of the acknowledgements of a transfer, when its answers are held back once for `holdMs`, or never. */
async function gaps(holdAfter: number, holdMs: number) {
  let told: Record<string, number> = {};
  await inWorkspace(async (workspace) => {
    await writeFile(workspace.path("file"), SIZE);
    const receiver = workspace.recv(["--json", "--into", await workspace.make("in")]);
    const ticket = parseTicket(await receiver.ticket());
    await using relay = await relayTo(Number(ticket.hints[0]?.port), holdAfter, holdMs);
    const hints = [{ type: "address" as const, address: "127.0.0.1", port: relay.port }];
    const sender = workspace.start(["send", "--json", "-v", "file", encodeTicket({ ...ticket, hints })]);
    const [sent, received] = await Promise.all([sender.event("complete"), receiver.event("complete")]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(sent["verdict"], received["verdict"]);
    told = (sent["verdict"] as Told).sender;
    const line = await sender.says(/Acknowledgements: /);
    assert.ok(
      line.endsWith(`${told["ackGaps"]} gaps over 30 ms, ${Number(told["ackGapMicros"]) / 1e6} s together`),
      line,
    );
  });
  return { count: Number(told["ackGaps"]), seconds: Number(told["ackGapMicros"]) / 1e6 };
}

Deno.test("e2e: a gap in the acknowledgements is counted by the sender and told by both sides and with -v", async () => {
  const held = await gaps(200, 1000);
  assert.ok(held.count >= 1 && held.seconds > 0.5 && held.seconds < 60, JSON.stringify(held));
  // (A busy machine makes gaps of its own, but none like this.)
  const free = await gaps(Infinity, 0);
  assert.ok(free.seconds < held.seconds, JSON.stringify({ held, free }));
});
