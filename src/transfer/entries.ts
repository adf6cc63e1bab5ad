/**
 * The entries of a manifest and what became of each, in columns: a million entries are some typed arrays, not a million objects.
 *
 * @module
 */

import type { ErrorKind } from "../base/errors.ts";
import { errorKindOf, EXIT_CODES } from "../protocol/codes.ts";
import { BLOCK_LEN, HASH_LEN } from "../protocol/limits.ts";
import type { EntryId, LeftOut } from "../protocol/messages.ts";
import { grown } from "./blocks.ts";
import { joined, missingCount } from "./left_out.ts";
import {
  type Counts,
  type EntryFailure,
  exitKindOf,
  MAX_FAILURES,
  moreInformative,
  type Progress,
  type Summary,
} from "./outcome.ts";

/** Where an entry stands; both sides pass through the same states. {@linkcode NEXT} says which follow which. */
export const EntryState = {
  /** From its page; to `needed`, `present` or `skipped` with the need. */
  listed: 0,
  /** From `listed`, when the receiver wants it; to `verified` with its last block (folders: to `committing`), or `failed`. */
  needed: 1,
  /** From `needed`, when all blocks are verified; the source is checked once more. To `sealed` with the root, or `failed`. */
  verified: 2,
  /** From `verified`, when the sender has stated the root; to `committing` when all pages have passed (sender: `committed`), or `failed`. */
  sealed: 3,
  /** Receiver only. From `sealed`, when the disk was told to commit; to `committed` or `failed`. */
  committing: 4,
  /** From `committing`; final. */
  committed: 5,
  /** From `listed`: the receiver has it already; final. */
  present: 6,
  /** From `listed`: the receiver does not want it; final. */
  skipped: 7,
  /** From any but the final ones; final. */
  failed: 8,
} as const;

export type EntryState = typeof EntryState[keyof typeof EntryState];

/** What may follow each state; anything else is a bug. Nothing follows the final ones. */
const NEXT: Readonly<Record<EntryState, readonly EntryState[]>> = {
  [EntryState.listed]: [EntryState.needed, EntryState.present, EntryState.skipped, EntryState.failed],
  [EntryState.needed]: [EntryState.verified, EntryState.committing, EntryState.committed, EntryState.failed],
  [EntryState.verified]: [EntryState.sealed, EntryState.failed],
  [EntryState.sealed]: [EntryState.committing, EntryState.committed, EntryState.failed],
  [EntryState.committing]: [EntryState.committed, EntryState.failed],
  [EntryState.committed]: [],
  [EntryState.present]: [],
  [EntryState.skipped]: [],
  [EntryState.failed]: [],
};

/** What the transfer root takes for each final state. */
const WIRE_STATUS: Readonly<Partial<Record<EntryState, number>>> = {
  [EntryState.committed]: 1,
  [EntryState.present]: 2,
  [EntryState.skipped]: 3,
  [EntryState.failed]: 4,
};

/** Kinds that travel, by their numbers in the column. */
const KINDS = ["file", "folder"] as const;

export type Kind = typeof KINDS[number];

/** What the machines keep of an entry of a manifest. */
export interface EntryRecord {
  readonly kind: Kind;
  readonly size: number;
  readonly path: string;
}

/** Whether entries of a kind have content: blocks that are verified, and a root that seals them. */
export function hasContent(kind: Kind): boolean {
  switch (kind) {
    case "file":
      return true;
    case "folder":
      return false;
  }
}

/** Room to begin with; most transfers have fewer entries. */
const INITIAL_CAPACITY = 64;

export class Entries {
  readonly blockLength: number;
  #kinds = new Uint8Array(INITIAL_CAPACITY);
  #states = new Uint8Array(INITIAL_CAPACITY);
  #sizes = new Float64Array(INITIAL_CAPACITY);
  /** Exit codes of the kinds of failures. */
  #failureCodes = new Uint8Array(INITIAL_CAPACITY);
  /** Roots between seal and commit, 32 bytes each; the last one of a single file stays. */
  #roots = new Uint8Array(0);
  readonly #tally = new Uint32Array(EntryState.failed + 1);
  readonly #failures: EntryFailure[] = [];
  #worstKind: ErrorKind | undefined;
  #count = 0;
  #files = 0;
  /** Names at the top level, which come one after the other. */
  #tops = 0;
  #lastTop: string | undefined;
  #filesArrived = 0;
  #filesPresent = 0;
  #totalBytes = 0;
  #totalBlocks = 0;
  #committedBytes = 0;
  #presentBytes = 0;

  constructor(blockLength = BLOCK_LEN) {
    this.blockLength = blockLength;
  }

  get count(): number {
    return this.#count;
  }

  /** How far the entries have come. */
  get progress(): Pick<
    Progress,
    "presentBytes" | "totalBytes" | "entriesDone" | "entries" | "files" | "filesArrived" | "filesPresent"
  > {
    return {
      presentBytes: this.#presentBytes,
      totalBytes: this.#totalBytes,
      entriesDone: this.over,
      entries: this.#count,
      files: this.#files,
      filesArrived: this.#filesArrived,
      filesPresent: this.#filesPresent,
    };
  }

  /** Bytes of all files. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Blocks of all files. */
  get totalBlocks(): number {
    return this.#totalBlocks;
  }

  /** Bytes of files that need not, or need not any more, be moved. */
  get presentBytes(): number {
    return this.#presentBytes;
  }

  /** Entries in a final state. */
  get over(): number {
    return this.inState(EntryState.committed) + this.inState(EntryState.present) + this.inState(EntryState.skipped) +
      this.inState(EntryState.failed);
  }

  inState(state: EntryState): number {
    return this.#tally[state] ?? 0;
  }

  append({ kind, size, path }: EntryRecord): EntryId {
    const entry = this.#count++;
    this.#kinds = grown(this.#kinds, this.#count);
    this.#states = grown(this.#states, this.#count);
    this.#sizes = grown(this.#sizes, this.#count);
    this.#kinds[entry] = KINDS.indexOf(kind);
    this.#sizes[entry] = size;
    this.#tally[EntryState.listed] = this.inState(EntryState.listed) + 1;
    if (kind === "file") this.#files++;
    const [top] = path.split("/", 1);
    if (top !== this.#lastTop) this.#tops++;
    this.#lastTop = top;
    this.#totalBytes += size;
    this.#totalBlocks += this.blocks(entry);
    return entry;
  }

  state(entry: EntryId): EntryState {
    // The column holds nothing else than what `setState` wrote.
    return (this.#states[entry] ?? EntryState.listed) as EntryState;
  }

  setState(entry: EntryId, state: EntryState): void {
    const before = this.state(entry);
    if (!NEXT[before].includes(state)) throw new Error(`Entry ${entry} cannot go from state ${before} to ${state}`);
    this.#tally[before] = this.inState(before) - 1;
    this.#tally[state] = this.inState(state) + 1;
    this.#states[entry] = state;
    if ((state === EntryState.committed || state === EntryState.present) && this.kind(entry) === "file") {
      this.#filesArrived++;
      if (state === EntryState.present) this.#filesPresent++;
    }
    if (state === EntryState.committed) this.#committedBytes += this.size(entry);
    if (state === EntryState.present) this.#presentBytes += this.size(entry);
  }

  kind(entry: EntryId): Kind {
    return KINDS[this.#kinds[entry] ?? 0] ?? "file";
  }

  /** As {@linkcode hasContent} of its kind. */
  hasContent(entry: EntryId): boolean {
    return hasContent(this.kind(entry));
  }

  isOver(entry: EntryId): boolean {
    return NEXT[this.state(entry)].length === 0;
  }

  size(entry: EntryId): number {
    return this.#sizes[entry] ?? 0;
  }

  blocks(entry: EntryId): number {
    return Math.ceil(this.size(entry) / this.blockLength);
  }

  /** Bytes of some blocks, of which the file's last may be shorter. */
  bytes(entry: EntryId, first: number, count: number): number {
    return Math.min(this.size(entry), (first + count) * this.blockLength) - first * this.blockLength;
  }

  setRoot(entry: EntryId, root: Uint8Array): void {
    this.#roots = grown(this.#roots, (entry + 1) * HASH_LEN);
    this.#roots.set(root, entry * HASH_LEN);
  }

  root(entry: EntryId): Uint8Array {
    return this.#roots.slice(entry * HASH_LEN, (entry + 1) * HASH_LEN);
  }

  /** Moves an entry to `failed`. */
  fail(failure: EntryFailure): void {
    this.setState(failure.entry, EntryState.failed);
    this.#failureCodes = grown(this.#failureCodes, this.#count);
    this.#failureCodes[failure.entry] = EXIT_CODES[failure.kind];
    if (this.#failures.length < MAX_FAILURES) this.#failures.push(failure);
    this.#worstKind = moreInformative(this.#worstKind, failure.kind);
  }

  /** Visits all failures; those beyond the kept ones have no text. */
  forEachFailure(visit: (entry: EntryId, kind: ErrorKind, text: string) => void): void {
    const texts = new Map(this.#failures.map((failure) => [failure.entry, failure.text]));
    this.forEachIn(EntryState.failed, (entry) => {
      visit(entry, errorKindOf(this.#failureCodes[entry] ?? 0) ?? "internal", texts.get(entry) ?? "");
    });
  }

  /** Visits the entries in a state, in order. */
  forEachIn(state: EntryState, visit: (entry: EntryId) => void): void {
    if (this.inState(state) === 0) return;
    for (let entry = 0; entry < this.#count; entry++) if (this.#states[entry] === state) visit(entry);
  }

  counts(): Counts {
    return {
      entries: this.#count,
      files: this.#files,
      committedFiles: this.#filesIn(EntryState.committed),
      presentFiles: this.#filesIn(EntryState.present),
      committed: this.inState(EntryState.committed),
      present: this.inState(EntryState.present),
      skipped: this.inState(EntryState.skipped),
      failed: this.inState(EntryState.failed),
    };
  }

  #filesIn(state: EntryState): number {
    let files = 0;
    this.forEachIn(state, (entry) => {
      if (this.kind(entry) === "file") files++;
    });
    return files;
  }

  /** One status byte for each entry, as the transfer root takes them: 1 committed, 2 present, 3 skipped, 4 failed. */
  statuses(): Uint8Array {
    return this.#states.slice(0, this.#count).map((_, entry) => {
      const status = WIRE_STATUS[this.state(entry)];
      if (status === undefined) throw new Error(`Entry ${entry} is not over`);
      return status;
    });
  }

  /** What to say at the end. */
  summary(
    transferRoot: Uint8Array,
    resent: { readonly blocks: number; readonly bytes: number },
    leftOut: { readonly sender: LeftOut; readonly receiver: LeftOut },
  ): Summary {
    const counts = {
      files: this.#files,
      tops: this.#tops,
      arrived: this.inState(EntryState.committed) + this.inState(EntryState.present),
      failure: this.#worstKind,
    };
    const missing = { sender: missingCount(leftOut.sender), receiver: missingCount(leftOut.receiver) };
    return {
      counts: this.counts(),
      failures: this.#failures,
      totalBytes: this.#totalBytes,
      committedBytes: this.#committedBytes,
      presentBytes: this.#presentBytes,
      resentBlocks: resent.blocks,
      resentBytes: resent.bytes,
      transferRoot,
      fileRoot: this.#singleRoot(),
      leftOut: joined(leftOut.sender, leftOut.receiver),
      exitKind: exitKindOf({ ...counts, missing }),
      exitKindIfAccepted: exitKindOf({ ...counts, missing: { sender: 0, receiver: 0 } }),
    };
  }

  #singleRoot(): Uint8Array | undefined {
    if (this.#files !== 1) return undefined;
    const file = this.#kinds.indexOf(KINDS.indexOf("file"));
    return this.state(file) === EntryState.committed ? this.root(file) : undefined;
  }
}
