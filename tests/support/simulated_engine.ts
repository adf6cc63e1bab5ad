/**
 * An {@linkcode Engine} in memory and virtual time, for everything above the door: pairs of them are joined by a
 * {@linkcode SimulatedNetwork}, send made-up trees and write to made-up disks.
 *
 * It keeps the contract of `docs/engine.md`: the order of events, what a stranger may send, when a close waits, how far pages run
 * ahead, whose frames are dropped.
 *
 * @module
 */

import { dirname } from "node:path/posix";
import {
  type ClipboardContent,
  type ConnectionSettings,
  type ConnectOptions,
  type Engine,
  type EngineEvent,
  type Identity,
  type LaneOptions,
  ListenError,
  type ListenerSettings,
  type ListenOptions,
  type PathStats,
  type ProcessLoad,
  type RequestedOptions,
  type SinkOptions,
  type SourceOptions,
  type TransferStats,
} from "../../src/engine/engine.ts";
import type {
  ConnectionId,
  GrantId,
  LaneId,
  Leaving,
  ListenerId,
  SinkId,
  SourceId,
  TransferId,
} from "../../src/protocol/words.ts";
import { LOAD, PATH, STATS } from "../../src/engine/door.generated.ts";
import { UltraError } from "../../src/base/errors.ts";
import type { TestFolder } from "../../src/measure/folder.ts";
import type { BlockIndex, EntryId } from "../../src/protocol/messages.ts";
import { type Damage, type Disk, emptyDisk, type Flaw, type Tree, tree } from "./made_up.ts";
import { ConnectionEnd } from "./simulated_connection.ts";
import { type ListeningHost, type SimulatedNetwork, split } from "./simulated_network.ts";
import type { MemoryStates } from "./memory_states.ts";
import { SimulatedSink } from "./simulated_sink.ts";
import { SimulatedSource } from "./simulated_source.ts";

/** The name of the one file of a source in memory. */
const MEMORY = "memory";

export interface SimulatedHost {
  /** The first one is where its connections come from. */
  readonly addresses: readonly string[];
  readonly tree?: Tree;
  readonly disk?: Disk;
  /** Blocks that its lanes damage on their way. */
  readonly damages?: readonly Damage[];
  /** One unless a test is about several: then transfers with no number of connections have one. */
  readonly cores?: number;
  readonly flaw?: Flaw | undefined;
  /** What its processes leave for each other; each for itself alone if absent. */
  readonly states?: MemoryStates;
  /** A kernel without IPv6. */
  readonly hasNoIpv6?: boolean;
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

export class SimulatedEngine implements Engine {
  /** Settings that its listeners were given while they listened. */
  readonly retunings: ConnectionSettings[] = [];
  readonly #network: SimulatedNetwork;
  readonly #host: SimulatedHost;
  readonly #events: EngineEvent[] = [];
  readonly #ends = new Map<ConnectionId, ConnectionEnd>();
  readonly #listeners = new Map<ListenerId, ListeningHost>();
  readonly #sources = new Map<SourceId, SimulatedSource>();
  /** What was found for those who asked. */
  readonly #requested = new Map<SourceId, Tree>();
  readonly #sinks = new Map<SinkId, SimulatedSink>();
  readonly #lanes = new Map<LaneId, { readonly end: ConnectionEnd; readonly source: SimulatedSource }>();
  /** Folders that were made in this run, by path. */
  readonly folders = new Map<string, Disk>();
  #wake = () => {};
  #isStopped = false;
  #nextId = 1;

  constructor(network: SimulatedNetwork, host: SimulatedHost) {
    this.#network = network;
    this.#host = host;
  }

  /** Connections that are open, connecting ones included. */
  get connections(): ConnectionEnd[] {
    return [...this.#ends.values()].filter((end) => !end.isClosed);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** Sinks that were not disposed of. */
  get sinkCount(): number {
    return this.#sinks.size;
  }

  /** Dies without a word, as after `kill -9`. */
  kill(noticeMs?: number): void {
    this.#isStopped = true;
    for (const sink of this.#sinks.values()) sink.crash();
    for (const host of this.#listeners.values()) this.#network.silence(host);
    this.#network.vanish(this.connections, noticeMs);
    this.#wake();
  }

  identity(): Identity {
    const hash = new Uint8Array(32).map(() => this.#network.random.below(256));
    return { hash, pkcs12: hash.slice(0, 5) };
  }

  listen(options: ListenOptions): ListenerId {
    const { address, port } = split(options.address);
    if (this.#host.hasNoIpv6 && address.includes(":")) {
      throw new ListenError("no-family", "This system does not speak that family of addresses", options.address);
    }
    const id = this.#nextId++;
    const host: ListeningHost = {
      addresses: this.#host.addresses,
      listener: id,
      options,
      nextId: () => this.#nextId++,
      // An engine that was stopped closes what comes late.
      accept: (end) => this.#isStopped ? end.closeNow(0) : this.#ends.set(end.id, end),
      tell: (event) => this.#tell(event),
    };
    const actual = this.#network.listen(host, address, port);
    if (actual === undefined) {
      throw new ListenError("port-in-use", "Something else already listens there", options.address);
    }
    this.#listeners.set(id, host);
    this.#tell({ type: "listening", listener: id, port: actual, address });
    return id;
  }

  retune(listener: ListenerId, { settings }: ListenerSettings): void {
    if (!this.#listeners.has(listener)) throw new Error(`The engine refused a call: there is no listener ${listener}`);
    this.retunings.push(settings);
  }

  connect(options: ConnectOptions): ConnectionId {
    const { address } = split(options.address);
    if (this.#network.fates.get(address) === "cannot-start") {
      throw new UltraError("network", "No connection can be started (-22)", { subject: options.address });
    }
    const end = new ConnectionEnd({
      id: this.#nextId++,
      remote: options.address,
      controlLimit: options.controlLimit,
      settings: options.settings,
      network: this.#network,
      tell: (event) => this.#tell(event),
    });
    this.#ends.set(end.id, end);
    this.#network.dial(end, options, this.#host.addresses[0] ?? "10.9.9.9");
    return end.id;
  }

  resolve(request: number, name: string): void {
    const { addresses, afterMs } = this.#network.names.get(name) ?? { addresses: [], afterMs: 1 };
    this.#network.time.later(afterMs, () => this.#tell({ type: "resolved", request, addresses }));
  }

  /** Nothing is ever left: `ultra clean` has its tests over the real engine. */
  clean(request: number): void {
    this.#network.time.later(1, () => this.#tell({ type: "clean-end", request, unread: [] }));
  }

  /** What the clipboard of this computer holds; a text is not told apart from its size. */
  clipboard: ClipboardContent & { readonly size: number } = { form: "nothing", paths: [], raw: false, size: 0 };

  readClipboard(request: number): void {
    const { form, size, paths } = this.clipboard;
    this.#network.time.later(1, () => this.#tell({ type: "clipboard-read", request, form, size, paths: [...paths] }));
  }

  writeClipboard(request: number, content: ClipboardContent): void {
    if (content.form !== "nothing") this.clipboard = { ...content, size: 0 };
    this.#network.time.later(1, () => this.#tell({ type: "clipboard-written", request }));
  }

  clipboardSource(name: string): SourceId {
    return this.#source(tree([[name, this.clipboard.size]]), [name]);
  }

  send(connection: ConnectionId, bytes: Uint8Array): void {
    this.#ends.get(connection)?.send(bytes);
  }

  admit(connection: ConnectionId, lanes: number): void {
    this.#ends.get(connection)?.admit(lanes);
  }

  attach(connection: ConnectionId, sink: SinkId, transfer: number): void {
    const found = this.#sinks.get(sink);
    if (found !== undefined) this.#ends.get(connection)?.attach(found, transfer);
  }

  openLanes({ connection, source, firstLane, firstNumber, count, transfer }: LaneOptions): void {
    const end = this.#ends.get(connection);
    const found = this.#sources.get(source);
    if (end === undefined || found === undefined) return;
    for (let i = 0; i < count; i++) {
      this.#lanes.set(firstLane + i, { end, source: found });
      end.openLane(firstLane + i, firstNumber + i, found, transfer);
    }
  }

  finishLane(lane: LaneId): void {
    this.#lanes.get(lane)?.end.resetLane(lane, true);
  }

  grant(lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: number): void {
    this.#lanes.get(lane)?.source.grant(lane, grant, entry, first, count);
  }

  grantEntries(lane: LaneId, grant: GrantId, first: EntryId, count: number): void {
    this.#lanes.get(lane)?.source.grantEntries(lane, grant, first, count);
  }

  shrink(grant: GrantId, end: number): number | undefined {
    return [...this.#sources.values()].find((source) => source.has(grant))?.shrink(grant, end);
  }

  source({ paths, depth }: SourceOptions): SourceId {
    if (depth === 0) {
      const tops = this.#host.tree?.files.filter(({ path }) => paths.includes(path)) ?? [];
      return this.#source({ ...tree([]), files: tops }, paths);
    }
    const names = paths.map((path) => path.split("/").at(-1) ?? path);
    const inFolder = this.folders.get(dirname(paths[0] ?? ""));
    const files = [...inFolder?.final ?? []];
    const there = tree(files.map(([path, file]) => [path, typeof file === "string" ? file : file.size]));
    return this.#source(inFolder === undefined ? this.#host.tree ?? tree([]) : there, names);
  }

  requested({ paths, depth = Infinity, byPath = false }: RequestedOptions): SourceId {
    const all = this.#host.tree ?? tree([]);
    const below = (path: string) => {
      const above = path.lastIndexOf("/") + 1;
      const found = all.files.filter((file) => file.path === path || file.path.startsWith(`${path}/`));
      const entered = found.filter((file) => file.path.slice(above).split("/").length <= depth + 1);
      return byPath ? entered : entered.map((file) => ({ ...file, path: file.path.slice(above) }));
    };
    const files = paths.flatMap(below);
    const missing = paths.filter((path) => below(path).length === 0).map((path) =>
      ({ reason: "not-found", path }) as const
    );
    const counts = missing.length === 0 ? [] : [{ reason: "not-found", count: missing.length }] as const;
    const names = paths.map((path) => path.split("/").at(-1) ?? path);
    const id = this.#source({ ...all, files, leftOut: { counts, names: missing } }, names);
    this.#requested.set(id, { ...all, files });
    return id;
  }

  sameSource(as: SourceId): SourceId {
    const made = this.#requested.get(as) ?? tree([]);
    const names = made.files.map(({ path }) => path.split("/")[0] ?? path);
    return this.#source(made, names, (event) => {
      if (event.type === "page") event.take();
      else if (event.type !== "walk-end") this.#tell(event);
    });
  }

  #source(
    made: Tree,
    names: readonly string[],
    tell: (event: EngineEvent) => void = (event) => this.#tell(event),
  ): SourceId {
    const { time } = this.#network;
    const id = this.#nextId++;
    const { damages = [], flaw } = this.#host;
    this.#sources.set(id, new SimulatedSource(id, made, names, damages, time, tell, flaw));
    return id;
  }

  /** A folder as `ultra test` makes one: what sinks create inside is in {@linkcode folders} until it is removed. */
  makeFolder(parent: string): Promise<TestFolder> {
    const at = (...names: readonly string[]) => [parent, "test", ...names].join("/");
    this.folders.set(at(), emptyDisk());
    const remove = (path: string) => {
      for (const known of [...this.folders.keys()]) {
        if (known === path || known.startsWith(`${path}/`)) this.folders.delete(known);
      }
      return Promise.resolve();
    };
    return Promise.resolve({
      path: at,
      fresh: async (name) => {
        await remove(at(name));
        return at(name);
      },
      [Symbol.asyncDispose]: () => remove(at()),
    });
  }

  memorySource(size: number): SourceId {
    return this.#source(tree([[MEMORY, size]]), [MEMORY]);
  }

  /** Its network has a speed of its own. */
  limitRate(): void {}

  /** Its disks say no more than a status. */

  values(source: SourceId, entry: EntryId, first: BlockIndex, values: Uint8Array): void {
    this.#sources.get(source)?.hold(entry, first, values);
  }

  /** Transfers that keep the machine awake. */
  awake = 0;

  stayAwake(): Disposable {
    this.awake++;
    return { [Symbol.dispose]: () => void this.awake-- };
  }

  release(source: SourceId, first: EntryId, count: number): void {
    this.#sources.get(source)?.release(first, count);
  }

  sink(options: SinkOptions): SinkId {
    const disk = this.#diskOf(options);
    if (disk.folderFault !== undefined) {
      throw new UltraError("disk", disk.folderFault.text, { subject: options.folder });
    }
    const id = this.#nextId++;
    const { time } = this.#network;
    const tell = (event: EngineEvent) => this.#tell(event);
    this.#sinks.set(id, new SimulatedSink(id, options, disk, time, tell, this.#host.flaw));
    return id;
  }

  #diskOf({ folder, create, discard }: SinkOptions): Disk {
    if (discard) return emptyDisk();
    const { disk = emptyDisk() } = this.#host;
    if (!create) return disk;
    const made = { ...disk, final: new Map(), parts: new Set<string>(), kept: new Map(), unsynced: new Map() };
    this.folders.set(folder, made);
    return made;
  }

  begin(sink: SinkId): void {
    this.#knownSink(sink).begin();
  }

  page(sink: SinkId, first: EntryId, count: number, entries: Uint8Array): void {
    this.#knownSink(sink).page(first, count, entries);
  }

  expect(sink: SinkId, entry: EntryId, first: BlockIndex, count: number): void {
    this.#knownSink(sink).expect(entry, first, count);
  }

  expectEntries(sink: SinkId, first: EntryId, count: number): void {
    this.#knownSink(sink).expectEntries(first, count);
  }

  commitEntries(sink: SinkId, first: EntryId, count: number): void {
    this.#knownSink(sink).commitEntries(first, count);
  }

  commit(sink: SinkId, entry: EntryId, size: number, root: Uint8Array): void {
    this.#knownSink(sink).commit(entry, size, root);
  }

  finishFolders(sink: SinkId): void {
    this.#knownSink(sink).finishFolders();
  }

  abandon(sink: SinkId, entry: EntryId, leaving: Leaving): void {
    this.#knownSink(sink).abandon(entry, leaving);
  }

  transferRoot(transfer: SourceId | SinkId, statuses: Uint8Array): Uint8Array {
    const found = this.#sources.get(transfer) ?? this.#knownSink(transfer);
    return found.transferRoot(statuses);
  }

  entryRoot(transfer: SourceId | SinkId, entry: EntryId): Uint8Array | undefined {
    return (this.#sources.get(transfer) ?? this.#sinks.get(transfer))?.root(entry);
  }

  name(transfer: SourceId | SinkId, entry: EntryId): string | undefined {
    return (this.#sources.get(transfer) ?? this.#sinks.get(transfer))?.name(entry);
  }

  outward(): readonly string[] {
    return this.#host.addresses.slice(0, 1);
  }

  freeSpace(sink: SinkId): number | undefined {
    return this.#sinks.get(sink)?.disk.freeSpace;
  }

  dispose(transfer: SourceId | SinkId, leaving: Leaving): void {
    if (this.#host.flaw === "keeps-sinks" && this.#sinks.has(transfer)) return;
    this.#sources.get(transfer)?.dispose();
    this.#sinks.get(transfer)?.dispose(leaving);
    this.#sources.delete(transfer);
    this.#sinks.delete(transfer);
  }

  close(id: ConnectionId | ListenerId, code: number): void {
    const listener = this.#listeners.get(id);
    if (listener === undefined) return this.#ends.get(id)?.close(code);
    this.#network.silence(listener);
    this.#listeners.delete(id);
  }

  /** Nothing else is measured in virtual time. */
  stats(transfer: TransferId): TransferStats | undefined {
    const source = this.#sources.get(transfer);
    if (source === undefined && !this.#sinks.has(transfer)) return undefined;
    return { ...zeros(STATS), sentBytes: source?.sentBytes ?? 0 };
  }

  load(): ProcessLoad {
    return { ...zeros(LOAD), threads: [] };
  }

  path(connection: ConnectionId): PathStats | undefined {
    const end = this.#ends.get(connection);
    if (end?.isClosed !== false) return undefined;
    return { ...zeros(PATH), rtt: 2e6 * this.#network.latencyMs, receivedPackets: end.packets };
  }

  settings(connection: ConnectionId): ConnectionSettings | undefined {
    const end = this.#ends.get(connection);
    return end?.isClosed === false ? end.settings : undefined;
  }

  async *events(): AsyncGenerator<readonly EngineEvent[], void, void> {
    while (true) {
      while (this.#events.length > 0) yield this.#events.splice(0);
      if (this.#isStopped) return;
      await new Promise<void>((done) => this.#wake = done);
    }
  }

  submit(): void {
    // Commands are carried out as they are given.
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const id of [...this.#listeners.keys()]) this.close(id, 0);
    for (const end of this.connections) end.closeNow(0);
    this.#wake();
  }

  #tell(event: EngineEvent): void {
    if (this.#isStopped) return;
    if (this.#host.flaw === "deaf-to-lanes" && event.type === "lane-closed") return;
    this.#events.push(event);
    this.#wake();
  }

  /** The real engine refuses an id that it does not know, and `native.ts` calls that a bug. */
  #knownSink(id: SinkId): SimulatedSink {
    const sink = this.#sinks.get(id);
    if (sink === undefined) throw new Error(`The engine refused a call: there is no sink ${id}`);
    return sink;
  }
}
