/**
 * Control messages into bytes; `decode.ts` is the other direction, `docs/protocol.md` the specification of both.
 *
 * @module
 */

import { checkRange, encodeUtf8, refusal, Writer } from "./bytes.ts";
import {
  DIRECTIONS,
  EXIT_CODES,
  MESSAGE_CODES,
  NEEDS,
  OFFERED_TEXT,
  PURPOSES,
  REQUESTS,
  SECRET_KINDS,
  TEST_PLACES,
  TEST_SIDES,
} from "./codes.ts";
import * as limits from "./limits.ts";
import type {
  BlockIndex,
  Committed,
  DialerHello,
  Done,
  EntryId,
  Held,
  LeftOutMessage,
  ListenerHello,
  Message,
  Need,
  PageMessage,
  Request,
  Seal,
  TestPhase,
  VerifiedItem,
} from "./messages.ts";
import { LATER_REPORT_FIELDS, mostOf, REPORT_FIELDS, type ReportNumbers } from "./report.ts";

/**
 * The bytes of a whole message, header included.
 *
 * @throws {UltraError} `internal` when the message breaks a limit; nothing of the kind may reach a peer
 */
export function encode(message: Message): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.u16(MESSAGE_CODES[message.type], "type");
  writer.u32(0, "length");
  writeBody(writer, message);
  const length = writer.length - limits.MESSAGE_HEADER_LEN;
  checkRange(length, 0, limits.MAX_BODY, "length of a body");
  const bytes = writer.finish();
  new DataView(bytes.buffer).setUint32(2, length, true);
  return bytes;
}

function writeBody(writer: Writer, message: Message): void {
  switch (message.type) {
    case "dialer-hello":
      return writeDialerHello(writer, message);
    case "listener-hello":
      return writeListenerHello(writer, message);
    case "proof":
      return writer.fixed(message.proof, limits.HASH_LEN, "proof");
    case "request":
      return writeRequest(writer, message);
    case "offer":
      writeTransfer(writer, message.transfer);
      writer.string(message.host, limits.MAX_HOST_BYTES, "host label");
      writer.string(message.name, limits.MAX_TRANSFER_NAME_BYTES, "transfer name");
      writer.u64OrUnknown(message.totalSize, "total size");
      writer.u16(message.lanes, "number of lanes");
      return message.content === undefined ? writeExtra(writer) : writeContent(writer);
    case "accept":
      writeTransfer(writer, message.transfer);
      writer.string(message.host, limits.MAX_HOST_BYTES, "host label");
      writePositive(writer, message.lanes, limits.MAX_LANES, "number of lanes");
      return writeExtra(writer);
    case "page":
      return writePage(writer, message);
    case "pages-end":
      writer.u32(message.entries, "number of entries", limits.MAX_ENTRIES);
      return writer.u64(message.bytes, "bytes of all files");
    case "need":
      return writeNeed(writer, message);
    case "held":
      return writeHeld(writer, message);
    case "verified":
      writePositive(writer, message.items.length, limits.MAX_VERIFIED_ITEMS, "number of runs");
      return message.items.forEach((item) => writeVerifiedItem(writer, item));
    case "seal":
      return writeSeal(writer, message);
    case "committed":
      return writeCommitted(writer, message);
    case "fail":
    case "failed":
      writeEntry(writer, message.entry);
      writer.u8(EXIT_CODES[message.kind], "kind of failure");
      return writer.string(message.text, limits.MAX_TEXT_BYTES, "text");
    case "done":
      return writeDone(writer, message);
    case "abort":
      writer.u8(EXIT_CODES[message.kind], "kind of failure");
      return writer.string(message.text, limits.MAX_TEXT_BYTES, "text");
    case "position":
      writeTransfer(writer, message.transfer);
      writer.u32(message.entries, "number of entries", limits.MAX_ENTRIES);
      return writer.u8(message.end ? 1 : 0, "end");
    case "want-connections":
      return writePositive(writer, message.connections, limits.MAX_CONNECTIONS, "number of connections");
    case "report":
      return writeReport(writer, message.numbers);
    case "left-out":
      return writeLeftOut(writer, message);
    case "test-phase":
      return writeTestPhase(writer, message);
    case "bye":
    case "heartbeat":
      return;
    default:
      // A new message does not compile until it has bytes.
      message satisfies never;
  }
}

function writeDialerHello(writer: Writer, hello: DialerHello): void {
  writeMagic(writer);
  writeVersions(writer, hello.versions);
  writeFeatures(writer, hello.features);
  writeHelloLimits(writer, hello);
  writer.word(hello.purpose, PURPOSES, "purpose");
  writer.word(hello.direction, DIRECTIONS, "direction");
  writer.word(hello.secretKind, SECRET_KINDS, "secret kind");
  writer.fixed(hello.secretId, limits.SECRET_ID_LEN, "secret id");
  writer.sized(hello.secretData, limits.MAX_SECRET_DATA, "secret data");
  writeExtra(writer);
}

function writeListenerHello(writer: Writer, hello: ListenerHello): void {
  writeMagic(writer);
  writeVersions(writer, hello.versions);
  writer.u16(hello.chosen, "chosen version");
  writeFeatures(writer, hello.features);
  writeHelloLimits(writer, hello);
  writeExtra(writer);
}

function writeMagic(writer: Writer): void {
  writer.bytes(encodeUtf8(limits.HELLO_MAGIC));
}

function writeVersions(writer: Writer, versions: readonly number[]): void {
  checkRange(versions.length, 1, limits.MAX_VERSIONS, "number of versions");
  writer.u8(versions.length, "number of versions");
  for (const version of versions) writer.u16(version, "version");
}

function writeFeatures(writer: Writer, features: readonly string[]): void {
  writer.u8(features.length, "number of features", limits.MAX_FEATURES);
  for (const feature of features) {
    if (!/^[a-z0-9-]+$/.test(feature)) throw refusal("a feature name with other characters than a-z, 0-9 and -");
    writer.u8(feature.length, "length of a feature name", limits.MAX_FEATURE_BYTES);
    writer.bytes(encodeUtf8(feature));
  }
}

/** What both hellos have behind their features. */
function writeHelloLimits(writer: Writer, hello: DialerHello | ListenerHello): void {
  writer.u32(hello.maxBody, "longest body");
  writer.u16(hello.maxLanes, "most lanes");
  writer.fixed(hello.nonce, limits.HASH_LEN, "nonce");
}

function writeReport(writer: Writer, numbers: ReportNumbers): void {
  for (const field of REPORT_FIELDS) writer.u64(numbers[field], field, mostOf(field));
  writer.u16(8 * LATER_REPORT_FIELDS.length, "length of extra");
  for (const field of LATER_REPORT_FIELDS) writer.u64(numbers[field], field, mostOf(field));
}

/** An offer of text; of files nothing is said. */
function writeContent(writer: Writer): void {
  writer.u16(1, "length of extra");
  writer.u8(OFFERED_TEXT, "content");
}

/** This version has nothing extra to say. */
function writeExtra(writer: Writer): void {
  writer.u16(0, "length of extra");
}

function writePage(writer: Writer, page: PageMessage): void {
  checkEntries(page.first, page.count, 0xffff);
  writer.u32(page.first, "first entry");
  writer.u16(page.count, "number of entries");
  writer.bytes(page.entries);
}

function writeNeed(writer: Writer, need: Need): void {
  writePositive(writer, need.items.length, limits.MAX_NEED_ITEMS, "number of needs");
  for (const item of need.items) {
    writer.word(item.what, NEEDS, "need");
    writeEntry(writer, item.entry);
    if (item.what === "blocks") {
      writer.u32(1, "number of entries");
      writeBlocks(writer, item.first, item.count);
    } else {
      writeWholeEntries(writer, item.entry, item.entries);
    }
  }
}

function writeHeld(writer: Writer, held: Held): void {
  writeEntry(writer, held.entry);
  const count = held.values.length / limits.HASH_LEN;
  checkRange(count, 1, limits.MAX_HELD_VALUES, "number of values");
  checkBlocks(held.first, count);
  writer.u64(held.first, "first block");
  writer.u16(count, "number of values");
  writer.bytes(held.values);
}

function writeSeal(writer: Writer, seal: Seal): void {
  writePositive(writer, seal.items.length, limits.MAX_SEAL_ITEMS, "number of seals");
  for (const item of seal.items) {
    writeEntry(writer, item.entry);
    writer.u64(item.size, "size");
    writer.fixed(item.root, limits.HASH_LEN, "root");
  }
}

function writeCommitted(writer: Writer, committed: Committed): void {
  writePositive(writer, committed.runs.length, limits.MAX_COMMITTED_RUNS, "number of runs");
  for (const run of committed.runs) {
    checkEntries(run.first, run.count);
    writer.u32(run.first, "first entry");
    writer.u32(run.count, "number of entries");
  }
}

function writeDone(writer: Writer, done: Done): void {
  writer.fixed(done.transferRoot, limits.HASH_LEN, "transfer root");
  writer.u32(done.committed, "number of committed entries", limits.MAX_ENTRIES);
  writer.u32(done.present, "number of present entries", limits.MAX_ENTRIES);
  writer.u32(done.skipped, "number of skipped entries", limits.MAX_ENTRIES);
  writer.u32(done.failed, "number of failed entries", limits.MAX_ENTRIES);
}

function writeLeftOut(writer: Writer, { counts, names }: LeftOutMessage): void {
  checkRange(counts.length, 1, limits.MAX_LEFT_OUT_COUNTS, "number of counts");
  writer.u8(counts.length, "number of counts");
  for (const { reason, count } of counts) {
    checkRange(count, 1, 0xffff_ffff, "count of what is left out");
    writer.u8(reason, "reason");
    writer.u32(count, "count of what is left out");
  }
  writer.u8(names.length, "number of names", limits.MAX_LEFT_OUT_NAMES);
  for (const { reason, path } of names) {
    writer.u8(reason, "reason");
    writer.string(path, limits.MAX_TEXT_BYTES, "name");
  }
  writeExtra(writer);
}

function writeTestPhase(writer: Writer, phase: TestPhase): void {
  writer.word(phase.sender, TEST_SIDES, "sender");
  writer.word(phase.from, TEST_PLACES, "source");
  writer.word(phase.to, TEST_PLACES, "target");
  checkRange(phase.size, 1, limits.MAX_TEST_BYTES, "bytes of a phase");
  writer.u64(phase.size, "bytes of a phase");
  writer.u8(phase.isProbe ? 1 : 0, "probe");
  writer.u8(phase.isLast ? 1 : 0, "last");
  writeExtra(writer);
}

function writeVerifiedItem(writer: Writer, item: VerifiedItem): void {
  writeEntry(writer, item.entry);
  if (item.what === "blocks") {
    writer.u32(1, "number of entries");
    return writeBlocks(writer, item.first, item.count);
  }
  writeWholeEntries(writer, item.entry, item.entries);
}

/** A run of entries, and blocks of 0, which stand for all. */
function writeWholeEntries(writer: Writer, entry: EntryId, entries: number): void {
  checkEntries(entry, entries);
  writer.u32(entries, "number of entries");
  writer.u64(0, "first block");
  writer.u64(0, "number of blocks");
}

function writeTransfer(writer: Writer, transfer: number): void {
  checkRange(transfer, 1, limits.TRANSFER_LIMIT - 1, "number of the transfer");
  writer.u32(transfer, "number of the transfer");
}

function writeRequest(writer: Writer, request: Request): void {
  writer.word(request.what, REQUESTS, "request");
  writer.u16(request.paths.length, "number of paths", limits.MAX_REQUEST_PATHS);
  for (const path of request.paths) {
    if (path === "") throw refusal("an empty path");
    writer.string(path, limits.MAX_PATH_BYTES, "path");
  }
  writeExtra(writer);
}

function writeEntry(writer: Writer, entry: EntryId): void {
  writer.u32(entry, "entry", limits.MAX_ENTRIES - 1);
}

function writeBlocks(writer: Writer, first: BlockIndex, count: number): void {
  checkBlocks(first, count);
  writer.u64(first, "first block");
  writer.u64(count, "number of blocks");
}

/** A `u16` that is at least 1. */
function writePositive(writer: Writer, value: number, max: number, what: string): void {
  checkRange(value, 1, max, what);
  writer.u16(value, what);
}

function checkBlocks(first: BlockIndex, count: number): void {
  checkRange(first, 0, limits.MAX_BLOCKS - 1, "first block");
  checkRange(count, 1, limits.MAX_BLOCKS - first, "number of blocks");
}

function checkEntries(first: EntryId, count: number, most = limits.MAX_ENTRIES): void {
  checkRange(first, 0, limits.MAX_ENTRIES - 1, "first entry");
  checkRange(count, 1, Math.min(most, limits.MAX_ENTRIES - first), "number of entries");
}
