/**
 * Written by `native/engine/src/door/typescript.rs` from the declarations in `native/engine/src/core/`; do not edit.
 * `deno task generate` writes it anew.
 *
 * @module
 */

import type { BlockIndex, EntryId, LeftOut, LeftOutReason } from "../protocol/messages.ts";
import type {
  CloseCause,
  CongestionControl,
  ConnectionId,
  ExecutionProfile,
  FileFault,
  GrantId,
  LaneId,
  ListenerId,
  OriginKind,
  SinkId,
  SourceId,
  TargetStatus,
  TransferId,
  Unkept,
} from "../protocol/words.ts";
import { type CommandBatch, type EventRecords, flagsOf, leftOutOf, OptionsBlock, wordOf } from "./records.ts";

/** The version of the door that this module speaks; the library states its own. */
export const ABI_VERSION = 2374097204;
/** Bytes of a command and of an event. */
export const RECORD_LEN = 64;
/** Bytes of a buffer that holds one block to send. */
export const BUFFER_LEN = 1052704;
/** Refusals of `ultra_sink` for a folder: this much below zero, then the number of the fault. */
export const FOLDER_FAULTS = 1000;
/** Largest packet that QUIC may look for, with its IP header. */
export const MAX_MTU = 16392;

/** Counters of a source or a sink, as `ultra_measure` writes them. */
export const STATS = [
  "readBytes",
  "readTime",
  "hashTime",
  "sentBytes",
  "sendWait",
  "limitWait",
  "receivedBytes",
  "writtenBytes",
  "writeTime",
  "receiveHashTime",
  "verifiedBlocks",
  "mismatchedBlocks",
  "droppedBlocks",
  "committedFiles",
  "commitTime",
] as const;

/** What `ultra_measure(0)` writes of the process, before the threads. */
export const LOAD = [
  "cpuTime",
  "cores",
  "machineBusyTime",
  "machineCores",
  "receiveBuffer",
  "droppedDatagrams",
  "segmentation",
  "coalescing",
] as const;

/** What a thread's second number stands for. */
export const THREAD_ROLES = [
  "control",
  "network",
  "read",
  "write",
  "files",
] as const;

/** ALPNs on which lanes are spoken. */
export const LANE_ALPNS = [
  "ultra/1",
] as const;

/** What `ultra_measure` writes of a connection. */
export const PATH = [
  "rtt",
  "minRtt",
  "sentPackets",
  "lostPackets",
  "ackGaps",
  "ackGapTime",
  "receiveWindow",
  "mostOutstanding",
  "pacingWait",
  "congestionWait",
  "windowWait",
  "lanes",
  "laneWindowWait",
  "laneIdleTime",
] as const;

/** Limits that both languages check; those of `src/protocol/limits.ts`. */
export const LIMITS = {
  BLOCK_LEN: 1048576,
  GROUP_BLOCKS: 32,
  MAX_OPEN_GROUPS: 65536,
  MAX_LANES: 256,
  FRAME_HEADER_LEN: 24,
  PREFACE_LEN: 8,
  MAX_ENTRIES: 1000000,
  MAX_COMPONENTS: 2000000,
  MAX_NAME_BYTES: 268435456,
  MAX_PATH_BYTES: 4096,
  MAX_COMPONENT_BYTES: 255,
  MAX_DEPTH: 1024,
  MAX_EXTRA: 1024,
} as const;

/** Why a file operation failed. */
export const FILE_FAULT = {
  "no-space": 1,
  permission: 2,
  "read-only": 3,
  exists: 4,
  "not-found": 5,
  changed: 6,
  "not-a-file": 7,
  io: 8,
  integrity: 9,
  unsendable: 10,
  protocol: 11,
  "no-memory": 12,
} as const satisfies Record<FileFault, number>;

export const fileFaultOf = wordOf("FileFault", FILE_FAULT);

/** What a sink found where an entry should go. */
export const TARGET_STATUS = {
  absent: 0,
  identical: 1,
  different: 2,
  "in-the-way": 3,
  duplicate: 4,
  conflict: 5,
  "folder-exists": 6,
  unexaminable: 7,
  "unsafe-parent": 8,
  "cannot-rename": 9,
  hidden: 10,
} as const satisfies Record<TargetStatus, number>;

export const targetStatusOf = wordOf("TargetStatus", TARGET_STATUS);

/** Why a walk leaves something out, in the order in which names are told. */
export const LEFT_OUT_REASON = {
  unreadable: 0,
  "not-utf8": 1,
  backslash: 2,
  "control-character": 3,
  reserved: 4,
  "too-long": 5,
  special: 6,
  link: 7,
  vanished: 8,
} as const satisfies Partial<Record<LeftOutReason, number>>;

export const leftOutReasonOf = wordOf("LeftOutReason", LEFT_OUT_REASON);

/** What a file system refused to keep of a file or folder; the sum of what holds. */
export const UNKEPT = {
  mode: 1,
  time: 2,
} as const satisfies Record<keyof Unkept, number>;

/** Who closed a connection. */
export const CLOSE_CAUSE = {
  own: 0,
  peer: 1,
  transport: 2,
} as const satisfies Record<CloseCause, number>;

export const closeCauseOf = wordOf("CloseCause", CLOSE_CAUSE);

/** Where the bytes of a source come from. */
export const ORIGIN_KIND = {
  files: 0,
  memory: 1,
  "uncached-files": 2,
} as const satisfies Record<OriginKind, number>;

export const originKindOf = wordOf("OriginKind", ORIGIN_KIND);

/** Who decides how fast a connection may send. */
export const CONGESTION_CONTROL = {
  cubic: 0,
  bbr: 1,
} as const satisfies Record<CongestionControl, number>;

export const congestionControlOf = wordOf("CongestionControl", CONGESTION_CONTROL);

/** How QUIC divides its work among threads. */
export const EXECUTION_PROFILE = {
  "low-latency": 0,
  "max-throughput": 1,
} as const satisfies Record<ExecutionProfile, number>;

export const executionProfileOf = wordOf("ExecutionProfile", EXECUTION_PROFILE);

/** What a call or a command is refused with; negated where it is the result of a function. */
export const REFUSAL = {
  closed: 1,
  "unknown-id": 2,
  internal: 5,
  "too-much": 12,
  "bad-arguments": 22,
  "no-family": 97,
  "address-in-use": 98,
  "address-unusable": 99,
} as const;

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
  /** Moves the encoded entries out, at most once. The walk pauses while eight pages are not taken. */
  readonly take: () => Uint8Array;
}

/** The walk is over. */
export interface WalkEndEvent {
  readonly type: "walk-end";
  readonly source: SourceId;
  readonly entries: number;
  readonly files: number;
  readonly size: number;
  readonly leftOut: LeftOut;
}

export interface WalkFailedEvent {
  readonly type: "walk-failed";
  readonly source: SourceId;
  readonly fault: FileFault;
  readonly text: string;
}

/** The file is what was read; its BLAKE3 hash. */
export interface SealedEvent {
  readonly type: "sealed";
  readonly source: SourceId;
  readonly entry: EntryId;
  readonly size: number;
  readonly root: Uint8Array;
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

/** A block's value was wrong. */
export interface MismatchEvent {
  readonly type: "mismatch";
  readonly sink: SinkId;
  readonly entry: EntryId;
  readonly block: BlockIndex;
}

/** An entry has its final name. */
export interface CommittedEvent {
  readonly type: "committed";
  readonly sink: SinkId;
  readonly entry: EntryId;
  /** The name survives a power cut. */
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
  | WalkFailedEvent
  | SealedEvent
  | SealFailedEvent
  | CheckedEvent
  | PageRefusedEvent
  | VerifiedEvent
  | MismatchEvent
  | CommittedEvent
  | EntryFailedEvent
  | FoldersFinishedEvent
  | FoldersFailedEvent
  | LaneBrokeEvent
  | ResolvedEvent
  | DisposedEvent
  | FaultEvent;

/** The event at the place of `record`. A number that the engine does not send is a bug. */
export function decodeEvent(record: EventRecords): EngineEvent {
  switch (record.kind) {
    case 1:
      return {
        type: "listening",
        listener: record.u32(8),
        port: record.u32(12),
        address: record.text(),
      };
    case 2:
      return {
        type: "incoming",
        listener: record.u32(8),
        connection: record.u32(12),
        alpn: record.text(),
        remote: record.text(),
      };
    case 3:
      return {
        type: "connected",
        connection: record.u32(8),
        alpn: record.text(),
        remote: record.text(),
        certificate: record.hash(12),
      };
    case 4:
      return {
        type: "control",
        connection: record.u32(8),
        bytes: record.bytes(),
      };
    case 5:
      return {
        type: "closed",
        connection: record.u32(8),
        cause: closeCauseOf(record.u32(12)),
        code: record.f64(16),
        text: record.text(),
      };
    case 6:
      return {
        type: "lane-opened",
        lane: record.u32(8),
        connection: record.u32(12),
        number: record.u32(16),
      };
    case 7:
      return {
        type: "lane-closed",
        lane: record.u32(8),
        connection: record.u32(12),
        finished: record.truth(16),
      };
    case 8:
      return {
        type: "grant-read",
        lane: record.u32(8),
        grant: record.u32(12),
        entry: record.u32(16),
        end: record.f64(24),
      };
    case 9:
      return {
        type: "read-failed",
        source: record.u32(8),
        entry: record.u32(12),
        fault: fileFaultOf(record.u32(16)),
        text: record.text(),
      };
    case 10:
      return {
        type: "page",
        source: record.u32(8),
        first: record.u32(12),
        count: record.u32(16),
        size: record.f64(24),
        take: record.lateBytes(),
      };
    case 11:
      return {
        type: "walk-end",
        source: record.u32(8),
        entries: record.u32(12),
        files: record.f64(16),
        size: record.f64(24),
        leftOut: leftOutOf(leftOutReasonOf, record.texts()),
      };
    case 12:
      return {
        type: "walk-failed",
        source: record.u32(8),
        fault: fileFaultOf(record.u32(12)),
        text: record.text(),
      };
    case 13:
      return {
        type: "sealed",
        source: record.u32(8),
        entry: record.u32(12),
        size: record.f64(16),
        root: record.hash(24),
      };
    case 14:
      return {
        type: "seal-failed",
        source: record.u32(8),
        entry: record.u32(12),
        fault: fileFaultOf(record.u32(16)),
        text: record.text(),
      };
    case 15:
      return {
        type: "checked",
        sink: record.u32(8),
        first: record.u32(12),
        statuses: Array.from(record.bytes(), targetStatusOf),
        freeSpace: record.f64(16),
      };
    case 25:
      return {
        type: "page-refused",
        sink: record.u32(8),
        fault: fileFaultOf(record.u32(12)),
        text: record.text(),
      };
    case 16:
      return {
        type: "verified",
        sink: record.u32(8),
        entry: record.u32(12),
        first: record.f64(16),
        count: record.f64(24),
      };
    case 17:
      return {
        type: "mismatch",
        sink: record.u32(8),
        entry: record.u32(12),
        block: record.f64(16),
      };
    case 18:
      return {
        type: "committed",
        sink: record.u32(8),
        entry: record.u32(12),
        durable: record.truth(16),
        unkept: flagsOf(UNKEPT, record.u32(20)),
      };
    case 19:
      return {
        type: "entry-failed",
        sink: record.u32(8),
        entry: record.u32(12),
        fault: fileFaultOf(record.u32(16)),
        text: record.text(),
      };
    case 20:
      return {
        type: "folders-finished",
        sink: record.u32(8),
        unkept: flagsOf(UNKEPT, record.u32(12)),
      };
    case 26:
      return {
        type: "folders-failed",
        sink: record.u32(8),
        fault: fileFaultOf(record.u32(12)),
        text: record.text(),
      };
    case 21:
      return {
        type: "lane-broke",
        connection: record.u32(8),
        lane: record.u32(12),
        text: record.text(),
      };
    case 22:
      return {
        type: "resolved",
        request: record.u32(8),
        addresses: record.texts(),
      };
    case 23:
      return {
        type: "disposed",
        transfer: record.u32(8),
      };
    case 24:
      return {
        type: "fault",
        text: record.text(),
      };
  }
  throw new Error(`The engine sent an event of unknown kind ${record.kind}`);
}

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
}

/** Opens lanes with successive ids and numbers. */
export interface OpenLanesCommand {
  readonly type: "open-lanes";
  readonly connection: ConnectionId;
  readonly source: SourceId;
  readonly firstLane: LaneId;
  readonly firstNumber: number;
  readonly count: number;
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

/** SEALED or SEAL_FAILED follows. */
export interface SealCommand {
  readonly type: "seal";
  readonly source: SourceId;
  readonly entry: EntryId;
}

/** COMMITTED or ENTRY_FAILED follows. */
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

/** Gives an entry up and removes its part file. */
export interface AbandonCommand {
  readonly type: "abandon";
  readonly sink: SinkId;
  readonly entry: EntryId;
}

/** Frees a source or a sink; a sink removes what it did not commit. DISPOSED follows. */
export interface DisposeCommand {
  readonly type: "dispose";
  readonly transfer: TransferId;
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

export type Command =
  | AdmitCommand
  | AttachCommand
  | OpenLanesCommand
  | GrantCommand
  | FinishLaneCommand
  | ExpectCommand
  | SealCommand
  | CommitCommand
  | FinishFoldersCommand
  | AbandonCommand
  | DisposeCommand
  | CloseCommand
  | SendCommand
  | PageCommand
  | ValuesCommand
  | ResolveCommand
  | RetuneCommand
  | StopCommand
  | LimitRateCommand;

/** A fresh P-256 key and certificate: 32 bytes SHA-256 of the DER, then the PKCS12 (AES, PBKDF2). */
export interface IdentityQuestion {
  readonly type: "identity";
}

/** The transfer root of a source or sink, 32 bytes; refused as too much when there is no memory for all paths. */
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

/**
 * Why an entry's target is not examined, or the folder on the way to it that is none; for the two statuses that say so.
 */
export interface DetailQuestion {
  readonly type: "detail";
  readonly sink: SinkId;
  readonly entry: EntryId;
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
  | DetailQuestion
  | SettingsQuestion
  | OutwardQuestion;

/** Adds a command or a question to a batch. */
export function encodeCommand(command: Command | Question, into: CommandBatch): void {
  switch (command.type) {
    case "admit":
      into.begin(1);
      into.u32(8, command.connection);
      into.u32(12, command.lanes);
      return;
    case "attach":
      into.begin(2);
      into.u32(8, command.connection);
      into.u32(12, command.sink);
      return;
    case "open-lanes":
      into.begin(3);
      into.u32(8, command.connection);
      into.u32(12, command.source);
      into.u32(16, command.firstLane);
      into.u32(20, command.firstNumber);
      into.u32(24, command.count);
      return;
    case "grant":
      into.begin(4);
      into.u32(8, command.lane);
      into.u32(12, command.grant);
      into.u32(16, command.entry);
      into.f64(24, command.first);
      into.f64(32, command.count);
      return;
    case "finish-lane":
      into.begin(5);
      into.u32(8, command.lane);
      return;
    case "expect":
      into.begin(6);
      into.u32(8, command.sink);
      into.u32(12, command.entry);
      into.f64(16, command.first);
      into.f64(24, command.count);
      return;
    case "seal":
      into.begin(7);
      into.u32(8, command.source);
      into.u32(12, command.entry);
      return;
    case "commit":
      into.begin(8);
      into.u32(8, command.sink);
      into.u32(12, command.entry);
      into.f64(16, command.size);
      into.hash(24, command.root);
      return;
    case "finish-folders":
      into.begin(9);
      into.u32(8, command.sink);
      return;
    case "abandon":
      into.begin(10);
      into.u32(8, command.sink);
      into.u32(12, command.entry);
      return;
    case "dispose":
      into.begin(11);
      into.u32(8, command.transfer);
      return;
    case "close":
      into.begin(12);
      into.u32(8, command.id);
      into.u32(12, command.code);
      return;
    case "send":
      into.begin(13);
      into.u32(8, command.connection);
      into.bytes(command.bytes);
      return;
    case "page":
      into.begin(14);
      into.u32(8, command.sink);
      into.u32(12, command.first);
      into.u32(16, command.count);
      into.bytes(command.entries);
      return;
    case "values":
      into.begin(15);
      into.u32(8, command.source);
      into.u32(12, command.entry);
      into.f64(16, command.first);
      into.bytes(command.values);
      return;
    case "resolve":
      into.begin(16);
      into.u32(8, command.request);
      into.text(command.name);
      return;
    case "retune":
      into.begin(17);
      into.u32(8, command.listener);
      into.bytes(encodeConnectionSettings(command.settings));
      return;
    case "stop":
      into.begin(18);
      return;
    case "limit-rate":
      into.begin(19);
      into.u32(8, command.source);
      into.f64(16, command.bytesPerSecond);
      return;
    case "identity":
      into.begin(64);
      return;
    case "root":
      into.begin(65);
      into.u32(8, command.transfer);
      into.bytes(command.statuses);
      return;
    case "name":
      into.begin(66);
      into.u32(8, command.transfer);
      into.u32(12, command.entry);
      return;
    case "detail":
      into.begin(68);
      into.u32(8, command.sink);
      into.u32(12, command.entry);
      return;
    case "settings":
      into.begin(69);
      into.u32(8, command.connection);
      return;
    case "outward":
      into.begin(67);
      return;
  }
}

/** The sizes of the data plane. */
export interface StartBlock {
  /** Threads that read. */
  readonly readers: number;
  /** Most concurrent writes. */
  readonly writers: number;
  /** Buffers of one block that are read ahead. */
  readonly buffers: number;
  readonly executionProfile: ExecutionProfile;
  /** Threads of QUIC. */
  readonly networkThreads: number;
  /** Bytes of each connection that are sent and not acknowledged. */
  readonly outstandingBytes: number;
}

export function encodeStartBlock(block: StartBlock): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(24);
  into.u32(0, block.readers);
  into.u32(4, block.writers);
  into.u32(8, block.buffers);
  into.u32(12, EXECUTION_PROFILE[block.executionProfile]);
  into.u32(16, block.networkThreads);
  into.u32(20, block.outstandingBytes);
  return into.finish();
}

/**
 * The settings of a QUIC connection, by name. They freeze when it starts, but for the number of the peer's streams.
 */
export interface ConnectionSettings {
  readonly handshakeIdleTimeoutMs: number;
  /** Silence that ends the connection. */
  readonly idleTimeoutMs: number;
  /** Sending without any acknowledgement ends after this. */
  readonly disconnectTimeoutMs: number;
  /** 0: off. */
  readonly keepAliveIntervalMs: number;
  /** Bytes that the peer may send ahead on all streams: the bound of a connection's memory. */
  readonly connectionWindowBytes: number;
  /** The window that a lane starts with. */
  readonly streamWindowUnidiBytes: number;
  /** The window that a control stream opened here starts with. */
  readonly streamWindowBidiLocalBytes: number;
  /** The window that a control stream opened by the peer starts with. */
  readonly streamWindowBidiRemoteBytes: number;
  /** Buffer that a stream starts with; at most any window. */
  readonly streamReceiveBufferBytes: number;
  /** Packets before the first acknowledgement. */
  readonly initialWindowPackets: number;
  readonly initialRttMs: number;
  readonly congestionControl: CongestionControl;
  readonly peerBidiStreams: number;
  readonly peerUnidiStreams: number;
  /** Largest packet to look for, with its IP header. */
  readonly maximumMtu: number;
  readonly sendBuffering: boolean;
  readonly pacing: boolean;
  readonly migration: boolean;
}

export function encodeConnectionSettings(block: ConnectionSettings): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(72);
  into.u32(0, block.handshakeIdleTimeoutMs);
  into.u32(4, block.idleTimeoutMs);
  into.u32(8, block.disconnectTimeoutMs);
  into.u32(12, block.keepAliveIntervalMs);
  into.u32(16, block.connectionWindowBytes);
  into.u32(20, block.streamWindowUnidiBytes);
  into.u32(24, block.streamWindowBidiLocalBytes);
  into.u32(28, block.streamWindowBidiRemoteBytes);
  into.u32(32, block.streamReceiveBufferBytes);
  into.u32(36, block.initialWindowPackets);
  into.u32(40, block.initialRttMs);
  into.u32(44, CONGESTION_CONTROL[block.congestionControl]);
  into.u32(48, block.peerBidiStreams);
  into.u32(52, block.peerUnidiStreams);
  into.u32(56, block.maximumMtu);
  into.truth(60, block.sendBuffering);
  into.truth(64, block.pacing);
  into.truth(68, block.migration);
  return into.finish();
}

export interface ListenBlock {
  readonly settings: ConnectionSettings;
  /**
   * Most dialers that have not shown that they receive at their address. From as many handshakes on, QUIC demands it with a Retry.
   */
  readonly maxUnvalidated: number;
  /** Most dialers at a time that have not proved themselves. */
  readonly maxUnproved: number;
  readonly maxUnprovedPerAddress: number;
  /** Bytes that a dialer may send on its control stream before it is admitted. */
  readonly controlLimit: number;
  /** The certificate with its key. */
  readonly pkcs12: Uint8Array;
  readonly alpns: readonly string[];
  /** `[::]:0` is all addresses of both families and a free port. */
  readonly address: string;
}

export function encodeListenBlock(block: ListenBlock): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(32);
  into.bytes(0, encodeConnectionSettings(block.settings));
  into.u32(4, block.maxUnvalidated);
  into.u32(8, block.maxUnproved);
  into.u32(12, block.maxUnprovedPerAddress);
  into.u32(16, block.controlLimit);
  into.bytes(20, block.pkcs12);
  into.texts(24, block.alpns);
  into.text(28, block.address);
  return into.finish();
}

export interface ConnectBlock {
  readonly settings: ConnectionSettings;
  /** First 16 bytes of the SHA-256 that the peer's certificate must have; none: any, reported in CONNECTED. */
  readonly pin: Uint8Array;
  /** Which of QUIC's partitions (cores) runs it. */
  readonly partition: number;
  readonly controlLimit: number;
  readonly alpns: readonly string[];
  readonly address: string;
}

export function encodeConnectBlock(block: ConnectBlock): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(24);
  into.bytes(0, encodeConnectionSettings(block.settings));
  into.bytes(4, block.pin);
  into.u32(8, block.partition);
  into.u32(12, block.controlLimit);
  into.texts(16, block.alpns);
  into.text(20, block.address);
  return into.finish();
}

export interface SourceBlock {
  readonly origin: OriginKind;
  /** Of a source in memory. */
  readonly size: number;
  readonly paths: readonly string[];
}

export function encodeSourceBlock(block: SourceBlock): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(20);
  into.u32(0, ORIGIN_KIND[block.origin]);
  into.f64(8, block.size);
  into.texts(16, block.paths);
  return into.finish();
}

export interface SinkBlock {
  /** Plain files in the way are replaced. */
  readonly overwrite: boolean;
  /** Takes hidden names also into folders that were there before. */
  readonly hidden: boolean;
  /** Verifies but writes nothing: for measurements. */
  readonly discard: boolean;
  /** Creates the folder. */
  readonly create: boolean;
  readonly folder: string;
  /** Another name for the one top-level entry; empty: none. */
  readonly rename: string;
}

export function encodeSinkBlock(block: SinkBlock): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(24);
  into.truth(0, block.overwrite);
  into.truth(4, block.hidden);
  into.truth(8, block.discard);
  into.truth(12, block.create);
  into.text(16, block.folder);
  into.text(20, block.rename);
  return into.finish();
}

/** A block of ConnectionSettings that the engine answered with. */
export function decodeConnectionSettings(record: EventRecords): ConnectionSettings {
  return {
    handshakeIdleTimeoutMs: record.u32(0),
    idleTimeoutMs: record.u32(4),
    disconnectTimeoutMs: record.u32(8),
    keepAliveIntervalMs: record.u32(12),
    connectionWindowBytes: record.u32(16),
    streamWindowUnidiBytes: record.u32(20),
    streamWindowBidiLocalBytes: record.u32(24),
    streamWindowBidiRemoteBytes: record.u32(28),
    streamReceiveBufferBytes: record.u32(32),
    initialWindowPackets: record.u32(36),
    initialRttMs: record.u32(40),
    congestionControl: congestionControlOf(record.u32(44)),
    peerBidiStreams: record.u32(48),
    peerUnidiStreams: record.u32(52),
    maximumMtu: record.u32(56),
    sendBuffering: record.truth(60),
    pacing: record.truth(64),
    migration: record.truth(68),
  };
}

/** What QUIC takes: the least, the most, and whether only powers of two. */
export const SETTING_RANGES = {
  handshakeIdleTimeoutMs: { least: 0, most: 4294967295, isPowerOfTwo: false },
  idleTimeoutMs: { least: 0, most: 4294967295, isPowerOfTwo: false },
  disconnectTimeoutMs: { least: 1, most: 600000, isPowerOfTwo: false },
  keepAliveIntervalMs: { least: 0, most: 4294967295, isPowerOfTwo: false },
  connectionWindowBytes: { least: 1, most: 2147483647, isPowerOfTwo: false },
  streamWindowUnidiBytes: { least: 1, most: 2147483647, isPowerOfTwo: true },
  streamWindowBidiLocalBytes: { least: 1, most: 2147483647, isPowerOfTwo: true },
  streamWindowBidiRemoteBytes: { least: 1, most: 2147483647, isPowerOfTwo: true },
  streamReceiveBufferBytes: { least: 4096, most: 2147483647, isPowerOfTwo: true },
  initialWindowPackets: { least: 1, most: 4294967295, isPowerOfTwo: false },
  initialRttMs: { least: 1, most: 4294967295, isPowerOfTwo: false },
  congestionControl: { least: 0, most: 1, isPowerOfTwo: false },
  peerBidiStreams: { least: 0, most: 65535, isPowerOfTwo: false },
  peerUnidiStreams: { least: 0, most: 65535, isPowerOfTwo: false },
  maximumMtu: { least: 1248, most: 16392, isPowerOfTwo: false },
  sendBuffering: { least: 0, most: 1, isPowerOfTwo: false },
  pacing: { least: 0, most: 1, isPowerOfTwo: false },
  migration: { least: 0, most: 1, isPowerOfTwo: false },
} as const satisfies Record<keyof ConnectionSettings, unknown>;
