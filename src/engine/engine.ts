/**
 * The data plane as the rest of `ultra` sees it. `native.ts` is the real one, `tests/support/` has a simulated one.
 *
 * Every method returns at once; what comes of it arrives as an {@linkcode EngineEvent}. Methods without a result queue a command: a
 * command that the engine refuses is a bug of this program, and the {@linkcode Engine.events} end with it. The functions, commands and
 * events behind it are in `docs/engine.md`.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import type { ConnectionSettings, EngineEvent, LOAD, PATH, STATS, THREAD_ROLES } from "./door.generated.ts";
import type { BlockIndex, EntryId } from "../protocol/messages.ts";
import type {
  ClipboardForm,
  ConnectionId,
  ExecutionProfile,
  Existing,
  GrantId,
  LaneId,
  Leaving,
  LinkChoice,
  ListenerId,
  Preserve,
  SinkId,
  SourceId,
  TransferId,
} from "../protocol/words.ts";

export type { ConnectionSettings, EngineEvent };

/** What the data plane is started with. */
export interface EngineSizes {
  /** Threads that read and hash on the sending side. */
  readonly readers: number;
  /** Threads that hash and write on the receiving side. */
  readonly writers: number;
  /** Buffers of one block: those outstanding, and those that readers fill ahead of the network. */
  readonly buffers: number;
  readonly executionProfile: ExecutionProfile;
  /** Threads of QUIC, and so the connections that can be worked on at once. */
  readonly networkThreads: number;
  /** Bytes handed to QUIC and not yet acknowledged, for each connection. */
  readonly outstandingBytes: number;
  /** Buffers that are kept for connections which have none, where many peers share them; 0: all connections are those of one transfer. */
  readonly keptBuffers: number;
}

/** What connections of a listener are set up with. */
export interface ListenerSettings {
  readonly settings: ConnectionSettings;
  /** Of dialers whose ALPN is that of the older format. */
  readonly plainSettings: ConnectionSettings;
}

export interface ListenOptions extends ListenerSettings {
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
  readonly settings: ConnectionSettings;
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

/** A search for what transfers left. */
export interface Search {
  readonly folder: string;
  /** Also in all folders below it. */
  readonly below: boolean;
  /** Removes what may be removed. */
  readonly remove: boolean;
}

/** What goes to the user's clipboard. With `nothing` it is only looked whether anything could. */
export interface ClipboardContent {
  readonly form: ClipboardForm;
  /** Files, or the one that has the text, which is removed then. */
  readonly paths: readonly string[];
  /** A text with all that it has, also what would act upon a terminal. */
  readonly raw: boolean;
}

export interface SinkOptions {
  readonly folder: string;
  readonly create: boolean;
  readonly existing: Existing;
  /** Takes hidden names also into folders that were there before. */
  readonly hidden: boolean;
  /** Another name for the one top-level entry. */
  readonly rename: string | undefined;
  /** Verifies but writes nothing: for measurements. */
  readonly discard: boolean;
  /** Commits without waiting for the disk. */
  readonly noSync: boolean;
  /** Takes nothing up that an earlier run left of a file. */
  readonly restart: boolean;
  /** Which symbolic links are made, whatever the sender says. */
  readonly links: LinkChoice;
  /** What is given to files, where the sender states it. */
  readonly preserve: Preserve;
}

/** What of files is sent, and how. */
export interface SourceOptions {
  readonly paths: readonly string[];
  /** With `forgotten` what the system holds of the files in memory is dropped first, so that the disk is measured. */
  readonly cache: "allowed" | "forgotten";
  readonly links: LinkChoice;
  readonly preserve: Preserve;
  /** Files that become longer are sent up to the size that the walk saw. */
  readonly allowGrowing: boolean;
  /** How many levels of folders are entered; all of them when absent. */
  readonly depth?: number;
}

/** What a peer asks for of folders that are shared. */
export interface RequestedOptions extends Omit<SourceOptions, "paths" | "cache"> {
  /** The source that was made of the folders. */
  readonly within: SourceId;
  /** Paths below the folders, which begin with a folder's name; patterns are looked for. */
  readonly paths: readonly string[];
  /** How many of the first components of each path are names, whatever they look like, and no patterns. */
  readonly literal: number;
  /** Things are called by the paths that ask for them, in place of their last names. */
  readonly byPath?: boolean;
}

/** Which lanes to open, and where. */
export interface LaneOptions {
  readonly connection: ConnectionId;
  readonly source: SourceId;
  readonly firstLane: LaneId;
  readonly firstNumber: number;
  readonly count: number;
  /** The number of the transfer on its link. */
  readonly transfer: number;
}

/** Why nothing can be listened on. `no-family`: a kernel without IPv6, where IPv4 may still work. */
export class ListenError extends UltraError {
  constructor(reason: "port-in-use" | "no-family" | "listen-address", message: string, address: string) {
    super("network", message, { subject: address, reason });
    this.name = "ListenError";
  }
}

/** Counters of a source or a sink since it was made, for the verdict and the benchmarks. Times are in nanoseconds, summed over threads. */
export type TransferStats = Readonly<Record<(typeof STATS)[number], number>>;

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
  retune(listener: ListenerId, settings: ListenerSettings): void;
  connect(options: ConnectOptions): ConnectionId;
  resolve(request: number, name: string): void;
  clean(request: number, search: Search): void;
  /** `clipboard-read` or `clipboard-failed` follows; a text stays in the engine, for a source. */
  readClipboard(request: number): void;
  /** `clipboard-written` or `clipboard-failed` follows. */
  writeClipboard(request: number, content: ClipboardContent): void;
  /** Queues bytes on the control stream. After the connection has closed it does nothing. */
  send(connection: ConnectionId, bytes: Uint8Array): void;
  /** The peer has proved itself, and may open `lanes`. It may come again, with more of them. */
  admit(connection: ConnectionId, lanes: number): void;
  /** @param transfer its number on the link */
  attach(connection: ConnectionId, sink: SinkId, transfer: number): void;
  openLanes(options: LaneOptions): void;
  finishLane(lane: LaneId): void;
  grant(lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: number): void;
  /** Files of one block among these entries, whole and sealed. */
  grantEntries(lane: LaneId, grant: GrantId, first: EntryId, count: number): void;
  /** Ends a grant before block or entry `end` unless its read cursor has passed that; the actual end, or `undefined` if all of it was read. */
  shrink(grant: GrantId, end: BlockIndex | EntryId): BlockIndex | EntryId | undefined;
  source(options: SourceOptions): SourceId;
  /** What a peer asks for, under its last names. What is not in the folders, or only through a link, is left out as not found. */
  requested(options: RequestedOptions): SourceId;
  /** A source of what another one has, whose pages are known: no page and no end of a walk comes of it. */
  sameSource(as: SourceId): SourceId;
  /** A source of `size` bytes that need no disk, for measurements. */
  memorySource(size: number): SourceId;
  /** The text that was last read from the clipboard, as a file of this name. */
  clipboardSource(name: string): SourceId;
  /** What all lanes of a source send at most from now on, over all connections; 0: no limit. */
  limitRate(source: SourceId, bytesPerSecond: number): void;
  values(source: SourceId, entry: EntryId, first: BlockIndex, values: Uint8Array): void;
  /** Forgets what was kept for reading these entries again. */
  release(source: SourceId, first: EntryId, count: number): void;
  sink(options: SinkOptions): SinkId;
  /** Says which transfer a sink receives, before its first page: with `resume` an interrupted run of the same one is taken up. */
  begin(sink: SinkId, transfer: string, resume: boolean): void;
  page(sink: SinkId, first: EntryId, count: number, entries: Uint8Array): void;
  expect(sink: SinkId, entry: EntryId, first: BlockIndex, count: number): void;
  /** Files of one block among these entries, whole. */
  expectEntries(sink: SinkId, first: EntryId, count: number): void;
  /** A file that was sealed by a message. */
  commit(sink: SinkId, entry: EntryId, size: number, root: Uint8Array): void;
  /** Files that have arrived, empty files, folders and links. */
  commitEntries(sink: SinkId, first: EntryId, count: number): void;
  finishFolders(sink: SinkId): void;
  abandon(sink: SinkId, entry: EntryId, leaving: Leaving): void;
  /** BLAKE3 over all entries, `docs/protocol.md` "Transfer root"; one status byte per entry in, 32 bytes out. */
  transferRoot(transfer: TransferId, statuses: Uint8Array): Uint8Array;
  /** Keeps the machine from going to sleep until it is disposed, where the system has a way. */
  stayAwake(): Disposable;
  /** The root of a file that was sent or committed here, 32 bytes. */
  entryRoot(transfer: TransferId, entry: EntryId): Uint8Array | undefined;
  /** What an entry is called, for messages: its path in the transfer, or below the folder that receives. */
  name(transfer: TransferId, entry: EntryId): string | undefined;
  /** The machine's addresses on the routes that lead out, IPv4 first; a family without a default route has none. */
  outward(): readonly string[];
  /** Bytes free on a sink's disk. */
  freeSpace(sink: SinkId): number | undefined;
  /** Frees a source or sink. `disposed` follows. */
  dispose(transfer: TransferId, leaving: Leaving): void;
  /** Closes a connection or a listener; `code` is an exit code. */
  close(id: ConnectionId | ListenerId, code: number): void;
  /** `undefined` once the transfer is disposed of. */
  stats(transfer: TransferId): TransferStats | undefined;
  load(): ProcessLoad;
  /** `undefined` once the connection is gone. Waits for the connection's thread: for the end of a transfer, not for every moment of it. */
  path(connection: ConnectionId): PathStats | undefined;
  /** The settings that QUIC reports; `undefined` once the connection is gone. Waits for the connection's thread. */
  settings(connection: ConnectionId): ConnectionSettings | undefined;
  /** The events, in order, in batches as they came together, until the engine is stopped. One consumer. */
  events(): AsyncIterable<readonly EngineEvent[]>;
  /** What was ordered so far is carried out now, and not only when the caller has ended its turn: for work that others could begin with meanwhile. */
  submit(): void;
  stop(): void;
}
