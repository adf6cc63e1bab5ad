/**
 * The data plane as the rest of `ultra` sees it. `native.ts` is the real one, `tests/support/` has a simulated one.
 *
 * Every method returns at once; what comes of it arrives as an {@linkcode EngineEvent}. The functions, commands and events behind it
 * are in `docs/engine.md`.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import type { LOAD, PATH, STATS, THREAD_ROLES } from "./layout.generated.ts";
import type { BlockIndex, EntryId, LeftOut } from "../protocol/messages.ts";
import type {
  CloseCause,
  ConnectionId,
  FileFault,
  GrantId,
  LaneId,
  ListenerId,
  SinkId,
  SourceId,
  TargetStatus,
  TransferId,
} from "../protocol/words.ts";

/** What a file system refused to keep of a file or folder. */
export interface Unkept {
  readonly mode: boolean;
  readonly time: boolean;
}

export type EngineEvent =
  | { readonly type: "listening"; readonly listener: ListenerId; readonly port: number; readonly address: string }
  | {
    readonly type: "incoming";
    readonly listener: ListenerId;
    readonly connection: ConnectionId;
    readonly alpn: string;
    readonly remote: string;
  }
  | {
    readonly type: "connected";
    readonly connection: ConnectionId;
    readonly alpn: string;
    readonly remote: string;
    /** SHA-256 of the peer's certificate, 32 bytes. */
    readonly certificate: Uint8Array;
  }
  | { readonly type: "control"; readonly connection: ConnectionId; readonly bytes: Uint8Array }
  | {
    readonly type: "closed";
    readonly connection: ConnectionId;
    /** `own`: closed from here; `peer`: the peer's close code; `transport`: QUIC gave up, with its status. */
    readonly cause: CloseCause;
    readonly code: number;
    readonly text: string;
  }
  | { readonly type: "lane-opened"; readonly lane: LaneId; readonly connection: ConnectionId; readonly number: number }
  | {
    readonly type: "lane-closed";
    readonly lane: LaneId;
    readonly connection: ConnectionId;
    readonly finished: boolean;
  }
  | { readonly type: "lane-broke"; readonly connection: ConnectionId; readonly text: string }
  | {
    readonly type: "grant-read";
    readonly lane: LaneId;
    readonly grant: GrantId;
    readonly entry: EntryId;
    readonly end: BlockIndex;
  }
  | {
    readonly type: "read-failed";
    readonly source: SourceId;
    readonly entry: EntryId;
    readonly fault: FileFault;
    readonly text: string;
  }
  | {
    readonly type: "page";
    readonly source: SourceId;
    readonly first: EntryId;
    readonly count: number;
    /** Bytes of the page's files. */
    readonly size: number;
    /** Moves the encoded entries out; the walk pauses while eight pages are not taken. At most once. */
    readonly take: () => Uint8Array;
  }
  | {
    readonly type: "walk-end";
    readonly source: SourceId;
    readonly entries: number;
    readonly files: number;
    readonly size: number;
    readonly leftOut: LeftOut;
  }
  | { readonly type: "walk-failed"; readonly source: SourceId; readonly fault: FileFault; readonly text: string }
  | {
    readonly type: "sealed";
    readonly source: SourceId;
    readonly entry: EntryId;
    readonly size: number;
    readonly root: Uint8Array;
  }
  | {
    readonly type: "seal-failed";
    readonly source: SourceId;
    readonly entry: EntryId;
    readonly fault: FileFault;
    readonly text: string;
  }
  | {
    readonly type: "checked";
    readonly sink: SinkId;
    readonly first: EntryId;
    readonly statuses: readonly TargetStatus[];
    /** Bytes free for the user in the sink's file system. */
    readonly freeSpace: number;
  }
  /** A page that the sink does not take; the transfer cannot go on. */
  | { readonly type: "page-refused"; readonly sink: SinkId; readonly fault: FileFault; readonly text: string }
  | {
    readonly type: "verified";
    readonly sink: SinkId;
    readonly entry: EntryId;
    readonly first: BlockIndex;
    readonly count: number;
  }
  | { readonly type: "mismatch"; readonly sink: SinkId; readonly entry: EntryId; readonly block: BlockIndex }
  | {
    readonly type: "committed";
    readonly sink: SinkId;
    readonly entry: EntryId;
    readonly durable: boolean;
    readonly unkept: Unkept;
  }
  | {
    readonly type: "entry-failed";
    readonly sink: SinkId;
    readonly entry: EntryId;
    readonly fault: FileFault;
    readonly text: string;
  }
  | {
    readonly type: "folders-finished";
    readonly sink: SinkId;
    readonly failure: { readonly fault: FileFault; readonly text: string } | undefined;
    readonly unkept: Unkept;
  }
  | { readonly type: "resolved"; readonly request: number; readonly addresses: readonly string[] }
  | { readonly type: "disposed"; readonly transfer: TransferId }
  | { readonly type: "fault"; readonly text: string };

/** What the data plane is started with. */
export interface EngineSizes {
  /** Threads that read and hash on the sending side. */
  readonly readers: number;
  /** Threads that hash and write on the receiving side. */
  readonly writers: number;
  /** Buffers of one block: those outstanding, and those that readers fill ahead of the network. */
  readonly buffers: number;
  readonly executionProfile: number;
  /** Threads of QUIC, and so the connections that can be worked on at once. */
  readonly networkThreads: number;
  /** Bytes handed to QUIC and not yet acknowledged, for each connection. */
  readonly outstandingBytes: number;
  /** What all lanes and connections together send at most; `undefined`: no limit. */
  readonly bytesPerSecond: number | undefined;
}

export interface ListenOptions {
  /** 144 bytes of QUIC_SETTINGS, from `settings/`. */
  readonly settings: Uint8Array;
  readonly identity: Identity;
  readonly alpns: readonly string[];
  /** `ADDR:PORT`; `[::]:0` is all addresses of both families and a free port. */
  readonly address: string;
  /** Dialers that have not shown yet that they receive at their address. From as many handshakes on, new ones have to show it first. */
  readonly maxUnvalidated: number;
  readonly maxUnproved: number;
  readonly maxUnprovedPerAddress: number;
  /** Bytes a peer may send on its control stream before it is admitted. */
  readonly controlLimit: number;
}

export interface ConnectOptions {
  readonly settings: Uint8Array;
  readonly alpns: readonly string[];
  readonly address: string;
  /** First 16 bytes of the certificate's SHA-256 that the peer must have; `report`: any, told in `connected`. */
  readonly pin: Uint8Array | "report";
  /** Which of msquic's partitions (cores) runs it. */
  readonly partition: number;
  readonly controlLimit: number;
}

/** A certificate with its key, opaque but for its hash. It lives in memory only. */
export interface Identity {
  /** SHA-256 of the DER certificate, 32 bytes. */
  readonly hash: Uint8Array;
  readonly pkcs12: Uint8Array;
}

export interface SinkOptions {
  readonly folder: string;
  readonly create: boolean;
  readonly overwrite: boolean;
  /** Takes hidden names also into folders that were there before. */
  readonly hidden: boolean;
  /** Another name for the one top-level entry. */
  readonly rename: string | undefined;
  /** Verifies but writes nothing: for measurements. */
  readonly discard: boolean;
}

/** Why nothing can be listened on. `no-family`: a kernel without IPv6, where IPv4 may still work. */
export class ListenError extends UltraError {
  constructor(reason: "port-in-use" | "no-family" | "listen-address", message: string, address: string) {
    super("network", message, { subject: address, reason });
    this.name = "ListenError";
  }
}

/** Counters of the process since its start, for the verdict and the benchmarks. Times are in nanoseconds, summed over threads. */
export type EngineStats = Readonly<Record<(typeof STATS)[number], number>>;

/** How busy process and machine have been since their starts, times in nanoseconds. What the system does not tell is 0. */
export type ProcessLoad = Readonly<Record<(typeof LOAD)[number], number>> & { readonly threads: readonly ThreadTime[] };

export type ThreadRole = (typeof THREAD_ROLES)[number];

export interface ThreadTime {
  readonly id: number;
  readonly role: ThreadRole;
  /** How long it ran. */
  readonly ran: number;
  /** How long it could have run, but had no core. */
  readonly waited: number;
}

/** What QUIC knows of a connection since its start, times in nanoseconds; what begins with `lane` is summed over the lanes to the peer. */
export type PathStats = Readonly<Record<(typeof PATH)[number], number>>;

export interface Engine {
  identity(): Identity;
  listen(options: ListenOptions): ListenerId;
  /** Other settings for dialers that come from now on; those that are there keep theirs. */
  retune(listener: ListenerId, settings: Uint8Array): void;
  connect(options: ConnectOptions): ConnectionId;
  resolve(request: number, name: string): void;
  /** Queues bytes on the control stream. After the connection has closed it does nothing. */
  send(connection: ConnectionId, bytes: Uint8Array): void;
  /** The peer has proved itself, and may open `lanes`. It may come again, with more of them. */
  admit(connection: ConnectionId, lanes: number): void;
  attach(connection: ConnectionId, sink: SinkId): void;
  openLanes(connection: ConnectionId, source: SourceId, firstLane: LaneId, firstNumber: number, count: number): void;
  finishLane(lane: LaneId): void;
  grant(lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: number): void;
  /** Ends a grant before `end` unless its read cursor has passed that; the actual end, or `undefined` if all of it was read. */
  shrink(grant: GrantId, end: BlockIndex): BlockIndex | undefined;
  /** With `forgotten` what the system holds of the files in memory is dropped first, so that the disk is measured. */
  source(paths: readonly string[], cache?: "allowed" | "forgotten"): SourceId;
  /** A source of `size` bytes that need no disk, for measurements. */
  memorySource(size: number): SourceId;
  values(source: SourceId, entry: EntryId, first: BlockIndex, values: Uint8Array): void;
  seal(source: SourceId, entry: EntryId): void;
  sink(options: SinkOptions): SinkId;
  page(sink: SinkId, first: EntryId, count: number, entries: Uint8Array): void;
  expect(sink: SinkId, entry: EntryId, first: BlockIndex, count: number): void;
  commit(sink: SinkId, entry: EntryId, size: number, root: Uint8Array): void;
  finishFolders(sink: SinkId): void;
  abandon(sink: SinkId, entry: EntryId): void;
  /** BLAKE3 over all entries, `docs/protocol.md` "Transfer root"; one status byte per entry in, 32 bytes out. */
  transferRoot(transfer: TransferId, statuses: Uint8Array): Uint8Array;
  /** What an entry is called, for messages: its path in the transfer, or below the folder that receives. */
  name(transfer: TransferId, entry: EntryId): string | undefined;
  /** The machine's addresses on the routes that lead out, IPv4 first; a family without a default route has none. */
  outward(): readonly string[];
  /** Frees a source or sink; a sink removes what it did not commit. `disposed` follows. */
  dispose(transfer: TransferId): void;
  /** Closes a connection or a listener; `code` is an exit code. */
  close(id: ConnectionId | ListenerId, code: number): void;
  stats(): EngineStats;
  load(): ProcessLoad;
  /** `undefined` once the connection is gone. Waits for the connection's thread: for the end of a transfer, not for every moment of it. */
  path(connection: ConnectionId): PathStats | undefined;
  /** The events, in order, in batches as they came together, until the engine is stopped. One consumer. */
  events(): AsyncIterable<readonly EngineEvent[]>;
  stop(): void;
}
