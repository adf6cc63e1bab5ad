import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { deriveKeys, proofsEqual, prove, secretId, transcript } from "../../src/auth/keys.ts";
import { Secret } from "../../src/auth/secret.ts";

interface Vector {
  readonly name: string;
  readonly secret: string;
  readonly secretId: string;
  readonly alpn: string;
  readonly certificateHash: string;
  readonly dialerHello: string;
  readonly listenerHello: string;
  readonly transcript: string;
  readonly listenerKey: string;
  readonly dialerKey: string;
  readonly sessionKey: string;
  readonly listenerProof: string;
  readonly dialerProof: string;
}

const hex = Uint8Array.fromHex;

const vectors: Vector[] = JSON.parse(readFileSync(new URL("../vectors/auth.json", import.meta.url), "utf8"));

for (const vector of vectors) {
  Deno.test(`vector of a handshake: ${vector.name}`, () => {
    const secret = new Secret(hex(vector.secret));
    const over = transcript(
      vector.alpn,
      hex(vector.certificateHash),
      hex(vector.dialerHello),
      hex(vector.listenerHello),
    );
    const keys = deriveKeys(secret, over);
    assert.equal(secretId(secret).toHex(), vector.secretId);
    assert.equal(over.toHex(), vector.transcript);
    assert.equal(keys.listener.reveal().toHex(), vector.listenerKey);
    assert.equal(keys.dialer.reveal().toHex(), vector.dialerKey);
    assert.equal(keys.session.reveal().toHex(), vector.sessionKey);
    assert.equal(prove(keys.listener, over).toHex(), vector.listenerProof);
    assert.equal(prove(keys.dialer, over).toHex(), vector.dialerProof);
  });
}

Deno.test("I17 proofs are compared as whole MACs of equal length and nothing else is equal", () => {
  const proof = new Uint8Array(32).fill(5);
  assert.ok(proofsEqual(proof, proof.slice()));
  for (const other of [new Uint8Array(0), proof.subarray(1), new Uint8Array(33).fill(5)]) {
    assert.equal(proofsEqual(proof, other), false);
    assert.equal(proofsEqual(other, other), false);
  }
  for (let bit = 0; bit < 256; bit++) {
    const flipped = proof.slice();
    flipped[bit >> 3] = 5 ^ (1 << (bit & 7));
    assert.equal(proofsEqual(proof, flipped), false);
  }
});

Deno.test("no two parts of a transcript can be shifted into each other", () => {
  const bytes = fc.uint8Array({ maxLength: 6 });
  const parts = fc.tuple(fc.string({ unit: "grapheme-ascii", maxLength: 6 }), bytes, bytes);
  fc.assert(fc.property(parts, parts, ([alpn, first, second], [otherAlpn, otherFirst, otherSecond]) => {
    const same = alpn === otherAlpn && first.toHex() === otherFirst.toHex() && second.toHex() === otherSecond.toHex();
    const certificate = new Uint8Array(32);
    const one = transcript(alpn, certificate, first, second).toHex();
    return same === (one === transcript(otherAlpn, certificate, otherFirst, otherSecond).toHex());
  }));
  const [one, two] = [hex("0102"), hex("03")];
  const certificate = new Uint8Array(32);
  assert.notEqual(
    transcript("a", certificate, one, two).toHex(),
    transcript("a", certificate, hex("01"), hex("0203")).toHex(),
  );
});

Deno.test("I15 a secret shows itself nowhere but where it is revealed", () => {
  const secret = new Secret(hex("c0ffee"));
  for (
    const text of [
      `${secret}`,
      String(secret),
      JSON.stringify({ secret }),
      Deno.inspect({ deep: [secret] }, { showHidden: true }),
      String(new Error(`${secret}`)),
    ]
  ) {
    assert.match(text, /\[redacted\]/);
    assert.doesNotMatch(text, /c0|ffee|192|255|238/i);
  }
  assert.equal(secret.reveal().toHex(), "c0ffee");
});

Deno.test("a secret does not change with the buffer that it came in", () => {
  const buffer = hex("0102");
  const secret = new Secret(buffer);
  buffer.fill(0);
  assert.equal(secret.reveal().toHex(), "0102");
});
