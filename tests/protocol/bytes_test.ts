import assert from "node:assert/strict";
import fc from "fast-check";
import { formatIp, parseIp } from "../../src/base/addresses.ts";
import { cutText, encodeUtf8, Reader, Writer } from "../../src/protocol/bytes.ts";
import { MAX_TEXT_BYTES } from "../../src/protocol/limits.ts";
import { bytesOf, isInternalError, isProtocolError } from "./support.ts";

Deno.test("numbers of every size come back, and fill their bytes from the lowest on", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 0xff }),
      fc.nat({ max: 0xffff }),
      fc.nat({ max: 0xffff_ffff }),
      fc.maxSafeNat(),
      fc.maxSafeInteger(),
      (a, b, c, d, e) => {
        const writer = new Writer(1);
        writer.u8(a, "a");
        writer.u16(b, "b");
        writer.u32(c, "c");
        writer.u64(d, "d");
        writer.i64(e, "e");
        const bytes = writer.finish();
        const view = new DataView(bytes.buffer);
        assert.deepEqual([view.getBigUint64(7, true), view.getBigInt64(15, true)], [BigInt(d), BigInt(e)]);
        const reader = new Reader(bytes, "a test");
        assert.deepEqual(
          [reader.u8("a"), reader.u16("b"), reader.u32("c"), reader.u64("d"), reader.i64Clamped()],
          [a, b, c, d, e],
        );
        reader.end();
      },
    ),
  );
});

Deno.test("a reader works on a part of a buffer and never reads beyond it", () => {
  const whole = Uint8Array.of(9, 9, 1, 2, 9, 9, 9, 9, 9, 9);
  const reader = new Reader(whole.subarray(2, 4), "a test");
  assert.equal(reader.u16("number"), 0x0201);
  for (
    const read of [() => reader.u8("x"), () => reader.u64("x"), () => reader.bytes(1), () => reader.string("x", 9)]
  ) {
    assert.throws(read, isProtocolError);
  }
  reader.end();
});

Deno.test("F9 text that is not strict UTF-8 is refused in both directions", () => {
  for (const bytes of [[0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe6, 0x97], [0xf4, 0x90, 0x80, 0x80], [0xff]]) {
    const reader = new Reader(Uint8Array.of(bytes.length, 0, ...bytes), "a test");
    assert.throws(() => reader.string("name", 100), isProtocolError);
  }
  assert.throws(() => encodeUtf8("a\ud800"), isInternalError);
});

Deno.test("G14 a long text is cut between characters to what a failure can carry", () => {
  assert.equal(cutText("short", MAX_TEXT_BYTES), "short");
  assert.equal(cutText("aé", 2), "a");
  assert.equal(cutText("\ud800x", 10), "\ufffdx");
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat({ max: 20 }), (text, room) => {
    const cut = cutText(text, room);
    assert.ok(text.startsWith(cut));
    assert.ok(encodeUtf8(cut).length <= room);
  }));
});

Deno.test("addresses come back, and IPv6 is written as RFC 5952 has it", () => {
  fc.assert(fc.property(fc.oneof(bytesOf(4), bytesOf(16)), (bytes) => {
    assert.deepEqual(parseIp(formatIp(bytes)), bytes);
  }));
  const written: readonly (readonly [string, string])[] = [
    ["::", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2::", "1:0:0:2::"],
    ["1::", "1::"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
    ["192.0.2.1", "192.0.2.1"],
  ];
  for (const [text, canonical] of written) {
    const bytes = parseIp(text);
    assert.ok(bytes !== undefined, text);
    assert.equal(formatIp(bytes), canonical);
  }
});

Deno.test("what is no address is none", () => {
  const none = [
    "",
    ":",
    ":::",
    "1",
    "1.2.3.4.5",
    "1.2.3",
    "1.2.3.+4",
    " 1.2.3.4",
    "::1%lo",
    "1:2:3:4:5:6:7",
    "g::",
    "::12345",
  ];
  for (
    const text of [...none, "1:2:3:4:5:6:7:8::", "::1.2.3", "1.2.3.4::", "::1::2", "[::1]", "1:2:3:4:5:6:7:1.2.3.4"]
  ) {
    assert.equal(parseIp(text), undefined, text);
  }
});
