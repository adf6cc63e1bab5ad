/** Streams that nobody may open, and streams that end where they should not: with another implementation of QUIC. */

import assert from "node:assert/strict";
import { prove, Speaker, within } from "./hostile_peer.ts";
import { assertStillServes, Box, UltraProcess } from "./ultra_process.ts";
import { type Bytes, CODES, concat, dialerHello, frame, holes, offer, page, pagesEnd, preface } from "./wire.ts";

const PROTOCOL = 8;
const MIB = 1024 * 1024;

Deno.test("hostile: G7 before proof QUIC itself lets one bidirectional stream through and no other", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const { port, token } = await receiver.ticket();
  const peer = await speaker.connectForeign(port);
  peer.send(dialerHello({ token, direction: 0 }));
  await peer.next();
  assert.match(await peer.open("bidi"), /maximum number of concurrent outgoing bidirectional/);
  assert.match(await peer.open("uni"), /maximum number of concurrent outgoing unidirectional/);
  await peer.close();
  await assertStillServes(receiver, box);
});

for (const how of ["fin", "reset"] as const) {
  Deno.test(`hostile: a control stream that ends alone (${how}) ends the connection, before and after proof`, async () => {
    await using box = await Box.make();
    await using receiver = UltraProcess.receiver(box);
    await using speaker = new Speaker();
    const ticket = await receiver.ticket();
    const stranger = await speaker.connectForeign(ticket.port);
    stranger.send(dialerHello({ token: ticket.token, direction: 0 }));
    await stranger.next();
    stranger.endControl(how);
    assert.equal((await stranger.closed).code, PROTOCOL);
    const known = await speaker.connectForeign(ticket.port, await speaker.certificateOf(ticket.port));
    await prove(known, ticket);
    known.send(offer());
    await known.nextOf(CODES.accept);
    known.endControl(how);
    const { code, stderr } = await within("the receiver's end", receiver.exit());
    assert.equal(code, PROTOCOL, stderr);
    assert.equal(stderr.match(/^ultra: /gm)?.length, 1, stderr);
    await box.assertUntouched();
  });
}

interface LaneCase {
  readonly name: string;
  readonly bytes: Bytes;
  readonly end?: true;
}

const block = { entry: 0, length: MIB, block: 0 };

const BROKEN_LANES: readonly LaneCase[] = [
  { name: "another protocol's preface", bytes: new TextEncoder().encode("GET / HTTP/1.1\r\n") },
  { name: "a lane number out of range", bytes: preface(256) },
  { name: "a lane of the next transfer", bytes: concat(preface(0, 2), frame(block)) },
  { name: "a lane of no transfer", bytes: preface(0, 0) },
  { name: "G2 an entry that was never offered", bytes: concat(preface(0), frame({ ...block, entry: 7 })) },
  { name: "G2 a block beyond the file's end", bytes: concat(preface(0), frame({ ...block, block: 2 })) },
  { name: "G2 block 2^63", bytes: concat(preface(0), frame({ ...block, block: 2n ** 63n })) },
  { name: "G2 length 0", bytes: concat(preface(0), frame({ ...block, length: 0, payload: new Uint8Array(64) })) },
  {
    name: "G2 a longer block",
    bytes: concat(preface(0), frame({ ...block, length: 2 ** 31, payload: new Uint8Array(64) })),
  },
  { name: "G1 a last block of another length", bytes: concat(preface(0), frame({ ...block, block: 1, length: MIB })) },
  { name: "G2 holes beyond the file's end", bytes: concat(preface(0), holes({ ...block, length: 3 })) },
  { name: "G2 a hole behind the file's end", bytes: concat(preface(0), holes({ ...block, length: 1, block: 2 })) },
  { name: "G2 no holes", bytes: concat(preface(0), holes({ ...block, length: 0 })) },
  { name: "G2 65,537 holes", bytes: concat(preface(0), holes({ ...block, length: 65_537 })) },
  { name: "a seal of block 1", bytes: concat(preface(0), frame({ ...block, block: 1, length: 1, flags: 1 })) },
  { name: "a seal of a file of two blocks", bytes: concat(preface(0), frame({ ...block, flags: 1 })) },
  { name: "a seal of a hole of two", bytes: concat(preface(0), holes({ ...block, length: 1, flags: 1 })) },
  { name: "a seal of two holes", bytes: concat(preface(0), holes({ ...block, length: 2, flags: 1 })) },
  { name: "an unknown flag", bytes: concat(preface(0), frame({ ...block, flags: 2 })) },
  { name: "an unknown encoding", bytes: concat(preface(0), frame({ ...block, encoding: 2 })) },
  {
    name: "G1 an end inside a frame",
    bytes: concat(preface(0), frame({ ...block, payload: new Uint8Array(9) })),
    end: true,
  },
  { name: "an end inside the preface", bytes: preface(0).slice(0, 3), end: true },
];

Deno.test("hostile: G1 G2 lanes that break the format end the transfer, exit 8, and leave nothing", async (t) => {
  await using speaker = new Speaker();
  for (const { name, bytes, end } of BROKEN_LANES) {
    await t.step(name, async () => {
      await using box = await Box.make();
      await using receiver = UltraProcess.receiver(box);
      const ticket = await receiver.ticket();
      const peer = await speaker.connectForeign(ticket.port, await speaker.certificateOf(ticket.port));
      await prove(peer, ticket);
      peer.send(offer());
      await peer.nextOf(CODES.accept);
      peer.send(page(0, { path: "file", size: MIB + 1 }), pagesEnd(1, MIB + 1));
      await peer.nextOf(CODES.need);
      peer.lane(bytes, end);
      const { code, stderr } = await receiver.exit();
      assert.equal(code, PROTOCOL, stderr);
      assert.equal(stderr.match(/^ultra: /gm)?.length, 1, stderr);
      await box.assertUntouched();
    });
  }
});

/** The flags of the frame, and what is wrong behind it. */
const DAMAGED = [[0, "its value"], [1, "the root that seals it"]] as const;

for (const [flags, what] of DAMAGED) {
  Deno.test(`hostile: B5 a block that keeps arriving without ${what} is asked for three times, then exit 7, and nothing is left`, async () => {
    await using box = await Box.make();
    await using receiver = UltraProcess.receiver(box);
    await using speaker = new Speaker();
    const ticket = await receiver.ticket();
    const peer = await speaker.connectForeign(ticket.port, await speaker.certificateOf(ticket.port));
    await prove(peer, ticket);
    // One lane stays open, and each frame comes on one of its own.
    peer.send(offer("hostile", 5));
    await peer.nextOf(CODES.accept);
    peer.send(page(0, { path: "file", size: 10 }), pagesEnd(1, 10));
    const damaged = frame({ entry: 0, length: 10, block: 0, flags });
    peer.lane(preface(0));
    for (let asked = 0; asked < 4; asked++) {
      await peer.nextOf(CODES.need);
      peer.lane(concat(preface(0), damaged), true);
    }
    const { code, stderr } = await receiver.exit();
    assert.equal(code, 7, stderr);
    await box.assertUntouched();
  });
}
