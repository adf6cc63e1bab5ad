/**
 * The lanes of the older format, for the vectors and the hostile peer: in the real tool Rust alone reads and writes them
 * (`native/engine/src/blocks/blazing1.rs`), bound to this codec by `tests/vectors/blazing.json`. `docs/protocol.md`, "The older format".
 *
 * @module
 */

import { checkRange, encodeUtf8, Reader, refusal, Writer } from "./bytes.ts";
import { BLOCK_LEN, MAX_BLOCKS, PREFACE_LEN, TRANSFER_LIMIT } from "./limits.ts";
import type { EntryId } from "./messages.ts";

/** What stands before the bytes of a piece. */
export interface PieceHeader {
  readonly entry: EntryId;
  readonly length: number;
  /** Where the piece lies in its file: a multiple of {@linkcode BLOCK_LEN}, so that pieces lie side by side. */
  readonly offset: number;
}

/** What a lane says of itself. */
export interface StreamPreface {
  readonly stream: number;
  readonly transfer: number;
}

const MAGIC = "BLZ1";

const STREAMS = 16;

const HEADER_LEN = 16;

export function encodeStreamPreface({ stream, transfer }: StreamPreface): Uint8Array<ArrayBuffer> {
  const writer = new Writer(PREFACE_LEN);
  writer.bytes(encodeUtf8(MAGIC));
  writer.u16(stream, "stream number", STREAMS - 1);
  writer.u16(0, "reserved");
  checkRange(transfer, 1, TRANSFER_LIMIT - 1, "number of the transfer");
  writer.u32(transfer, "number of the transfer");
  return writer.finish();
}

export function decodeStreamPreface(bytes: Uint8Array): StreamPreface {
  const reader = new Reader(bytes, "a lane preface");
  const magic = String.fromCharCode(...reader.bytes(MAGIC.length));
  if (magic !== MAGIC) throw reader.fault("the beginning of another format or protocol");
  const stream = reader.u16("stream number", 0, STREAMS - 1);
  reader.u16("reserved bytes", 0, 0);
  const transfer = reader.u32("number of the transfer", 1, TRANSFER_LIMIT - 1);
  reader.end();
  return { stream, transfer };
}

export function encodePieceHeader({ entry, length, offset }: PieceHeader): Uint8Array<ArrayBuffer> {
  if (length < 1 || offset % BLOCK_LEN !== 0) throw refusal(`a piece of ${length} bytes at ${offset}`);
  const writer = new Writer(HEADER_LEN);
  writer.u32(entry, "entry");
  writer.u32(length, "length of the piece", BLOCK_LEN);
  writer.u64(offset, "offset of the piece", (MAX_BLOCKS - 1) * BLOCK_LEN);
  return writer.finish();
}

/** The header in these 16 bytes. Whether there is such an entry, and such a piece of it, is for the receiver to say. */
export function decodePieceHeader(bytes: Uint8Array): PieceHeader {
  const reader = new Reader(bytes, "the header of a piece");
  const entry = reader.u32("entry");
  const length = reader.u32("length of the piece", 1, BLOCK_LEN);
  const offset = reader.u64("offset of the piece", 0, (MAX_BLOCKS - 1) * BLOCK_LEN);
  if (offset % BLOCK_LEN !== 0) throw reader.fault("an offset between two pieces");
  reader.end();
  return { entry, length, offset };
}
