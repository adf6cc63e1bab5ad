/** The simulated engine's receiving half: claims, checks and writes blocks to a made-up disk, and commits files there. @module */

import type { EngineEvent, SinkOptions } from "../../src/engine/engine.ts";
import type { Leaving, SinkId, TargetStatus } from "../../src/protocol/words.ts";
import type { BlockIndex, EntryId } from "../../src/protocol/messages.ts";
import { decodePage } from "../../src/protocol/pages.ts";
import { rootOf, runsOf, type SimulatedFile, transferRootOf, wireValues } from "../simulation/content.ts";
import { blocksOf, type Disk, type FinalFile, type Flaw, type KeptPart, type MadeUpFault, MIB } from "./made_up.ts";
import { LOST } from "./power_cut.ts";
import type { Frame } from "./simulated_source.ts";
import type { VirtualTime } from "./virtual_time.ts";

/**
 * From `expected` to `claimed` with a frame; from there to `verified`, or back when the frame was wrong or its lane died. From `rereading`,
 * which a killed run leaves, to `verified` or `unneeded`.
 */
type BlockState = "unneeded" | "expected" | "claimed" | "verified" | "rereading";

interface Part {
  readonly file: SimulatedFile;
  readonly states: BlockState[];
  /** What is in the part file. */
  readonly blocks: Uint32Array;
  /** What verified blocks were found to be, or are said to be by the journal: the root follows from these alone. */
  readonly values: Uint32Array;
  /** What a later run can take up of it. */
  readonly kept: KeptPart | undefined;
  /** An earlier run made it. */
  readonly isTakenUp: boolean;
  isFailed: boolean;
}

/** That of files of the first version. */
const USUAL_TIME = 1;

/** That of a file that was never sealed. */
const NO_ROOT = new Uint8Array(32);

export class SimulatedSink {
  readonly #entries: SimulatedFile[] = [];
  readonly #parts = new Map<EntryId, Part>();
  readonly #roots = new Map<EntryId, Uint8Array>();
  /** Folders that were there before the transfer. */
  readonly #before: ReadonlySet<string>;
  readonly #fingerprints: string[] = [];
  readonly #mtimes: number[] = [];
  /** Entries whose commit has no answer yet. */
  readonly #committing = new Set<EntryId>();
  #hasBegun = false;
  /** `"open"` from the start; leads to `"disposed"` with that call, or to `"dead"` with the process, which makes nothing durable any more. */
  #state: "open" | "disposed" | "dead" = "open";

  constructor(
    readonly id: SinkId,
    readonly options: SinkOptions,
    readonly disk: Disk,
    readonly time: VirtualTime,
    readonly tell: (event: EngineEvent) => void,
    readonly flaw?: Flaw,
  ) {
    this.#before = new Set(disk.final.keys());
  }

  begin(): void {
    if (this.#entries.length > 0 || this.#hasBegun) this.disk.breaches.push("a transfer began twice, or late");
    this.#hasBegun = true;
  }

  page(first: EntryId, count: number, entries: Uint8Array): void {
    if (!this.#hasBegun) this.disk.breaches.push("a page came before its transfer had begun");
    for (const { path, kind, size, mtimeSeconds, fingerprint } of decodePage({ type: "page", first, count, entries })) {
      if (size === undefined) throw new Error("The decoder let through what it must refuse");
      this.#entries.push({ path, kind, size });
      this.#fingerprints.push(String(fingerprint));
      this.#mtimes.push(mtimeSeconds);
    }
    const statuses = this.#entries.slice(first, first + count).map((file, i) => this.#status(file, first + i));
    this.time.later(1, () => {
      for (const [at, status] of statuses.entries()) {
        if (status === "absent" || status === "different") this.#takeUp(first + at);
      }
      this.#tell({ type: "checked", sink: this.id, first, statuses, freeSpace: this.disk.freeSpace });
    });
  }

  /** Looks for what an earlier run left of an entry. */
  #takeUp(entry: EntryId): void {
    const { path, size } = this.#entry(entry);
    const kept = this.disk.kept.get(path);
    if (kept === undefined) return;
    const occupied = kept.blocks.length * MIB;
    const isSame = kept.size === size && kept.fingerprint === this.#fingerprints[entry];
    if (this.options.restart || (!isSame && this.flaw !== "ignores-fingerprints")) {
      const why = this.options.restart ? "chosen" : "source-changed";
      return this.#tell({ type: "anew", sink: this.id, entry, why, occupied });
    }
    const isClean = kept.isClean || this.flaw === "trusts-journals";
    const held = [...kept.recorded.keys()].sort((a, b) => a - b).slice(0, blocksOf(size) - 1);
    for (const { first, count } of runsOf(held)) {
      const blocks = Array.from({ length: count }, (_, at) => kept.recorded.get(first + at) ?? 0);
      const values = wireValues(blocks);
      this.#tell({ type: "held", sink: this.id, entry, first, values });
    }
    this.#tell({ type: "taken-up", sink: this.id, entry, occupied, isClean });
    const states = new Array<BlockState>(blocksOf(size)).fill("unneeded");
    for (const block of held) states[block] = isClean ? "verified" : "rereading";
    const part: Part = {
      file: this.#entry(entry),
      states,
      blocks: kept.blocks,
      values: new Uint32Array(blocksOf(size)).map((_, block) => kept.recorded.get(block) ?? 0),
      kept,
      isTakenUp: true,
      isFailed: false,
    };
    this.#parts.set(entry, part);
    kept.isClean = false;
    if (!isClean) { for (const [at, block] of held.entries()) this.#reread(entry, part, block, at); }
  }

  #reread(entry: EntryId, part: Part, block: BlockIndex, at: number): void {
    this.time.later(1 + at * 0.3, () => {
      if (this.#parts.get(entry) !== part || part.isFailed) return;
      const isStale = part.blocks[block] !== part.kept?.recorded.get(block);
      part.states[block] = isStale ? "unneeded" : "verified";
      if (isStale) part.kept?.recorded.delete(block);
      if (isStale) this.#tell({ type: "stale", sink: this.id, entry, block });
      else this.#tell({ type: "verified", sink: this.id, entry, first: block, count: 1 });
    });
  }

  /** The process dies, and with it some of what the disk had not kept yet. */
  crash(): void {
    for (const { kept } of this.#parts.values()) {
      for (const [block, value] of kept?.recorded ?? []) if (value % 7 === 0 && kept) kept.blocks[block] = LOST;
    }
    this.#state = "dead";
  }

  expect(entry: EntryId, first: BlockIndex, count: number): void {
    const part = this.#part(entry);
    for (let block = first; block < first + count; block++) {
      if (part.states[block] === "unneeded") part.states[block] = "expected";
    }
  }

  expectEntries(first: EntryId, count: number): void {
    for (let entry = first; entry < first + count; entry++) {
      if (this.#isSmall(entry)) this.expect(entry, 0, 1);
    }
  }

  /** What to do with a frame: write it, drop it, or (a text) close the connection. */
  claim({ entry, block }: Frame): "write" | "drop" | string {
    const file = this.#entries[entry];
    if (file === undefined) return "a frame of an entry that was never offered";
    if (file.kind !== "file" || block >= blocksOf(file.size)) return "a frame that does not fit its file";
    const part = this.#parts.get(entry);
    if (part === undefined || part.isFailed || part.states[block] !== "expected") return "drop";
    part.states[block] = "claimed";
    return "write";
  }

  /** The write of a claimed block has returned. */
  written({ entry, block, content, value, root }: Frame, isLaneOpen: boolean): void {
    const part = this.#parts.get(entry);
    if (part === undefined || part.isFailed || this.#state !== "open") return;
    const { path } = part.file;
    const fault = this.disk.faults.get(path);
    this.disk.parts.add(path);
    if (part.kept !== undefined) this.disk.kept.set(path, part.kept);
    if (!isLaneOpen) return void (part.states[block] = "expected");
    if (fault?.block !== undefined && block >= fault.block) {
      part.isFailed = true;
      return this.#fail(entry, fault);
    }
    part.blocks[block] = content;
    const isTaken = content === value || this.flaw === "checks-nothing";
    part.states[block] = isTaken ? "verified" : "expected";
    if (isTaken) part.values[block] = value;
    if (isTaken) part.kept?.recorded.set(block, value);
    if (!isTaken) return this.#tell({ type: "mismatch", sink: this.id, entry, block });
    if (root === undefined) return this.#tell({ type: "verified", sink: this.id, entry, first: block, count: 1 });
    this.#roots.set(entry, root);
    this.#tell({ type: "arrived", sink: this.id, first: entry, count: 1 });
  }

  commit(entry: EntryId, size: number, root: Uint8Array): void {
    this.#committing.add(entry);
    this.time.later(this.disk.commitMs, () => {
      if (this.#state !== "open" || !this.#commitFile(entry, this.#entry(entry), size, root)) return;
      this.#sync(entry, 1);
    });
  }

  commitEntries(first: EntryId, count: number): void {
    for (let entry = first; entry < first + count; entry++) this.#committing.add(entry);
    this.time.later(this.disk.commitMs, () => {
      if (this.#state !== "open") return;
      let start = first;
      for (let entry = first; entry < first + count; entry++) {
        if (this.#commitEntry(entry)) continue;
        if (entry > start) this.#sync(start, entry - start);
        start = entry + 1;
      }
      if (start < first + count) this.#sync(start, first + count - start);
    });
  }

  finishFolders(): void {
    const { unkept } = this.disk;
    this.time.later(1, () => this.#tell({ type: "folders-finished", sink: this.id, unkept }));
  }

  abandon(entry: EntryId, leaving: Leaving): void {
    const part = this.#parts.get(entry);
    if (part === undefined) return;
    if (leaving === "nothing" || part.kept === undefined || !this.#isOnDisk(part)) return this.#remove(entry, part);
    part.isFailed = true;
    part.kept.isClean = true;
    this.#parts.delete(entry);
  }

  name(entry: EntryId): string | undefined {
    const path = this.#entries[entry]?.path;
    const { rename } = this.options;
    return rename === undefined ? path : path?.replace(/^[^/]+/, () => rename);
  }

  transferRoot(statuses: Uint8Array): Uint8Array {
    return transferRootOf(this.#entries, statuses, this.#roots);
  }

  root(entry: EntryId): Uint8Array | undefined {
    return this.#roots.get(entry);
  }

  dispose(leaving: Leaving): void {
    this.time.later(1, () => {
      if (this.#state === "dead") return;
      for (const [entry, part] of this.#parts) {
        const isLeft = this.#isOnDisk(part) && (leaving === "parts" || part.isTakenUp);
        if (part.kept === undefined || !isLeft) this.#remove(entry, part);
        else part.kept.isClean = true;
      }
      for (const entry of this.#committing) this.#fail(entry, { fault: "io", text: "the transfer is over" });
      this.#tell({ type: "disposed", transfer: this.id });
      this.#state = "disposed";
    });
  }

  /** Makes names durable, with the folders on the way to them, and says so. */
  #sync(first: EntryId, count: number): void {
    if (this.flaw === "reports-unsynced") return this.#tellCommitted(first, count);
    this.time.later(this.disk.syncMs, () => {
      if (this.#state === "dead") return;
      for (let entry = first; entry < first + count; entry++) {
        const components = this.#entry(entry).path.split("/");
        for (const depth of components.keys()) this.disk.unsynced.delete(components.slice(0, depth + 1).join("/"));
      }
      this.#tellCommitted(first, count);
    });
  }

  #tellCommitted(first: EntryId, count: number): void {
    for (let entry = first; entry < first + count; entry++) this.#committing.delete(entry);
    this.#tell({ type: "committed", sink: this.id, first, count, durable: true, unkept: this.disk.unkept });
  }

  /** False when it failed. */
  #commitEntry(entry: EntryId): boolean {
    const file = this.#entry(entry);
    if (file.kind === "file") {
      const root = file.size === 0 ? rootOf(0, []) : this.#roots.get(entry) ?? NO_ROOT;
      return this.#commitFile(entry, file, file.size, root);
    }
    this.#give(file.path, file.kind === "folder" ? "folder" : "link", undefined);
    return true;
  }

  #give(path: string, what: FinalFile | "folder" | "link", part: KeptPart | undefined): void {
    const { final, unsynced } = this.disk;
    unsynced.set(path, { before: final.get(path), part });
    final.set(path, what);
  }

  #isSmall(entry: EntryId): boolean {
    return blocksOf(this.#entry(entry).size) === 1;
  }

  #commitFile(entry: EntryId, { path }: SimulatedFile, size: number, root: Uint8Array): boolean {
    const { final, faults, breaches } = this.disk;
    const fault = faults.get(path);
    const part = this.#part(entry);
    if (fault !== undefined && fault.block === undefined) {
      this.#fail(entry, fault);
      return false;
    }
    if (part.states.some((state) => state !== "verified")) breaches.push(`"${path}" was committed with blocks missing`);
    if (this.flaw !== "checks-nothing" && !rootOf(size, part.values).every((byte, i) => byte === root[i])) {
      this.#fail(entry, { fault: "integrity", text: `the blocks do not add up to the sender's root of "${path}"` });
      return false;
    }
    if (final.has(path) && !["update", "replace", "backup"].includes(this.options.existing)) {
      breaches.push(`"${path}" was replaced without leave`);
    }
    if (this.flaw !== "reports-early") {
      const mtimeSeconds = this.#mtimes[entry] ?? USUAL_TIME;
      this.#give(path, { size, ...mtimeSeconds !== USUAL_TIME && { mtimeSeconds }, blocks: part.blocks }, part.kept);
    }
    this.disk.parts.delete(path);
    this.disk.kept.delete(path);
    this.#parts.delete(entry);
    this.#roots.set(entry, root.slice());
    return true;
  }

  /** Whether a later run finds something of a part. */
  #isOnDisk({ file, kept }: Part): boolean {
    return kept !== undefined && this.disk.kept.get(file.path) === kept;
  }

  #remove(entry: EntryId, part: Part): void {
    part.isFailed = true;
    this.disk.parts.delete(part.file.path);
    if (this.disk.kept.get(part.file.path) === part.kept) this.disk.kept.delete(part.file.path);
    this.#parts.delete(entry);
  }

  #fail(entry: EntryId, { fault, text }: MadeUpFault): void {
    this.#committing.delete(entry);
    this.#tell({ type: "entry-failed", sink: this.id, entry, fault, text });
  }

  #status({ path, kind, size }: SimulatedFile, entry: EntryId): TargetStatus {
    if (this.#entries.findIndex((other) => other.path === path) < entry) return "duplicate";
    const there = this.disk.final.get(path);
    if (this.disk.isExfat && path.includes(":")) return "name-refused";
    if (this.disk.isExfat && there === undefined && this.#hasOtherSpelling(path, entry)) return "same-name";
    if (kind === "folder" && there === "folder") return "folder-exists";
    if (kind === "link" && there === "link") return "identical";
    const isSameTime = typeof there === "object" && (there.mtimeSeconds ?? USUAL_TIME) === this.#mtimes[entry];
    if (kind === "file" && isSameTime && there.size === size) return "identical";
    if (!this.options.hidden && this.#needsLeave(path)) return "hidden";
    if (there === undefined) return "absent";
    return kind === "file" && typeof there === "object" ? "different" : "in-the-way";
  }

  #hasOtherSpelling(path: string, entry: EntryId): boolean {
    const isOther = (other: string) => other !== path && other.toLowerCase() === path.toLowerCase();
    return [...this.disk.final.keys(), ...this.#entries.slice(0, entry).map(({ path }) => path)].some(isOther);
  }

  /** Whether a hidden component is at the top or in a folder that was there before. */
  #needsLeave(path: string): boolean {
    const components = path.split("/");
    return components.some((name, depth) => {
      const parent = components.slice(0, depth).join("/");
      return name.startsWith(".") && (depth === 0 || this.#before.has(parent));
    });
  }

  #tell(event: EngineEvent): void {
    if (this.#state === "open") this.tell(event);
  }

  #part(entry: EntryId): Part {
    const file = this.#entry(entry);
    const count = blocksOf(file.size);
    const known = this.#parts.get(entry);
    if (known !== undefined) return known;
    const blocks = new Uint32Array(count);
    const fingerprint = this.#fingerprints[entry] ?? "";
    const kept = { size: file.size, fingerprint, blocks, recorded: new Map<BlockIndex, number>(), isClean: false };
    const states = new Array<BlockState>(count).fill("unneeded");
    const part: Part = {
      ...{ file, states, blocks, values: new Uint32Array(count), isTakenUp: false, isFailed: false },
      // Files of one block are not recorded.
      kept: count > 1 ? kept : undefined,
    };
    this.#parts.set(entry, part);
    return part;
  }

  #entry(entry: EntryId): SimulatedFile {
    const file = this.#entries[entry];
    if (file === undefined) throw new Error(`Entry ${entry} is unknown to the sink`);
    return file;
  }
}
