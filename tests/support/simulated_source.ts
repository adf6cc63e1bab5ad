/** The simulated engine's sending half: walks made-up trees and reads their blocks into lanes. @module */

import type { EngineEvent } from "../../src/engine/engine.ts";
import type { GrantId, LaneId, SourceId } from "../../src/protocol/words.ts";
import type { BlockIndex, EntryId } from "../../src/protocol/messages.ts";
import { encodePage } from "../../src/protocol/pages.ts";
import { contentOf, rootOf, type SimulatedFile, transferRootOf } from "../simulation/content.ts";
import { blocksOf, type Damage, type Flaw, type MadeUpFault, type Tree } from "./made_up.ts";
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
}

/** The end of a lane that frames are put into. */
export interface LaneEnd {
  readonly id: LaneId;
  readonly isOpen: boolean;
  /** @param taken called when the receiver has written or dropped the frame */
  put(frame: Frame, taken: () => void): void;
}

interface Grant {
  readonly lane: LaneId;
  readonly id: GrantId;
  readonly entry: EntryId;
  cursor: BlockIndex;
  end: BlockIndex;
}

interface Reader {
  readonly lane: LaneEnd;
  readonly grants: Grant[];
  isReading: boolean;
  underWay: number;
}

export class SimulatedSource {
  readonly #files: SimulatedFile[];
  readonly #values = new Map<EntryId, Uint32Array>();
  readonly #roots = new Map<EntryId, Uint8Array>();
  readonly #readers = new Map<LaneId, Reader>();
  readonly #grants = new Map<GrantId, Grant>();
  #walked = 0;
  #untaken = 0;
  #isPaused = false;
  #isDisposed = false;

  constructor(
    readonly id: SourceId,
    readonly tree: Tree,
    names: readonly string[],
    readonly damages: readonly Damage[],
    readonly time: VirtualTime,
    readonly tell: (event: EngineEvent) => void,
    readonly flaw?: Flaw,
  ) {
    this.#files = tree.files.filter(({ path }) => names.some((name) => path === name || path.startsWith(`${name}/`)));
    time.later(1, () => {
      if (this.#files.length > 0 || names.length === 0) this.#walk();
      else tell({ type: "walk-failed", source: id, fault: "not-found", text: `there is no "${names[0]}"` });
    });
  }

  addLane(lane: LaneEnd): void {
    this.#readers.set(lane.id, { lane, grants: [], isReading: false, underWay: 0 });
  }

  grant(lane: LaneId, id: GrantId, entry: EntryId, first: BlockIndex, count: number): void {
    const reader = this.#readers.get(lane);
    if (reader === undefined || !reader.lane.isOpen) return;
    const grant = { lane, id, entry, cursor: first, end: first + count };
    this.#grants.set(id, grant);
    reader.grants.push(grant);
    this.#read(reader);
  }

  shrink(id: GrantId, end: BlockIndex): BlockIndex | undefined {
    const grant = this.#grants.get(id);
    if (grant === undefined) return undefined;
    grant.end = Math.min(grant.end, Math.max(end, grant.cursor));
    return grant.end;
  }

  has(grant: GrantId): boolean {
    return this.#grants.has(grant);
  }

  seal(entry: EntryId): void {
    this.time.later(1, () => {
      const { path, size } = this.#file(entry);
      const fault = this.tree.sealFaults.get(path) ?? this.#change(path);
      if (fault !== undefined) return this.#tell({ type: "seal-failed", source: this.id, entry, ...fault });
      const values = this.#values.get(entry) ?? new Uint32Array(0);
      if (values.length !== blocksOf(size)) throw new Error(`"${path}" was sealed before all of it was read`);
      const root = rootOf(size, values);
      this.#roots.set(entry, root);
      this.#tell({ type: "sealed", source: this.id, entry, size, root });
    });
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
    const common = { mode: 0o644, mtimeSeconds: 1, mtimeNanos: 0, fingerprint: new Uint8Array(16) };
    const page = encodePage(this.#walked, files.map((file) => ({ ...file, ...common })));
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
    const { leftOut } = this.tree;
    this.#tell({
      type: "walk-end",
      source: this.id,
      entries: this.#files.length,
      files,
      size: sizeOf(this.#files),
      leftOut,
    });
  }

  #read(reader: Reader): void {
    const [grant] = reader.grants;
    if (grant === undefined || reader.isReading || !reader.lane.isOpen || reader.underWay >= MAX_UNDER_WAY) return;
    if (grant.cursor >= grant.end) {
      reader.grants.shift();
      this.#grants.delete(grant.id);
      const { lane, id, entry, end } = grant;
      this.#tell({ type: "grant-read", lane, grant: id, entry, end });
      return this.#read(reader);
    }
    const block = grant.cursor++;
    reader.isReading = true;
    this.time.later(this.tree.readMs, () => {
      reader.isReading = false;
      if (!reader.lane.isOpen || this.#isDisposed) return;
      const fault = this.tree.readFaults.get(this.#file(grant.entry).path);
      if (fault !== undefined && block >= fault.block) this.#failed(reader, grant, fault);
      else this.#put(reader, grant.entry, block);
      this.#read(reader);
    });
  }

  #failed(reader: Reader, grant: Grant, { fault, text }: MadeUpFault): void {
    reader.grants.splice(reader.grants.indexOf(grant), 1);
    this.#grants.delete(grant.id);
    this.#tell({ type: "read-failed", source: this.id, entry: grant.entry, fault, text });
  }

  #put(reader: Reader, entry: EntryId, block: BlockIndex): void {
    const { path, size } = this.#file(entry);
    const values = this.#values.get(entry) ?? new Uint32Array(blocksOf(size));
    const value = contentOf(path, this.#version(path), block);
    values[block] = value;
    this.#values.set(entry, values);
    const damage = this.damages.find((one) => one.entry === entry && one.block === block && one.times > 0);
    if (damage !== undefined) damage.times--;
    reader.underWay++;
    reader.lane.put({ entry, block, value, content: damage === undefined ? value : value ^ 1 }, () => {
      reader.underWay--;
      this.#read(reader);
    });
  }

  /** 1 from the moment on at which the file becomes another. */
  #version(path: string): number {
    return this.time.now() >= (this.tree.changes.get(path) ?? Infinity) ? 1 : 0;
  }

  #change(path: string): MadeUpFault | undefined {
    if (this.#version(path) === 0 || this.flaw === "ignores-changes") return undefined;
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
