/**
 * The one word that lets two sides find and trust each other: where to dial, which certificate to expect, and a secret.
 *
 * A ticket is a secret as a whole. No error here repeats any part of it.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { UltraError } from "../base/errors.ts";
import { formatIp, parseIp } from "../base/addresses.ts";
import { decodeBase32, encodeBase32 } from "./base32.ts";
import { checkRange, encodeUtf8, Reader, refusal, Writer } from "./bytes.ts";
import { HASH_LEN, MAX_HINTS, MAX_TICKET_CHARS, PIN_LEN, TOKEN_LEN } from "./limits.ts";

/** What the maker of a ticket does; `identity`: whatever a process with that identity does, which is not known when the ticket is made. */
export type TicketRole = "send" | "receive" | "serve" | "test" | "identity";

/** What a ticket is for, where it is not for everything that its maker does: to fetch files, or to bring some. */
export type TicketUse = "read" | "write";

/** Where the maker of a ticket may be reached. */
export type TicketHint =
  /** An IPv4 or IPv6 address, IPv6 as RFC 5952 has it when it comes from {@linkcode parseTicket}. */
  | { readonly type: "address"; readonly address: string; readonly port: number }
  | { readonly type: "name"; readonly name: string; readonly port: number };

export interface Ticket {
  readonly role: TicketRole;
  /** Whether it may be used more than once. */
  readonly longLived: boolean;
  /** The SHA-256 of the maker's certificate, whole where the ticket is long-lived; otherwise its first 16 bytes. */
  readonly pin: Uint8Array;
  /** 16 secret bytes. */
  readonly token: Uint8Array;
  /** At least one, best first. */
  readonly hints: readonly TicketHint[];
  /** Absent: everything. It is for its holder to know; what a ticket opens is what its maker has written down. */
  readonly use?: TicketUse;
}

/**
 * What every ticket begins with; the digit changes when the bytes behind it stop being base32 with a check at the end.
 */
const PREFIX = "ultra1";

/** Version of the bytes. */
const VERSION = 1;

const ROLES: readonly TicketRole[] = ["send", "receive", "serve", "test", "identity"];

/** Flag of a ticket that may be used more than once. */
const LONG_LIVED = 1;

/** Flag of a ticket with the whole SHA-256: whoever could make another certificate with its first half has years for it. */
const WHOLE_PIN = 2;

/** Flags of a ticket that is for one thing alone; both at once are of a newer version. */
const USES: Readonly<Record<TicketUse, number>> = { read: 4, write: 8 };

const KNOWN_FLAGS = LONG_LIVED | WHOLE_PIN | USES.read | USES.write;

/** Bytes of the check: one mistyped ticket in four billion passes, and then fails to prove. */
const CHECK_LEN = 4;

/** Bytes of a ticket without pin and hints: version, role, flags, token, count of hints, check. */
const BASE_LEN = 3 + TOKEN_LEN + 1 + CHECK_LEN;

const HINT_IPV4 = 1;
const HINT_IPV6 = 2;
const HINT_NAME = 3;

/** Host names are plain ASCII (others travel as punycode), at most 253 characters in DNS. */
const HOST_NAME = /^[A-Za-z0-9._-]{1,253}$/;

/**
 * The text of a ticket.
 *
 * @throws {UltraError} `internal` when the ticket is out of its limits; {@linkcode hintsThatFit} keeps the hints within
 */
export function encodeTicket(ticket: Ticket): string {
  const writer = new Writer();
  writer.u8(VERSION, "version");
  writer.word(ticket.role, ROLES, "role");
  const isWhole = ticket.pin.length === HASH_LEN;
  const use = ticket.use === undefined ? 0 : USES[ticket.use];
  writer.u8((ticket.longLived ? LONG_LIVED : 0) | (isWhole ? WHOLE_PIN : 0) | use, "flags");
  writer.fixed(ticket.pin, isWhole ? HASH_LEN : PIN_LEN, "pin");
  writer.fixed(ticket.token, TOKEN_LEN, "token");
  checkRange(ticket.hints.length, 1, MAX_HINTS, "number of hints");
  writer.u8(ticket.hints.length, "number of hints");
  for (const hint of ticket.hints) writer.bytes(encodeHint(hint));
  const bytes = writer.finish();
  const text = PREFIX + encodeBase32(Uint8Array.of(...bytes, ...checkOf(bytes)));
  if (text.length > MAX_TICKET_CHARS) throw refusal(`a ticket of over ${MAX_TICKET_CHARS} characters`);
  return text;
}

/** How much a ticket may hold. */
export interface TicketSize {
  readonly hints: number;
  readonly characters: number;
}

/** What the wire allows. */
export const LARGEST_TICKET: TicketSize = { hints: MAX_HINTS, characters: MAX_TICKET_CHARS };

/** What fits two lines of a terminal, and is copied without a mistake; a whole pin takes 26 characters more, and no hint's room. */
export function handyTicket(pinLength: number): TicketSize {
  return { hints: 3, characters: 120 + Math.ceil((pinLength - PIN_LEN) * 8 / 5) };
}

/** The hints that fit one ticket, in their order: a machine with many addresses has more than a ticket takes. */
export function hintsThatFit(
  hints: readonly TicketHint[],
  pinLength = PIN_LEN,
  size: TicketSize = LARGEST_TICKET,
): TicketHint[] {
  const fitting: TicketHint[] = [];
  let room = bytesIn(size.characters) - BASE_LEN - pinLength;
  for (const hint of hints) {
    const length = encodeHint(hint).length;
    if (fitting.length === size.hints || length > room) continue;
    fitting.push(hint);
    room -= length;
  }
  return fitting;
}

/** A word that is meant as a ticket, whether or not it is whole. */
const WORD = /^ultra[1-9][a-z0-9]{20,}$/i;

/** As much of a ticket as holds its secret, and not the name of a file in a folder. */
const SECRET = /(?<!\/)ultra1[a-z2-7]{50,}/i;

/** A ticket of the shortest length, when white space that a terminal or a mail program put into it is gone. */
const UNWRAPPED = /ultra1[a-z2-7]{77,}/i;

/** Whether a text can only be meant as a ticket, right or mistyped. */
export function isTicketWord(text: string): boolean {
  return WORD.test(text.trim()) || (WORD.test(withoutSpace(text)) && holdsTicket(text));
}

/** Whether a text has a ticket in it, other than as the name of a file in a folder (`./ultra1...`). */
export function holdsTicket(text: string): boolean {
  return SECRET.test(text) || UNWRAPPED.test(withoutSpace(text).replaceAll(/\/ultra1/gi, "/"));
}

/**
 * A text that may be shown and logged. Whatever follows the prefix goes, also with separators, invisible or wrong characters in it; it stops at
 * what separates words and JSON's fields. So does every run of a ticket's letters that is long enough for its secret, wherever the ticket was cut
 * and whatever stands right before it: rather a strange name is shown shortened than a secret whole.
 */
export function withoutTickets(text: string): string {
  return text.replaceAll(/(ultra[1-9])(?:[^a-z0-9\s"',:;]{0,3}[a-z0-9]){20,}/gi, "$1[ticket]")
    .replaceAll(ESCAPE_OR_RUN, (found) => isPartOfTicket(found) ? "[ticket]" : found);
}

/** A run that may hold a secret; an escape of JSON or of ours goes by itself, so that no half of one is left. */
const ESCAPE_OR_RUN = /\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|.)|[a-z2-7]{40,}/gi;

/** Of 40 random letters of base32 all but one in 5,000 have a digit, so runs without one are names; and none is a hash in hex. */
function isPartOfTicket(run: string): boolean {
  return !run.startsWith("\\") && /[2-7]/.test(run) && /[g-z]/i.test(run);
}

/** The refusal of a ticket that is not what its maker wrote. */
export function cutOff(): UltraError {
  return refused("This ticket is mistyped or cut off; copy the whole of it again");
}

/** The refusal of a text in which {@linkcode holdsTicket} found one. */
export function notBare(): UltraError {
  return refused("This looks like a ticket with something around it; give the bare word that begins with ultra1");
}

/**
 * Reads a ticket as it was typed, pasted or scanned: with white space around it and inside it, or in upper case.
 *
 * @throws {UltraError} `usage` with what is wrong, never with the ticket
 */
export function parseTicket(text: string): Ticket {
  const word = withoutSpace(text);
  if (!/^ultra[1-9][a-z0-9]*$/i.test(word) && holdsTicket(text)) throw notBare();
  if (/^ultra[2-9]/i.test(word)) throw newer();
  if (word.slice(0, PREFIX.length).toLowerCase() !== PREFIX) {
    throw refused(`This is not a ticket: tickets start with "${PREFIX}"`);
  }
  if (word.length > MAX_TICKET_CHARS) {
    throw refused(`This ticket is too long: tickets have at most ${MAX_TICKET_CHARS} characters`);
  }
  const body = readChecked(word.slice(PREFIX.length));
  try {
    return readTicket(new Reader(body, "a ticket"));
  } catch (error) {
    // The check was right, so this is not a typing error: the ticket was made wrong.
    if (error instanceof UltraError && error.kind === "protocol") {
      throw refused("This ticket is not well formed; make a new one on the other side");
    }
    throw error;
  }
}

/** Decodes base32 and takes the check off. */
function readChecked(text: string): Uint8Array {
  // Tested before lowering: outside of ASCII there are letters whose lower case is an ASCII letter.
  const bytes = /^[a-z2-7]*$/i.test(text) ? decodeBase32(text.toLowerCase()) : undefined;
  const body = bytes?.subarray(0, -CHECK_LEN);
  const check = bytes?.subarray(-CHECK_LEN);
  if (body === undefined || check === undefined || body.length === 0 || !sameBytes(check, checkOf(body))) {
    throw cutOff();
  }
  return body;
}

function readTicket(reader: Reader): Ticket {
  if (reader.u8("version", 1) !== VERSION) throw newer();
  const role = ROLES[reader.u8("role")];
  const flags = reader.u8("flags");
  const bits = flags & (USES.read | USES.write);
  if (role === undefined || (flags & ~KNOWN_FLAGS) !== 0 || bits === (USES.read | USES.write)) throw newer();
  const pin = reader.bytes((flags & WHOLE_PIN) === 0 ? PIN_LEN : HASH_LEN);
  const token = reader.bytes(TOKEN_LEN);
  const hints: TicketHint[] = [];
  for (let left = reader.u8("number of hints", 1, MAX_HINTS); left > 0; left--) {
    const hint = readHint(reader);
    if (hint !== undefined) hints.push(hint);
  }
  reader.end();
  // All hints are of types that this version does not know.
  if (hints.length === 0) throw newer();
  const use = bits === 0 ? {} : { use: bits === USES.read ? "read" : "write" } as const;
  return { role, longLived: (flags & LONG_LIVED) !== 0, pin, token, hints, ...use };
}

function readHint(outer: Reader): TicketHint | undefined {
  const type = outer.u8("type of a hint");
  const reader = new Reader(outer.bytes(outer.u8("length of a hint")), "a hint");
  if (type !== HINT_IPV4 && type !== HINT_IPV6 && type !== HINT_NAME) return undefined;
  if (type === HINT_NAME) {
    const port = reader.u16("port");
    const name = String.fromCharCode(...reader.rest());
    if (!HOST_NAME.test(name)) throw reader.fault("a name that no host can have");
    return { type: "name", name, port };
  }
  const address = formatIp(reader.bytes(type === HINT_IPV4 ? 4 : 16));
  const port = reader.u16("port");
  reader.end();
  return { type: "address", address, port };
}

/** Type, length and bytes of a hint. */
function encodeHint(hint: TicketHint): Uint8Array {
  const writer = new Writer();
  if (hint.type === "name") {
    if (!HOST_NAME.test(hint.name)) throw refusal("a ticket with a name that no host can have");
    writer.u8(HINT_NAME, "type of a hint");
    writer.u8(2 + hint.name.length, "length of a hint");
    writer.u16(hint.port, "port");
    writer.bytes(encodeUtf8(hint.name));
  } else {
    const address = parseIp(hint.address);
    if (address === undefined) throw refusal("a ticket with an address that is none");
    writer.u8(address.length === 4 ? HINT_IPV4 : HINT_IPV6, "type of a hint");
    writer.u8(address.length + 2, "length of a hint");
    writer.bytes(address);
    writer.u16(hint.port, "port");
  }
  return writer.finish();
}

/** Most bytes of a ticket of so many characters. */
function bytesIn(characters: number): number {
  return Math.floor((characters - PREFIX.length) * 5 / 8);
}

function withoutSpace(text: string): string {
  return text.replaceAll(/\s+/g, "");
}

function checkOf(bytes: Uint8Array): Uint8Array {
  return sha256(bytes).subarray(0, CHECK_LEN);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function newer(): UltraError {
  return refused("This ticket was made by a newer version of ultra; update ultra on this side");
}

function refused(message: string): UltraError {
  return new UltraError("usage", message);
}
