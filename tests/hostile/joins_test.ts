/** Who joins a transfer that it has no business with, or too often, or to break the rules there. */

import assert from "node:assert/strict";
import { type Peer, prove, Speaker } from "./hostile_peer.ts";
import { Box, UltraProcess } from "./ultra_process.ts";
import {
  ALPN,
  type Bytes,
  CODES,
  dialerHello,
  message,
  offer,
  position,
  preface,
  proofOf,
  sessionKeyOf,
  u16,
  u8,
  type WireTicket,
} from "./wire.ts";

const DISK = 4;
const NETWORK = 5;
const AUTHENTICATION = 6;
const PROTOCOL = 8;
const REPLACED = 132;

/** A peer that joins, not proved yet: what it said, and what it would have to say. */
interface Joining {
  readonly peer: Peer;
  readonly hello: Bytes;
  readonly proof: Bytes;
}

interface Scene {
  readonly receiver: UltraProcess;
  readonly speaker: Speaker;
  readonly ticket: WireTicket;
  /** The connection on which the transfer began: its offer is accepted. */
  readonly first: Peer;
  readonly key: Bytes;
}

/** A proved connection, and the key with which others may join it. */
async function connectFirst(speaker: Speaker, ticket: WireTicket): Promise<Pick<Scene, "first" | "key">> {
  const first = await speaker.connect(ticket.port);
  const { hello, listenerHello } = await prove(first, ticket);
  const fields = { alpn: ALPN, certificate: first.certificate, token: ticket.token };
  return { first, key: sessionKeyOf({ ...fields, dialerHello: hello, listenerHello }) };
}

/** Runs `act` while a receiver is in the middle of a transfer; afterwards the transfer must still run. */
async function joinTest(act: (scene: Scene) => Promise<void>, lanes = 4): Promise<void> {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  const { first, key } = await connectFirst(speaker, ticket);
  first.send(offer("hostile", lanes));
  await first.nextOf(CODES.accept);
  await act({ receiver, speaker, ticket, first, key });
  // It still listens to its first connection, whose word ends it.
  first.send(message("abort", u8(DISK), u16(1), Uint8Array.of(0x78)));
  assert.equal((await receiver.exit()).code, DISK);
  await box.assertUntouched();
}

/** Goes through the flights up to the proof. */
async function greet(peer: Peer, key: Uint8Array, purpose = 1, secretKind = 1): Promise<Joining> {
  const hello = dialerHello({ token: key, direction: 0, purpose, secretKind });
  peer.send(hello);
  const listenerHello = (await peer.next()).bytes;
  await peer.next();
  const { certificate } = peer;
  const proof = proofOf("dialer", { alpn: ALPN, certificate, token: key, dialerHello: hello, listenerHello });
  return { peer, hello, proof: message("proof", proof) };
}

async function join(peer: Peer, key: Uint8Array): Promise<Joining> {
  const joining = await greet(peer, key);
  peer.send(joining.proof);
  return joining;
}

Deno.test("hostile: I4 a burnt token, another session key and a key without a transfer join nothing", () =>
  joinTest(async ({ speaker, ticket, key }) => {
    const wrong = key.map((byte, at) => at === 31 ? byte ^ 1 : byte);
    const cases: readonly [string, Uint8Array, number, number][] = [
      ["the burnt token", ticket.token, 0, 0],
      ["the token as a session key", ticket.token, 1, 1],
      ["one bit off", wrong, 1, 1],
      ["one bit off, for a new transfer", wrong, 0, 1],
      ["one bit off, to replace a connection", wrong, 2, 1],
      ["the token, to replace a connection", ticket.token, 2, 1],
      ["the token for a new transfer, as a session key", ticket.token, 0, 1],
      ["a session key as a token", key, 0, 0],
    ];
    for (const [what, secret, purpose, kind] of cases) {
      const { peer, proof } = await greet(await speaker.connect(ticket.port), secret, purpose, kind);
      peer.send(proof);
      assert.deepEqual([what, (await peer.closed).code], [what, AUTHENTICATION]);
    }
  }));

Deno.test("hostile: I5 a recorded join proves nothing on another connection", () =>
  joinTest(async ({ speaker, ticket, key }) => {
    const honest = await join(await speaker.connect(ticket.port), key);
    await honest.peer.nextOf(CODES.accept);
    const apart = await speaker.connect(ticket.port);
    apart.send(honest.hello);
    await apart.next();
    await apart.next();
    apart.send(honest.proof);
    assert.equal((await apart.closed).code, AUTHENTICATION);
    const together = await speaker.connect(ticket.port);
    together.send(honest.hello, honest.proof);
    assert.equal((await together.closed).code, AUTHENTICATION);
  }));

Deno.test("hostile: a connection that was replaced is closed, and nothing that comes on it, or on what joined it, counts any more", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  const { first, key } = await connectFirst(speaker, ticket);
  first.send(offer());
  await first.nextOf(CODES.accept);
  const further = await join(await speaker.connect(ticket.port), key);
  await further.peer.nextOf(CODES.accept);
  const { peer, proof } = await greet(await speaker.connect(ticket.port), key, 2);
  peer.send(proof);
  await peer.nextOf(CODES.accept);
  // What breaks every rule, as if it had been under way: the receiver takes nothing of it any more.
  for (const old of [first, further.peer]) old.send(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await peer.nextOf(CODES.position);
  const codes = await Promise.all([first.closed, further.peer.closed]);
  assert.deepEqual(codes.map(({ code }) => code), [REPLACED, REPLACED]);
  peer.send(message("abort", u8(DISK), u16(1), Uint8Array.of(0x78)));
  assert.equal((await receiver.exit()).code, DISK);
  await box.assertUntouched();
});

Deno.test("hostile: who comes back with anything but its position, or with a wrong one, is exit 8", async () => {
  const breaches: readonly [string, Bytes][] = [
    ["a page end", message("pages-end", new Uint8Array(12))],
    ["the position of another transfer", position(2)],
    ["garbage", new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
  ];
  for (const [what, bytes] of breaches) {
    await using box = await Box.make();
    await using receiver = UltraProcess.receiver(box);
    await using speaker = new Speaker();
    const ticket = await receiver.ticket();
    const { first, key } = await connectFirst(speaker, ticket);
    first.send(offer());
    await first.nextOf(CODES.accept);
    const { peer, proof } = await greet(await speaker.connect(ticket.port), key, 2);
    peer.send(proof, bytes);
    const { code, stderr } = await receiver.exit();
    assert.deepEqual([what, code], [what, PROTOCOL], stderr);
    await box.assertUntouched();
  }
});

Deno.test("hostile: H5 a flood of joins finds seven places, and nobody else is kept out by it", () =>
  joinTest(async ({ speaker, ticket, key }) => {
    const codes: (number | "taken")[] = [];
    for (let i = 0; i < 24; i++) {
      const { peer } = await join(await speaker.connect(ticket.port), key);
      codes.push(
        await Promise.race([
          peer.nextOf(CODES.accept).then(() => "taken" as const),
          peer.closed.then(({ code }) => code),
        ])
          .catch(async () => (await peer.closed).code),
      );
    }
    assert.deepEqual(codes, [...new Array<string>(7).fill("taken"), ...new Array<number>(17).fill(NETWORK)]);
    const stranger = await speaker.connect(ticket.port);
    await stranger.close();
  }));

Deno.test("hostile: H5 further connections get no more lanes than are left of 64", () =>
  joinTest(async ({ speaker, ticket, key }) => {
    const { peer } = await join(await speaker.connect(ticket.port), key);
    const { body } = await peer.nextOf(CODES.accept);
    assert.equal(new DataView(body.buffer, body.byteOffset).getUint16(body.length - 4, true), 24);
    const late = await join(await speaker.connect(ticket.port), key);
    assert.equal((await late.peer.closed).code, NETWORK);
  }, 40));

Deno.test("hostile: a further connection that is gone, however it goes, ends nothing", () =>
  joinTest(async ({ speaker, ticket, key }) => {
    for (const code of [0, 5, 8, 77]) {
      const { peer } = await join(await speaker.connect(ticket.port), key);
      await peer.nextOf(CODES.accept);
      await peer.close(code);
    }
  }));

Deno.test("hostile: what is out of place on a further connection, or on a lane of it, is exit 8", async () => {
  const breaches: readonly [string, (peer: Peer) => void][] = [
    ["an offer", (peer) => peer.send(offer())],
    ["a hello", (peer) => peer.send(dialerHello({ token: new Uint8Array(16), direction: 0 }))],
    ["garbage", (peer) => peer.send(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"))],
    ["a lane of garbage", (peer) => peer.lane(new Uint8Array(64).fill(0x41))],
    ["a lane of another transfer", (peer) => peer.lane(preface(1, 2))],
  ];
  for (const [what, breach] of breaches) {
    await using box = await Box.make();
    await using receiver = UltraProcess.receiver(box);
    await using speaker = new Speaker();
    const ticket = await receiver.ticket();
    const { first, key } = await connectFirst(speaker, ticket);
    first.send(offer());
    await first.nextOf(CODES.accept);
    const { peer } = await join(await speaker.connectForeign(ticket.port, first.certificate), key);
    await peer.nextOf(CODES.accept);
    breach(peer);
    const { code, stderr } = await receiver.exit();
    assert.deepEqual([what, code], [what, PROTOCOL], stderr);
    await box.assertUntouched();
  }
});

Deno.test("hostile: nobody joins before the offer, and nobody finds the port after the transfer", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  const { first, key } = await connectFirst(speaker, ticket);
  const early = await greet(await speaker.connect(ticket.port), key);
  early.peer.send(early.proof);
  const { code } = await early.peer.closed;
  assert.ok(code === NETWORK || code === AUTHENTICATION, String(code));
  first.send(message("abort", u8(DISK), u16(1), Uint8Array.of(0x78)));
  assert.equal((await receiver.exit()).code, DISK);
  const late = speaker.dial(ticket.port);
  assert.equal((await late.closed).cause, "transport");
  await assert.rejects(late.connected, /closed/);
});
