/** The receiver's engine: claims, checks and writes blocks, and commits simulated files. @module */

import type { TargetStatus } from "../../src/protocol/words.ts";
import type { BlockIndex, EntryId } from "../../src/protocol/messages.ts";
import { decodePage } from "../../src/protocol/pages.ts";
import type { Receiver } from "../../src/transfer/receiver.ts";
import type { Clock } from "./clock.ts";
import {
  BLOCK,
  blockCount,
  contentOf,
  rootOf,
  runsOf,
  type SimulatedFile,
  transferRootOf,
  wireValues,
} from "./content.ts";
import type { Frame, Lane } from "./lanes.ts";
import type { Random } from "./random.ts";
import type { DiskFault, Scenario } from "./scenario.ts";

/** How a disk can be broken, to prove that the oracle sees it. */
export type DiskFlaw =
  | "none"
  | "overwrites-verified"
  | "checks-nothing"
  /** With the first block of a file it says that all of them are verified. */
  | "verifies-early"
  /** Files of one block count as sealed whatever their frame says. */
  | "takes-unsealed"
  /** Empty files are not committed without a seal. */
  | "awaits-empty-seals";

/** A block that is `undefined` is not needed. */
type Block =
  /** From `expect`, or from `claimed` when it did not verify or its lane died; to `claimed` with a frame. */
  | "missing"
  /** From `missing`; one lane writes it. To `verified` or `missing`. */
  | "claimed"
  /** From `claimed`; final. */
  | "verified"
  /** From the start, where an earlier run received it and may have been killed; to `verified`, or to no state where it is stale. */
  | "rereading";

interface Part {
  readonly content: Uint32Array;
  readonly blocks: (Block | undefined)[];
}

/** What is known of an entry whose status is told. */
type Standing =
  /** From its page, unless it is `over`; to `committing` with a commit, or `over` when it is abandoned. */
  | "needed"
  /** From `needed`; to `over` when the commit is done or has failed. */
  | "committing"
  | "over";

export interface FinalFile {
  readonly size: number;
  readonly content: Uint32Array;
}

export class Disk {
  /** What is under final names, by path. */
  readonly final = new Map<string, FinalFile>();
  /** What is wrong, in words: each is a failure of the seed. */
  readonly faults: string[] = [];
  /** Frames of blocks that were verified, or that another lane was writing. */
  duplicates = 0;
  verifiedBlocks = 0;
  checkedEntries = 0;
  readonly #entries: SimulatedFile[] = [];
  readonly #standings: Standing[] = [];
  readonly #parts = new Map<EntryId, Part>();
  /** Roots of files, as their frames sealed them or their commit stated them. */
  readonly #roots = new Map<EntryId, Uint8Array>();
  /** Files of one block that have arrived and were not told of. */
  #arrived: EntryId[] = [];

  constructor(
    readonly scenario: Scenario,
    readonly clock: Clock,
    readonly random: Random,
    readonly tell: (act: (receiver: Receiver) => void) => void,
    readonly flaw: DiskFlaw,
  ) {
    for (const { path, size, kind } of scenario.files) {
      const target = scenario.targets.get(path);
      if (kind !== "file" || target === undefined) continue;
      this.final.set(path, { size, content: contents(path, target === "identical" ? 0 : 99, size) });
    }
  }

  page(first: EntryId, count: number, entries: Uint8Array): void {
    for (const entry of decodePage({ type: "page", first, count, entries })) {
      this.#entries.push({ path: entry.path, kind: entry.kind, size: entry.size ?? -1 });
    }
    const statuses = this.#entries.slice(first, first + count).map((entry) => this.#status(entry));
    for (const status of statuses) {
      const isTaken = status === "absent" || (status === "different" && this.scenario.overwrite);
      this.#standings.push(isTaken ? "needed" : "over");
    }
    for (let entry = first; entry < first + count; entry++) this.#takeUp(entry);
    this.#enqueue(() => {
      this.checkedEntries = first + count;
      this.tell((receiver) =>
        receiver.handle({ type: "checked", first, statuses, freeSpace: this.scenario.freeSpace })
      );
    });
  }

  /** Goes on with what an earlier run received. */
  #takeUp(entry: EntryId): void {
    const { path, size } = this.#entry(entry);
    const held = this.scenario.held.get(path);
    if (held === undefined || this.#standings[entry] !== "needed") return;
    const part = this.#part(entry);
    for (const { first, count } of runsOf(held.blocks)) {
      const blocks = Array.from({ length: count }, (_, i) => first + i);
      const values = wireValues(blocks.map((block) => contentOf(path, 0, block)));
      this.#enqueue(() => this.tell((receiver) => receiver.handle({ type: "held", entry, first, values })));
      for (const block of blocks) {
        part.content[block] = held.stale.has(block) ? 0xdead : contentOf(path, 0, block);
        part.blocks[block] = held.isClean ? "verified" : "rereading";
      }
    }
    const { isClean } = held;
    const occupied = Math.min(size, held.blocks.length * BLOCK);
    this.#enqueue(() => this.tell((receiver) => receiver.handle({ type: "taken-up", entry, occupied, isClean })));
    if (!isClean) { for (const block of held.blocks) this.#reread(entry, part, block, held.stale.has(block)); }
  }

  /** Comes to an end behind the page's check, before, between or behind other blocks. */
  #reread(entry: EntryId, part: Part, block: BlockIndex, isStale: boolean): void {
    this.clock.after(this.random.time(1, 200), () => {
      if (this.#parts.get(entry) !== part) return;
      part.blocks[block] = isStale ? undefined : "verified";
      this.tell((receiver) =>
        receiver.handle(isStale ? { type: "stale", entry, block } : { type: "verified", entry, first: block, count: 1 })
      );
    });
  }

  expect(entry: EntryId, first: BlockIndex, count: number): void {
    const part = this.#part(entry);
    for (let block = first; block < first + count; block++) part.blocks[block] ??= "missing";
  }

  expectEntries(first: EntryId, count: number): void {
    for (let entry = first; entry < first + count; entry++) {
      if (!this.isSmall(entry)) continue;
      if (this.#standings[entry] !== "needed") this.faults.push(`expected file ${entry}, which is not needed`);
      this.expect(entry, 0, 1);
    }
  }

  /** A frame has come to the end of its lane. */
  deliver(lane: Lane, frame: Frame): void {
    if (!lane.isAlive) return;
    lane.arrived.push(frame);
    this.#write(lane);
  }

  commit(entry: EntryId, size: number, root: Uint8Array): void {
    this.#begin(entry);
    this.clock.after(this.random.time(0, this.scenario.commitMs), () => {
      if (this.#commit(entry, size, root)) this.#tellCommitted(entry, 1);
    });
  }

  /** Some parts of a run take longer than others, and what is committed together is told together. */
  commitEntries(first: EntryId, count: number): void {
    for (let entry = first; entry < first + count; entry++) this.#begin(entry);
    for (let at = first; at < first + count;) {
      const [start, end] = [at, Math.min(first + count, at + this.random.between(1, 40))];
      this.clock.after(this.random.time(0, this.scenario.commitMs), () => this.#commitRun(start, end));
      at = end;
    }
  }

  abandon(entry: EntryId): void {
    this.#parts.set(entry, { content: new Uint32Array(0), blocks: [] });
    this.#standings[entry] = "over";
  }

  finishFolders(): void {
    const fault = this.scenario.foldersFault;
    this.clock.after(this.random.time(0, 10), () => {
      this.tell((receiver) =>
        receiver.handle({ type: "folders-finished", failure: fault && { fault, text: "cannot be finished" } })
      );
    });
  }

  transferRoot(statuses: Uint8Array): Uint8Array {
    return transferRootOf(this.#entries, statuses, this.#roots);
  }

  root(entry: EntryId): Uint8Array | undefined {
    return this.#roots.get(entry);
  }

  /** Whether all blocks of a file are verified. */
  isWhole(entry: EntryId): boolean {
    const { blocks } = this.#part(entry);
    const count = blockCount(this.#entry(entry).size);
    return blocks.length === count && blocks.every((block) => block === "verified");
  }

  blocks(entry: EntryId): number {
    return blockCount(this.#entry(entry).size);
  }

  isSmall(entry: EntryId): boolean {
    const { size } = this.#entry(entry);
    return size > 0 && size <= BLOCK;
  }

  isLink(entry: EntryId): boolean {
    const { kind } = this.#entry(entry);
    return kind === "link" || kind === "hardlink";
  }

  /** Lets a lane's next frame in. One writer is in a lane at a time. */
  #write(lane: Lane): void {
    if (lane.isWriting || !lane.isAlive) return;
    const frame = lane.arrived.shift();
    if (frame === undefined) return;
    if (!this.#parts.has(frame.entry)) this.faults.push(`a frame of file ${frame.entry}, which is not needed`);
    const part = this.#part(frame.entry);
    const state = part.blocks[frame.block];
    if (state !== "missing") {
      // What is not needed any more, because its entry failed, is dropped as well, but for a reason.
      if (state !== undefined) this.duplicates++;
      const isFlawed = this.flaw === "overwrites-verified" && state === "verified";
      if (!isFlawed) return this.#write(lane);
    }
    part.blocks[frame.block] = "claimed";
    lane.isWriting = true;
    this.clock.after(this.#writeMs(), () => {
      lane.isWriting = false;
      this.#written(lane, part, frame, state === "verified");
      this.#write(lane);
    });
  }

  /** Now and then a write hangs, long enough for its lane to die and for another to bring the block meanwhile. */
  #writeMs(): number {
    return this.random.chance(this.scenario.hangs) ? this.random.time(2, 3000) : this.random.time(0, 2);
  }

  /** The last write of a claimed block has returned. */
  #written(lane: Lane, part: Part, { entry, block, content, value, root }: Frame, wasVerified: boolean): void {
    // Abandoned in the meantime.
    if (this.#parts.get(entry) !== part) return;
    if (wasVerified) this.faults.push(`wrote over a verified block of entry ${entry}`);
    if (!lane.isAlive) {
      part.content[block] = 0xdead;
      part.blocks[block] = "missing";
      return;
    }
    const fault = this.#faultOf(entry);
    if (fault?.block === block) return this.#fail(entry, fault);
    part.content[block] = content;
    if (content !== value && this.flaw !== "checks-nothing") {
      part.blocks[block] = "missing";
      return this.#enqueue(() => this.tell((receiver) => receiver.handle({ type: "mismatch", entry, block })));
    }
    part.blocks[block] = "verified";
    if (!wasVerified) this.verifiedBlocks++;
    const isTaken = this.flaw === "takes-unsealed" && this.isSmall(entry);
    if (root !== undefined || isTaken) return this.#arrive(entry, root);
    const isEarly = this.flaw === "verifies-early";
    const [first, count] = isEarly ? [0, part.content.length] : [block, 1];
    this.#enqueue(() => this.tell((receiver) => receiver.handle({ type: "verified", entry, first, count })));
  }

  /** A file of one block is there. Some are told of together. */
  #arrive(entry: EntryId, root: Uint8Array | undefined): void {
    if (root !== undefined) this.#roots.set(entry, root);
    if (this.#arrived.push(entry) > 1) return;
    this.clock.after(this.random.time(0, 3), () => {
      for (const { first, count } of runsOf(this.#arrived.splice(0))) {
        this.tell((receiver) => receiver.handle({ type: "arrived", first, count }));
      }
    });
  }

  #begin(entry: EntryId): void {
    const { path } = this.#entry(entry);
    if (this.#standings[entry] !== "needed") this.faults.push(`committed ${path}, which is ${this.#standings[entry]}`);
    this.#standings[entry] = "committing";
    if (!this.isLink(entry)) return;
    const isOpen = this.#standings.some((standing, other) => standing !== "over" && !this.isLink(other));
    if (isOpen) this.faults.push(`committed the link ${path} before everything else was over`);
  }

  #commitRun(start: EntryId, end: EntryId): void {
    const done: EntryId[] = [];
    for (let entry = start; entry < end; entry++) {
      const { size, kind } = this.#entry(entry);
      if (kind === "file" && size === 0 && this.flaw === "awaits-empty-seals") continue;
      const root = kind === "file" && size === 0 ? rootOf(0, []) : this.#roots.get(entry);
      if (this.#commit(entry, size, root)) done.push(entry);
    }
    for (const { first, count } of runsOf(done)) this.#tellCommitted(first, count);
  }

  /** Gives an entry its name; false when that fails. */
  #commit(entry: EntryId, size: number, root: Uint8Array | undefined): boolean {
    const { path, kind } = this.#entry(entry);
    const fault = this.#faultOf(entry);
    if (fault !== undefined && fault.block === undefined) {
      this.#fail(entry, fault);
      return false;
    }
    this.#standings[entry] = "over";
    if (kind !== "file") return true;
    const { content } = this.#part(entry);
    if (!this.isWhole(entry)) this.faults.push(`committed ${path} with blocks missing`);
    const isRight = root !== undefined && isEqual(root, rootOf(size, content));
    if (!isRight && this.flaw !== "checks-nothing") {
      const text = "another root";
      this.tell((receiver) => receiver.handle({ type: "entry-failed", entry, fault: "integrity", text }));
      return false;
    }
    if (this.final.has(path) && !this.scenario.overwrite) this.faults.push(`replaced ${path} without leave`);
    this.final.set(path, { size, content });
    if (root !== undefined) this.#roots.set(entry, root.slice());
    return true;
  }

  #tellCommitted(first: EntryId, count: number): void {
    this.tell((receiver) => receiver.handle({ type: "committed", first, count, durable: true }));
  }

  #fail(entry: EntryId, { fault }: DiskFault): void {
    this.tell((receiver) => receiver.handle({ type: "entry-failed", entry, fault, text: "the disk failed" }));
  }

  /** Events come out in order, a little later. */
  #enqueue(act: () => void): void {
    this.clock.after(0.5, act);
  }

  #status({ path, kind }: SimulatedFile): TargetStatus {
    const target = this.scenario.targets.get(path);
    if (path.startsWith(".") && !this.scenario.hidden) return "hidden";
    if (target === undefined) return "absent";
    return kind === "folder" && target === "identical" ? "folder-exists" : target;
  }

  #part(entry: EntryId): Part {
    let part = this.#parts.get(entry);
    if (part === undefined) {
      part = { content: new Uint32Array(blockCount(this.#entry(entry).size)), blocks: [] };
      this.#parts.set(entry, part);
    }
    return part;
  }

  #entry(entry: EntryId): SimulatedFile {
    const found = this.#entries[entry];
    if (found === undefined) throw new Error(`entry ${entry} is not in the manifest`);
    return found;
  }

  #faultOf(entry: EntryId): DiskFault | undefined {
    return this.scenario.diskFaults.find((fault) => fault.entry === entry);
  }
}

/** The blocks of a version of a file. */
export function contents(path: string, version: number, size: number): Uint32Array {
  return new Uint32Array(blockCount(size)).map((_, block) => contentOf(path, version, block));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}
