import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeFrameHeader,
  decodePreface,
  encodeFrame,
  encodeFrameHeader,
  encodePreface,
  type Frame,
  FrameReader,
} from "../../src/protocol/frames.ts";
import {
  BLOCK_LEN,
  FRAME_HEADER_LEN,
  MAX_BLOCKS,
  MAX_HOLE_BLOCKS,
  PREFACE_LEN,
  TRANSFER_LIMIT,
} from "../../src/protocol/limits.ts";
import { bytesOf, isInternalError, isProtocolError, record, split } from "./support.ts";

const raw = { encoding: "raw" as const, isSealed: false };

const PREFACE = encodePreface({ lane: 0, transfer: 1 });

const someHeaders = record({
  entry: fc.nat({ max: 0xffff_ffff }),
  length: fc.integer({ min: 1, max: 200 }),
  block: fc.oneof(fc.constant(0), fc.nat({ max: MAX_BLOCKS - 200 })),
  encoding: fc.constantFrom("raw" as const, "hole" as const),
  isSealed: fc.boolean(),
});

/** Only the first block is ever sealed, and only one hole. */
const headers = someHeaders.map((header) => {
  const isWhole = header.block === 0 && (header.encoding === "raw" || header.length === 1);
  return { ...header, isSealed: header.isSealed && isWhole };
});

const prefaces = record({
  lane: fc.nat({ max: 255 }),
  transfer: fc.integer({ min: 1, max: TRANSFER_LIMIT - 1 }),
});

const frames: fc.Arbitrary<Frame> = headers.chain((header) =>
  record({
    header: fc.constant(header),
    payload: bytesOf(header.encoding === "raw" ? header.length : 0),
    value: bytesOf(header.encoding === "raw" ? 32 : 0),
  })
);

Deno.test("a lane gives the same frames wherever its chunks end", () => {
  fc.assert(
    fc.property(prefaces, fc.array(frames, { maxLength: 6 }), fc.array(fc.nat()), (preface, sent, cuts) => {
      const reader = new FrameReader();
      assert.equal(reader.preface, undefined);
      assert.deepEqual(readAll(reader, concat([encodePreface(preface), ...sent.map(encodeFrame)]), cuts), sent);
      assert.deepEqual(reader.preface, preface);
      reader.end();
    }),
  );
});

Deno.test("a whole block of 1 MiB fits a frame", () => {
  const header = { ...raw, entry: 1, length: BLOCK_LEN, block: 0 };
  const frame = { header, payload: new Uint8Array(BLOCK_LEN).fill(1), value: new Uint8Array(32) };
  const [received] = readAll(new FrameReader(), concat([PREFACE, encodeFrame(frame)]), [1000, 70_000]);
  assert.equal(received?.payload.length, BLOCK_LEN);
});

Deno.test("G1 a lane may end between frames and nowhere else", () => {
  const header = { ...raw, entry: 0, length: 3, block: 0 };
  const frame = encodeFrame({ header, payload: new Uint8Array(3), value: new Uint8Array(32) });
  const nothing = new Uint8Array();
  const holes = encodeFrame({
    header: { ...header, encoding: "hole", length: 9 },
    payload: nothing,
    value: nothing,
  });
  const bytes = concat([PREFACE, frame, holes]);
  const between = [PREFACE_LEN, PREFACE_LEN + frame.length, bytes.length];
  for (let length = 0; length <= bytes.length; length++) {
    const reader = new FrameReader();
    readAll(reader, bytes.subarray(0, length), []);
    if (between.includes(length)) reader.end();
    else assert.throws(() => reader.end(), isProtocolError, `${length} bytes`);
  }
});

Deno.test("G2 a frame over 1 MiB is refused at its header, before room is made for it", () => {
  for (const length of [BLOCK_LEN + 1, 0xffff_ffff]) {
    const header = encodeFrameHeader({ ...raw, entry: 0, length: 1, block: 0 });
    new DataView(header.buffer).setUint32(4, length, true);
    const reader = new FrameReader();
    reader.push(concat([PREFACE, header]));
    assert.throws(() => reader.next(), isProtocolError);
  }
});

Deno.test("headers and prefaces cut off anywhere are refused", () => {
  const header = encodeFrameHeader({ ...raw, entry: 0, length: 1, block: 0 });
  for (let length = 0; length < FRAME_HEADER_LEN; length++) {
    assert.throws(() => decodeFrameHeader(header.subarray(0, length)), isProtocolError);
  }
  assert.throws(() => decodeFrameHeader(concat([header, Uint8Array.of(0)])), isProtocolError);
  for (let length = 0; length < PREFACE_LEN; length++) {
    assert.throws(() => decodePreface(PREFACE.subarray(0, length)), isProtocolError);
  }
  assert.throws(() => decodePreface(concat([PREFACE, Uint8Array.of(0)])), isProtocolError);
});

Deno.test("G11 random bytes on a lane are decoded or refused, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(), { maxLength: 4 }), (bytes, cuts) => {
      try {
        readAll(new FrameReader(), concat([PREFACE, bytes]), cuts);
      } catch (error) {
        assert.ok(isProtocolError(error), String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("frames out of their limits are never sent", () => {
  const good = { ...raw, entry: 0, length: 2, block: 0 };
  const hole = { ...good, encoding: "hole" as const };
  const nothing = new Uint8Array();
  const value = new Uint8Array(32);
  const payload = new Uint8Array(2);
  const faults = [
    { header: { ...good, entry: 2 ** 32 }, payload, value },
    { header: { ...good, length: 0 }, payload: new Uint8Array(), value },
    { header: { ...good, length: BLOCK_LEN + 1 }, payload: new Uint8Array(BLOCK_LEN + 1), value },
    { header: { ...good, block: MAX_BLOCKS }, payload, value },
    { header: good, payload: new Uint8Array(3), value },
    { header: { ...good, block: 1, isSealed: true }, payload, value },
    { header: hole, payload, value: nothing },
    { header: hole, payload: nothing, value },
    { header: { ...hole, length: MAX_HOLE_BLOCKS + 1 }, payload: nothing, value: nothing },
    { header: { ...hole, block: MAX_BLOCKS - 1 }, payload: nothing, value: nothing },
    { header: { ...hole, isSealed: true }, payload: nothing, value: nothing },
    { header: { ...hole, length: 1, block: 1, isSealed: true }, payload: nothing, value: nothing },
    { header: good, payload, value: new Uint8Array(31) },
  ];
  for (const fault of faults) assert.throws(() => encodeFrame(fault), isInternalError, JSON.stringify(fault.header));
  for (const preface of [{ lane: 256, transfer: 1 }, { lane: 0, transfer: 0 }, { lane: 0, transfer: TRANSFER_LIMIT }]) {
    assert.throws(() => encodePreface(preface), isInternalError, JSON.stringify(preface));
  }
});

function readAll(reader: FrameReader, bytes: Uint8Array, cuts: readonly number[]): Frame[] {
  const received: Frame[] = [];
  for (const chunk of split(bytes, cuts)) {
    reader.push(chunk);
    received.push(...reader);
  }
  return received;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
