/**
 * The numbers that stand for words on the wire: one table for each, shared by encoders and decoders.
 *
 * @module
 */

import type { ErrorKind } from "../base/errors.ts";
import type {
  Direction,
  EntryKind,
  HandshakeMessage,
  LeftOutReason,
  Message,
  NeedItem,
  Purpose,
  RequestKind,
  SecretKind,
  TestPlace,
  TestSide,
  TransferMessage,
} from "./messages.ts";

/** The name of every message. */
export type MessageType = Message["type"];

/** Set in the code of a message that its reader must understand; without it an unknown message is skipped. */
export const CRITICAL_BIT = 0x8000;

/** Flights before proof. A peer that has proved nothing may send these and nothing else. */
const HANDSHAKE_CODES: Readonly<Record<HandshakeMessage["type"], number>> = {
  "dialer-hello": 0x8001,
  "listener-hello": 0x8002,
  "proof": 0x8003,
};

const TRANSFER_CODES: Readonly<Record<TransferMessage["type"], number>> = {
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
};

/** In the `extra` of an offer: it is the text of a clipboard. */
export const OFFERED_TEXT = 1;

/** The `u16` of each message, critical bit included. */
export const MESSAGE_CODES: Readonly<Record<MessageType, number>> = { ...HANDSHAKE_CODES, ...TRANSFER_CODES };

const TYPES_BY_CODE = invert(MESSAGE_CODES);

/** The message that a code stands for, or `undefined` for one of another version. Codes are compared whole. */
export function messageTypeOf(code: number): MessageType | undefined {
  return TYPES_BY_CODE.get(code);
}

/** Whether an unknown message of this code ends the transfer. */
export function isCritical(code: number): boolean {
  return (code & CRITICAL_BIT) !== 0;
}

/** Whether a message belongs to the flights before proof, and so is the only thing to accept there. */
export function isHandshake(message: Message): message is HandshakeMessage {
  return Object.hasOwn(HANDSHAKE_CODES, message.type);
}

/** The exit code of each kind of failure: also its `u8` on the wire and the QUIC close code. */
export const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  "internal": 1,
  "usage": 2,
  "disk": 4,
  "network": 5,
  "authentication": 6,
  "integrity": 7,
  "protocol": 8,
  "source-changed": 9,
};

/**
 * The QUIC close code of a side that was interrupted by a signal. Its `abort` says so too, but a busy peer may not have read that when
 * the connection closes.
 */
export const CLOSE_INTERRUPTED = 130;

/** The QUIC close code of a connection in a format that the listener's user does not want. */
export const CLOSE_OTHER_FORMAT = 133;

/** The QUIC close code of a connection whose place another one has taken: its transfer goes on. */
export const CLOSE_REPLACED = 132;

const KINDS_BY_EXIT_CODE = invert(EXIT_CODES);

/**
 * The kind of failure that an exit code stands for; `undefined` for success, partial success (3), signals and unknown
 * codes.
 */
export function errorKindOf(exitCode: number): ErrorKind | undefined {
  return KINDS_BY_EXIT_CODE.get(exitCode);
}

/** Purposes of a hello by their `u8`. */
export const PURPOSES: readonly Purpose[] = ["new", "add", "replace"];

/** Directions of a hello by their `u8`. */
export const DIRECTIONS: readonly Direction[] = ["dialer-sends", "dialer-receives", "test"];

/** Kinds of secrets by their `u8`. */
export const SECRET_KINDS: readonly SecretKind[] = ["token", "session", "code"];

/** What a request asks for by its `u8`. */
export const REQUESTS: readonly RequestKind[] = ["paths", "list"];

/** Kinds of needs by their `u8`. */
export const NEEDS: readonly NeedItem["what"][] = ["all", "present", "skipped", "blocks"];

/** Sides and places of a test by their `u8`. */
export const TEST_SIDES: readonly TestSide[] = ["dialer", "listener"];
export const TEST_PLACES: readonly TestPlace[] = ["memory", "disk"];

/** First `u8` of reasons by choice, of which this version tells no more apart. */
const CHOSEN = 0x80;

/** A file is there and stays, as the user of the receiver wants it. */
const KEPT = 0x81;

/** Reasons to leave something out by their `u8`; `other` is what this version does not know. */
const LEFT_OUT_REASONS: readonly LeftOutReason[] = [
  "other",
  "unreadable",
  "not-utf8",
  "backslash",
  "control-character",
  "reserved",
  "too-long",
  "special",
  "link",
  "vanished",
  "hidden",
  "name-refused",
  "same-name",
  "not-found",
  "exists",
  "busy",
  "in-the-way",
  "no-folder",
  "unexaminable",
  "first-name",
  "link-target",
  "link-nowhere",
  "unsized",
];

export function codeOfReason(reason: LeftOutReason): number {
  if (reason === "kept") return KEPT;
  return reason === "chosen" ? CHOSEN : LEFT_OUT_REASONS.indexOf(reason);
}

/** Any `u8` is a reason. */
export function reasonOfCode(code: number): LeftOutReason {
  if (code === KEPT) return "kept";
  return code >= CHOSEN ? "chosen" : LEFT_OUT_REASONS[code] ?? "other";
}

/** Kinds of entries by their `u8`. */
export const ENTRY_KINDS: readonly EntryKind[] = ["file", "folder", "link", "hardlink"];

function invert<Name extends string>(table: Readonly<Record<Name, number>>): ReadonlyMap<number, Name> {
  // The cast gives back what `Object.entries` forgets: the keys are exactly the names of the table.
  return new Map((Object.entries(table) as [Name, number][]).map(([name, code]) => [code, name]));
}
