/**
 * The real data plane: {@linkcode Engine} over the functions of the library.
 *
 * @module
 */

import { type Reason, UltraError } from "../base/errors.ts";
import { Args } from "./args.ts";
import {
  type ConnectOptions,
  type Engine,
  type EngineEvent,
  type EngineSizes,
  type EngineStats,
  type Identity,
  ListenError,
  type ListenOptions,
  type PathStats,
  type ProcessLoad,
  type SinkOptions,
  type ThreadTime,
} from "./engine.ts";
import type { ConnectionId, FileFault, ListenerId } from "../protocol/words.ts";
import { MAX_PATH_BYTES } from "../protocol/limits.ts";
import { Command, LOAD, PATH, RECORD_LEN, Refusal, STATS, THREAD_ROLES } from "./layout.generated.ts";
import { loadLibrary } from "./library.ts";
import { type CommandFields, decodeEvent, encodeCommand, faultOf } from "./records.ts";
import type { Symbols } from "./symbols.ts";

/** Events taken at once: a burst of a fast transfer, and 16 KiB. */
const MAX_RECORDS = 256;

/** The wait ends now and then, so that a lost wake-up would show as a delay and not as a hang. */
const WAIT_MS = 1000;

/** A certificate with its key takes about 1 KiB. */
const IDENTITY_ROOM = 8192;

const HASH_LEN = 32;

/** Room for the longest path, and for a longer first component that `-o` put into it. */
const NAME_ROOM = MAX_PATH_BYTES + 256;

/** Room for two addresses. */
const ADDRESSES_ROOM = 128;

/** Counters take some hundred bytes, and each thread 32. */
const NUMBERS_ROOM = 32 * 1024;

/** Refusals of `ultra_sink` for a folder: this much below zero, then the number of the fault. */
const FOLDER_FAULTS = 1000;

const SOURCE_KINDS = { files: 0, memory: 1, uncachedFiles: 2 } as const;

const SINK_FLAGS = { overwrite: 1, discard: 2, create: 4, hidden: 8 } as const;

/** Starts the data plane; once in a process. */
export function startEngine(sizes: EngineSizes): Engine {
  const library = loadLibrary();
  const args = new Args()
    .u32(sizes.readers)
    .u32(sizes.writers)
    .u32(sizes.buffers)
    .u32(sizes.executionProfile)
    .u32(sizes.networkThreads)
    .u32(sizes.outstandingBytes)
    .f64(sizes.bytesPerSecond ?? 0)
    .bytes();
  const result = library.ultra_start(args, args.length);
  if (result !== 0) throw new UltraError("internal", `The data plane does not start (${-result})`);
  return new NativeEngine(library);
}

/** The text that `layout.generated.ts` must have for the loaded library. */
export function libraryLayout(): string {
  const out = new Uint8Array(64 * 1024);
  const length = loadLibrary().ultra_layout(out, out.length);
  return new TextDecoder().decode(out.subarray(0, Math.max(0, length)));
}

class NativeEngine implements Engine {
  readonly #library: Symbols;
  readonly #command = new Uint8Array(RECORD_LEN);

  constructor(library: Symbols) {
    this.#library = library;
  }

  identity(): Identity {
    const out = new Uint8Array(IDENTITY_ROOM);
    const length = this.#library.ultra_identity(out, out.length);
    if (length <= HASH_LEN) throw new UltraError("internal", `A certificate cannot be made (${-length})`);
    return { hash: out.slice(0, HASH_LEN), pkcs12: out.slice(HASH_LEN, length) };
  }

  listen(options: ListenOptions): number {
    const alpns = Args.text(options.alpns.join("\0"));
    const address = Args.text(options.address);
    const args = new Args()
      .raw(options.settings)
      .u32(options.maxUnvalidated)
      .u32(options.maxUnproved)
      .u32(options.maxUnprovedPerAddress)
      .u32(options.controlLimit)
      .u32(options.identity.hash.length)
      .u32(options.identity.pkcs12.length)
      .u32(alpns.length)
      .u32(address.length)
      .raw(options.identity.hash)
      .raw(options.identity.pkcs12)
      .raw(alpns)
      .raw(address)
      .bytes();
    const listener = this.#library.ultra_listen(args, args.length);
    if (listener < 0) throw listenError(-listener, options.address);
    return listener;
  }

  retune(listener: ListenerId, settings: Uint8Array): void {
    const bytes = settings as Uint8Array<ArrayBuffer>;
    check(this.#library.ultra_retune(listener, bytes, bytes.length), "retune");
  }

  connect(options: ConnectOptions): ConnectionId {
    const alpns = Args.text(options.alpns.join("\0"));
    const address = Args.text(options.address);
    const isPinned = options.pin !== "report";
    const args = new Args()
      .raw(options.settings)
      .u32(isPinned ? 0 : 1)
      .raw(isPinned ? options.pin : new Uint8Array(16))
      .u32(options.partition)
      .u32(options.controlLimit)
      .u32(alpns.length)
      .u32(address.length)
      .raw(alpns)
      .raw(address)
      .bytes();
    const connection = this.#library.ultra_connect(args, args.length);
    if (connection < 0) {
      throw new UltraError("network", `No connection can be started (${-connection})`, { subject: options.address });
    }
    return connection;
  }

  resolve(request: number, name: string): void {
    const bytes = Args.text(name);
    check(this.#library.ultra_resolve(request, bytes, bytes.length), "resolve");
  }

  send(connection: ConnectionId, bytes: Uint8Array): void {
    const result = this.#library.ultra_send(connection, bytes as Uint8Array<ArrayBuffer>, bytes.length);
    // A connection that is gone says so in its own event.
    if (result !== -Refusal.unknownId && result !== -Refusal.closed) check(result, "send");
  }

  admit(connection: number, lanes: number): void {
    this.#submit("admit", { id: connection, payload: lanes });
  }

  attach(connection: number, sink: number): void {
    this.#submit("attach", { id: connection, entry: sink });
  }

  openLanes(connection: number, source: number, firstLane: number, firstNumber: number, count: number): void {
    this.#submit("openLanes", { id: connection, entry: source, payload: firstLane, first: firstNumber, count });
  }

  finishLane(lane: number): void {
    this.#submit("finishLane", { id: lane });
  }

  grant(lane: number, grant: number, entry: number, first: number, count: number): void {
    this.#submit("grant", { id: lane, entry, payload: grant, first, count });
  }

  shrink(grant: number, end: number): number | undefined {
    const actual = this.#library.ultra_shrink(grant, end);
    return actual < 0 ? undefined : actual;
  }

  source(paths: readonly string[], cache: "allowed" | "forgotten" = "allowed"): number {
    const args = new Args().u32(cache === "allowed" ? SOURCE_KINDS.files : SOURCE_KINDS.uncachedFiles).f64(0).raw(
      Args.text(paths.join("\0")),
    ).bytes();
    return check(this.#library.ultra_source(args, args.length), "source");
  }

  memorySource(size: number): number {
    const args = new Args().u32(SOURCE_KINDS.memory).f64(size).bytes();
    return check(this.#library.ultra_source(args, args.length), "source");
  }

  values(source: number, entry: number, first: number, values: Uint8Array): void {
    const bytes = values as Uint8Array<ArrayBuffer>;
    check(this.#library.ultra_values(source, entry, first, bytes, bytes.length), "values");
  }

  seal(source: number, entry: number): void {
    this.#submit("seal", { id: source, entry });
  }

  sink(options: SinkOptions): number {
    const folder = Args.text(options.folder);
    const rename = Args.text(options.rename ?? "");
    const flags = (options.overwrite ? SINK_FLAGS.overwrite : 0) | (options.discard ? SINK_FLAGS.discard : 0) |
      (options.create ? SINK_FLAGS.create : 0) | (options.hidden ? SINK_FLAGS.hidden : 0);
    const args = new Args().u32(flags).u32(folder.length).u32(rename.length).raw(folder).raw(rename).bytes();
    const sink = this.#library.ultra_sink(args, args.length);
    if (sink <= -FOLDER_FAULTS) throw folderError(faultOf(-sink - FOLDER_FAULTS), options.folder);
    return check(sink, "sink");
  }

  page(sink: number, first: number, count: number, entries: Uint8Array): void {
    const bytes = entries as Uint8Array<ArrayBuffer>;
    check(this.#library.ultra_page(sink, first, count, bytes, bytes.length), "page");
  }

  expect(sink: number, entry: number, first: number, count: number): void {
    this.#submit("expect", { id: sink, entry, first, count });
  }

  commit(sink: number, entry: number, size: number, root: Uint8Array): void {
    this.#submit("commit", { id: sink, entry, first: size, bytes: root });
  }

  finishFolders(sink: number): void {
    this.#submit("finishFolders", { id: sink });
  }

  abandon(sink: number, entry: number): void {
    this.#submit("abandon", { id: sink, entry });
  }

  transferRoot(transfer: number, statuses: Uint8Array): Uint8Array {
    const root = new Uint8Array(HASH_LEN);
    const bytes = statuses as Uint8Array<ArrayBuffer>;
    const result = this.#library.ultra_root(transfer, bytes, bytes.length, root);
    // It needs all paths at once, of which a peer may have sent many.
    if (result === -Refusal.tooMuch) throw new UltraError("disk", "There is not enough memory to confirm the transfer");
    check(result, "transferRoot");
    return root;
  }

  name(transfer: number, entry: number): string | undefined {
    return this.#text(NAME_ROOM, (out) => this.#library.ultra_name(transfer, entry, out, out.length));
  }

  outward(): readonly string[] {
    const text = this.#text(ADDRESSES_ROOM, (out) => this.#library.ultra_outward(out, out.length));
    return text?.split("\n").filter((line) => line !== "") ?? [];
  }

  dispose(transfer: number): void {
    this.#submit("dispose", { id: transfer });
  }

  close(id: number, code: number): void {
    this.#submit("close", { id, first: code });
  }

  stats(): EngineStats {
    return named(STATS, numbers((out) => check(this.#library.ultra_stats(out, out.length), "stats")));
  }

  load(): ProcessLoad {
    const values = numbers((out) => check(this.#library.ultra_load(out, out.length), "load"));
    const threads: ThreadTime[] = [];
    for (let at = LOAD.length; at + 3 < values.length; at += 4) {
      const [id = 0, role = 0, ran = 0, waited = 0] = values.subarray(at, at + 4);
      threads.push({ id, role: THREAD_ROLES[role] ?? "control", ran, waited });
    }
    return { ...named(LOAD, values), threads };
  }

  path(connection: number): PathStats | undefined {
    let isGone = false;
    const values = numbers((out) => {
      const result = this.#library.ultra_path(connection, out, out.length);
      isGone = result === -Refusal.unknownId || result === -Refusal.closed;
      return isGone ? 0 : check(result, "path");
    });
    return isGone ? undefined : named(PATH, values);
  }

  async *events(): AsyncGenerator<readonly EngineEvent[], void, void> {
    const records = new Uint8Array(MAX_RECORDS * RECORD_LEN);
    while (true) {
      const count = await this.#library.ultra_wait(records, MAX_RECORDS, WAIT_MS);
      if (count < 0) return;
      yield Array.from({ length: count }, (_, index) => {
        const record = records.subarray(index * RECORD_LEN, (index + 1) * RECORD_LEN);
        return decodeEvent(record, (payload) => this.#take(payload));
      });
    }
  }

  stop(): void {
    this.#library.ultra_stop();
  }

  /** The text that a function writes; `undefined` when what it is about is gone. */
  #text(room: number, write: (out: Uint8Array<ArrayBuffer>) => number): string | undefined {
    const out = new Uint8Array(room);
    const length = write(out);
    if (length === -Refusal.unknownId || length === -Refusal.closed) return undefined;
    return new TextDecoder().decode(out.subarray(0, check(length, "text"))) || undefined;
  }

  #take(payload: number): Uint8Array<ArrayBuffer> {
    const length = this.#library.ultra_take(payload, new Uint8Array(0), 0);
    const out = new Uint8Array(check(length, "take"));
    if (length > 0) check(this.#library.ultra_take(payload, out, out.length), "take");
    return out;
  }

  #submit(command: keyof typeof Command, fields: CommandFields): void {
    encodeCommand(this.#command, command, fields);
    check(this.#library.ultra_submit(this.#command, 1), command);
  }
}

/** A refusal that no peer and no user can cause is a bug of this program. */
function check(result: number, what: string): number {
  if (result < 0) throw new Error(`The engine refused "${what}" (${-result})`);
  return result;
}

/** What a function writes into the bytes it is given, and says the length of. */
function numbers(write: (out: Uint8Array<ArrayBuffer>) => number): Float64Array {
  const out = new Uint8Array(NUMBERS_ROOM);
  return new Float64Array(out.buffer, 0, Math.trunc(write(out) / Float64Array.BYTES_PER_ELEMENT));
}

/** The values by the names that they have in their order. */
function named<Name extends string>(names: readonly Name[], values: Float64Array): Record<Name, number> {
  // The cast gives back what `Object.fromEntries` forgets: the keys are exactly the names.
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? 0])) as Record<Name, number>;
}

function listenError(refusal: number, address: string): ListenError {
  switch (refusal) {
    case Refusal.addressInUse:
      return new ListenError("port-in-use", "Something else already listens there", address);
    case Refusal.noFamily:
      return new ListenError("no-family", "This system does not speak that family of addresses", address);
    case Refusal.addressUnusable: {
      const message = "That address is not this machine's, or its port needs more rights";
      return new ListenError("listen-address", message, address);
    }
    default:
      return new ListenError("listen-address", `It is not possible to listen there (${refusal})`, address);
  }
}

const FOLDER_SENTENCES: Readonly<Record<FileFault, string>> = {
  "no-space": "The disk is full",
  permission: "You may not create files in the folder",
  "read-only": "The file system is read-only",
  exists: "Something else has the name of the folder",
  "not-found": "The folder does not exist",
  changed: "The folder was replaced",
  "not-a-file": "This is not a folder",
  io: "The folder cannot be used",
  integrity: "The folder cannot be used",
  unsendable: "The folder's name cannot be used",
  protocol: "The folder cannot be used",
  "no-memory": "There is not enough memory for the folder",
};

const FOLDER_REASONS: Readonly<Partial<Record<FileFault, Reason>>> = {
  "not-found": "folder-missing",
  "not-a-file": "not-a-folder",
};

function folderError(fault: FileFault, folder: string): UltraError {
  const reason = FOLDER_REASONS[fault];
  const text = fault === "not-a-file" ? `${folder} is not a folder` : FOLDER_SENTENCES[fault];
  return new UltraError("disk", text, { subject: folder, ...reason && { reason } });
}
