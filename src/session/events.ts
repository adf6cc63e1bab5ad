/**
 * What a run tells its user, as one stream of events: numbers, parsed types and reasons. How they read is the business of `src/ui/`.
 *
 * A transfer's events carry its id. All texts may hold foreign names; they are escaped where they are shown.
 *
 * @module
 */

import type { Format } from "../auth/versions.ts";
import type { ErrorKind, UltraError } from "../base/errors.ts";
import type { ConnectionSettings } from "../engine/engine.ts";
import type { Existing, RestartReason, TransferId, Unkept } from "../protocol/words.ts";
import type { Context } from "../link/context.ts";
import type { Leftover } from "../link/hub.ts";
import type { Role } from "../meet/direction.ts";
import type { MeetEvent, MeetPhase, TicketFileWarning } from "../meet/events.ts";
import type { EntryKind, LeftOutName, LeftOutReason, RequestKind } from "../protocol/messages.ts";
import type { Progress } from "../transfer/outcome.ts";
import type { Verdict } from "../verdict/finding.ts";

export type RunEvent = MeetEvent | (TransferEvent & OfTransfer) | CommandEvent;

/** Whose an event is. */
export interface OfTransfer {
  readonly transfer: TransferId;
  /** Which client of a lasting listener it is about, where there may be several at the same time. */
  readonly client?: Client;
}

/** Counts the clients of a listener, from 1. */
export type ClientId = number;

export interface Client {
  readonly id: ClientId;
  /** Its address. */
  readonly remote: string;
  /** The label of its ticket, if that is a further one. */
  readonly ticket?: string | undefined;
}

/** How a client's conversation ended. */
export interface ClientEnd extends Client {
  /** The exit code that this side would have for it. */
  readonly code: number;
  /** Why it failed; `undefined`: it did not, though files of it may have. */
  readonly error: UltraError | undefined;
  /** Where it failed: `door`, it was not let in. */
  readonly at: "here" | "peer" | "door";
}

/** What transfers need of the world. */
export type RunContext = Context<RunEvent>;

/** What a run is busy with. */
export type RunPhase = "waiting" | "watching" | MeetPhase | TransferPhase;

/** What a transfer is busy with. */
export type TransferPhase = "listing" | "moving" | "committing" | "confirming";

export type TransferEvent =
  /** Told when it changes. */
  | { readonly type: "phase"; readonly phase: TransferPhase }
  /** A transfer begins; progress counts from here. */
  | { readonly type: "started"; readonly start: TransferStart }
  | { readonly type: "config"; readonly config: TransferConfig }
  /** All streams of the first connection are open. */
  | { readonly type: "opened"; readonly streams: number }
  | { readonly type: "added"; readonly added: AddedConnection }
  /** A connection of the transfer is in use. */
  | { readonly type: "settings"; readonly reported: ReportedSettings }
  /** Some 20 times a second, also when nothing changed, and at the beginning and the end; never for each file or block. */
  | { readonly type: "progress"; readonly progress: Progress }
  /** Nothing is heard of the other side. Told once, before the connection counts as lost. */
  | { readonly type: "stalled"; readonly silentMs: number }
  /** The connection is lost, and another one is waited for. */
  | { readonly type: "connection-lost"; readonly error: UltraError; readonly retryForMs: number }
  /** The other side is heard again, on the same connection or on a new one. */
  | { readonly type: "returned"; readonly lostMs: number; readonly connection: "same" | "new" }
  /** The other side was started again: this transfer is over, and the next one goes on with what is there. */
  | { readonly type: "peer-restarted" }
  | { readonly type: "file-failed"; readonly failure: FileFailure }
  /** A file was deleted or replaced while it was sent. What was opened is complete, and is what the receiver has. */
  | { readonly type: "name-lost"; readonly path: string | undefined }
  /** A file begins anew, although an earlier run left something of it. */
  | { readonly type: "restarted"; readonly restarted: RestartedFile }
  /** Parts of other transfers, which were interrupted, lie in the folders that got files. */
  | { readonly type: "left-over"; readonly leftOver: LeftOver }
  /** What the file system of the folder refused to keep of anything. */
  | { readonly type: "unkept"; readonly unkept: Unkept; readonly folder: string }
  /** What the sender's user wanted to keep, and what could not be read of anything, or is too much for an entry. */
  | { readonly type: "unsent"; readonly unsent: Unkept }
  | { readonly type: "complete"; readonly facts: TransferFacts };

/** What a command tells before, between and after its transfers. */
export type CommandEvent =
  /** A listener waits for the other side. */
  | { readonly type: "phase"; readonly phase: "waiting" | "watching" }
  | { readonly type: "ticket"; readonly ticket: TicketNotice }
  /** Bytes that windows and buffers may take in this run: more than usual, because the user wanted it so. */
  | { readonly type: "memory-bound"; readonly bytes: number }
  /** A waiting sender knows what it is going to offer; no receiver has come yet. */
  | { readonly type: "offering"; readonly offered: OfferedFiles }
  /** A receiver waits; what arrives will be in this folder, and that becomes of files that are there and differ. */
  | { readonly type: "receiving-into"; readonly folder: string; readonly existing: Existing }
  /** What arrived is on the clipboard: a text, or these files. */
  | { readonly type: "on-clipboard"; readonly content: "files" | "text"; readonly paths: readonly string[] }
  /** A folder is watched: what lies in it is sent when it has not changed for so long. */
  | {
    readonly type: "watching";
    readonly folder: string;
    readonly then: "keep" | "move" | "delete";
    readonly quietMs: number;
  }
  /** What could not be sent is tried again. */
  | { readonly type: "retrying"; readonly afterMs: number }
  /** What an earlier transfer left in a folder. */
  | { readonly type: "leftover"; readonly leftover: Leftover; readonly ageSeconds: number }
  /** All leftovers were told. */
  | { readonly type: "cleaned"; readonly cleaned: CleanedFolder }
  /** A lasting ticket, of an identity whose side waits on that port; `ticket`: what a further one is for. */
  | {
    readonly type: "lasting-ticket";
    readonly text: string;
    readonly port: number;
    readonly ticket: LastingTicket | undefined;
  }
  /** A run begins, of this version of the program. */
  | { readonly type: "version"; readonly program: string }
  /** One of the further tickets of an identity. */
  | { readonly type: "ticket-listed"; readonly ticket: LastingTicket; readonly isExpired: boolean }
  /** All of them were told. */
  | { readonly type: "tickets-listed"; readonly count: number }
  | { readonly type: "ticket-revoked"; readonly label: string }
  /** A listener goes on as the one that an earlier process was. */
  | { readonly type: "taken-up"; readonly taken: TakenUp }
  /** The names that are served; a listener waits for those who ask. */
  | { readonly type: "serving"; readonly served: ServedFolders }
  /** What a client wants. */
  | {
    readonly type: "asked";
    readonly remote: string;
    /** The label of its ticket; `undefined`: the one that the server has shown. */
    readonly ticket: string | undefined;
    readonly what: RequestKind;
    readonly paths: readonly string[];
  }
  /** A name of a list that was asked for. */
  | { readonly type: "listed"; readonly listed: ListedName }
  /** A client of a lasting listener has gone. */
  | { readonly type: "client-over"; readonly client: ClientEnd }
  /** Something the user may want to change. */
  | { readonly type: "warning"; readonly warning: Warning }
  /** Why the run, or one transfer of several, ends. What is not an `UltraError` is a bug. */
  | { readonly type: "error"; readonly error: unknown; readonly fromPeer: boolean }
  /** The run ends because the user or the system wants it to. */
  | { readonly type: "interrupted" }
  /** A line of `-v`, as `src/ui/log.ts` makes them. */
  | { readonly type: "debug"; readonly line: string }
  /** The last event. */
  | { readonly type: "exit"; readonly code: number };

export interface TicketNotice {
  readonly text: string;
  /** What its maker does. */
  readonly role: Role;
  /** Where it was written (`--ticket-out`): then it is shown nowhere else, so that no log holds it. */
  readonly file: string | undefined;
}

/** A further ticket of an identity, without its secret. */
export interface LastingTicket {
  readonly label: string;
  /** `undefined`: for both. */
  readonly use: "read" | "write" | undefined;
  /** `undefined`: for all that is served. */
  readonly under: string | undefined;
  /** By the clock on the wall, in milliseconds; `undefined`: never. */
  readonly expiresMs: number | undefined;
}

/** A transfer that an earlier process of the same command began. */
export interface TakenUp {
  /** What this side does. */
  readonly role: Role;
  /** Where the other side was. */
  readonly peer: string;
  /** By the clock on the wall, in milliseconds. */
  readonly beganMs: number;
  /** How far it had come; `undefined`: nobody could say when the earlier process ended. */
  readonly came?: {
    readonly files: number;
    readonly filesArrived: number;
    readonly hasMoved: boolean;
    /** More may have arrived: the earlier process was killed after it had noted this. */
    readonly isAtLeast?: true | undefined;
  } | undefined;
}

export type Warning =
  | TicketFileWarning
  /** Nothing can be written where the system keeps state, or another process that does the same has its place there. */
  | { readonly about: "nothing-kept"; readonly why: "in-use" | "unwritable" }
  /** Likewise: files that are confirmed and taken away are received once more when they are sent once more. */
  | { readonly about: "confirmed-not-kept" }
  /** A ticket that works more than once was typed as an argument, which the shell's history may keep. */
  | { readonly about: "long-lived-ticket-typed" }
  /** What lies in a watched folder and is neither a file nor a folder, or has a name of other bytes than UTF-8. */
  | { readonly about: "not-sent"; readonly name: string }
  /** What lies in a watched folder under the name of the folder for what has arrived, and is none. */
  | { readonly about: "no-place-for-sent"; readonly name: string }
  /** What has arrived cannot be taken out of the watched folder; that is tried again, and it is not sent again. */
  | { readonly about: "not-put-away"; readonly name: string; readonly why: string }
  /** A run that was killed while it replaced the file `name` has left its previous version; `""`: no file has its name. */
  | { readonly about: "previous-version"; readonly path: string; readonly name: string };

export interface ServedFolders {
  readonly names: readonly string[];
  /** Where what clients send is saved; `undefined`: nothing is taken. */
  readonly accept: string | undefined;
  readonly maxClients: number;
}

/** Something in a folder of the other side. */
export interface ListedName {
  /** What `get` takes for it. */
  readonly path: string;
  readonly kind: EntryKind;
  /** Of a file. */
  readonly bytes: number;
  readonly modifiedSeconds: number;
  /** Where a symbolic link leads. */
  readonly target?: string | undefined;
}

/** What became of the leftovers in a folder. */
export interface CleanedFolder {
  /** As it was typed. */
  readonly folder: string;
  /** Whether they were to be removed. */
  readonly remove: boolean;
  readonly count: number;
  readonly removed: number;
  /** What they occupy, or, of those that were removed, did. */
  readonly bytes: number;
  /** Why folders could not be searched. */
  readonly unread: readonly string[];
}

export interface TransferStart {
  readonly role: "send" | "receive";
  readonly name: string;
  /** `undefined` while they are not known. */
  readonly bytes: number | undefined;
}

export interface TransferConfig {
  readonly streams: number;
  readonly chunks: number;
  /** Of the largest chunk. */
  readonly chunkBytes: number;
  /** Whether all chunks are of that size, but for the last one of a file. */
  readonly isEven: boolean;
}

/** A further connection of a transfer. */
export interface AddedConnection {
  /** Its number; the first connection is 1. */
  readonly connection: number;
  /** The streams that run on it. */
  readonly streams: number;
}

/** The settings that QUIC reports of a connection, whatever it was given. */
export interface ReportedSettings {
  /** Its number; the first connection is 1. */
  readonly connection: number;
  readonly settings: ConnectionSettings;
}

export interface FileFailure {
  /** `undefined`: the engine does not know it any more. */
  readonly path: string | undefined;
  readonly kind: ErrorKind;
  readonly text: string;
}

export interface RestartedFile {
  /** `undefined`: the engine does not know it any more. */
  readonly path: string | undefined;
  readonly why: RestartReason;
}

export interface LeftOver {
  readonly parts: number;
  /** What they occupy on the disk. */
  readonly bytes: number;
  /** The folder that they are in, or below, as an absolute path. */
  readonly folder: string;
}

/** What a sender that waits has to offer. */
export interface OfferedFiles {
  readonly files: number;
  readonly bytes: number;
  /** What the walk left out against the user's will. */
  readonly leftOut: number;
}

/** What became of a transfer. */
export interface TransferFacts {
  readonly role: "send" | "receive";
  /** How files travelled: in the older one nothing was verified before the whole file was there. */
  readonly format: Format;
  /** The one thing at the top level; `undefined` when there are several. */
  readonly name: string | undefined;
  /** Where that is now, or the folder that holds everything; `undefined` on the side that sends, and of a text that goes on the clipboard. */
  readonly savedTo: string | undefined;
  /** Files that arrived in this transfer. */
  readonly files: number;
  /** Their bytes. */
  readonly bytes: number;
  /** Those of `bytes` that an earlier run had received, and that did not travel again. */
  readonly resumedBytes: number;
  readonly seconds: number;
  /** BLAKE3 of the file when there was one. */
  readonly fileRoot: Uint8Array | undefined;
  readonly transferRoot: Uint8Array;
  readonly resentBytes: number;
  /** What the receiver had already. */
  readonly presentFiles: number;
  /** Of these, files that were confirmed in an earlier transfer and are there no more. Only their receiver knows. */
  readonly confirmedFiles: number;
  readonly presentBytes: number;
  /** The first of them; `failedCount` is how many there were. */
  readonly failed: readonly FileFailure[];
  readonly failedCount: number;
  /** The first of what was left out on either side; `leftOutCount` is how much is missing so against the users' will. */
  readonly leftOut: readonly LeftOutName[];
  readonly leftOutCount: number;
  /** All that was left out, by reason. */
  readonly leftOutReasons: Readonly<Partial<Record<LeftOutReason, number>>>;
  /** Whether the user takes what is left out for no failure. */
  readonly isLeftOutAccepted: boolean;
  /** Whether everything is on stable storage. */
  readonly durable: boolean;
  /** The user did not want to wait for the disk. */
  readonly noSync: boolean;
  /** What limited its speed. */
  readonly verdict: Verdict;
}
