/**
 * The control protocol once more, written from `docs/protocol.md` and not from `src/`: what a hostile peer says, right or wrong.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, createHmac, hkdfSync } from "node:crypto";

export type Bytes = Uint8Array<ArrayBuffer>;

export const ALPN = "ultra/2";

/** The older format. */
export const BLAZING = "blazing/1";

export const VERSION = 2;

/** Every message of the protocol's tables. */
export const CODES = {
  "dialer-hello": 0x8001,
  "listener-hello": 0x8002,
  "proof": 0x8003,
  "request": 0x8024,
  "offer": 0x8010,
  "accept": 0x8011,
  "page": 0x8012,
  "pages-end": 0x8013,
  "need": 0x8014,
  "held": 0x8015,
  "verified": 0x8016,
  "seal": 0x8017,
  "fail": 0x8018,
  "committed": 0x8019,
  "failed": 0x801a,
  "done": 0x801b,
  "bye": 0x801c,
  "abort": 0x801d,
  "heartbeat": 0x001e,
  "position": 0x801f,
  "want-connections": 0x8020,
  "report": 0x0021,
  "test-phase": 0x8022,
  "left-out": 0x0023,
} as const;

export type Name = keyof typeof CODES;

/** A message as it was on the wire. */
export interface WireMessage {
  readonly code: number;
  readonly body: Bytes;
  /** Header included. */
  readonly bytes: Bytes;
}

export function concat(...pieces: readonly Uint8Array[]): Bytes {
  return new Uint8Array(Buffer.concat(pieces));
}

function integer(size: 1 | 2 | 4 | 8, value: number | bigint): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes.slice(0, size);
}

export const u8 = (value: number): Bytes => integer(1, value);
export const u16 = (value: number): Bytes => integer(2, value);
export const u32 = (value: number): Bytes => integer(4, value);
export const u64 = (value: number | bigint): Bytes => integer(8, value);

/** `u16` length and the bytes of a text. */
export function string(text: string): Bytes {
  const bytes = new TextEncoder().encode(text);
  return concat(u16(bytes.length), bytes);
}

export function message(name: Name | number, ...body: readonly Uint8Array[]): Bytes {
  const all = concat(...body);
  return concat(u16(typeof name === "number" ? name : CODES[name]), u32(all.length), all);
}

/** Takes whole messages off the front of some bytes; the rest comes back. */
export function split(bytes: Bytes): { readonly messages: readonly WireMessage[]; readonly rest: Bytes } {
  const messages: WireMessage[] = [];
  let rest = bytes;
  while (rest.length >= 6) {
    const view = new DataView(rest.buffer, rest.byteOffset);
    const end = 6 + view.getUint32(2, true);
    if (rest.length < end) break;
    messages.push({ code: view.getUint16(0, true), body: rest.slice(6, end), bytes: rest.slice(0, end) });
    rest = rest.slice(end);
  }
  return { messages, rest };
}

// Tickets.

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

export interface WireTicket {
  readonly role: "send" | "receive";
  readonly longLived: boolean;
  /** The certificate's SHA-256, or 16 bytes of it. */
  readonly pin: Bytes;
  readonly token: Bytes;
  /** Of 127.0.0.1. */
  readonly port: number;
}

export function readTicket(text: string): WireTicket {
  let bits = 0n;
  let count = 0;
  const bytes: number[] = [];
  for (const character of text.trim().slice("ultra1".length)) {
    bits = (bits << 5n) | BigInt(ALPHABET.indexOf(character));
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes.push(Number((bits >> BigInt(count)) & 0xffn));
  }
  const all = Uint8Array.from(bytes);
  const view = new DataView(all.buffer);
  // A long-lived ticket has the whole SHA-256.
  const pinEnd = (all[2] ?? 0) & 2 ? 35 : 19;
  let at = pinEnd + 17;
  while (!(all[at] === 1 && all[at + 2] === 127)) at += 2 + (all[at + 1] ?? 0);
  return {
    role: all[1] === 0 ? "send" : "receive",
    longLived: ((all[2] ?? 0) & 1) !== 0,
    pin: all.slice(3, pinEnd),
    token: all.slice(pinEnd, pinEnd + 16),
    port: view.getUint16(at + 6, true),
  };
}

export function writeTicket({ role, longLived, pin, token, port }: WireTicket): string {
  const flags = [u8(1), u8(role === "send" ? 0 : 1), u8((longLived ? 1 : 0) | (pin.length === 32 ? 2 : 0))];
  const head = concat(...flags, pin, token, u8(1), u8(1), u8(6), Uint8Array.of(127, 0, 0, 1), u16(port));
  const all = concat(head, createHash("sha256").update(head).digest().subarray(0, 4));
  let bits = [...all].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  bits = bits.padEnd(Math.ceil(bits.length / 5) * 5, "0");
  const groups = bits.match(/.{5}/g) ?? [];
  return "ultra1" + groups.map((group) => ALPHABET[parseInt(group, 2)]).join("");
}

// Flights.

export interface HelloFields {
  readonly versions?: readonly number[];
  readonly token: Uint8Array;
  /** 0 the dialer sends, 1 the dialer receives. */
  readonly direction: number;
  readonly purpose?: number;
  readonly secretKind?: number;
  readonly nonce?: Uint8Array;
}

export function secretId(token: Uint8Array): Bytes {
  return new Uint8Array(createHmac("sha256", token).update("id").digest()).slice(0, 8);
}

function helloStart(versions: readonly number[]): Bytes {
  return concat(new TextEncoder().encode("ULTR"), u8(versions.length), ...versions.map(u16));
}

function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

export function dialerHello(fields: HelloFields): Bytes {
  return message(
    "dialer-hello",
    helloStart(fields.versions ?? [VERSION]),
    u8(0),
    u32(65_536),
    u16(256),
    fields.nonce ?? random(32),
    u8(fields.purpose ?? 0),
    u8(fields.direction),
    u8(fields.secretKind ?? 0),
    secretId(fields.token),
    u16(0),
    u16(0),
  );
}

export function listenerHello(versions: readonly number[] = [VERSION], chosen = VERSION): Bytes {
  return message("listener-hello", helloStart(versions), u16(chosen), u8(0), u32(65_536), u16(256), random(32), u16(0));
}

/** The versions that a listener-hello lists, and the one it chose. */
export function readListenerHello(body: Bytes): { readonly versions: readonly number[]; readonly chosen: number } {
  const view = new DataView(body.buffer, body.byteOffset);
  const count = view.getUint8(4);
  const versions = Array.from({ length: count }, (_, index) => view.getUint16(5 + 2 * index, true));
  return { versions, chosen: view.getUint16(5 + 2 * count, true) };
}

export interface ProofFields {
  readonly alpn: string;
  /** SHA-256 of the whole certificate. */
  readonly certificate: Uint8Array;
  readonly token: Uint8Array;
  readonly dialerHello: Uint8Array;
  readonly listenerHello: Uint8Array;
}

function transcriptOf(fields: ProofFields): Uint8Array {
  return createHash("sha256")
    .update(concat(u8(fields.alpn.length), new TextEncoder().encode(fields.alpn), fields.certificate))
    .update(concat(u32(fields.dialerHello.length), fields.dialerHello))
    .update(concat(u32(fields.listenerHello.length), fields.listenerHello))
    .digest();
}

function keyOf(label: string, fields: ProofFields): Bytes {
  return new Uint8Array(hkdfSync("sha256", fields.token, transcriptOf(fields), `ultra/1 ${label}`, 32));
}

/** The 32 bytes with which a side proves the token. */
export function proofOf(side: "dialer" | "listener", fields: ProofFields): Bytes {
  return new Uint8Array(createHmac("sha256", keyOf(side, fields)).update(transcriptOf(fields)).digest());
}

/** The secret with which further connections join. */
export function sessionKeyOf(fields: ProofFields): Bytes {
  return keyOf("session", fields);
}

// After proof.

export const KINDS = { file: 0, folder: 1, link: 2, hardLink: 3 } as const;

export interface WireEntry {
  readonly path: string | Uint8Array;
  readonly kind?: number;
  readonly size?: number | bigint;
  /** As much as the size unless it is told. */
  readonly data?: number | bigint;
  readonly flags?: number;
  readonly mode?: number;
  /** The fields of its extension: {@linkcode targetField}, {@linkcode linkedToField}. */
  readonly extension?: Uint8Array;
}

/** @param transfer its number on the link */
export function offer(name = "hostile", lanes = 1, size: number | bigint = 1, transfer = 1): Bytes {
  return message("offer", u32(transfer), string("host"), string(name), u64(size), u16(lanes), u16(0));
}

export function accept(lanes = 1, transfer = 1): Bytes {
  return message("accept", u32(transfer), string("host"), u16(lanes), u16(0));
}

export function position(transfer: number): Bytes {
  return message("position", u32(transfer), u32(0), u8(0));
}

export function entry(fields: WireEntry): Bytes {
  const { path, kind = KINDS.file, flags = 0, mode = 0o600, extension = new Uint8Array(0) } = fields;
  const size = fields.size ?? (kind === KINDS.file ? 1 : 0);
  const name = typeof path === "string" ? string(path) : sized(path);
  const start = concat(u8(kind), u8(flags), u16(mode), u64(size), u64(fields.data ?? size));
  return concat(start, u64(0), u32(0), new Uint8Array(16), name, sized(extension));
}

function sized(bytes: Uint8Array): Bytes {
  return concat(u16(bytes.length), bytes);
}

/** Where a link leads. */
export function targetField(target: string | Uint8Array): Bytes {
  return concat(u8(1), typeof target === "string" ? string(target) : sized(target));
}

/** The entry of which a hard link is another name. */
export function linkedToField(entry: number): Bytes {
  return concat(u8(2), u16(4), u32(entry));
}

export function link(path: string, target: string | Uint8Array): WireEntry {
  return { path, kind: KINDS.link, mode: 0o777, extension: targetField(target) };
}

export function hardLink(path: string, to: number): WireEntry {
  return { path, kind: KINDS.hardLink, extension: linkedToField(to) };
}

export function page(first: number, ...entries: readonly WireEntry[]): Bytes {
  return message("page", u32(first), u16(entries.length), ...entries.map(entry));
}

export function pagesEnd(entries: number, bytes: number): Bytes {
  return message("pages-end", u32(entries), u64(bytes));
}

export function abort(kind: number, text: string): Bytes {
  return message("abort", u8(kind), string(text));
}

// Lanes.

export function preface(lane: number, transfer = 1): Bytes {
  return concat(new TextEncoder().encode("ULTL"), u16(lane), u16(0), u32(transfer));
}

export interface WireFrame {
  readonly entry: number;
  /** Bytes of the block; of {@linkcode holes} how many. */
  readonly length: number;
  readonly block: number | bigint;
  readonly encoding?: number;
  /** 1: sealed, and the value is the root of the file. */
  readonly flags?: number;
  readonly payload?: Uint8Array;
  readonly value?: Uint8Array;
}

function frameHeader({ entry, length, block, encoding = 0, flags = 0 }: WireFrame): Bytes {
  return concat(u32(entry), u32(length), u64(block), u8(encoding), u8(flags), new Uint8Array(6));
}

/** A frame; without a right value it is damaged. */
export function frame(fields: WireFrame): Bytes {
  const { length, payload, value } = fields;
  return concat(frameHeader(fields), payload ?? new Uint8Array(length), value ?? new Uint8Array(32));
}

/** A run of holes: a header alone. */
export function holes(fields: Omit<WireFrame, "encoding" | "payload" | "value">): Bytes {
  return frameHeader({ ...fields, encoding: 1 });
}

/** How a lane of the older format begins. */
export function streamPreface(stream: number, transfer = 1): Bytes {
  return concat(new TextEncoder().encode("BLZ1"), u16(stream), u16(0), u32(transfer));
}

export interface WirePiece {
  readonly entry: number;
  readonly offset: number | bigint;
  /** That of the payload unless another one is claimed. */
  readonly length?: number;
  readonly payload: Uint8Array;
}

/** A piece of the older format. */
export function piece({ entry, offset, payload, length = payload.length }: WirePiece): Bytes {
  return concat(u32(entry), u32(length), u64(offset), payload);
}

/** All its 55 numbers are the same. */
export function report(value: number | bigint): Bytes {
  return message("report", ...Array.from({ length: 55 }, () => u64(value)), u16(0));
}

/** What is left out: one count, and names of the same reason. */
export function leftOut(
  { reason, count }: { readonly reason: number; readonly count: number },
  ...names: string[]
): Bytes {
  const named = names.map((name) => concat(u8(reason), string(name)));
  return message("left-out", u8(1), u8(reason), u32(count), u8(names.length), ...named, u16(0));
}

/**
 * A body for each message that its decoder takes, so that only the moment is wrong.
 *
 * @param kind of a `fail`, `failed` or `abort`
 */
export function wellFormed(name: Name, token: Uint8Array, kind = 5): Bytes {
  switch (name) {
    case "dialer-hello":
      return dialerHello({ token, direction: 0 });
    case "listener-hello":
      return listenerHello();
    case "proof":
      return message(name, new Uint8Array(32));
    case "request":
      return message(name, u8(1), u16(0), u16(0));
    case "offer":
      return offer();
    case "accept":
      return accept();
    case "page":
      return page(0, { path: "early" });
    case "pages-end":
      return pagesEnd(0, 0);
    case "need":
      return message(name, u16(1), u8(0), u32(0), u32(1), u64(0), u64(0));
    case "held":
      return message(name, u32(0), u64(0), u16(1), new Uint8Array(32));
    case "verified":
      return message(name, u16(1), u32(0), u32(1), u64(0), u64(1));
    case "seal":
      return message(name, u16(1), u32(0), u64(1), new Uint8Array(32));
    case "fail":
    case "failed":
      return message(name, u32(0), u8(kind), string("x"));
    case "committed":
      return message(name, u16(1), u32(0), u32(1));
    case "done":
      return message(name, new Uint8Array(32), u32(1), u32(0), u32(0), u32(0));
    case "abort":
      return abort(kind, "x");
    case "position":
      return position(1);
    case "want-connections":
      return message(name, u16(1));
    case "report":
      return report(1);
    case "left-out":
      return leftOut({ reason: 8, count: 1 }, "x");
    case "test-phase":
      return message(name, u8(0), u8(0), u8(0), u64(1), u8(0), u8(0), u16(0));
    case "bye":
    case "heartbeat":
      return message(name);
  }
}
