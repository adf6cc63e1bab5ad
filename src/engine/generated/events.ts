/**
 * Written by `native/engine/src/door/typescript.rs` from the declarations in `native/engine/src/core/`; do not edit.
 * `deno task generate` writes it anew.
 *
 * @module
 */

import type { BlockIndex, EntryId, LeftOut } from "../../protocol/messages.ts";
import type {
  ClipboardFault,
  ClipboardForm,
  CloseCause,
  ConnectionId,
  FileFault,
  GrantId,
  LaneId,
  LeftoverKind,
  LeftoverState,
  ListenerId,
  RestartReason,
  SinkId,
  SourceId,
  TargetStatus,
  TransferId,
  Unkept,
} from "../../protocol/words.ts";

/** A listener is ready. */
export interface ListeningEvent {
  readonly type: "listening";
  readonly listener: ListenerId;
  readonly port: number;
  readonly address: string;
}

/** A dialer finished its handshake with a listener; it has proved nothing yet. */
export interface IncomingEvent {
  readonly type: "incoming";
  readonly listener: ListenerId;
  readonly connection: ConnectionId;
  readonly alpn: string;
  readonly remote: string;
}

/** A dialed connection is open, and its peer has the certificate that was asked for. */
export interface ConnectedEvent {
  readonly type: "connected";
  readonly connection: ConnectionId;
  readonly alpn: string;
  readonly remote: string;
  /** SHA-256 of the peer's certificate, 32 bytes. */
  readonly certificate: Uint8Array;
}

/** Bytes of the control stream. The peer may send more once they are taken. */
export interface ControlEvent {
  readonly type: "control";
  readonly connection: ConnectionId;
  readonly bytes: Uint8Array;
}

/** The last event of a connection. */
export interface ClosedEvent {
  readonly type: "closed";
  readonly connection: ConnectionId;
  readonly cause: CloseCause;
  /** The close code, or QUIC's status. */
  readonly code: number;
  readonly text: string;
}

export interface LaneOpenedEvent {
  readonly type: "lane-opened";
  readonly lane: LaneId;
  readonly connection: ConnectionId;
  /** The number that this side gave it; 0 for a lane from the peer. */
  readonly number: number;
}

/** A lane is gone, and so are its claims on blocks. */
export interface LaneClosedEvent {
  readonly type: "lane-closed";
  readonly lane: LaneId;
  readonly connection: ConnectionId;
  /** It ended in good order and was not reset. */
  readonly finished: boolean;
}

/** All blocks of a grant were read. */
export interface GrantReadEvent {
  readonly type: "grant-read";
  readonly lane: LaneId;
  readonly grant: GrantId;
  readonly entry: EntryId;
  readonly end: BlockIndex;
}

/** An entry cannot be read; told once. */
export interface ReadFailedEvent {
  readonly type: "read-failed";
  readonly source: SourceId;
  readonly entry: EntryId;
  readonly fault: FileFault;
  readonly text: string;
}

/** A page of the manifest. */
export interface PageEvent {
  readonly type: "page";
  readonly source: SourceId;
  readonly first: EntryId;
  readonly count: number;
  /** Bytes of the page's files. */
  readonly size: number;
  /** Moves the encoded entries out, at most once. The walk pauses while 64 pages are not taken. */
  readonly take: () => Uint8Array;
}

/** The walk is over. */
export interface WalkEndEvent {
  readonly type: "walk-end";
  readonly source: SourceId;
  readonly entries: number;
  readonly files: number;
  readonly size: number;
  /** What of owners, attributes and ACLs could not be read, or is too much for an entry, of anything. */
  readonly unkept: Unkept;
  readonly leftOut: LeftOut;
}

/** What is to be sent is there and can be opened; its walk begins. WALK_FAILED otherwise. */
export interface WalkBegunEvent {
  readonly type: "walk-begun";
  readonly source: SourceId;
}

export interface WalkFailedEvent {
  readonly type: "walk-failed";
  readonly source: SourceId;
  readonly fault: FileFault;
  readonly text: string;
}

/**
 * All blocks of a file were read, or the receiver holds them, and the file is what was read, if need be after it was read again; its BLAKE3
 * hash. Files of one block are sealed in their frames.
 */
export interface SealedEvent {
  readonly type: "sealed";
  readonly source: SourceId;
  readonly entry: EntryId;
  readonly size: number;
  readonly root: Uint8Array;
  /** It has no name any more, and was read from the open file. */
  readonly unlinked: boolean;
}

export interface SealFailedEvent {
  readonly type: "seal-failed";
  readonly source: SourceId;
  readonly entry: EntryId;
  readonly fault: FileFault;
  readonly text: string;
}

/** A page's entries were looked for on the disk. */
export interface CheckedEvent {
  readonly type: "checked";
  readonly sink: SinkId;
  readonly first: EntryId;
  readonly statuses: readonly TargetStatus[];
  /** Bytes free for the user in the sink's file system. */
  readonly freeSpace: number;
}

/** Values of blocks of a file that an earlier run received. TAKEN_UP follows the last of them, CHECKED that. */
export interface HeldEvent {
  readonly type: "held";
  readonly sink: SinkId;
  readonly entry: EntryId;
  readonly first: BlockIndex;
  readonly values: Uint8Array;
}

/** The part of an earlier run is gone on with. */
export interface TakenUpEvent {
  readonly type: "taken-up";
  readonly sink: SinkId;
  readonly entry: EntryId;
  /** Bytes that it occupies on the disk. */
  readonly occupied: number;
  /** The held blocks are in it. Otherwise they are read again: VERIFIED or STALE follows for each, behind CHECKED. */
  readonly isClean: boolean;
}

/** A file begins anew although something was left of it. Comes before CHECKED. */
export interface AnewEvent {
  readonly type: "anew";
  readonly sink: SinkId;
  readonly entry: EntryId;
  readonly why: RestartReason;
  /** Bytes of the old part, which become free. */
  readonly occupied: number;
}

/** A held block is not what its value says: it has to come again. */
export interface StaleEvent {
  readonly type: "stale";
  readonly sink: SinkId;
  readonly entry: EntryId;
  readonly block: BlockIndex;
}

/** Parts of other transfers lie in the folders that got files. Comes before FOLDERS_FINISHED. */
export interface LeftOverEvent {
  readonly type: "left-over";
  readonly sink: SinkId;
  readonly parts: number;
  readonly occupied: number;
}

/** A page names more than a manifest may, or there is no memory for it; the transfer cannot go on. */
export interface PageRefusedEvent {
  readonly type: "page-refused";
  readonly sink: SinkId;
  readonly fault: FileFault;
  readonly text: string;
}

/** Blocks are written and their values were right. Runs merge while they wait. */
export interface VerifiedEvent {
  readonly type: "verified";
  readonly sink: SinkId;
  readonly entry: EntryId;
  readonly first: BlockIndex;
  readonly count: number;
}

/** Files of one block are written, and their roots are what their sealed frames say. Runs merge while they wait. */
export interface ArrivedEvent {
  readonly type: "arrived";
  readonly sink: SinkId;
  readonly first: EntryId;
  readonly count: number;
}

/** A block's value was wrong. */
export interface MismatchEvent {
  readonly type: "mismatch";
  readonly sink: SinkId;
  readonly entry: EntryId;
  readonly block: BlockIndex;
}

/** A run of entries has its final names. */
export interface CommittedEvent {
  readonly type: "committed";
  readonly sink: SinkId;
  readonly first: EntryId;
  readonly count: number;
  /** The names survive a power cut. */
  readonly durable: boolean;
  readonly unkept: Unkept;
}

export interface EntryFailedEvent {
  readonly type: "entry-failed";
  readonly sink: SinkId;
  readonly entry: EntryId;
  readonly fault: FileFault;
  readonly text: string;
}

/** All folders have their final modes and times. */
export interface FoldersFinishedEvent {
  readonly type: "folders-finished";
  readonly sink: SinkId;
  /** Of any folder. */
  readonly unkept: Unkept;
}

export interface FoldersFailedEvent {
  readonly type: "folders-failed";
  readonly sink: SinkId;
  readonly fault: FileFault;
  readonly text: string;
}

/** The peer broke the format of a lane; the connection should be closed. */
export interface LaneBrokeEvent {
  readonly type: "lane-broke";
  readonly connection: ConnectionId;
  readonly lane: LaneId;
  readonly text: string;
}

/** A name was looked up; no addresses: it was not found. */
export interface ResolvedEvent {
  readonly type: "resolved";
  readonly request: number;
  readonly addresses: readonly string[];
}

export interface DisposedEvent {
  readonly type: "disposed";
  readonly transfer: TransferId;
}

/** What an earlier transfer left. */
export interface LeftoverEvent {
  readonly type: "leftover";
  readonly request: number;
  readonly kind: LeftoverKind;
  readonly state: LeftoverState;
  readonly count: number;
  /** What it occupies on the disk. */
  readonly bytes: number;
  /** When it was last written, in seconds since 1970. */
  readonly modified: number;
  /** Below the folder that was searched; of several the first. */
  readonly path: string;
  /** The file that it belongs to, if it is there. */
  readonly name: string;
  /** Why it could not be removed. */
  readonly why: string;
}

/** All leftovers were told. */
export interface CleanEndEvent {
  readonly type: "clean-end";
  readonly request: number;
  /** Why folders could not be searched. */
  readonly unread: readonly string[];
}

/** The folder itself cannot be searched. */
export interface CleanFailedEvent {
  readonly type: "clean-failed";
  readonly request: number;
  readonly fault: FileFault;
  readonly text: string;
}

/** What is on the user's clipboard. */
export interface ClipboardReadEvent {
  readonly type: "clipboard-read";
  readonly request: number;
  readonly form: ClipboardForm;
  /** Bytes of a text. */
  readonly size: number;
  /** Of files. */
  readonly paths: readonly string[];
}

export interface ClipboardWrittenEvent {
  readonly type: "clipboard-written";
  readonly request: number;
}

export interface ClipboardFailedEvent {
  readonly type: "clipboard-failed";
  readonly request: number;
  readonly why: ClipboardFault;
  readonly text: string;
}

/** A bug of the data plane; nothing that a peer says leads to it. */
export interface FaultEvent {
  readonly type: "fault";
  readonly text: string;
}

export type EngineEvent =
  | ListeningEvent
  | IncomingEvent
  | ConnectedEvent
  | ControlEvent
  | ClosedEvent
  | LaneOpenedEvent
  | LaneClosedEvent
  | GrantReadEvent
  | ReadFailedEvent
  | PageEvent
  | WalkEndEvent
  | WalkBegunEvent
  | WalkFailedEvent
  | SealedEvent
  | SealFailedEvent
  | CheckedEvent
  | HeldEvent
  | TakenUpEvent
  | AnewEvent
  | StaleEvent
  | LeftOverEvent
  | PageRefusedEvent
  | VerifiedEvent
  | ArrivedEvent
  | MismatchEvent
  | CommittedEvent
  | EntryFailedEvent
  | FoldersFinishedEvent
  | FoldersFailedEvent
  | LaneBrokeEvent
  | ResolvedEvent
  | DisposedEvent
  | LeftoverEvent
  | CleanEndEvent
  | CleanFailedEvent
  | ClipboardReadEvent
  | ClipboardWrittenEvent
  | ClipboardFailedEvent
  | FaultEvent;
