/**
 * The bytes that go through the door, `docs/engine.md`: records of events and commands, blocks of options. What they mean is generated
 * (`door.generated.ts`); how a field lies is here.
 *
 * @module
 */

import type { LeftOut, LeftOutReason } from "../protocol/messages.ts";

/** Bytes of a record, and what its payload is padded to behind it in a batch. */
const RECORD_LEN = 64;
const PADDING = 8;

/** Where a record has its kind, and its payload: an id in an event, a length in a command. */
const KIND_AT = 0;
const PAYLOAD_AT = 4;

const HASH_LEN = 32;

const NOTHING = new Uint8Array(0);

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder();

/** Gives the bytes that belong to an event, once. */
export type TakePayload = (payload: number) => Uint8Array<ArrayBuffer>;

/** Finds words by their numbers. A number that the table does not have is a bug of one of the two sides. */
export function wordOf<Word extends string>(
  name: string,
  table: Readonly<Record<Word, number>>,
): (number: number) => Word {
  // `Object.entries` forgets that the keys are exactly the words.
  const words = new Map(Object.entries<number>(table).map(([word, number]) => [number, word as Word]));
  return (number) => {
    const word = words.get(number);
    if (word === undefined) throw new Error(`The engine sent an unknown ${name} ${number}`);
    return word;
  };
}

/** Which of these powers of two are in a sum. */
export function flagsOf<Name extends string>(
  table: Readonly<Record<Name, number>>,
  sum: number,
): Record<Name, boolean> {
  const flags = Object.entries<number>(table).map(([name, bit]) => [name, (sum & bit) !== 0]);
  // The cast gives back what `Object.fromEntries` forgets: the keys are exactly the names.
  return Object.fromEntries(flags) as Record<Name, boolean>;
}

/** What a walk left out: a line for each, with its reason's number, a tab, and its count or path; an empty line between. */
export function leftOutOf(reasonOf: (number: number) => LeftOutReason, lines: readonly string[]): LeftOut {
  const parts = lines.map((line) => {
    const tab = line.indexOf("\t");
    return { number: Number(line.slice(0, tab)), rest: line.slice(tab + 1) };
  });
  const end = lines.indexOf("");
  return {
    counts: parts.slice(0, end).map(({ number, rest }) => ({ reason: reasonOf(number), count: Number(rest) })),
    names: parts.slice(end + 1).map(({ number, rest }) => ({ reason: reasonOf(number), path: rest })),
  };
}

/** Reads the records of events in a buffer, one after the other. */
export class EventRecords {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #take: TakePayload;
  #at = 0;
  /** The texts of this record that were not read yet; `undefined` before the first one is. */
  #texts: string[] | undefined;

  constructor(bytes: Uint8Array, take: TakePayload) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#take = take;
  }

  /** Turns to the record of this index. */
  moveTo(index: number): this {
    this.#at = index * RECORD_LEN;
    this.#texts = undefined;
    return this;
  }

  get kind(): number {
    return this.u32(KIND_AT);
  }

  u32(offset: number): number {
    return this.#view.getUint32(this.#at + offset, true);
  }

  f64(offset: number): number {
    return this.#view.getFloat64(this.#at + offset, true);
  }

  truth(offset: number): boolean {
    return this.u32(offset) !== 0;
  }

  hash(offset: number): Uint8Array {
    return this.#bytes.slice(this.#at + offset, this.#at + offset + HASH_LEN);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const payload = this.u32(PAYLOAD_AT);
    return payload === 0 ? NOTHING : this.#take(payload);
  }

  /** Leaves the bytes where they are until they are asked for, at most once. */
  lateBytes(): () => Uint8Array {
    const payload = this.u32(PAYLOAD_AT);
    return () => payload === 0 ? NOTHING : this.#take(payload);
  }

  /** The next text of this record. */
  text(): string {
    return this.#left().shift() ?? "";
  }

  /** All texts of this record that were not read. */
  texts(): readonly string[] {
    return this.#left().splice(0);
  }

  #left(): string[] {
    if (this.#texts !== undefined) return this.#texts;
    const bytes = this.bytes();
    return this.#texts = bytes.length === 0 ? [] : utf8Decoder.decode(bytes).split("\0");
  }
}

/** Commands that wait to be submitted together. */
export class CommandBatch {
  #bytes = new Uint8Array(16 * RECORD_LEN);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** Where the command that was begun last has its record. */
  #at = 0;
  readonly #starts: number[] = [];

  /** How many commands there are. */
  get count(): number {
    return this.#starts.length;
  }

  /** The bytes from a command on, valid until the next one is added. */
  bytesFrom(index: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(this.#starts[index] ?? this.#length, this.#length);
  }

  clear(): void {
    this.#length = 0;
    this.#starts.length = 0;
  }

  begin(kind: number): void {
    this.#at = this.#length;
    this.#starts.push(this.#at);
    this.#reserve(RECORD_LEN);
    this.#bytes.fill(0, this.#at, this.#length);
    this.u32(KIND_AT, kind);
  }

  u32(offset: number, value: number): void {
    this.#view.setUint32(this.#at + offset, value, true);
  }

  f64(offset: number, value: number): void {
    this.#view.setFloat64(this.#at + offset, value, true);
  }

  truth(offset: number, value: boolean): void {
    this.u32(offset, value ? 1 : 0);
  }

  hash(offset: number, value: Uint8Array): void {
    this.#bytes.set(value.subarray(0, HASH_LEN), this.#at + offset);
  }

  /** The payload of the command; one at most. */
  bytes(value: Uint8Array): void {
    this.u32(PAYLOAD_AT, value.length);
    const start = this.#length;
    this.#reserve(Math.ceil(value.length / PADDING) * PADDING);
    this.#bytes.set(value, start);
    this.#bytes.fill(0, start + value.length, this.#length);
  }

  text(value: string): void {
    this.bytes(utf8Encoder.encode(value));
  }

  texts(values: readonly string[]): void {
    this.text(values.join("\0"));
  }

  #reserve(length: number): void {
    this.#length += length;
    if (this.#length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Builds a block of options: fixed fields, then the contents of texts and bytes in their order. */
export class OptionsBlock {
  readonly #fixed: Uint8Array;
  readonly #view: DataView;
  readonly #contents: Uint8Array[] = [];

  constructor(fixedLength: number) {
    this.#fixed = new Uint8Array(fixedLength);
    this.#view = new DataView(this.#fixed.buffer);
  }

  /** @throws {RangeError} for what is no whole number of 32 bits, which would silently become one */
  u32(offset: number, value: number): void {
    if (value !== value >>> 0) throw new RangeError(`${value} is no whole number of 32 bits`);
    this.#view.setUint32(offset, value, true);
  }

  f64(offset: number, value: number): void {
    this.#view.setFloat64(offset, value, true);
  }

  truth(offset: number, value: boolean): void {
    this.u32(offset, value ? 1 : 0);
  }

  bytes(offset: number, value: Uint8Array): void {
    this.u32(offset, value.length);
    this.#contents.push(value);
  }

  text(offset: number, value: string): void {
    this.bytes(offset, utf8Encoder.encode(value));
  }

  texts(offset: number, values: readonly string[]): void {
    this.text(offset, values.join("\0"));
  }

  finish(): Uint8Array<ArrayBuffer> {
    const pieces = [this.#fixed, ...this.#contents];
    const block = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      block.set(piece, at);
      at += piece.length;
    }
    return block;
  }
}
