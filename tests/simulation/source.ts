/** The sender's engine: reads simulated files into lanes. @module */

import type { FileFault, GrantId, LaneId } from "../../src/protocol/words.ts";
import type { BlockIndex, EntryId } from "../../src/protocol/messages.ts";
import { encodePages } from "../../src/protocol/pages.ts";
import type { Sender } from "../../src/transfer/sender.ts";
import type { Clock } from "./clock.ts";
import { blockCount, contentOf, rootOf, type SimulatedFile, transferRootOf } from "./content.ts";
import type { Frame, Lane } from "./lanes.ts";
import type { Random } from "./random.ts";
import type { Scenario, SourceFault } from "./scenario.ts";

interface Grant {
  readonly id: GrantId;
  readonly entry: EntryId;
  readonly first: BlockIndex;
  cursor: BlockIndex;
  end: BlockIndex;
}

interface Reader {
  readonly lane: Lane;
  readonly grants: Grant[];
  readonly blockMs: number;
  isReading: boolean;
  /** When the last frame put into the lane arrives: frames do not overtake each other. */
  arrivesMs: number;
}

export class Source {
  /** Frames put into lanes. */
  frames = 0;
  readonly #files: readonly SimulatedFile[];
  readonly #roots = new Map<EntryId, Uint8Array>();
  readonly #values = new Map<EntryId, Uint32Array>();
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
  ) {
    this.#files = scenario.files;
    this.#damagesLeft = scenario.damages.map((damage) => damage.times);
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
    const common = { mode: 0o644, mtimeSeconds: 1, mtimeNanos: 0, fingerprint: new Uint8Array(16) };
    for (const page of encodePages(this.#walked, files.map((file) => ({ ...file, ...common })))) {
      sender.handle({
        type: "page",
        first: page.first,
        count: page.count,
        size: total(this.#files.slice(page.first, page.first + page.count)),
        entries: page.entries,
      });
    }
    this.#walked += count;
  }

  grant(laneId: LaneId, id: GrantId, entry: EntryId, first: BlockIndex, count: number): void {
    const grant = { id, entry, first, cursor: first, end: first + count };
    this.#grants.set(id, grant);
    const reader = this.#readers.get(laneId);
    if (reader === undefined) return;
    reader.grants.push(grant);
    if (!reader.isReading) this.#read(reader);
  }

  shrink(id: GrantId, end: BlockIndex): BlockIndex {
    const grant = this.#grants.get(id);
    if (grant === undefined) throw new Error(`grant ${id} is unknown`);
    grant.end = Math.min(grant.end, Math.max(end, grant.cursor));
    return grant.end;
  }

  seal(entry: EntryId): void {
    this.clock.after(this.random.time(0, 3), () => {
      const fault = this.#faultOf(entry);
      const size = this.#file(entry).size;
      const values = this.#values.get(entry) ?? new Uint32Array(0);
      if (fault?.what === "seal-io") {
        this.tell((sender) => sender.handle({ type: "seal-failed", entry, fault: "io", text: "cannot be read" }));
      } else if (fault?.what === "change" || fault?.what === "shrink") {
        this.tell((sender) => sender.handle({ type: "seal-failed", entry, fault: "changed", text: "changed" }));
      } else {
        if (values.length !== blockCount(size) || values.includes(0)) {
          throw new Error(`sealed ${entry} without its values`);
        }
        const root = rootOf(size, values);
        this.#roots.set(entry, root);
        this.tell((sender) => sender.handle({ type: "sealed", entry, size, root }));
      }
    });
  }

  transferRoot(statuses: Uint8Array): Uint8Array {
    return transferRootOf(this.#files, statuses, this.#roots);
  }

  #read(reader: Reader): void {
    const grant = reader.grants[0];
    reader.isReading = grant !== undefined && reader.lane.isAlive;
    if (grant === undefined || !reader.isReading) return;
    if (grant.cursor >= grant.end) {
      reader.grants.shift();
      this.#tellRead(reader.lane, grant);
      return this.#read(reader);
    }
    const block = grant.cursor++;
    this.clock.after(reader.blockMs, () => {
      if (!reader.lane.isAlive) return;
      const fault = this.#faultOf(grant.entry);
      const failure = fault === undefined ? undefined : readFailure(fault, block);
      if (failure !== undefined) {
        reader.grants.splice(reader.grants.indexOf(grant), 1);
        this.clock.after(
          0.1,
          () =>
            this.tell((sender) =>
              sender.handle({ type: "read-failed", entry: grant.entry, fault: failure, text: "cannot be read" })
            ),
        );
      } else {
        this.#emit(reader, grant.entry, block, fault === undefined ? 0 : 1);
      }
      this.#read(reader);
    });
  }

  #tellRead({ id }: Lane, grant: Grant): void {
    this.clock.after(
      0.1,
      () => this.tell((sender) => sender.handle({ type: "grant-read", lane: id, grant: grant.id })),
    );
  }

  #emit(reader: Reader, entry: EntryId, block: BlockIndex, version: number): void {
    const { path, size } = this.#file(entry);
    let values = this.#values.get(entry);
    if (values === undefined) this.#values.set(entry, values = new Uint32Array(blockCount(size)));
    const value = contentOf(path, version, block);
    values[block] = value;
    this.frames++;
    const frame = { entry, block, value, content: this.#isDamaged(entry, block) ? value ^ 1 : value };
    const { nowMs } = this.clock;
    reader.arrivesMs = Math.max(reader.arrivesMs, nowMs + this.random.time(1, 1.5) * this.scenario.latencyMs);
    this.clock.after(reader.arrivesMs - nowMs, () => this.deliver(reader.lane, frame));
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
