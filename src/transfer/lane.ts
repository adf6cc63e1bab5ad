/**
 * A lane as the schedule sees it: what it was told to read, how much that is, and what it has read that may be under way still.
 *
 * @module
 */

import type { GrantId, LaneId } from "../protocol/words.ts";
import type { BlockIndex, EntryId } from "../protocol/messages.ts";
import { EntryRuns, RunList } from "./blocks.ts";
import type { SmallRun } from "./small_queue.ts";

/** What one grant covers: blocks of a file, or files of one block. */
export type Piece =
  | { readonly what: "blocks"; readonly entry: EntryId; readonly first: BlockIndex; readonly count: number }
  | ({ readonly what: "entries" } & SmallRun);

/** A piece that a lane was told to read and has not finished reading. */
export interface Grant {
  readonly id: GrantId;
  /** Becomes shorter when another lane takes its end over. */
  piece: Piece;
}

/** A grant that is read and one that waits: the engine goes from one to the next without asking. */
const MIN_GRANTS = 2;

/** Most grants queued in a lane. */
const MAX_GRANTS = 64;

/** Bytes queued in a lane that are enough: as much again as the engine has in flight behind a grant's end. */
const ENOUGH_BYTES = 16 << 20;

/** Files queued in a lane that are enough: some milliseconds of reading, in which a round trip through JavaScript has its place. */
const ENOUGH_FILES = 256;

/** How much of a block's work a file of one block is, without its bytes: opening and looking at it. */
export const FILE_LOAD = 1 / 16;

/** Length of the lists of what was read at which the first clean-up is due. */
const READ_LIMIT = 256;

/** Work that a piece is, in blocks. */
export function loadOf(piece: Piece): number {
  return piece.what === "blocks" ? piece.count : piece.files * FILE_LOAD;
}

export class Lane {
  readonly id: LaneId;
  readonly prefersSmall: boolean;
  /** In the order of reading. */
  readonly open: Grant[] = [];
  /** What was read, some of which may be under way still: to be moved again when the lane dies. */
  readonly readBlocks = new RunList();
  readonly readEntries = new EntryRuns();
  /** As {@linkcode loadOf}, of all open grants. */
  load = 0;
  bytes = 0;
  #files = 0;
  #readLimit = READ_LIMIT;

  constructor(id: LaneId, prefersSmall: boolean) {
    this.id = id;
    this.prefersSmall = prefersSmall;
  }

  get isHungry(): boolean {
    const { length } = this.open;
    return length < MIN_GRANTS || (length < MAX_GRANTS && this.bytes < ENOUGH_BYTES && this.#files < ENOUGH_FILES);
  }

  /** @param bytes of the piece; likewise below */
  begin(grant: Grant, bytes: number): void {
    this.open.push(grant);
    this.#count(grant.piece, bytes, 1);
  }

  close(grant: Grant, bytes: number): void {
    this.open.splice(this.open.indexOf(grant), 1);
    this.#count(grant.piece, bytes, -1);
  }

  /** Another lane takes over the end of a grant, which keeps the rest. */
  cut(grant: Grant, rest: Piece, taken: Piece, bytes: number): void {
    grant.piece = rest;
    this.#count(taken, bytes, -1);
  }

  /** Notes a piece that is read; true when it is time to forget what has arrived. */
  read(piece: Piece): boolean {
    if (piece.what === "blocks") this.readBlocks.push(piece.entry, piece.first, piece.count);
    else this.readEntries.push(piece.first, piece.count);
    return this.readBlocks.length + this.readEntries.length >= this.#readLimit;
  }

  /** What has arrived was forgotten. */
  cleaned(): void {
    this.#readLimit = Math.max(READ_LIMIT, 2 * (this.readBlocks.length + this.readEntries.length));
  }

  #count(piece: Piece, bytes: number, by: 1 | -1): void {
    this.load += by * loadOf(piece);
    this.bytes += by * bytes;
    if (piece.what === "entries") this.#files += by * piece.files;
  }
}
