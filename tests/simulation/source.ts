/** The sender's engine: reads simulated files into lanes, seals them, and keeps what it sent until they are over. @module */

import type { FileFault, GrantId, LaneId } from "../../src/protocol/words.ts";
import type { BlockIndex, EntryId } from "../../src/protocol/messages.ts";
import { encodePages } from "../../src/protocol/pages.ts";
import type { Sender } from "../../src/transfer/sender.ts";
import type { Clock } from "./clock.ts";
import {
  BLOCK,
  blockCount,
  contentOf,
  entryOf,
  rootOf,
  type SimulatedFile,
  transferRootOf,
  valuesOfWire,
} from "./content.ts";
import type { Frame, Lane } from "./lanes.ts";
import type { Random } from "./random.ts";
import type { Scenario, SourceFault } from "./scenario.ts";

/** How a source can be broken, to prove that the oracle sees it. */
export type SourceFlaw =
  | "none"
  /** What is read again is sent, whatever it is. */
  | "forgets-values"
  /** Files of one block are not looked at again before their frame seals them. */
  | "seals-unseen";

/** Blocks of a file, or (`entry` undefined) files of one block. */
interface Grant {
  readonly id: GrantId;
  readonly entry: EntryId | undefined;
  cursor: number;
  end: number;
}

interface Reader {
  readonly lane: Lane;
  readonly grants: Grant[];
  readonly blockMs: number;
  isReading: boolean;
  /** When the last frame put into the lane arrives: frames do not overtake each other. */
  arrivesMs: number;
}

/** What is kept of a file that is read. */
interface Kept {
  /** By block, as they were sent first. */
  readonly values: (number | undefined)[];
  left: number;
}

export class Source {
  /** Frames put into lanes. */
  frames = 0;
  /** Files whose seal has left, in a frame or as an event. */
  readonly sealed = new Set<EntryId>();
  readonly #files: readonly SimulatedFile[];
  readonly #roots = new Map<EntryId, Uint8Array>();
  readonly #kept = new Map<EntryId, Kept>();
  readonly #over = new Set<EntryId>();
  readonly #readers = new Map<LaneId, Reader>();
  readonly #grants = new Map<GrantId, Grant>();
  readonly #damagesLeft: number[];
  #walked = 0;
  #hasWalkEnded = false;

  constructor(
    readonly scenario: Scenario,
    readonly clock: Clock,
    readonly random: Random,
    /** Calls the machine, unless the process is over. */
    readonly tell: (act: (sender: Sender) => void) => void,
    readonly deliver: (lane: Lane, frame: Frame) => void,
    readonly flaw: SourceFlaw,
  ) {
    this.#files = scenario.files;
    this.#damagesLeft = scenario.damages.map((damage) => damage.times);
    for (const [entry, { kind, size }] of this.#files.entries()) {
      if (kind === "file" && size === 0) this.#roots.set(entry, rootOf(0, []));
    }
  }

  openLane(lane: Lane): void {
    const blockMs = this.random.time(0.05, 2);
    this.#readers.set(lane.id, { lane, grants: [], blockMs, isReading: false, arrivesMs: 0 });
  }

  killLane(id: LaneId): void {
    this.#readers.delete(id);
  }

  killLanes(): void {
    this.#readers.clear();
  }

  /** Emits the next page of the walk, if it is welcome. */
  walk(sender: Sender): void {
    if (this.#hasWalkEnded || !sender.wantsPage) return;
    const { walkFault } = this.scenario;
    if (walkFault !== undefined && this.#walked >= walkFault.afterEntries) {
      this.#hasWalkEnded = true;
      return sender.handle({ type: "walk-failed", fault: walkFault.fault, text: "the walk failed" });
    }
    const count = Math.min(this.random.between(1, 12), this.#files.length - this.#walked);
    if (count === 0) {
      this.#hasWalkEnded = true;
      const { leftOut } = this.scenario;
      return sender.handle({ type: "walk-end", entries: this.#files.length, size: total(this.#files), leftOut });
    }
    const files = this.#files.slice(this.#walked, this.#walked + count);
    for (const page of encodePages(this.#walked, files.map(entryOf))) {
      const size = total(this.#files.slice(page.first, page.first + page.count));
      sender.handle({ ...page, type: "page", size });
    }
    this.#walked += count;
  }

  grant(lane: LaneId, id: GrantId, entry: EntryId, first: BlockIndex, count: number): void {
    this.#queue(lane, { id, entry, cursor: first, end: first + count });
  }

  grantEntries(lane: LaneId, id: GrantId, first: EntryId, count: number): void {
    this.#queue(lane, { id, entry: undefined, cursor: first, end: first + count });
  }

  /** Values of blocks that the receiver has. */
  hold(entry: EntryId, first: BlockIndex, values: Uint8Array): void {
    for (const [at, value] of valuesOfWire(values).entries()) this.#keep(entry, first + at, value);
  }

  shrink(id: GrantId, end: number): number {
    const grant = this.#grants.get(id);
    if (grant === undefined) throw new Error(`grant ${id} is unknown`);
    grant.end = Math.min(grant.end, Math.max(end, grant.cursor));
    return grant.end;
  }

  release(first: EntryId, count: number): void {
    for (let entry = first; entry < first + count; entry++) {
      this.#over.add(entry);
      this.#kept.delete(entry);
    }
  }

  transferRoot(statuses: Uint8Array): Uint8Array {
    return transferRootOf(this.#files, statuses, this.#roots);
  }

  root(entry: EntryId): Uint8Array | undefined {
    return this.#roots.get(entry);
  }

  #queue(laneId: LaneId, grant: Grant): void {
    this.#grants.set(grant.id, grant);
    const reader = this.#readers.get(laneId);
    if (reader === undefined) return;
    reader.grants.push(grant);
    if (!reader.isReading) this.#read(reader);
  }

  #read(reader: Reader): void {
    const grant = reader.grants[0];
    reader.isReading = grant !== undefined && reader.lane.isAlive;
    if (grant === undefined || !reader.isReading) return;
    while (grant.entry === undefined && grant.cursor < grant.end && !this.#isSmall(grant.cursor)) grant.cursor++;
    if (grant.cursor >= grant.end) {
      reader.grants.shift();
      this.#later(0.1, (sender) => sender.handle({ type: "grant-read", lane: reader.lane.id, grant: grant.id }));
      return this.#read(reader);
    }
    const at = grant.cursor++;
    this.clock.after(reader.blockMs, () => {
      if (!reader.lane.isAlive) return;
      if (grant.entry === undefined) this.#readSmall(reader, at);
      else if (!this.#readBlock(reader, grant.entry, at)) reader.grants.splice(reader.grants.indexOf(grant), 1);
      this.#read(reader);
    });
  }

  /** Reads a file of one block and looks at it again: then its frame seals it. */
  #readSmall(reader: Reader, entry: EntryId): void {
    if (this.#over.has(entry)) return;
    const fault = this.#faultOf(entry);
    const isAgain = this.#kept.has(entry);
    const isUnseen = this.flaw === "seals-unseen" || (isAgain && this.flaw === "forgets-values");
    if (fault !== undefined && !isUnseen) {
      const isChanged = fault.what === "change" || fault.what === "shrink";
      return this.#fail(entry, isChanged ? "changed" : "io");
    }
    this.sealed.add(entry);
    this.#emit(reader, entry, 0, fault === undefined ? 0 : 1);
  }

  /** Reads a block of a larger file; false when it cannot be read. */
  #readBlock(reader: Reader, entry: EntryId, block: BlockIndex): boolean {
    if (this.#over.has(entry)) return true;
    const fault = this.#faultOf(entry);
    const failure = fault === undefined ? undefined : readFailure(fault, block);
    const version = fault === undefined ? 0 : 1;
    const first = this.#kept.get(entry)?.values[block];
    const isOther = first !== undefined && first !== contentOf(this.#file(entry).path, version, block);
    if (failure !== undefined || (isOther && this.flaw !== "forgets-values")) {
      this.#fail(entry, failure ?? "changed");
      return false;
    }
    this.#emit(reader, entry, block, version);
    return true;
  }

  #fail(entry: EntryId, fault: FileFault): void {
    this.#later(0.1, (sender) => sender.handle({ type: "read-failed", entry, fault, text: "cannot be read" }));
  }

  #emit(reader: Reader, entry: EntryId, block: BlockIndex, version: number): void {
    const { path, size } = this.#file(entry);
    const value = contentOf(path, version, block);
    const isSmall = this.#isSmall(entry);
    const root = isSmall ? rootOf(size, [value]) : undefined;
    if (root !== undefined) this.#roots.set(entry, root);
    this.#keep(entry, block, value);
    this.frames++;
    const frame = { entry, block, value, root, content: this.#isDamaged(entry, block) ? value ^ 1 : value };
    const { nowMs } = this.clock;
    reader.arrivesMs = Math.max(reader.arrivesMs, nowMs + this.random.time(1, 1.5) * this.scenario.latencyMs);
    this.clock.at(reader.arrivesMs, () => this.deliver(reader.lane, frame));
  }

  #keep(entry: EntryId, block: BlockIndex, value: number): void {
    const count = blockCount(this.#file(entry).size);
    let kept = this.#kept.get(entry);
    if (kept === undefined) this.#kept.set(entry, kept = { values: new Array(count), left: count });
    if (kept.values[block] !== undefined) return;
    kept.values[block] = value;
    kept.left--;
    if (kept.left === 0 && !this.#isSmall(entry)) this.#seal(entry, kept);
  }

  /** All was read once: looks at the source again, which now and then takes longer than the blocks to their end. */
  #seal(entry: EntryId, { values }: Kept): void {
    this.#later(this.random.time(0, this.random.chance(0.3) ? 400 : 3), (sender) => {
      if (this.#over.has(entry) || this.sealed.has(entry)) return;
      const fault = this.#faultOf(entry);
      if (fault?.what === "seal-io") {
        return sender.handle({ type: "seal-failed", entry, fault: "io", text: "cannot be read" });
      }
      if (fault?.what === "change" || fault?.what === "shrink") {
        return sender.handle({ type: "seal-failed", entry, fault: "changed", text: "changed" });
      }
      const { size } = this.#file(entry);
      const root = rootOf(size, values.map((value) => value ?? 0));
      this.sealed.add(entry);
      this.#roots.set(entry, root);
      sender.handle({ type: "sealed", entry, size, root });
    });
  }

  #later(delayMs: number, act: (sender: Sender) => void): void {
    this.clock.after(delayMs, () => this.tell(act));
  }

  #isDamaged(entry: EntryId, block: BlockIndex): boolean {
    const i = this.scenario.damages.findIndex((damage) => damage.entry === entry && damage.block === block);
    const left = this.#damagesLeft[i] ?? 0;
    if (left > 0) this.#damagesLeft[i] = left - 1;
    return left > 0;
  }

  /** The fault of an entry, once its time has come. */
  #faultOf(entry: EntryId): SourceFault | undefined {
    return this.scenario.sourceFaults.find((fault) => fault.entry === entry && this.clock.nowMs >= fault.atMs);
  }

  /** Whether a file's frame seals it. */
  #isSmall(entry: EntryId): boolean {
    const { size } = this.#file(entry);
    return size > 0 && size <= BLOCK && !this.scenario.sealsAlike;
  }

  #file(entry: EntryId): SimulatedFile {
    const file = this.#files[entry];
    if (file === undefined) throw new Error(`entry ${entry} is unknown`);
    return file;
  }
}

function readFailure(fault: SourceFault, block: BlockIndex): FileFault | undefined {
  if (fault.what === "unreadable") return "permission";
  return fault.what === "shrink" && block >= fault.block ? "changed" : undefined;
}

function total(files: readonly SimulatedFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}
