/** The simulated engine's sending half: walks made-up trees and reads their blocks into lanes. @module */

import type { EngineEvent } from "../../src/engine/engine.ts";
import type { GrantId, LaneId, SourceId } from "../../src/protocol/words.ts";
import type { BlockIndex, EntryId } from "../../src/protocol/messages.ts";
import { encodePage } from "../../src/protocol/pages.ts";
import { contentOf, entryOf, rootOf, type SimulatedFile, transferRootOf, valuesOfWire } from "../simulation/content.ts";
import { blocksOf, type Damage, type Flaw, type MadeUpFault, MIB, type Tree } from "./made_up.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** Pages that may wait to be taken, as in `native/engine/src/walk.rs`. */
const MAX_UNTAKEN = 8;

/** Frames of a lane that are under way at most: the stream window. */
const MAX_UNDER_WAY = 4;

export interface Frame {
  readonly entry: EntryId;
  readonly block: BlockIndex;
  readonly content: number;
  readonly value: number;
  /** The root of a file of one block, which its frame seals. */
  readonly root: Uint8Array | undefined;
}

/** The end of a lane that frames are put into. */
export interface LaneEnd {
  readonly id: LaneId;
  readonly isOpen: boolean;
  /** @param taken called when the receiver has written or dropped the frame */
  put(frame: Frame, taken: () => void): void;
}

/** Blocks of a file, or (`entry` undefined) files of one block. */
interface Grant {
  readonly lane: LaneId;
  readonly id: GrantId;
  readonly entry: EntryId | undefined;
  cursor: BlockIndex | EntryId;
  end: BlockIndex | EntryId;
}

/** What is kept of a file until it is released: the values that were sent first. */
interface Kept {
  readonly values: (number | undefined)[];
  left: number;
}

interface Reader {
  readonly lane: LaneEnd;
  readonly grants: Grant[];
  isReading: boolean;
  underWay: number;
}

export class SimulatedSource {
  readonly #files: SimulatedFile[];
  readonly #kept = new Map<EntryId, Kept>();
  readonly #over = new Set<EntryId>();
  readonly #roots = new Map<EntryId, Uint8Array>();
  readonly #readers = new Map<LaneId, Reader>();
  readonly #grants = new Map<GrantId, Grant>();
  #walked = 0;
  #untaken = 0;
  #isPaused = false;
  #isDisposed = false;
  /** Bytes of blocks that were put into lanes. */
  sentBytes = 0;

  constructor(
    readonly id: SourceId,
    readonly tree: Tree,
    names: readonly string[],
    readonly damages: readonly Damage[],
    readonly time: VirtualTime,
    readonly tell: (event: EngineEvent) => void,
    readonly flaw?: Flaw,
  ) {
    const files = tree.files.filter(({ path }) => names.some((name) => path === name || path.startsWith(`${name}/`)));
    this.#files = files;
    for (const [entry, { kind, size }] of files.entries()) {
      if (kind === "file" && size === 0) this.#roots.set(entry, rootOf(0, []));
    }
    time.later(1, () => {
      if (this.#files.length > 0 || names.length === 0) this.#walk();
      else tell({ type: "walk-failed", source: id, fault: "not-found", text: `there is no "${names[0]}"` });
    });
  }

  addLane(lane: LaneEnd): void {
    this.#readers.set(lane.id, { lane, grants: [], isReading: false, underWay: 0 });
  }

  grant(lane: LaneId, id: GrantId, entry: EntryId, first: BlockIndex, count: number): void {
    this.#queue({ lane, id, entry, cursor: first, end: first + count });
  }

  grantEntries(lane: LaneId, id: GrantId, first: EntryId, count: number): void {
    this.#queue({ lane, id, entry: undefined, cursor: first, end: first + count });
  }

  /** Values of blocks that the receiver has. */
  hold(entry: EntryId, first: BlockIndex, values: Uint8Array): void {
    for (const [at, value] of valuesOfWire(values).entries()) this.#keep(entry, first + at, value);
  }

  shrink(id: GrantId, end: number): number | undefined {
    const grant = this.#grants.get(id);
    if (grant === undefined) return undefined;
    grant.end = Math.min(grant.end, Math.max(end, grant.cursor));
    return grant.end;
  }

  has(grant: GrantId): boolean {
    return this.#grants.has(grant);
  }

  release(first: EntryId, count: number): void {
    for (let entry = first; entry < first + count; entry++) {
      this.#over.add(entry);
      this.#kept.delete(entry);
    }
  }

  root(entry: EntryId): Uint8Array | undefined {
    return this.#roots.get(entry);
  }

  name(entry: EntryId): string | undefined {
    return this.#files[entry]?.path;
  }

  transferRoot(statuses: Uint8Array): Uint8Array {
    return transferRootOf(this.#files, statuses, this.#roots);
  }

  dispose(): void {
    this.#tell({ type: "disposed", transfer: this.id });
    this.#isDisposed = true;
  }

  #walk(): void {
    if (this.#isDisposed) return;
    if (this.#untaken >= MAX_UNTAKEN) return void (this.#isPaused = true);
    const { walkFault, pageEntries } = this.tree;
    if (walkFault !== undefined && this.#walked >= walkFault.before) {
      const { fault, text } = walkFault;
      return this.#tell({ type: "walk-failed", source: this.id, fault, text });
    }
    const files = this.#files.slice(this.#walked, this.#walked + pageEntries);
    if (files.length === 0) return this.#endWalk();
    const entries = files.map((file) => ({ ...entryOf(file), fingerprint: this.#fingerprint(file.path) }));
    const page = encodePage(this.#walked, entries);
    this.#walked += files.length;
    this.#untaken++;
    this.#tell({
      type: "page",
      source: this.id,
      first: page.first,
      count: page.count,
      size: sizeOf(files),
      take: () => {
        this.#untaken--;
        if (this.#isPaused) this.time.later(0.1, () => this.#walk());
        this.#isPaused = false;
        return page.entries;
      },
    });
    this.time.later(0.2, () => this.#walk());
  }

  #endWalk(): void {
    const files = this.#files.filter(({ kind }) => kind === "file").length;
    const { leftOut, unkept } = this.tree;
    this.#tell({
      type: "walk-end",
      source: this.id,
      entries: this.#files.length,
      files,
      size: sizeOf(this.#files),
      unkept,
      leftOut,
    });
  }

  #queue(grant: Grant): void {
    const reader = this.#readers.get(grant.lane);
    if (reader === undefined || !reader.lane.isOpen) return;
    this.#grants.set(grant.id, grant);
    reader.grants.push(grant);
    this.#read(reader);
  }

  #read(reader: Reader): void {
    const [grant] = reader.grants;
    if (grant === undefined || reader.isReading || !reader.lane.isOpen || reader.underWay >= MAX_UNDER_WAY) return;
    while (grant.entry === undefined && grant.cursor < grant.end && !this.#isSmall(grant.cursor)) grant.cursor++;
    if (grant.cursor >= grant.end) {
      this.#close(reader, grant);
      const { lane, id, entry = grant.end - 1, end } = grant;
      this.#tell({ type: "grant-read", lane, grant: id, entry, end });
      return this.#read(reader);
    }
    const at = grant.cursor++;
    reader.isReading = true;
    this.time.later(this.tree.readMs, () => {
      reader.isReading = false;
      if (!reader.lane.isOpen || this.#isDisposed) return;
      const [entry, block] = grant.entry === undefined ? [at, 0] : [grant.entry, at];
      const fault = this.#over.has(entry) ? undefined : this.#faultOf(entry, block);
      if (fault !== undefined) this.#failed(reader, grant, entry, fault);
      else if (!this.#over.has(entry)) this.#put(reader, entry, block);
      this.#read(reader);
    });
  }

  /** Why a block cannot be sent: it cannot be read, or is not what it was. A file of one block is looked at again behind its read. */
  #faultOf(entry: EntryId, block: BlockIndex): MadeUpFault | undefined {
    const { path } = this.#file(entry);
    const fault = this.tree.readFaults.get(path);
    if (fault !== undefined && block >= fault.block) return fault;
    if (this.#isSmall(entry)) return this.tree.sealFaults.get(path) ?? this.#change(path);
    const first = this.#kept.get(entry)?.values[block];
    return first === undefined || first === contentOf(path, this.#version(path), block)
      ? undefined
      : this.#change(path);
  }

  #failed(reader: Reader, grant: Grant, entry: EntryId, { fault, text }: MadeUpFault): void {
    if (grant.entry !== undefined) this.#close(reader, grant);
    this.#tell({ type: "read-failed", source: this.id, entry, fault, text });
  }

  #close(reader: Reader, grant: Grant): void {
    reader.grants.splice(reader.grants.indexOf(grant), 1);
    this.#grants.delete(grant.id);
  }

  #put(reader: Reader, entry: EntryId, block: BlockIndex): void {
    const { path, size } = this.#file(entry);
    const value = contentOf(path, this.#version(path), block);
    const root = this.#isSmall(entry) ? rootOf(size, [value]) : undefined;
    if (root !== undefined) this.#roots.set(entry, root);
    this.#keep(entry, block, value);
    const damage = this.damages.find((one) => one.entry === entry && one.block === block && one.times > 0);
    if (damage !== undefined) damage.times--;
    reader.underWay++;
    this.sentBytes += Math.min(MIB, size - block * MIB);
    reader.lane.put({ entry, block, value, root, content: damage === undefined ? value : value ^ 1 }, () => {
      reader.underWay--;
      this.#read(reader);
    });
  }

  #keep(entry: EntryId, block: BlockIndex, value: number): void {
    const count = blocksOf(this.#file(entry).size);
    const kept = this.#kept.get(entry) ?? { values: new Array<undefined>(count), left: count };
    this.#kept.set(entry, kept);
    if (kept.values[block] !== undefined) return;
    kept.values[block] = value;
    if (--kept.left === 0 && count > 1) this.time.later(1, () => this.#seal(entry, kept));
  }

  #seal(entry: EntryId, { values }: Kept): void {
    if (this.#over.has(entry)) return;
    const { path, size } = this.#file(entry);
    const fault = this.tree.sealFaults.get(path) ?? this.#change(path);
    if (fault !== undefined) return this.#tell({ type: "seal-failed", source: this.id, entry, ...fault });
    const root = rootOf(size, values.map((value) => value ?? 0));
    this.#roots.set(entry, root);
    this.#tell({ type: "sealed", source: this.id, entry, size, root, unlinked: false });
  }

  #isSmall(entry: EntryId): boolean {
    return blocksOf(this.#file(entry).size) === 1;
  }

  /** One more than at the start from the moment on at which the file becomes another. */
  #version(path: string): number {
    return this.#versionAtStart(path) + (this.#hasChanged(path) ? 1 : 0);
  }

  #versionAtStart(path: string): number {
    return this.tree.versions.get(path) ?? 0;
  }

  #hasChanged(path: string): boolean {
    return this.time.now() >= (this.tree.changes.get(path) ?? Infinity);
  }

  #fingerprint(path: string): Uint8Array {
    return new Uint8Array(16).fill(this.#version(path));
  }

  #change(path: string): MadeUpFault | undefined {
    if (!this.#hasChanged(path) || this.flaw === "ignores-changes") return undefined;
    return { fault: "changed", text: `"${path}" changed while it was sent` };
  }

  #tell(event: EngineEvent): void {
    if (!this.#isDisposed) this.tell(event);
  }

  #file(entry: EntryId): SimulatedFile {
    const file = this.#files[entry];
    if (file === undefined) throw new Error(`Entry ${entry} is not in the tree`);
    return file;
  }
}

function sizeOf(files: readonly SimulatedFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
