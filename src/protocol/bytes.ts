/**
 * Little-endian fields in and out of bytes, each checked.
 *
 * What comes from a peer fails as `protocol`. What `ultra` itself is about to send fails as `internal`: a message out
 * of its limits is a bug of its maker, and must not become the peer's problem.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { SIZE_LIMIT } from "./limits.ts";

/** Sentinel of an unknown size: all bits of a `u64`. */
const UNKNOWN = 0xffff_ffff;

const encoder = new TextEncoder();

// `ignoreBOM` keeps a leading U+FEFF: dropping it would make two names one.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Encodes strictly: a lone surrogate has no UTF-8, and replacing it could make two names one. */
export function encodeUtf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw refusal("a string with a lone surrogate");
  return encoder.encode(text);
}

/** Cuts a text at a character boundary, so that it fits a field of `maxBytes`; lone surrogates become U+FFFD. */
export function cutText(text: string, maxBytes: number): string {
  const room = new Uint8Array(maxBytes);
  const { written } = encoder.encodeInto(text, room);
  return decoder.decode(room.subarray(0, written));
}

/** Fields to be sent. Every method refuses what its field cannot hold. */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #length = 0;

  /** @param capacity bytes to start with; more are added as needed */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** @param what names the field in the error; likewise below */
  u8(value: number, what: string, max = 0xff): void {
    checkRange(value, 0, max, what);
    const at = this.#take(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number, what: string, max = 0xffff): void {
    checkRange(value, 0, max, what);
    const at = this.#take(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number, what: string, max = 0xffff_ffff): void {
    checkRange(value, 0, max, what);
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  /** A size or block number, below 2^53. */
  u64(value: number, what: string, max = SIZE_LIMIT - 1): void {
    checkRange(value, 0, max, what);
    this.#i64(value);
  }

  /** A size that may be unknown: then all bits are 1. */
  u64OrUnknown(value: number | undefined, what: string): void {
    if (value !== undefined) return this.u64(value, what);
    const at = this.#take(8);
    this.#view.setUint32(at, UNKNOWN, true);
    this.#view.setUint32(at + 4, UNKNOWN, true);
  }

  /** A signed number that a `number` holds exactly. */
  i64(value: number, what: string): void {
    checkRange(value, -(SIZE_LIMIT - 1), SIZE_LIMIT - 1, what);
    this.#i64(value);
  }

  /** Bytes without a length before them. */
  bytes(value: Uint8Array): void {
    const at = this.#take(value.length);
    this.#bytes.set(value, at);
  }

  /** Exactly `length` bytes without a length before them. */
  fixed(value: Uint8Array, length: number, what: string): void {
    if (value.length !== length) throw refusal(`${value.length} bytes as ${what} instead of ${length}`);
    this.bytes(value);
  }

  /** A `u16` length, then the bytes. */
  sized(value: Uint8Array, maxLength: number, what: string): void {
    checkRange(value.length, 0, maxLength, `length of ${what}`);
    this.u16(value.length, what);
    this.bytes(value);
  }

  /** A `u16` length, then strict UTF-8. */
  string(value: string, maxBytes: number, what: string): void {
    this.sized(encodeUtf8(value), maxBytes, what);
  }

  /** The `u8` index of a word in its table. */
  word<Word>(value: Word, words: readonly Word[], what: string): void {
    const index = words.indexOf(value);
    if (index < 0) throw refusal(`an unknown ${what}`);
    this.u8(index, what);
  }

  /** What was written. The writer must not be used afterwards: the bytes are its own. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  #i64(value: number): void {
    const at = this.#take(8);
    this.#view.setUint32(at, value >>> 0, true);
    this.#view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
  }

  /** Makes room and returns where it is. Growing replaces the view, so call this before naming the view. */
  #take(count: number): number {
    const at = this.#length;
    const length = at + count;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = length;
    return at;
  }
}

/** Fields received. Every method checks that the bytes are there; byte fields are views, not copies. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #whole: string;
  #at = 0;

  /** @param whole what the bytes are, for the error: "offer" */
  constructor(bytes: Uint8Array, whole: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#whole = whole;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** @param what names the field in the error; likewise below */
  u8(what: string, min = 0, max = 0xff): number {
    return this.#checked(this.#view.getUint8(this.#take(1)), min, max, what);
  }

  u16(what: string, min = 0, max = 0xffff): number {
    return this.#checked(this.#view.getUint16(this.#take(2), true), min, max, what);
  }

  u32(what: string, min = 0, max = 0xffff_ffff): number {
    return this.#checked(this.#view.getUint32(this.#take(4), true), min, max, what);
  }

  /** A size or block number; 2^53 and above are refused, so that a `number` is exact. */
  u64(what: string, min = 0, max = SIZE_LIMIT - 1): number {
    const at = this.#take(8);
    return this.#checked(
      this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true),
      min,
      max,
      what,
    );
  }

  /** A size; all bits 1 mean that it is unknown. */
  u64OrUnknown(what: string): number | undefined {
    const at = this.#at;
    if (this.remaining < 8 || this.#view.getBigUint64(at, true) !== 2n ** 64n - 1n) return this.u64(what);
    this.#at = at + 8;
    return undefined;
  }

  /**
   * A signed number, clamped to what a `number` holds exactly. Only for dates: the clamp lies 285 million years away.
   */
  i64Clamped(): number {
    const at = this.#take(8);
    const value = this.#view.getInt32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
    return Math.min(Math.max(value, -(SIZE_LIMIT - 1)), SIZE_LIMIT - 1);
  }

  /** Exactly `length` bytes, as a view. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Where the next field begins. */
  get position(): number {
    return this.#at;
  }

  /** Passes over `length` bytes; where they begin. What is read a million times makes no views. */
  skip(length: number): number {
    return this.#take(length);
  }

  /** As {@linkcode sized}, without a view: where the bytes begin. They end at {@linkcode position}. */
  skipSized(what: string, max: number, min = 0): number {
    return this.#take(this.u16(what, min, max));
  }

  /** All bytes that are left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** A `u16` length, then the bytes, as a view. */
  sized(what: string, max: number, min = 0): Uint8Array {
    return this.bytes(this.u16(`length of ${what}`, min, max));
  }

  /** A `u16` length, then strict UTF-8. */
  string(what: string, max: number, min = 0): string {
    return this.decode(this.sized(what, max, min), what);
  }

  /** Strict UTF-8 of bytes that were read here. */
  decode(bytes: Uint8Array, what: string): string {
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      throw new UltraError("protocol", `The peer sent ${this.#whole} whose ${what} is not valid UTF-8`, { cause });
    }
  }

  /** A `u8` index into a table of words. */
  word<Word>(what: string, words: readonly Word[]): Word {
    const word = words[this.u8(what)];
    if (word === undefined) throw this.fault(`an unknown ${what}`);
    return word;
  }

  /** Refuses bytes after the last field. */
  end(): void {
    if (this.remaining > 0) throw this.fault(`${this.remaining} bytes too many`);
  }

  /** An error about these bytes: "The peer sent <whole> with <fault>". */
  fault(fault: string): UltraError {
    return new UltraError("protocol", `The peer sent ${this.#whole} with ${fault}`);
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.remaining) throw this.fault("too few bytes");
    this.#at = at + count;
    return at;
  }

  #checked(value: number, min: number, max: number, what: string): number {
    if (value < min || value > max) throw this.fault(`${value} as ${what}, outside of ${min} to ${max}`);
    return value;
  }
}

/** The error for something that `ultra` must never send. */
export function refusal(fault: string): UltraError {
  return new UltraError("internal", `ultra was about to send ${fault}`);
}

/** Refuses a number that a field may not hold; also fractions and NaN. */
export function checkRange(value: number, min: number, max: number, what: string): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw refusal(`${value} as ${what}, outside of ${min} to ${max}`);
  }
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
