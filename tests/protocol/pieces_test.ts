/** The lanes of the older format: the vectors that Rust reads as well, and what is refused to be written. */

import assert from "node:assert/strict";
import { BLOCK_LEN } from "../../src/protocol/limits.ts";
import {
  decodePieceHeader,
  decodeStreamPreface,
  encodePieceHeader,
  encodeStreamPreface,
  type PieceHeader,
  type StreamPreface,
} from "../../src/protocol/pieces.ts";
import { fromHex, isInternalError, isProtocolError, readVectors, toHex } from "./support.ts";

type Vector = ({ readonly what: "header" } & PieceHeader) | ({ readonly what: "preface" } & StreamPreface);

for (const vector of readVectors<Vector>("blazing.json")) {
  Deno.test(`vector of the older format: ${vector.what}: ${vector.name}`, () => {
    const bytes = fromHex(vector.hex);
    const decode = vector.what === "header" ? decodePieceHeader : decodeStreamPreface;
    if (vector.error) return assert.throws(() => decode(bytes), isProtocolError);
    if (vector.what === "header") {
      const { entry, length, offset } = vector;
      assert.deepEqual(decodePieceHeader(bytes), { entry, length, offset });
      assert.equal(toHex(encodePieceHeader({ entry, length, offset })), vector.hex);
    } else {
      const { stream, transfer } = vector;
      assert.deepEqual(decodeStreamPreface(bytes), { stream, transfer });
      assert.equal(toHex(encodeStreamPreface({ stream, transfer })), vector.hex);
    }
  });
}

Deno.test("a piece or preface of the older format that no receiver would take is not written, and short ones are refused", () => {
  const right = { entry: 0, length: 1, offset: 0 };
  for (
    const wrong of [{ length: 0 }, { length: BLOCK_LEN + 1 }, { offset: 1 }, { offset: 2 ** 53 }, { entry: 2 ** 32 }]
  ) {
    assert.throws(() => encodePieceHeader({ ...right, ...wrong }), isInternalError);
  }
  assert.throws(() => encodeStreamPreface({ stream: 16, transfer: 1 }), isInternalError);
  assert.throws(() => encodeStreamPreface({ stream: 0, transfer: 0 }), isInternalError);
  for (const length of [0, 11, 13, 15, 17]) {
    assert.throws(() => decodePieceHeader(new Uint8Array(length)), isProtocolError);
    assert.throws(() => decodeStreamPreface(new Uint8Array(length)), isProtocolError);
  }
});
