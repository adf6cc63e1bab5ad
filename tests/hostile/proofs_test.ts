/** Proofs that prove nothing: wrong, replayed, reflected, relayed (reliability.md 6.9). */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type Closed, greet, type Peer, prove, Speaker } from "./hostile_peer.ts";
import { assertStillServes, Box, UltraProcess } from "./ultra_process.ts";
import { ALPN, dialerHello, listenerHello, message, proofOf, type WireTicket, writeTicket } from "./wire.ts";

const AUTHENTICATION = 6;

function assertRefused({ cause, code }: Closed, what = ""): void {
  assert.deepEqual({ what, cause, code }, { what, cause: "peer", code: AUTHENTICATION });
}

async function refusedTest(
  act: (connect: () => Promise<Peer>, ticket: WireTicket) => Promise<void>,
  ...flags: readonly string[]
): Promise<void> {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box, ...flags);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  await act(() => speaker.connect(ticket.port), ticket);
  await assertStillServes(receiver, box);
}

Deno.test("hostile: I4 wrong proofs are refused", () =>
  refusedTest(async (connect, ticket) => {
    for (const bit of [0, 100, 255]) {
      const peer = await connect();
      const { proof } = await greet(peer, ticket);
      const at = 6 + (bit >> 3);
      proof[at] = (proof[at] ?? 0) ^ (1 << (bit & 7));
      peer.send(proof);
      assertRefused(await peer.closed, `bit ${bit}`);
    }
    const zeros = await connect();
    await greet(zeros, ticket);
    zeros.send(message("proof", new Uint8Array(32)));
    assertRefused(await zeros.closed, "zeros");
  }));

Deno.test("hostile: I4 proofs with another token are refused, and an unknown id looks like a wrong proof", () =>
  refusedTest(async (connect, ticket) => {
    const other = ticket.token.map((byte, index) => index === 15 ? byte ^ 1 : byte);
    const known = await connect();
    known.send((await greet(known, ticket, other)).proof);
    assertRefused(await known.closed, "the right id and another token");
    const unknown = await connect();
    const flights = await greet(unknown, { ...ticket, token: other });
    assert.equal(flights.listenerProof.length, 6 + 32, "an unknown id is answered with a proof");
    unknown.send(flights.proof);
    assertRefused(await unknown.closed, "another id and another token");
    for (const secretKind of [1, 2]) {
      const kind = await connect();
      kind.send(dialerHello({ token: ticket.token, direction: 0, secretKind }));
      await kind.next();
      await kind.next();
      kind.send(message("proof", new Uint8Array(32)));
      assertRefused(await kind.closed, `kind ${secretKind}`);
    }
  }));

Deno.test("hostile: I5 a recorded conversation that was honest proves nothing on another connection", () =>
  refusedTest(async (connect, ticket) => {
    const honest = await connect();
    const { hello, proof } = await prove(honest, ticket);
    // It was right: the receiver takes an abort, which nobody may say before proof.
    honest.send(message("abort", Uint8Array.of(5, 1, 0, 0x78)));
    assert.equal((await honest.closed).code, 5);
    const apart = await connect();
    apart.send(hello);
    await apart.next();
    await apart.next();
    apart.send(proof);
    assertRefused(await apart.closed, "message by message");
    const together = await connect();
    together.send(hello, proof);
    assertRefused(await together.closed, "in one piece");
  }, "--stay"));

Deno.test("hostile: I6 the listener's own proof sent back proves nothing", () =>
  refusedTest(async (connect, ticket) => {
    const peer = await connect();
    const { listenerProof } = await greet(peer, ticket);
    peer.send(listenerProof);
    assertRefused(await peer.closed);
    // As if the dialer were the listener: the right secret, the wrong role.
    const role = await connect();
    const { hello, listenerHello } = await greet(role, ticket);
    const fields = { alpn: ALPN, certificate: role.certificate, token: ticket.token };
    role.send(message("proof", proofOf("listener", { ...fields, dialerHello: hello, listenerHello })));
    assertRefused(await role.closed);
  }));

Deno.test("hostile: the ALPN and the whole certificate are part of the proof", () =>
  refusedTest(async (connect, ticket) => {
    for (const change of ["certificate", "alpn"]) {
      const peer = await connect();
      const { hello, listenerHello } = await greet(peer, ticket);
      // The pin holds 16 bytes; the proof is over all 32.
      const certificate = peer.certificate.map((byte, at) => change === "certificate" && at === 31 ? byte ^ 1 : byte);
      const alpn = change === "alpn" ? "ultra" : ALPN;
      const fields = { alpn, certificate, token: ticket.token, dialerHello: hello, listenerHello };
      peer.send(message("proof", proofOf("dialer", fields)));
      assertRefused(await peer.closed, change);
    }
  }));

Deno.test("hostile: I2 somebody in the middle with another certificate is refused by both sides", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  const middle = await speaker.listen([ALPN, "ultra"]);
  // The worst case: the ticket was changed on its way, so that its pin is the attacker's; only the token stays unknown.
  const changed = writeTicket({ ...ticket, port: middle.port, pin: middle.certificate.slice(0, 16) });
  await using sender = new UltraProcess(["send", join(box.folder, "canary"), changed]);
  const [victim, listener] = await Promise.all([middle.next(), speaker.connect(ticket.port)]);
  listener.send((await victim.next()).bytes);
  victim.send((await listener.next()).bytes, (await listener.next()).bytes);
  const { code, stderr } = await sender.exit();
  assert.equal(code, AUTHENTICATION, stderr);
  // The dialer said nothing more than its hello.
  assert.equal((await victim.closed).code, AUTHENTICATION);
  await listener.close();
  await assertStillServes(receiver, box);
});

Deno.test("hostile: I1 another certificate than the ticket's ends the handshake, exit 6, and nothing was said", async () => {
  await using box = await Box.make();
  await using speaker = new Speaker();
  const { port, certificate } = await speaker.listen([ALPN, "ultra"]);
  const pin = certificate.slice(0, 16).map((byte, at) => at === 15 ? byte ^ 1 : byte);
  const ticket = writeTicket({ role: "receive", longLived: false, pin, token: new Uint8Array(16), port });
  await using sender = new UltraProcess(["send", join(box.folder, "canary"), ticket]);
  const { code, stderr } = await sender.exit();
  assert.equal(code, AUTHENTICATION, stderr);
  assert.match(stderr, /another certificate/);
});

Deno.test("hostile: I4 a listener that does not know the token is refused by the dialer, exit 6, and hears no offer", async () => {
  await using box = await Box.make();
  await using speaker = new Speaker();
  const { port, certificate, next } = await speaker.listen([ALPN, "ultra"]);
  const token = new Uint8Array(16).fill(7);
  const ticket = writeTicket({ role: "receive", longLived: false, pin: certificate.slice(0, 16), token, port });
  await using sender = new UltraProcess(["send", join(box.folder, "canary"), ticket]);
  const dialer = await next();
  await dialer.next();
  dialer.send(listenerHello(), message("proof", new Uint8Array(32)));
  const { code, stderr } = await sender.exit();
  assert.equal(code, AUTHENTICATION, stderr);
  assert.equal((await dialer.closed).cause, "peer");
  await assert.rejects(dialer.next(), /the connection ended/);
});

Deno.test("hostile: of two dialers with the same single-use ticket one wins", async () => {
  await using box = await Box.make();
  await using receiver = UltraProcess.receiver(box);
  await using speaker = new Speaker();
  const ticket = await receiver.ticket();
  const [first, second] = [await speaker.connect(ticket.port), await speaker.connect(ticket.port)];
  const flights = [await greet(first, ticket), await greet(second, ticket)];
  first.send(flights[0]?.proof ?? new Uint8Array(0));
  second.send(flights[1]?.proof ?? new Uint8Array(0));
  const outcome = (peer: Peer) => peer.closed.then(({ code }) => code, () => undefined);
  const lost = await Promise.race([outcome(first), outcome(second)]);
  assert.equal(lost, AUTHENTICATION);
  // The winner is in: what it says next ends the receiver.
  for (const peer of [first, second]) peer.send(message("abort", Uint8Array.of(4, 1, 0, 0x78)));
  assert.equal((await receiver.exit()).code, 4);
  await Promise.all([outcome(first), outcome(second)]);
  await box.assertUntouched();
});
