import assert from "node:assert/strict";
import fc from "fast-check";
import { type Decoded, MessageReader } from "../../src/protocol/decode.ts";
import { encode } from "../../src/protocol/encode.ts";
import { MAX_BODY } from "../../src/protocol/limits.ts";
import type { Message } from "../../src/protocol/messages.ts";
import { isProtocolError, messages, split } from "./support.ts";

const HEARTBEAT = encode({ type: "heartbeat" });

Deno.test("a stream gives the same messages wherever its chunks end, with their exact bytes", () => {
  fc.assert(fc.property(fc.array(messages, { maxLength: 8 }), fc.array(fc.nat()), (sent, cuts) => {
    const encoded = sent.map(encode);
    const received = readAll(new MessageReader(), concat(encoded), cuts);
    assert.deepEqual(received.map((decoded) => decoded.message), sent);
    assert.deepEqual(received.map((decoded) => decoded.bytes), encoded);
  }));
});

Deno.test("a stream gives the same messages byte by byte", () => {
  const sent: Message[] = [{ type: "bye" }, { type: "abort", kind: "disk", text: "full" }, { type: "heartbeat" }];
  const bytes = concat(sent.map(encode));
  const received = readAll(new MessageReader(), bytes, [...bytes.keys()]);
  assert.deepEqual(received.map((decoded) => decoded.message), sent);
});

Deno.test("the bytes of a message outlive the chunk that it came in", () => {
  const chunk = encode({ type: "proof", proof: new Uint8Array(32).fill(7) });
  const [decoded] = readAll(new MessageReader(), chunk, []);
  chunk.fill(0);
  assert.deepEqual(decoded?.message, { type: "proof", proof: new Uint8Array(32).fill(7) });
});

Deno.test("A9 an unknown message that may be skipped is given with its bytes, and the stream goes on", () => {
  const unknown = header(0x0014, 2, 1, 2);
  const received = readAll(new MessageReader(), concat([unknown, HEARTBEAT]), [3]);
  assert.deepEqual(received, [
    { code: 0x0014, message: undefined, bytes: unknown },
    { code: 0x001e, message: { type: "heartbeat" }, bytes: HEARTBEAT },
  ]);
});

Deno.test("G11 a body over the limit or an unknown critical message is refused at its header", () => {
  for (const start of [header(0x8012, MAX_BODY + 1), header(0x8012, 0xffff_ffff), header(0x8fff, 5)]) {
    const reader = new MessageReader();
    reader.push(start);
    assert.throws(() => reader.next(), isProtocolError);
  }
});

Deno.test("the limit of a body can be lower, and be raised after proof", () => {
  const reader = new MessageReader(10);
  reader.push(header(0x0014, 10, ...new Array<number>(10).fill(0)));
  assert.equal(reader.next()?.code, 0x0014);
  assert.equal(reader.next(), undefined);
  reader.setMaxBody(11);
  reader.push(header(0x0014, 11, ...new Array<number>(11).fill(0)));
  assert.equal(reader.next()?.code, 0x0014);
  reader.push(header(0x0014, 12));
  assert.throws(() => reader.next(), isProtocolError);
});

Deno.test("no limit goes above 64 KiB", () => {
  const reader = new MessageReader(2 ** 31);
  reader.push(header(0x0014, MAX_BODY + 1));
  assert.throws(() => reader.next(), isProtocolError);
});

Deno.test("after an error the stream is lost", () => {
  const reader = new MessageReader();
  reader.push(concat([header(0x801c, 1, 0), HEARTBEAT]));
  assert.throws(() => reader.next(), isProtocolError);
  assert.throws(() => reader.next(), isProtocolError);
  assert.throws(() => reader.push(HEARTBEAT), isProtocolError);
  assert.throws(() => reader.end(), isProtocolError);
});

Deno.test("a stream may end between messages and nowhere else", () => {
  const bytes = encode({ type: "position", transfer: 1, entries: 5, end: true });
  for (let length = 0; length <= bytes.length; length++) {
    const reader = new MessageReader();
    assert.equal([...readAll(reader, bytes.subarray(0, length), [])].length, length === bytes.length ? 1 : 0);
    if (length === 0 || length === bytes.length) reader.end();
    else assert.throws(() => reader.end(), isProtocolError, `${length} bytes`);
  }
});

Deno.test("stopping after a message keeps those behind it", () => {
  const reader = new MessageReader();
  reader.push(concat([HEARTBEAT, encode({ type: "bye" })]));
  for (const decoded of reader) {
    assert.equal(decoded.message?.type, "heartbeat");
    break;
  }
  assert.equal(reader.next()?.message?.type, "bye");
});

Deno.test("a chunk is not replaced before it was read: nothing piles up", () => {
  const reader = new MessageReader();
  reader.push(HEARTBEAT);
  assert.throws(() => reader.push(HEARTBEAT), /before the one before it was read/);
});

Deno.test("G11 a stream of random bytes is decoded or refused, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(), { maxLength: 4 }), (bytes, cuts) => {
      try {
        readAll(new MessageReader(), bytes, cuts);
      } catch (error) {
        assert.ok(isProtocolError(error), String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

function readAll(reader: MessageReader, bytes: Uint8Array, cuts: readonly number[]): Decoded[] {
  const received: Decoded[] = [];
  for (const chunk of split(bytes, cuts)) {
    reader.push(chunk);
    received.push(...reader);
  }
  return received;
}

function header(code: number, length: number, ...body: number[]): Uint8Array {
  const bytes = new Uint8Array(6 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint32(2, length, true);
  bytes.set(body, 6);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
