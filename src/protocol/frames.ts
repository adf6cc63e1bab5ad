/**
 * The frames of a lane, for the simulation, the hostile peer and the vectors: in the real tool Rust alone reads and
 * writes them (`native/engine/src/frame.rs`), bound to this codec by `tests/vectors/frames.json`.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { checkRange, encodeUtf8, Reader, refusal, Writer } from "./bytes.ts";
import { Collector } from "./collector.ts";
import {
  BLOCK_LEN,
  FRAME_HEADER_LEN,
  HASH_LEN,
  MAX_BLOCKS,
  MAX_HOLE_BLOCKS,
  MAX_LANES,
  PREFACE_LEN,
  TRANSFER_LIMIT,
} from "./limits.ts";
import type { BlockIndex, EntryId } from "./messages.ts";

/** How blocks travel: one as it is, or a run of holes, which are zeros and have no payload. */
export type Encoding = "raw" | "hole";

/** What stands before a block. */
export interface FrameHeader {
  readonly entry: EntryId;
  /** Bytes of the block; of holes, how many blocks. */
  readonly length: number;
  readonly block: BlockIndex;
  readonly encoding: Encoding;
  /**
   * The file has one block, and its source was looked at again after the block was read: what stands behind the payload is the file's
   * root, and no `seal` follows.
   */
  readonly isSealed: boolean;
}

/** One block as it travels. */
export interface Frame {
  readonly header: FrameHeader;
  /** The bytes of the block; none for a hole. */
  readonly payload: Uint8Array;
  /** The block's 32-byte BLAKE3 chaining value, or the root of a sealed file; nothing behind holes, which both sides hash themselves. */
  readonly value: Uint8Array;
}

/** Flag of a sealed frame. */
const SEALED = 1;

const ENCODINGS: readonly Encoding[] = ["raw", "hole"];

/** What every lane begins with. */
const LANE_MAGIC = "ULTL";

/** What a lane says of itself. */
export interface Preface {
  /** Number of the lane. */
  readonly lane: number;
  /** Number of its transfer: a late lane must not meet the next one. */
  readonly transfer: number;
}

/** The beginning of a lane. */
export function encodePreface({ lane, transfer }: Preface): Uint8Array<ArrayBuffer> {
  const writer = new Writer(PREFACE_LEN);
  writer.bytes(encodeUtf8(LANE_MAGIC));
  writer.u16(lane, "lane number", MAX_LANES - 1);
  writer.u16(0, "reserved");
  checkRange(transfer, 1, TRANSFER_LIMIT - 1, "number of the transfer");
  writer.u32(transfer, "number of the transfer");
  return writer.finish();
}

/** What the lane that begins with these 12 bytes says of itself. */
export function decodePreface(bytes: Uint8Array): Preface {
  const reader = new Reader(bytes, "a lane preface");
  const magic = String.fromCharCode(...reader.bytes(LANE_MAGIC.length));
  if (magic !== LANE_MAGIC) throw reader.fault("another protocol's beginning");
  const lane = reader.u16("lane number", 0, MAX_LANES - 1);
  reader.u16("reserved bytes", 0, 0);
  const transfer = reader.u32("number of the transfer", 1, TRANSFER_LIMIT - 1);
  reader.end();
  return { lane, transfer };
}

/** The 24 bytes before a block. */
export function encodeFrameHeader(header: FrameHeader): Uint8Array<ArrayBuffer> {
  const writer = new Writer(FRAME_HEADER_LEN);
  writeHeader(writer, header);
  return writer.finish();
}

/**
 * The header in these 24 bytes. Whether there is such an entry, and a block of that length in it, is for the receiver
 * to say.
 */
export function decodeFrameHeader(bytes: Uint8Array): FrameHeader {
  const reader = new Reader(bytes, "a frame header");
  const entry = reader.u32("entry");
  const length = reader.u32("length of the block", 1, BLOCK_LEN);
  const block = reader.u64("block index", 0, MAX_BLOCKS - 1);
  const encoding = reader.word("frame encoding", ENCODINGS);
  const isSealed = reader.u8("flags of a frame", 0, SEALED) === SEALED;
  if (reader.bytes(6).some((byte) => byte !== 0)) throw reader.fault("reserved bytes that are not 0");
  reader.end();
  const header = { entry, length, block, encoding, isSealed };
  const fault = faultOf(header);
  if (fault !== undefined) throw reader.fault(fault);
  return header;
}

/** What is wrong with a header whose fields are each in their range. */
function faultOf({ length, block, encoding, isSealed }: FrameHeader): string | undefined {
  if (encoding === "hole" && (length > MAX_HOLE_BLOCKS || length > MAX_BLOCKS - block)) {
    return `${length} holes from block ${block} on`;
  }
  if (isSealed && (block > 0 || (encoding === "hole" && length > 1))) return "a seal of a part of a file";
  return undefined;
}

/** A whole frame. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const expected = payloadLength(frame.header);
  if (frame.payload.length !== expected) {
    throw refusal(`a frame with ${frame.payload.length} bytes of payload instead of ${expected}`);
  }
  const hashes = valueLength(frame.header);
  const writer = new Writer(FRAME_HEADER_LEN + expected + hashes);
  writeHeader(writer, frame.header);
  writer.bytes(frame.payload);
  writer.fixed(frame.value, hashes, "value of the block");
  return writer.finish();
}

/**
 * Splits a lane into its frames.
 *
 * Push a chunk, then take frames until there is none; only then may the chunk's memory be used again. One frame is
 * buffered at most.
 */
export class FrameReader {
  #collector = new Collector();
  #preface: Preface | undefined;

  /** The lane's preface, once that was read by {@linkcode next}. */
  get preface(): Preface | undefined {
    return this.#preface;
  }

  /** Lends the next bytes of the lane. */
  push(bytes: Uint8Array): void {
    this.#collector.push(bytes);
  }

  /**
   * The next frame, or `undefined` until more bytes are pushed.
   *
   * @throws {UltraError} `protocol` for a bad preface or header, before room is made for the payload
   */
  next(): Frame | undefined {
    if (this.#preface === undefined) {
      const preface = this.#collector.collect(PREFACE_LEN);
      if (preface === undefined) return undefined;
      this.#preface = decodePreface(preface);
      this.#collector.next();
    }
    const start = this.#collector.collect(FRAME_HEADER_LEN);
    if (start === undefined) return undefined;
    const header = decodeFrameHeader(start);
    const valueAt = FRAME_HEADER_LEN + payloadLength(header);
    const bytes = this.#collector.collect(valueAt + valueLength(header));
    if (bytes === undefined) return undefined;
    this.#collector.next();
    return { header, payload: bytes.subarray(FRAME_HEADER_LEN, valueAt), value: bytes.subarray(valueAt) };
  }

  /** The frames that are complete. Stopping early loses nothing: the next call goes on. */
  *[Symbol.iterator](): Generator<Frame, void, undefined> {
    for (let frame = this.next(); frame !== undefined; frame = this.next()) yield frame;
  }

  /** To be called when the lane has ended: it may end only between frames. */
  end(): void {
    if (this.#preface === undefined || this.#collector.begun) {
      throw new UltraError("protocol", "The peer ended a lane inside a frame");
    }
  }
}

function writeHeader(writer: Writer, header: FrameHeader): void {
  const fault = header.length < 1 ? "a frame of an empty block" : faultOf(header);
  if (fault !== undefined) throw refusal(fault);
  writer.u32(header.entry, "entry");
  writer.u32(header.length, "length of the block", BLOCK_LEN);
  writer.u64(header.block, "block index", MAX_BLOCKS - 1);
  writer.word(header.encoding, ENCODINGS, "frame encoding");
  writer.u8(header.isSealed ? SEALED : 0, "flags of a frame");
  writer.bytes(new Uint8Array(6));
}

function payloadLength(header: FrameHeader): number {
  return header.encoding === "hole" ? 0 : header.length;
}

function valueLength(header: FrameHeader): number {
  return header.encoding === "hole" ? 0 : HASH_LEN;
}
