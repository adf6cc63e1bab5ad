import assert from "node:assert/strict";
import fc from "fast-check";
import { encode } from "../../src/protocol/encode.ts";
import { MAX_BODY, MAX_ENTRIES, MAX_PATH_BYTES, MAX_TARGET_BYTES } from "../../src/protocol/limits.ts";
import type { Entry, PageMessage } from "../../src/protocol/messages.ts";
import { decodePage, encodePage, encodePages, PageCursor } from "../../src/protocol/pages.ts";
import { entriesFrom, isInternalError, isProtocolError, plainEntry } from "./support.ts";

/** What a cursor has of each entry, path apart: that stays bytes. */
const COLUMNS = ["kind", "size", "dataBytes", "mode", "mtimeSeconds", "mtimeNanos"] as const;

/** The number of a page's first entry, and entries of all kinds. */
const somePages = (maxLength: number) =>
  fc.oneof(fc.constant(0), fc.nat({ max: MAX_ENTRIES - 100 })).chain((first) =>
    fc.tuple(fc.constant(first), fc.array(entriesFrom(first), { minLength: 1, maxLength }))
  );

Deno.test("the entries of a page come back as they were, numbered from its first", () => {
  fc.assert(fc.property(somePages(20), ([first, sent]) => {
    const cursor = new PageCursor(encodePage(first, sent));
    const received: Entry[] = [];
    while (cursor.next()) {
      assert.equal(cursor.id, first + received.length);
      const entry = cursor.entry();
      for (const field of COLUMNS) assert.deepEqual(cursor[field], entry[field], field);
      const path = cursor.bytes.subarray(cursor.pathStart, cursor.pathEnd);
      assert.deepEqual(path, new TextEncoder().encode(entry.path));
      assert.deepEqual(cursor.entry(), entry);
      received.push(entry);
    }
    assert.deepEqual(received, sent);
    assert.deepEqual([...decodePage(encodePage(first, sent))], sent);
  }));
});

Deno.test("a page cut off anywhere, or with a byte too many, is refused", () => {
  fc.assert(
    fc.property(somePages(4), ([first, sent]) => {
      const page = encodePage(first, sent);
      for (let length = 0; length < page.entries.length; length++) {
        assert.throws(() => readAll({ ...page, entries: page.entries.subarray(0, length) }), isProtocolError);
      }
      assert.throws(() => readAll({ ...page, entries: Uint8Array.of(...page.entries, 0) }), isProtocolError);
      assert.throws(() => readAll({ ...page, count: page.count + 1 }), isProtocolError);
    }),
    { numRuns: 50 },
  );
});

Deno.test("G11 a page with a changed byte is refused or means entries that are written just so", () => {
  fc.assert(
    fc.property(
      somePages(4),
      fc.nat(),
      fc.nat({ max: 255 }),
      ([first, sent], at, value) => {
        const page = encodePage(first, sent);
        page.entries[at % page.entries.length] = value;
        let changed;
        try {
          changed = readAll(page);
        } catch (error) {
          assert.ok(isProtocolError(error), String(error));
          return;
        }
        // Dates beyond what is exact are clamped, and so are not written as they were.
        if (changed.some((entry) => Math.abs(entry.mtimeSeconds) === Number.MAX_SAFE_INTEGER)) return;
        const written = encodePage(first, changed).entries;
        // What is skipped of an extension is not written again: a link that became a file, a field of an unknown type.
        if (written.length < page.entries.length) return;
        assert.deepEqual(written, page.entries);
      },
    ),
    { numRuns: 5000 },
  );
});

Deno.test("G11 random bytes as a page are decoded or refused, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 0xffff }), (bytes, count) => {
      try {
        readAll({ type: "page", first: 0, count, entries: bytes });
      } catch (error) {
        assert.ok(isProtocolError(error), String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

Deno.test("F12 a link leads somewhere, and a hard link to an earlier entry, or its page is refused", () => {
  const lacking: readonly (readonly [Partial<Entry>, RegExp])[] = [
    [{ kind: "link" }, /no target/],
    [{ kind: "link", target: "" }, /a target of an impossible length/],
    [{ kind: "link", target: "a\0b" }, /a NUL in a target/],
    [{ kind: "hardlink" }, /a hard link to no earlier entry/],
    [{ kind: "hardlink", linkedTo: 7 }, /a hard link to no earlier entry/],
    [{ kind: "hardlink", linkedTo: 8 }, /a hard link to no earlier entry/],
  ];
  for (const [entry, text] of lacking) {
    const page = encodePage(7, [{ ...plainEntry, ...entry }]);
    assert.throws(() => readAll(page), text);
    assert.throws(() => readAll(page), isProtocolError);
  }
  assert.equal(readAll(encodePage(7, [{ ...plainEntry, kind: "hardlink", linkedTo: 6 }]))[0]?.linkedTo, 6);
});

Deno.test("F13 dates beyond what is exact are clamped to it", () => {
  const page = encodePage(0, [plainEntry]);
  const view = new DataView(page.entries.buffer, page.entries.byteOffset);
  for (const [wire, seconds] of [[2n ** 63n - 1n, 2 ** 53 - 1], [-(2n ** 63n), -(2 ** 53 - 1)], [-1n, -1]] as const) {
    view.setBigInt64(20, wire, true);
    assert.equal(readAll(page)[0]?.mtimeSeconds, seconds);
  }
});

Deno.test("F9 two names that differ only in a leading byte order mark stay two", () => {
  const paths = readAll(encodePage(0, [plainEntry, { ...plainEntry, path: "\ufeffa" }])).map((entry) => entry.path);
  assert.deepEqual(paths, ["a", "\ufeffa"]);
});

Deno.test("entries out of their limits are never sent", () => {
  const faults: Partial<Entry>[] = [
    { kind: "link", size: 1, target: "a" },
    { kind: "link", target: "x".repeat(MAX_TARGET_BYTES + 1) },
    { kind: "link", target: "\udc00" },
    { kind: "hardlink", size: 1, linkedTo: 0 },
    { kind: "hardlink", linkedTo: MAX_ENTRIES },
    { size: 5, dataBytes: 6 },
    { size: undefined, dataBytes: 1 },
    { dataBytes: -1 },
    { kind: "folder", dataBytes: 1 },
    { kind: "folder", size: 1 },
    { kind: "folder", size: undefined },
    { size: 2 ** 53 },
    { size: -1 },
    { mode: 0o1000 },
    { mtimeSeconds: 2 ** 53 },
    { mtimeSeconds: 0.5 },
    { mtimeNanos: 1_000_000_000 },
    { fingerprint: new Uint8Array(15) },
    { path: "" },
    { path: "x".repeat(MAX_PATH_BYTES + 1) },
    { path: "\udc00" },
  ];
  for (const fault of faults) {
    assert.throws(() => encodePage(0, [{ ...plainEntry, ...fault }]), isInternalError, JSON.stringify(fault));
  }
  assert.throws(() => encodePage(0, []), isInternalError);
  assert.throws(() => encodePage(MAX_ENTRIES, [plainEntry]), isInternalError);
  assert.throws(() => encodePage(0, Array<Entry>(2000).fill(plainEntry)), isInternalError);
});

Deno.test("many entries are spread over pages that are as full as they can be", () => {
  const sent = Array.from({ length: 5000 }, (_, id) => ({ ...plainEntry, path: `file-${id}` }));
  const pages = [...encodePages(10, sent)];
  let next = 10;
  for (const page of pages) {
    assert.equal(page.first, next);
    assert.ok(encode(page).length <= 6 + MAX_BODY);
    next += page.count;
  }
  assert.equal(next, 10 + sent.length);
  assert.deepEqual(pages.flatMap(readAll), sent);
  assert.ok(pages.slice(0, -1).every((page) => page.entries.length > MAX_BODY - 100));
});

function readAll(page: PageMessage): Entry[] {
  return [...decodePage(page)];
}
