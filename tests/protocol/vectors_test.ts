import assert from "node:assert/strict";
import { ENTRY_KINDS, MESSAGE_CODES } from "../../src/protocol/codes.ts";
import { decodeBody, MessageReader } from "../../src/protocol/decode.ts";
import { encode } from "../../src/protocol/encode.ts";
import {
  decodeFrameHeader,
  decodePreface,
  encodeFrameHeader,
  encodePreface,
  type FrameHeader,
  type Preface,
} from "../../src/protocol/frames.ts";
import type { Entry, Message, PageMessage } from "../../src/protocol/messages.ts";
import { decodePage, encodePage } from "../../src/protocol/pages.ts";
import { fromHex, isProtocolError, readVectors, toHex } from "./support.ts";

const ENCODINGS = ["raw", "hole"] as const;

/** Fields that are bytes; in a vector they are hex. Other messages have numbers or lists of the same name. */
const BYTE_FIELDS = new Set(["nonce", "secretId", "secretData", "proof", "entries", "values", "root", "transferRoot"]);

for (
  const vector of readVectors<{ header: Omit<FrameHeader, "encoding"> & { encoding: number } }>("frames.json")
) {
  Deno.test(`vector of a frame header: ${vector.name}`, () => {
    const bytes = fromHex(vector.hex);
    if (vector.error) return assert.throws(() => decodeFrameHeader(bytes), isProtocolError);
    const encoding = ENCODINGS[vector.header.encoding];
    assert.ok(encoding !== undefined);
    const header = { ...vector.header, encoding };
    assert.deepEqual(decodeFrameHeader(bytes), header);
    assert.equal(toHex(encodeFrameHeader(header)), vector.hex);
  });
}

for (const vector of readVectors<Preface>("prefaces.json")) {
  Deno.test(`vector of a lane preface: ${vector.name}`, () => {
    const bytes = fromHex(vector.hex);
    if (vector.error) return assert.throws(() => decodePreface(bytes), isProtocolError);
    const { lane, transfer } = vector;
    assert.deepEqual(decodePreface(bytes), { lane, transfer });
    assert.equal(toHex(encodePreface({ lane, transfer })), vector.hex);
  });
}

interface EntryFields extends Omit<Entry, "kind" | "size" | "fingerprint"> {
  readonly kind: number;
  readonly size: number | null;
  readonly fingerprint: string;
}

for (const vector of readVectors<{ first: number; entries: EntryFields[] }>("pages.json")) {
  Deno.test(`vector of a page: ${vector.name}`, () => {
    const bytes = fromHex(vector.hex);
    if (vector.error) return assert.throws(() => readPage(bytes), isProtocolError);
    const entries = vector.entries.map((fields): Entry => {
      const kind = ENTRY_KINDS[fields.kind];
      assert.ok(kind !== undefined);
      return { ...fields, kind, size: fields.size ?? undefined, fingerprint: fromHex(fields.fingerprint) };
    });
    const { page, entries: decoded } = readPage(bytes);
    assert.equal(page.first, vector.first);
    assert.deepEqual(decoded, entries);
    if (!vector.extended) assert.equal(toHex(encode(encodePage(vector.first, entries)).subarray(6)), vector.hex);
  });
}

for (const vector of readVectors<{ message: Record<string, unknown> | null }>("control.json")) {
  Deno.test(`vector of a control message: ${vector.name}`, () => {
    const reader = new MessageReader();
    reader.push(fromHex(vector.hex));
    if (vector.error) return assert.throws(() => reader.next(), isProtocolError);
    const message = revive(vector.message);
    assert.deepEqual(reader.next()?.message, message);
    reader.end();
    if (message !== undefined && !vector.extended) assert.equal(toHex(encode(message)), vector.hex);
  });
}

function readPage(body: Uint8Array): { page: PageMessage; entries: Entry[] } {
  const page = decodeBody(MESSAGE_CODES.page, body);
  assert.ok(page?.type === "page");
  return { page, entries: [...decodePage(page)] };
}

function revive(fields: Record<string, unknown> | null): Message | undefined {
  const text = JSON.stringify(fields);
  const revived: unknown = JSON.parse(text, (key, value) => {
    return typeof value === "string" && BYTE_FIELDS.has(key) ? fromHex(value) : value;
  });
  if (revived === null) return undefined;
  // JSON has no `undefined`: an unknown size is `null` there.
  const message = revived as Message;
  return message.type === "offer" ? { ...message, totalSize: message.totalSize ?? undefined } : message;
}
