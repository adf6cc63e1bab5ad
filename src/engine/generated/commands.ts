/**
 * Written by `native/engine/src/door/typescript.rs` from the declarations in `native/engine/src/core/`; do not edit.
 * `deno task generate` writes it anew.
 *
 * @module
 */

import type { BlockIndex, EntryId } from "../../protocol/messages.ts";
import type {
  ClipboardForm,
  ConnectionId,
  GrantId,
  LaneId,
  Leaving,
  ListenerId,
  SinkId,
  SourceId,
  TransferId,
} from "../../protocol/words.ts";
import type { ConnectionSettings } from "./blocks.ts";

/**
 * The peer has proved itself: it may open that many lanes, and its control stream is bounded by its window alone. It may
 * come again, with more lanes.
 */
export interface AdmitCommand {
  readonly type: "admit";
  readonly connection: ConnectionId;
  readonly lanes: number;
}

/** Frames of the connection's lanes go to this sink; lanes that were opened before wait for it. */
export interface AttachCommand {
  readonly type: "attach";
  readonly connection: ConnectionId;
  readonly sink: SinkId;
  /** The number of the transfer on its link; a lane of another one breaks the protocol. */
  readonly transfer: number;
}

/** Opens lanes with successive ids and numbers. */
export interface OpenLanesCommand {
  readonly type: "open-lanes";
  readonly connection: ConnectionId;
  readonly source: SourceId;
  readonly firstLane: LaneId;
  readonly firstNumber: number;
  readonly count: number;
  /** The number of the transfer on its link. */
  readonly transfer: number;
}

/** The lane is to send these blocks. */
export interface GrantCommand {
  readonly type: "grant";
  readonly lane: LaneId;
  readonly grant: GrantId;
  readonly entry: EntryId;
  readonly first: BlockIndex;
  readonly count: number;
}

/** Ends a lane after what it has sent. */
export interface FinishLaneCommand {
  readonly type: "finish-lane";
  readonly lane: LaneId;
}

/** These blocks are needed. */
export interface ExpectCommand {
  readonly type: "expect";
  readonly sink: SinkId;
  readonly entry: EntryId;
  readonly first: BlockIndex;
  readonly count: number;
}

/** A file that was sealed by a message. COMMITTED or ENTRY_FAILED follows. */
export interface CommitCommand {
  readonly type: "commit";
  readonly sink: SinkId;
  readonly entry: EntryId;
  readonly size: number;
  readonly root: Uint8Array;
}

/** FOLDERS_FINISHED or FOLDERS_FAILED follows. */
export interface FinishFoldersCommand {
  readonly type: "finish-folders";
  readonly sink: SinkId;
}

/** Gives an entry up. */
export interface AbandonCommand {
  readonly type: "abandon";
  readonly sink: SinkId;
  readonly entry: EntryId;
  /** What becomes of what has arrived of it. */
  readonly leaving: Leaving;
}

/** Frees a source or a sink. DISPOSED follows. */
export interface DisposeCommand {
  readonly type: "dispose";
  readonly transfer: TransferId;
  /** What becomes of what a sink did not commit. */
  readonly leaving: Leaving;
}

/** Closes a connection, once its control stream is acknowledged, or a listener. */
export interface CloseCommand {
  readonly type: "close";
  /** A connection or a listener. */
  readonly id: ConnectionId;
  /** An exit code. */
  readonly code: number;
}

/** Queues bytes on the control stream. */
export interface SendCommand {
  readonly type: "send";
  readonly connection: ConnectionId;
  readonly bytes: Uint8Array;
}

/**
 * Says which transfer a sink receives, so that an interrupted run of the same one is taken up. Before its first page.
 */
export interface BeginCommand {
  readonly type: "begin";
  readonly sink: SinkId;
  /** Whether something may be taken up, and left for a later run. */
  readonly resume: boolean;
  readonly transfer: string;
}

/** A checked page of the manifest; CHECKED follows. */
export interface PageCommand {
  readonly type: "page";
  readonly sink: SinkId;
  readonly first: EntryId;
  readonly count: number;
  readonly entries: Uint8Array;
}

/** Values of blocks that the receiver already holds, for the root. */
export interface ValuesCommand {
  readonly type: "values";
  readonly source: SourceId;
  readonly entry: EntryId;
  readonly first: BlockIndex;
  readonly values: Uint8Array;
}

/** Looks a host name up; RESOLVED follows. */
export interface ResolveCommand {
  readonly type: "resolve";
  readonly request: number;
  readonly name: string;
}

/** Dialers that come from now on get these settings; those that are there keep theirs. */
export interface RetuneCommand {
  readonly type: "retune";
  readonly listener: ListenerId;
  /** Those whose dialect has plain lanes; otherwise all others. */
  readonly plain: boolean;
  readonly settings: ConnectionSettings;
}

/** Closes everything; the wait ends once all events are delivered. */
export interface StopCommand {
  readonly type: "stop";
}

/** What all lanes of a source send at most from now on, over all connections; 0: no limit. */
export interface LimitRateCommand {
  readonly type: "limit-rate";
  readonly source: SourceId;
  readonly bytesPerSecond: number;
}

/** The lane is to send the files of one block among these entries, whole and sealed; others are passed over. */
export interface GrantEntriesCommand {
  readonly type: "grant-entries";
  readonly lane: LaneId;
  readonly grant: GrantId;
  readonly first: EntryId;
  readonly count: number;
}

/** The files of one block among these entries are needed, whole; others are passed over. */
export interface ExpectEntriesCommand {
  readonly type: "expect-entries";
  readonly sink: SinkId;
  readonly first: EntryId;
  readonly count: number;
}

/**
 * Files that have arrived, empty files, folders and links get their final names. COMMITTED or ENTRY_FAILED follows for each.
 */
export interface CommitEntriesCommand {
  readonly type: "commit-entries";
  readonly sink: SinkId;
  readonly first: EntryId;
  readonly count: number;
}

/** Looks for what transfers left in a folder. LEFTOVER follows for each, then CLEAN_END, or CLEAN_FAILED alone. */
export interface CleanCommand {
  readonly type: "clean";
  readonly request: number;
  /** Also in all folders below it. */
  readonly below: boolean;
  /** Removes what may be removed. */
  readonly remove: boolean;
  readonly folder: string;
}

/**
 * Looks what is on the user's clipboard. CLIPBOARD_READ or CLIPBOARD_FAILED follows; a text stays here, for a source.
 */
export interface ReadClipboardCommand {
  readonly type: "read-clipboard";
  readonly request: number;
}

/**
 * Puts files, or the text of the one file, on the user's clipboard; with NOTHING it is only looked whether that could be done.
 * CLIPBOARD_WRITTEN or CLIPBOARD_FAILED follows.
 */
export interface WriteClipboardCommand {
  readonly type: "write-clipboard";
  readonly request: number;
  readonly form: ClipboardForm;
  /** Of a text: with all control characters, and its last newline. */
  readonly raw: boolean;
  readonly paths: readonly string[];
}

/** These entries are over: what was kept for reading them again goes. */
export interface ReleaseCommand {
  readonly type: "release";
  readonly source: SourceId;
  readonly first: EntryId;
  readonly count: number;
}

/** Asks the system not to go to sleep, or no longer. Nothing happens where the system has no such thing. */
export interface StayAwakeCommand {
  readonly type: "stay-awake";
  readonly on: boolean;
}

export type Command =
  | AdmitCommand
  | AttachCommand
  | OpenLanesCommand
  | GrantCommand
  | FinishLaneCommand
  | ExpectCommand
  | CommitCommand
  | FinishFoldersCommand
  | AbandonCommand
  | DisposeCommand
  | CloseCommand
  | SendCommand
  | BeginCommand
  | PageCommand
  | ValuesCommand
  | ResolveCommand
  | RetuneCommand
  | StopCommand
  | LimitRateCommand
  | GrantEntriesCommand
  | ExpectEntriesCommand
  | CommitEntriesCommand
  | CleanCommand
  | ReadClipboardCommand
  | WriteClipboardCommand
  | ReleaseCommand
  | StayAwakeCommand;

/** A fresh P-256 key and certificate: 32 bytes SHA-256 of the DER, then the PKCS12 (AES, PBKDF2). */
export interface IdentityQuestion {
  readonly type: "identity";
}

/** The transfer root of a source or sink, 32 bytes. */
export interface RootQuestion {
  readonly type: "root";
  readonly transfer: TransferId;
  /** One byte for each entry. */
  readonly statuses: Uint8Array;
}

/** What an entry is called, for messages: its path in the transfer, or below the folder that receives. */
export interface NameQuestion {
  readonly type: "name";
  readonly transfer: TransferId;
  readonly entry: EntryId;
}

/** The root of a file that was sent, or was committed here, 32 bytes; nothing if it is not known. */
export interface EntryRootQuestion {
  readonly type: "entry-root";
  readonly transfer: TransferId;
  readonly entry: EntryId;
}

/** Bytes free for the user in the sink's file system, as a `u64`. */
export interface FreeSpaceQuestion {
  readonly type: "free-space";
  readonly sink: SinkId;
}

/**
 * The settings that QUIC itself reports of an open connection, as a block of ConnectionSettings. Waits for the connection's thread.
 */
export interface SettingsQuestion {
  readonly type: "settings";
  readonly connection: ConnectionId;
}

/** The machine's addresses on the routes that lead out, one a line; nothing is sent. */
export interface OutwardQuestion {
  readonly type: "outward";
}

export type Question =
  | IdentityQuestion
  | RootQuestion
  | NameQuestion
  | EntryRootQuestion
  | FreeSpaceQuestion
  | SettingsQuestion
  | OutwardQuestion;
