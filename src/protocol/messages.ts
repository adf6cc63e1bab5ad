/**
 * The messages of the control stream, as the rest of `ultra` sees them: decoded, in range, of known type.
 *
 * The bytes are in `docs/protocol.md`; `encode.ts` and `decode.ts` are their two directions.
 *
 * @module
 */

import type { ErrorKind } from "../base/errors.ts";
import type { ReportNumbers } from "./report.ts";

/** Number of an entry in its manifest, from 0. */
export type EntryId = number;

/** Number of a block in its file, from 0; below 2^33, exact in a `number`. */
export type BlockIndex = number;

/** What a joining connection wants. */
export type Purpose = "new" | "add" | "replace";

/** Which way the bytes of a transfer go, seen from the dialer. */
export type Direction = "dialer-sends" | "dialer-receives" | "test";

/** Which secret a hello refers to. */
export type SecretKind = "token" | "session" | "code";

/** What both hellos state about their maker. */
interface Hello {
  /** Protocol versions, most preferred first. */
  readonly versions: readonly number[];
  /** Names of optional abilities; unknown ones are ignored. */
  readonly features: readonly string[];
  /** Longest message body that its maker takes, in bytes. */
  readonly maxBody: number;
  /** Most lanes that its maker takes. */
  readonly maxLanes: number;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
}

export interface DialerHello extends Hello {
  readonly type: "dialer-hello";
  readonly purpose: Purpose;
  readonly direction: Direction;
  readonly secretKind: SecretKind;
  /** 8 bytes that name the secret without giving it away. */
  readonly secretId: Uint8Array;
  /** Opaque to all but the kind of secret, at most 1,024 bytes. */
  readonly secretData: Uint8Array;
}

export interface ListenerHello extends Hello {
  readonly type: "listener-hello";
  /** The version both will speak; 0 when there is none in common. */
  readonly chosen: number;
}

export interface Proof {
  readonly type: "proof";
  /** 32 bytes. */
  readonly proof: Uint8Array;
}

/** What a receiver asks for: to be offered what is at some paths, or to be told the names at one. */
export type RequestKind = "paths" | "list";

/** Says what the receiver wants. It comes before the offer that answers it, or in place of one. */
export interface Request {
  readonly type: "request";
  readonly what: RequestKind;
  readonly paths: readonly string[];
}

export interface Offer {
  readonly type: "offer";
  /** The number of the transfer on its link, from 1. Transfers on a link come strictly one after the other. */
  readonly transfer: number;
  /** Name of the sender's host. */
  readonly host: string;
  /** What the transfer is called: a file's name, or "3 items". */
  readonly name: string;
  /** Bytes of all files, where known beforehand. */
  readonly totalSize: number | undefined;
  readonly lanes: number;
  /** What it is when it is no files: the text of a clipboard, as its one file. In `extra`, so that versions that do not know it get a file. */
  readonly content?: "text";
}

export interface Accept {
  readonly type: "accept";
  readonly transfer: number;
  readonly host: string;
  readonly lanes: number;
}

export interface PageMessage {
  readonly type: "page";
  readonly first: EntryId;
  readonly count: number;
  /** The encoded entries, for `pages.ts`; already wire-ready when they come from the walk. */
  readonly entries: Uint8Array;
}

export interface PagesEnd {
  readonly type: "pages-end";
  readonly entries: number;
  readonly bytes: number;
}

/** What the receiver wants of a run of entries, or of some blocks of one. */
export type NeedItem =
  | { readonly what: "all" | "present" | "skipped"; readonly entry: EntryId; readonly entries: number }
  | { readonly what: "blocks"; readonly entry: EntryId; readonly first: BlockIndex; readonly count: number };

export interface Need {
  readonly type: "need";
  readonly items: readonly NeedItem[];
}

export interface Held {
  readonly type: "held";
  readonly entry: EntryId;
  readonly first: BlockIndex;
  /** 32 bytes for each block. */
  readonly values: Uint8Array;
}

export interface BlockRun {
  readonly entry: EntryId;
  readonly first: BlockIndex;
  readonly count: number;
}

/** Verified blocks of one entry, or all blocks of a run of entries. */
export type VerifiedItem =
  | { readonly what: "all"; readonly entry: EntryId; readonly entries: number }
  | ({ readonly what: "blocks" } & BlockRun);

export interface Verified {
  readonly type: "verified";
  readonly items: readonly VerifiedItem[];
}

export interface SealItem {
  readonly entry: EntryId;
  readonly size: number;
  /** 32 bytes: what `b3sum` prints for the file. */
  readonly root: Uint8Array;
}

export interface Seal {
  readonly type: "seal";
  readonly items: readonly SealItem[];
}

/** `fail` comes from the sender, `failed` from the receiver. */
export interface Failure {
  readonly type: "fail" | "failed";
  readonly entry: EntryId;
  readonly kind: ErrorKind;
  readonly text: string;
}

export interface EntryRun {
  readonly first: EntryId;
  readonly count: number;
}

export interface Committed {
  readonly type: "committed";
  readonly runs: readonly EntryRun[];
}

export interface Done {
  readonly type: "done";
  /** 32 bytes over all entries; see `docs/protocol.md`. */
  readonly transferRoot: Uint8Array;
  readonly committed: number;
  readonly present: number;
  readonly skipped: number;
  readonly failed: number;
}

export interface Bye {
  readonly type: "bye";
}

export interface Abort {
  readonly type: "abort";
  readonly kind: ErrorKind;
  readonly text: string;
}

export interface Heartbeat {
  readonly type: "heartbeat";
}

export interface Position {
  readonly type: "position";
  readonly transfer: number;
  readonly entries: number;
  readonly end: boolean;
}

export interface WantConnections {
  readonly type: "want-connections";
  readonly connections: number;
}

/** What its sender counted; without critical bit, as nothing depends on it. */
export interface Report {
  readonly type: "report";
  readonly numbers: ReportNumbers;
}

/** Why something is left out. `chosen` and `kept` (another file is there): a user wanted it so; everything else is missing against the users' will. */
export type LeftOutReason =
  | "other"
  | "unreadable"
  | "not-utf8"
  | "backslash"
  | "control-character"
  | "reserved"
  | "too-long"
  | "special"
  | "link"
  | "vanished"
  | "hidden"
  | "name-refused"
  | "same-name"
  | "not-found"
  | "exists"
  | "busy"
  | "in-the-way"
  | "no-folder"
  | "unexaminable"
  | "first-name"
  | "link-target"
  | "link-nowhere"
  | "unsized"
  | "kept"
  | "chosen";

export interface LeftOutName {
  readonly reason: LeftOutReason;
  /** Maybe cut, maybe lossy: for people. */
  readonly path: string;
}

/** What one side leaves out of a transfer. */
export interface LeftOut {
  /** Exact. */
  readonly counts: readonly { readonly reason: LeftOutReason; readonly count: number }[];
  /** The first of them. */
  readonly names: readonly LeftOutName[];
}

/**
 * What its sender leaves out; without critical bit, so that an older peer skips it.
 *
 * Reasons are the numbers of `docs/protocol.md`, known or not: what a later version leaves out counts all the same.
 */
export interface LeftOutMessage {
  readonly type: "left-out";
  readonly counts: readonly { readonly reason: number; readonly count: number }[];
  readonly names: readonly { readonly reason: number; readonly path: string }[];
}

/** Who of the two moves bytes in a phase of a test. */
export type TestSide = "dialer" | "listener";

/** Where bytes of a test come from and go to. */
export type TestPlace = "memory" | "disk";

/** What the dialer of a test says first on each connection: which transfer comes now. */
export interface TestPhase {
  readonly type: "test-phase";
  readonly sender: TestSide;
  readonly from: TestPlace;
  readonly to: TestPlace;
  readonly size: number;
  /** Only to find a size: not shown. */
  readonly isProbe: boolean;
  /** No other phase follows. */
  readonly isLast: boolean;
}

/** The flights before proof. */
export type HandshakeMessage = DialerHello | ListenerHello | Proof;

/** Everything after proof. */
export type TransferMessage =
  | Request
  | Offer
  | Accept
  | PageMessage
  | PagesEnd
  | Need
  | Held
  | Verified
  | Seal
  | Failure
  | Committed
  | Done
  | Bye
  | Abort
  | Heartbeat
  | Position
  | WantConnections
  | Report
  | LeftOutMessage
  | TestPhase;

export type Message = HandshakeMessage | TransferMessage;

/** What an entry is: `link`, a symbolic link; `hardlink`, another name of a file of the same manifest. */
export type EntryKind = "file" | "folder" | "link" | "hardlink";

/** One entry of a page. */
export interface Entry {
  readonly kind: EntryKind;
  /** Bytes of a file; `undefined` when the source cannot know (a stream). 0 for everything else. */
  readonly size: number | undefined;
  /** Bytes of a file that are not in holes, as far as its source knows; at most its size. 0 for everything else. */
  readonly dataBytes: number;
  /** Permission bits, at most 0o777. */
  readonly mode: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanos: number;
  /** 16 opaque bytes that change when the source file changes. */
  readonly fingerprint: Uint8Array;
  /** As it stands on the wire: not yet a `SafePath`. */
  readonly path: string;
  /** Where a symbolic link leads; only links have it. */
  readonly target?: string;
  /** The file that a hard link is another name of; only hard links have it. */
  readonly linkedTo?: EntryId;
}
