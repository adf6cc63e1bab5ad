/**
 * The real data plane: {@linkcode Engine} over the functions of the library.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { MAX_PATH_BYTES } from "../protocol/limits.ts";
import type { BlockIndex, EntryId } from "../protocol/messages.ts";
import type {
  ConnectionId,
  GrantId,
  LaneId,
  Leaving,
  ListenerId,
  SinkId,
  SourceId,
  TransferId,
} from "../protocol/words.ts";
import { PRESERVE_NOTHING_MORE } from "../protocol/words.ts";
import {
  type Command,
  type ConnectionSettings,
  decodeConnectionSettings,
  decodeEvent,
  encodeCommand,
  encodeConnectBlock,
  encodeListenBlock,
  encodeSinkBlock,
  encodeSourceBlock,
  encodeStartBlock,
  fileFaultOf,
  FOLDER_FAULTS,
  LOAD,
  PATH,
  type Question,
  RECORD_LEN,
  REFUSAL,
  STATS,
  THREAD_ROLES,
} from "./door.generated.ts";
import {
  type ClipboardContent,
  type ConnectOptions,
  type Engine,
  type EngineEvent,
  type EngineSizes,
  type Identity,
  type LaneOptions,
  type ListenerSettings,
  type ListenOptions,
  type PathStats,
  type ProcessLoad,
  type RequestedOptions,
  type Search,
  type SinkOptions,
  type SourceOptions,
  type ThreadTime,
  type TransferStats,
} from "./engine.ts";
import { folderError, listenError } from "./faults.ts";
import { loadLibrary } from "./library.ts";
import { CommandBatch, EventRecords } from "./records.ts";
import type { Symbols } from "./symbols.ts";

/** Events taken at once: a burst of a fast transfer, and 16 KiB. */
const MAX_RECORDS = 256;

/** The wait ends now and then, so that a lost wake-up would show as a delay and not as a hang. */
const WAIT_MS = 1000;

/** A certificate with its key takes about 1 KiB. */
const IDENTITY_ROOM = 8192;

const HASH_LEN = 32;
const U64_LEN = 8;

/** Room for the longest path, and for a longer first component that `-o` put into it. */
const NAME_ROOM = MAX_PATH_BYTES + 256;

/** Four bytes for each setting. */
const SETTINGS_ROOM = 256;

/** Room for two addresses. */
const ADDRESSES_ROOM = 128;

/** Counters take some hundred bytes, and each thread 32. */
const NUMBERS_ROOM = 32 * 1024;

/** Where an answer begins, behind its length. */
const ANSWER_AT = 4;

/** What `ultra_measure` takes for the process as a whole. */
const PROCESS = 0;

/** No source has this id. */
const NO_SOURCE = 0;

const EVERY_LEVEL = 0xffff_ffff;

/** For sources that walk nothing. */
const NO_CHOICES = {
  links: "inside",
  hardlinks: true,
  ...PRESERVE_NOTHING_MORE,
  allowGrowing: false,
  literal: 0,
  byPath: false,
  depth: EVERY_LEVEL,
} as const;

/** Of a source that is no tree. */
const OF_MEMORY = { ...NO_CHOICES, within: NO_SOURCE } as const;

/** Starts the data plane; once in a process. */
export function startEngine(sizes: EngineSizes): Engine {
  const library = loadLibrary();
  const block = encodeStartBlock(sizes);
  const result = library.ultra_start(block, block.length);
  if (result !== 0) throw new UltraError("internal", `The data plane does not start (${-result})`);
  return new NativeEngine(library);
}

/**
 * Commands wait here and go to the engine together: before every call that is answered, before the next wait for events, and at the
 * latest when the work that queued them is done (in a microtask).
 */
class NativeEngine implements Engine {
  readonly #library: Symbols;
  readonly #batch = new CommandBatch();
  /** What the commands of the batch are, for the error of a refused one. */
  #queued: Command["type"][] = [];
  /** The first refused command. */
  #refused: Error | undefined;
  /** Transfers that keep the machine awake. */
  #awake = 0;
  /** Ends the wait that goes on. */
  #interrupt: (error: Error) => void = () => {};

  constructor(library: Symbols) {
    this.#library = library;
  }

  identity(): Identity {
    const bytes = this.#ask({ type: "identity" }, IDENTITY_ROOM);
    if (bytes === undefined) throw new UltraError("internal", "A certificate cannot be made");
    return { hash: bytes.slice(0, HASH_LEN), pkcs12: bytes.slice(HASH_LEN) };
  }

  listen(options: ListenOptions): ListenerId {
    this.#flush();
    const { identity, maxUnprovedPerAddress, ...others } = options;
    const block = encodeListenBlock({ ...others, maxUnprovedPerAddress, pkcs12: identity.pkcs12 });
    const listener = this.#library.ultra_listen(block, block.length);
    if (listener < 0) {
      checkOptions(listener, "listen");
      throw listenError(-listener, options.address);
    }
    return listener;
  }

  retune(listener: ListenerId, { settings, plainSettings }: ListenerSettings): void {
    this.#queue({ type: "retune", listener, plain: false, settings });
    this.#queue({ type: "retune", listener, plain: true, settings: plainSettings });
  }

  connect(options: ConnectOptions): ConnectionId {
    this.#flush();
    const pin = options.pin === "report" ? new Uint8Array(0) : options.pin;
    const block = encodeConnectBlock({ ...options, pin });
    const connection = this.#library.ultra_connect(block, block.length);
    if (connection < 0) {
      checkOptions(connection, "connect");
      throw new UltraError("network", `No connection can be started (${-connection})`, { subject: options.address });
    }
    return connection;
  }

  resolve(request: number, name: string): void {
    this.#queue({ type: "resolve", request, name });
  }

  clean(request: number, search: Search): void {
    this.#queue({ type: "clean", request, ...search });
  }

  readClipboard(request: number): void {
    this.#queue({ type: "read-clipboard", request });
  }

  writeClipboard(request: number, content: ClipboardContent): void {
    this.#queue({ type: "write-clipboard", request, ...content });
  }

  send(connection: ConnectionId, bytes: Uint8Array): void {
    this.#queue({ type: "send", connection, bytes });
  }

  admit(connection: ConnectionId, lanes: number): void {
    this.#queue({ type: "admit", connection, lanes });
  }

  attach(connection: ConnectionId, sink: SinkId, transfer: number): void {
    this.#queue({ type: "attach", connection, sink, transfer });
  }

  openLanes(options: LaneOptions): void {
    this.#queue({ type: "open-lanes", ...options });
  }

  finishLane(lane: LaneId): void {
    this.#queue({ type: "finish-lane", lane });
  }

  grant(lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: number): void {
    this.#queue({ type: "grant", lane, grant, entry, first, count });
  }

  grantEntries(lane: LaneId, grant: GrantId, first: EntryId, count: number): void {
    this.#queue({ type: "grant-entries", lane, grant, first, count });
  }

  shrink(grant: GrantId, end: BlockIndex | EntryId): BlockIndex | EntryId | undefined {
    this.#flush();
    const actual = this.#library.ultra_shrink(grant, end);
    return actual < 0 ? undefined : actual;
  }

  source({ paths, cache, links, preserve, allowGrowing, depth = EVERY_LEVEL }: SourceOptions): SourceId {
    const origin = cache === "allowed" ? "files" : "uncached-files";
    const choices = { links, hardlinks: true, ...preserve, allowGrowing };
    return this.#source({ origin, size: 0, ...choices, within: NO_SOURCE, literal: 0, byPath: false, depth, paths });
  }

  requested(
    { within, paths, literal, byPath = false, links, preserve, allowGrowing, depth = EVERY_LEVEL }: RequestedOptions,
  ): SourceId {
    // Where only names are listed, each of them has a size.
    const choices = { links, hardlinks: depth === EVERY_LEVEL, ...preserve, allowGrowing };
    return this.#source({ origin: "requested", size: 0, ...choices, within, literal, byPath, depth, paths });
  }

  sameSource(as: SourceId): SourceId {
    return this.#source({ origin: "same", size: 0, ...NO_CHOICES, within: as, paths: [] });
  }

  memorySource(size: number): SourceId {
    return this.#source({ origin: "memory", size, ...OF_MEMORY, paths: [] });
  }

  clipboardSource(name: string): SourceId {
    return this.#source({ origin: "clipboard", size: 0, ...OF_MEMORY, paths: [name] });
  }

  stayAwake(): Disposable {
    if (this.#awake++ === 0) this.#queue({ type: "stay-awake", on: true });
    return {
      [Symbol.dispose]: () => {
        if (--this.#awake === 0) this.#queue({ type: "stay-awake", on: false });
      },
    };
  }

  limitRate(source: SourceId, bytesPerSecond: number): void {
    this.#queue({ type: "limit-rate", source, bytesPerSecond });
  }

  values(source: SourceId, entry: EntryId, first: BlockIndex, values: Uint8Array): void {
    this.#queue({ type: "values", source, entry, first, values });
  }

  release(source: SourceId, first: EntryId, count: number): void {
    this.#queue({ type: "release", source, first, count });
  }

  sink(options: SinkOptions): SinkId {
    this.#flush();
    const { preserve, ...others } = options;
    const block = encodeSinkBlock({ ...others, ...preserve, rename: options.rename ?? "" });
    const sink = this.#library.ultra_sink(block, block.length);
    if (sink <= -FOLDER_FAULTS) throw folderError(fileFaultOf(-sink - FOLDER_FAULTS), options.folder, options.create);
    return check(sink, "sink");
  }

  begin(sink: SinkId, transfer: string, resume: boolean): void {
    this.#queue({ type: "begin", sink, resume, transfer });
  }

  page(sink: SinkId, first: EntryId, count: number, entries: Uint8Array): void {
    this.#queue({ type: "page", sink, first, count, entries });
  }

  expect(sink: SinkId, entry: EntryId, first: BlockIndex, count: number): void {
    this.#queue({ type: "expect", sink, entry, first, count });
  }

  expectEntries(sink: SinkId, first: EntryId, count: number): void {
    this.#queue({ type: "expect-entries", sink, first, count });
  }

  commitEntries(sink: SinkId, first: EntryId, count: number): void {
    this.#queue({ type: "commit-entries", sink, first, count });
  }

  commit(sink: SinkId, entry: EntryId, size: number, root: Uint8Array): void {
    this.#queue({ type: "commit", sink, entry, size, root });
  }

  finishFolders(sink: SinkId): void {
    this.#queue({ type: "finish-folders", sink });
  }

  abandon(sink: SinkId, entry: EntryId, leaving: Leaving): void {
    this.#queue({ type: "abandon", sink, entry, leaving });
  }

  transferRoot(transfer: TransferId, statuses: Uint8Array): Uint8Array {
    const root = this.#ask({ type: "root", transfer, statuses }, HASH_LEN);
    if (root === undefined) throw new Error("The engine knows no such transfer");
    return root;
  }

  entryRoot(transfer: TransferId, entry: EntryId): Uint8Array | undefined {
    return this.#ask({ type: "entry-root", transfer, entry }, HASH_LEN);
  }

  name(transfer: TransferId, entry: EntryId): string | undefined {
    return this.#text({ type: "name", transfer, entry }, NAME_ROOM) || undefined;
  }

  outward(): readonly string[] {
    return this.#text({ type: "outward" }, ADDRESSES_ROOM).split("\n").filter((line) => line !== "");
  }

  freeSpace(sink: SinkId): number | undefined {
    const bytes = this.#ask({ type: "free-space", sink }, U64_LEN);
    return bytes && Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  }

  dispose(transfer: TransferId, leaving: Leaving): void {
    this.#queue({ type: "dispose", transfer, leaving });
  }

  close(id: ConnectionId | ListenerId, code: number): void {
    this.#queue({ type: "close", id, code });
  }

  stats(transfer: TransferId): TransferStats | undefined {
    const values = this.#measure(transfer);
    return values && named(STATS, values);
  }

  load(): ProcessLoad {
    const values = this.#measure(PROCESS) ?? NO_NUMBERS;
    const threads: ThreadTime[] = [];
    for (let at = LOAD.length; at + 3 < values.length; at += 4) {
      const [id = 0, role = 0, ran = 0, waited = 0] = values.subarray(at, at + 4);
      threads.push({ id, role: THREAD_ROLES[role] ?? "control", ran, waited });
    }
    return { ...named(LOAD, values), threads };
  }

  path(connection: ConnectionId): PathStats | undefined {
    const values = this.#measure(connection);
    return values && named(PATH, values);
  }

  settings(connection: ConnectionId): ConnectionSettings | undefined {
    const block = this.#ask({ type: "settings", connection }, SETTINGS_ROOM);
    return block && decodeConnectionSettings(new EventRecords(block, noPayload));
  }

  async *events(): AsyncGenerator<readonly EngineEvent[], void, void> {
    const bytes = new Uint8Array(MAX_RECORDS * RECORD_LEN);
    const records = new EventRecords(bytes, (payload) => this.#take(payload));
    while (true) {
      this.#flush();
      const count = await this.#wait(bytes);
      if (count < 0) return;
      yield Array.from({ length: count }, (_, index) => decodeEvent(records.moveTo(index)));
    }
  }

  submit(): void {
    this.#flush();
  }

  stop(): void {
    this.#queue({ type: "stop" });
    this.#flush();
  }

  #source(options: Parameters<typeof encodeSourceBlock>[0]): SourceId {
    this.#flush();
    const block = encodeSourceBlock(options);
    return check(this.#library.ultra_source(block, block.length), "source");
  }

  /** `undefined` for what is gone. */
  #measure(id: number): Float64Array | undefined {
    this.#flush();
    const out = new Uint8Array(NUMBERS_ROOM);
    const length = this.#library.ultra_measure(id, out, out.length);
    if (length === -REFUSAL["unknown-id"] || length === -REFUSAL.closed) return undefined;
    return new Float64Array(out.buffer, 0, Math.trunc(check(length, "measure") / Float64Array.BYTES_PER_ELEMENT));
  }

  #take(payload: number): Uint8Array<ArrayBuffer> {
    const length = this.#library.ultra_take(payload, new Uint8Array(0), 0);
    const out = new Uint8Array(check(length, "take"));
    if (length > 0) check(this.#library.ultra_take(payload, out, out.length), "take");
    return out;
  }

  /** The answer to a question; `undefined` when what it is about is gone. */
  #ask(question: Question, room: number): Uint8Array | undefined {
    this.#flush();
    const batch = new CommandBatch();
    encodeCommand(question, batch);
    const bytes = batch.bytesFrom(0);
    const out = new Uint8Array(ANSWER_AT + room);
    const result = this.#library.ultra_submit(bytes, bytes.length, out, out.length);
    check(result, question.type);
    const length = new DataView(out.buffer).getUint32(0, true);
    return length === 0 ? undefined : out.subarray(ANSWER_AT, ANSWER_AT + length);
  }

  #text(question: Question, room: number): string {
    return new TextDecoder().decode(this.#ask(question, room));
  }

  /** Waits for events; a command that is refused meanwhile ends it with its error. */
  #wait(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#refused !== undefined) return Promise.reject(this.#refused);
    return new Promise((done, failed) => {
      this.#interrupt = failed;
      this.#library.ultra_wait(bytes, MAX_RECORDS, WAIT_MS).then(done, failed);
    });
  }

  #queue(command: Command): void {
    if (this.#queued.length === 0) queueMicrotask(() => this.#flush());
    encodeCommand(command, this.#batch);
    this.#queued.push(command.type);
  }

  #flush(): void {
    for (let at = 0; at < this.#queued.length;) {
      const bytes = this.#batch.bytesFrom(at);
      const taken = this.#library.ultra_submit(bytes, bytes.length, NO_ROOM, 0);
      // The first command that is left was refused, and those behind it are still to be run.
      if (taken <= 0) this.#refuse(new Error(`The engine refused "${this.#queued[at]}" (${-taken})`));
      at += Math.max(1, taken);
    }
    this.#batch.clear();
    this.#queued = [];
  }

  /** Nothing a peer or a user does has a command refused: it is a bug of this program. */
  #refuse(error: Error): void {
    this.#refused ??= error;
    this.#interrupt(this.#refused);
  }
}

/** An answer is complete in itself. */
function noPayload(): never {
  throw new Error("An answer of the engine has no payload");
}

const NO_NUMBERS = new Float64Array(0);
const NO_ROOM = new Uint8Array(0);

/** A call that is refused though no peer and no user can cause it is a bug of this program. */
function check(result: number, what: string): number {
  if (result < 0) throw new Error(`The engine refused "${what}" (${-result})`);
  return result;
}

/** Settings that QUIC does not take, and numbers that make no sense, are a bug of this program. */
function checkOptions(result: number, what: string): void {
  if (result === -REFUSAL["bad-arguments"]) throw new Error(`The engine does not take the options of "${what}"`);
}

/** The values by the names that they have in their order. */
function named<Name extends string>(names: readonly Name[], values: Float64Array): Record<Name, number> {
  // The cast gives back what `Object.fromEntries` forgets: the keys are exactly the names.
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? 0])) as Record<Name, number>;
}
