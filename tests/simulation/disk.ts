/** The receiver's engine: claims, checks and writes blocks, and commits simulated files. @module */

import type { TargetStatus } from "../../src/protocol/words.ts";
import type { BlockIndex, EntryId } from "../../src/protocol/messages.ts";
import { decodePage } from "../../src/protocol/pages.ts";
import type { Receiver } from "../../src/transfer/receiver.ts";
import type { Clock } from "./clock.ts";
import { blockCount, contentOf, rootOf, type SimulatedFile, transferRootOf } from "./content.ts";
import type { Frame, Lane } from "./lanes.ts";
import type { Random } from "./random.ts";
import type { DiskFault, Scenario } from "./scenario.ts";

/** How a disk can be broken, to prove that the oracle sees it. */
export type DiskFlaw = "none" | "overwrites-verified" | "checks-nothing";

/** A block that is `undefined` is not needed. */
type Block =
  /** From `expect`, or from `claimed` when it did not verify or its lane died; to `claimed` with a frame. */
  | "missing"
  /** From `missing`; one lane writes it. To `verified` or `missing`. */
  | "claimed"
  /** From `claimed`; final. */
  | "verified";

interface Part {
  readonly content: Uint32Array;
  readonly blocks: (Block | undefined)[];
}

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
  commits = 0;
  checkedEntries = 0;
  readonly #entries: SimulatedFile[] = [];
  readonly #parts = new Map<EntryId, Part>();
  readonly #roots = new Map<EntryId, Uint8Array>();

  constructor(
    readonly scenario: Scenario,
    readonly clock: Clock,
    readonly random: Random,
    readonly tell: (act: (receiver: Receiver) => void) => void,
    readonly flaw: DiskFlaw,
  ) {
    for (const { path, size, kind } of scenario.files) {
      const target = scenario.targets.get(path);
      if (kind === "folder" || target === undefined) continue;
      this.final.set(path, { size, content: contents(path, target === "identical" ? 0 : 99, size) });
    }
  }

  page(first: EntryId, count: number, entries: Uint8Array): void {
    for (const entry of decodePage({ type: "page", first, count, entries })) {
      if (entry.kind === "link") throw new Error("a link came through");
      this.#entries.push({ path: entry.path, kind: entry.kind, size: entry.size ?? -1 });
    }
    const statuses = this.#entries.slice(first, first + count).map((entry) => this.#status(entry));
    this.#enqueue(() => {
      this.checkedEntries = first + count;
      this.tell((receiver) =>
        receiver.handle({ type: "checked", first, statuses, freeSpace: this.scenario.freeSpace })
      );
    });
  }

  expect(entry: EntryId, first: BlockIndex, count: number): void {
    const part = this.#part(entry);
    for (let block = first; block < first + count; block++) part.blocks[block] ??= "missing";
  }

  /** A frame has come to the end of its lane. */
  deliver(lane: Lane, frame: Frame): void {
    if (!lane.isAlive) return;
    lane.arrived.push(frame);
    this.#write(lane);
  }

  commit(entry: EntryId, size: number, root: Uint8Array): void {
    const { path, kind } = this.#entry(entry);
    this.commits++;
    this.clock.after(this.random.time(0, 10), () => {
      const fault = this.#faultOf(entry);
      if (fault !== undefined && fault.block === undefined) return this.#fail(entry, fault);
      if (kind === "folder") {
        return this.tell((receiver) => receiver.handle({ type: "committed", entry, durable: true }));
      }
      const { content, blocks } = this.#part(entry);
      const isWhole = blocks.length === blockCount(size) && blocks.every((block) => block === "verified");
      if (!isWhole && this.flaw === "none") this.faults.push(`committed ${path} with blocks missing`);
      if (this.flaw !== "checks-nothing" && !isEqual(root, rootOf(size, content))) {
        return this.tell((receiver) =>
          receiver.handle({ type: "entry-failed", entry, fault: "integrity", text: "another root" })
        );
      }
      if (this.final.has(path) && !this.scenario.overwrite) this.faults.push(`replaced ${path} without leave`);
      this.final.set(path, { size, content });
      this.#roots.set(entry, root.slice());
      this.tell((receiver) => receiver.handle({ type: "committed", entry, durable: true }));
    });
  }

  abandon(entry: EntryId): void {
    this.#parts.set(entry, { content: new Uint32Array(0), blocks: [] });
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

  /** Lets a lane's next frame in. One writer is in a lane at a time. */
  #write(lane: Lane): void {
    if (lane.isWriting || !lane.isAlive) return;
    const frame = lane.arrived.shift();
    if (frame === undefined) return;
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
  #written(lane: Lane, part: Part, { entry, block, content, value }: Frame, wasVerified: boolean): void {
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
    this.#enqueue(() => this.tell((receiver) => receiver.handle({ type: "verified", entry, first: block, count: 1 })));
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
