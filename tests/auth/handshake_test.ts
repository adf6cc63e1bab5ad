import assert from "node:assert/strict";
import fc from "fast-check";
import type { Received } from "../../src/auth/handshake.ts";
import { ALPNS } from "../../src/auth/versions.ts";
import { secretId } from "../../src/auth/keys.ts";
import { Secret } from "../../src/auth/secret.ts";
import { MESSAGE_CODES } from "../../src/protocol/codes.ts";
import { encode } from "../../src/protocol/encode.ts";
import type { ListenerHello, Message } from "../../src/protocol/messages.ts";
import { reportOf } from "../../src/protocol/report.ts";
import {
  answer,
  assertFailed,
  CERTIFICATE,
  countingRandom,
  dialer,
  dialerProof,
  listener,
  messageIn,
  messagesIn,
  sameBytes,
  TOKEN,
} from "./support.ts";

const OTHER = new Secret(new Uint8Array(16).fill(8));

Deno.test("two sides that know the secret prove it and have the same session key", () => {
  const [a, b] = [dialer({ features: ["zstd", "delta"], maxLanes: 8 }), listener({ features: ["other", "zstd"] })];
  const [hello, proof] = answer(b, a.hello);
  assert.equal(a.receive(hello).type, "wait");
  const ofDialer = a.receive(proof);
  assert.equal(ofDialer.type, "proved");
  const ofListener = b.receive(messageIn(ofDialer.send));
  assert.equal(ofListener.type, "proved");
  assert.equal(ofListener.send.length, 0);
  assert.equal(ofDialer.result.sessionKey.reveal().toHex(), ofListener.result.sessionKey.reveal().toHex());
  assert.deepEqual(ofDialer.result.features, ["zstd"]);
  assert.deepEqual(ofListener.result.features, ["zstd"]);
  assert.equal(ofDialer.result.version, 2);
  assert.equal(ofListener.result.version, 2);
  assert.equal(ofListener.result.peer.maxLanes, 8);
});

Deno.test("the session key lets further connections join, and the token does not", () => {
  const session = new Secret(new Uint8Array(32).fill(3));
  const joining = dialer({ secret: session, secretKind: "session", purpose: "add" });
  const waiting = listener({
    secretFor: (id, kind) => kind === "session" && sameBytes(id, secretId(session)) ? session : undefined,
  });
  const proof = dialerProof(joining, answer(waiting, joining.hello));
  assert.equal(waiting.receive(messageIn(proof)).type, "proved");

  const { error, send } = assertFailed(listener().receive(messageIn(dialer({ purpose: "replace" }).hello)), "protocol");
  assert.match(error.message, /session key/);
  assert.equal(send.length, 0);
});

Deno.test("I4 whoever does not know the secret is refused, however the token is wrong", () => {
  const tokens = [new Uint8Array(0), TOKEN.reveal().subarray(1), oneBitOff(TOKEN.reveal()), new Uint8Array(1 << 20)];
  for (const token of tokens) {
    const stranger = dialer({ secret: new Secret(token) });
    const side = listener();
    const [hello, proof] = answer(side, stranger.hello);
    stranger.receive(hello);
    // The stranger notices, and would go no further; a hostile one sends any proof.
    const { error } = assertFailed(stranger.receive(proof), "authentication");
    assert.match(error.message, /does not know this ticket's secret/);
    const { error: refusal, send, peerProved } = assertFailed(
      side.receive(proofMessage(new Uint8Array(32))),
      "authentication",
    );
    assert.match(refusal.message, /refused/);
    assert.equal(send.length, 0);
    assert.equal(peerProved, false);
  }
});

Deno.test("I4 an unknown secret is answered like a known one: same messages, same lengths, same error", () => {
  const known = listener();
  const unknown = listener({ secretFor: () => undefined });
  const hello = dialer().hello;
  const answers = [known, unknown].map((side) => side.receive(messageIn(hello)));
  const shapes = answers.map((step) =>
    messagesIn(step.send).map(({ message, bytes }) => [message?.type, bytes.length])
  );
  assert.deepEqual(shapes[0], shapes[1]);
  const errors = [known, unknown].map((side) =>
    assertFailed(side.receive(proofMessage(new Uint8Array(32))), "authentication").error.message
  );
  assert.equal(errors[0], errors[1]);
});

Deno.test("I4 nobody gets in with the made-up key of an unknown secret", () => {
  // A hostile peer that guessed what the listener's random source gives.
  const decoy = countingRandom(2);
  decoy(32); // the nonce
  const guessed = new Secret(decoy(32));
  const guesser = dialer({ secret: guessed });
  const side = listener({ secretFor: () => undefined });
  const proof = dialerProof(guesser, answer(side, guesser.hello));
  assertFailed(side.receive(messageIn(proof)), "authentication");
});

Deno.test("I5 a recorded proof is worth nothing on another connection", () => {
  const recorded = dialer();
  const proof = dialerProof(recorded, answer(listener(), recorded.hello));
  const again = listener({ random: countingRandom(99) });
  again.receive(messageIn(recorded.hello));
  assertFailed(again.receive(messageIn(proof)), "authentication");
});

Deno.test("I5 a proof over another certificate is refused on both sides", () => {
  const between = listener({ certificateHash: new Uint8Array(32).fill(1) });
  const a = dialer();
  const [hello, proof] = answer(between, a.hello);
  a.receive(hello);
  assertFailed(a.receive(proof), "authentication");

  const b = listener();
  const misled = dialer({ certificateHash: new Uint8Array(32).fill(1) });
  const [realHello] = answer(b, misled.hello);
  // The proof that a man in the middle would want: the right secret, over the wrong certificate.
  const forged = listener({ certificateHash: new Uint8Array(32).fill(1) });
  const wrong = dialerProof(misled, [realHello, answer(forged, misled.hello)[1]]);
  assertFailed(b.receive(messageIn(wrong)), "authentication");
});

Deno.test("I6 a listener's own proof sent back to it is refused", () => {
  const side = listener();
  const [, proof] = answer(side, dialer().hello);
  assertFailed(side.receive(proof), "authentication");
});

Deno.test("I9 any other message before proof ends the connection", () => {
  const messages: Message[] = [
    { type: "heartbeat" },
    { type: "bye" },
    { type: "request", what: "list", paths: [] },
    { type: "accept", transfer: 1, host: "x", lanes: 1 },
    { type: "offer", transfer: 1, host: "x", name: "x", totalSize: 1, lanes: 1 },
    { type: "abort", kind: "usage", text: "x" },
    { type: "position", transfer: 1, entries: 0, end: false },
    { type: "want-connections", connections: 1 },
    { type: "report", numbers: reportOf(() => 1) },
    { type: "left-out", counts: [{ reason: 1, count: 1 }], names: [{ reason: 1, path: "x" }] },
    { type: "test-phase", sender: "dialer", from: "memory", to: "disk", size: 1, isProbe: false, isLast: true },
  ];
  const received: Received[] = [
    ...messages.map((message) => messageIn(encode(message))),
    { message: undefined, bytes: Uint8Array.of(1, 0, 0, 0, 0, 0) },
  ];
  for (const one of received) {
    assertFailed(listener().receive(one), "protocol");
    assertFailed(dialer().receive(one), "protocol");
    const [side, other] = [listener(), dialer()];
    const [hello] = answer(side, other.hello);
    assertFailed(side.receive(one), "protocol");
    other.receive(hello);
    assertFailed(other.receive(one), "protocol");
  }
  // Handshake messages out of turn.
  assertFailed(listener().receive(proofMessage(new Uint8Array(32))), "protocol");
  assertFailed(listener().receive(answer(listener(), dialer().hello)[0]), "protocol");
  assertFailed(dialer().receive(messageIn(dialer().hello)), "protocol");
  assert.equal(Object.keys(MESSAGE_CODES).length, 24, "a new message belongs into this test");
});

Deno.test("I19 a version taken out of the offer on its way is noticed by both sides", () => {
  const a = dialer({ versions: [2, 1] });
  const weakened = dialer({ versions: [1] });
  const b = listener({ versions: [2, 1] });
  const [hello, proof] = answer(b, weakened.hello);
  // The listener chose 1 of what reached it; the dialer, which offered 2 as well, sees both lists and refuses.
  assertFailed(a.receive(hello), "protocol");

  const patched = { ...(hello.message as ListenerHello), versions: [1] };
  const other = dialer({ versions: [2, 1] });
  assert.equal(other.receive(messageIn(encode(patched))).type, "wait");
  assertFailed(other.receive(proof), "authentication");
});

Deno.test("any byte changed on the way of a hello is noticed", () => {
  fc.assert(fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, change) => {
    const a = dialer();
    const hello = a.hello.slice();
    // Behind the header and the magic: those are refused by the decoder already.
    const at = 10 + place % (hello.length - 10);
    hello[at] = (hello[at] ?? 0) ^ change;
    let steps;
    try {
      const b = listener({ secretFor: () => TOKEN, versions: [2, hello[11] ?? 0] });
      steps = messagesIn(b.receive(messageIn(hello)).send).map((message) => a.receive(message).type);
    } catch {
      // The decoder refused it.
      return true;
    }
    return !steps.includes("proved");
  }));
});

Deno.test("without a common version both sides name both lists", () => {
  const a = dialer({ versions: [1] });
  const b = listener({ versions: [2, 3] });
  const step = assertFailed(b.receive(messageIn(a.hello)), "protocol");
  assert.match(step.error.message, /^No common version: this ultra speaks 2, 3, the other side speaks 1\./);
  const [hello, ...more] = messagesIn(step.send);
  assert.equal(more.length, 0, "nothing is proved without a version");
  assert.ok(hello !== undefined);
  const other = assertFailed(a.receive(hello), "protocol");
  assert.match(other.error.message, /^No common version: this ultra speaks 1, the other side speaks 2, 3\./);
});

Deno.test("over the ALPN of hellos alone nothing is proved, even with a version in common", () => {
  const a = dialer({ alpn: "ultra" });
  const step = assertFailed(listener({ alpn: "ultra" }).receive(messageIn(a.hello)), "protocol");
  const hello = messageIn(step.send);
  assert.equal((hello.message as ListenerHello).chosen, 0);
  assertFailed(a.receive(hello), "protocol");
});

Deno.test("a listener that chooses another version than the rules do is refused", () => {
  const hello = { ...(answer(listener(), dialer().hello)[0].message as ListenerHello), chosen: 7 };
  assertFailed(dialer().receive(messageIn(encode(hello))), "protocol");
});

Deno.test("the dialer's favourite of the common versions is spoken", () => {
  const a = dialer({ versions: [4, 2, 1] });
  const b = listener({ versions: [1, 2, 3] });
  const [hello, proof] = answer(b, a.hello);
  assert.equal((hello.message as ListenerHello).chosen, 2);
  a.receive(hello);
  assert.equal(a.receive(proof).type, "proved");
});

Deno.test("two sides that want the same are told so, after proof and not before", () => {
  const cases = [
    ["dialer-sends", "dialer-receives", /Both sides want to send/],
    ["dialer-receives", "dialer-sends", /Both sides want to receive/],
    ["test", "dialer-sends", /ultra test/],
    ["dialer-sends", "test", /ultra test/],
  ] as const;
  for (const [direction, accepted, text] of cases) {
    const a = dialer({ direction });
    const b = listener({ directions: [accepted] });
    const proof = dialerProof(a, answer(b, a.hello));
    const step = assertFailed(b.receive(messageIn(proof)), "usage");
    assert.match(step.error.message, text);
    assert.ok(step.peerProved);

    const stranger = listener({ directions: [accepted], secretFor: () => OTHER });
    stranger.receive(messageIn(a.hello));
    assertFailed(stranger.receive(messageIn(proof)), "authentication");
  }
});

Deno.test("a handshake that is over takes no more messages", () => {
  const a = dialer();
  a.receive(proofMessage(new Uint8Array(32)));
  assert.throws(() => a.receive(proofMessage(new Uint8Array(32))), /over/);
});

Deno.test("each hello has a fresh nonce and names the secret without its bytes", () => {
  const random = countingRandom(5);
  const hellos = [dialer({ random }), dialer({ random })].map((side) => side.hello.toHex());
  assert.notEqual(hellos[0], hellos[1]);
  for (const hello of hellos) {
    assert.ok(!hello.includes(TOKEN.reveal().toHex()));
    assert.ok(!hello.includes(CERTIFICATE.toHex()));
    assert.ok(hello.includes(secretId(TOKEN).toHex()));
  }
  assert.deepEqual(ALPNS, ["ultra/2", "ultra"]);
});

function proofMessage(proof: Uint8Array): Received {
  return messageIn(encode({ type: "proof", proof }));
}

function oneBitOff(bytes: Uint8Array): Uint8Array {
  const other = bytes.slice();
  other[3] = (other[3] ?? 0) ^ 1;
  return other;
}
