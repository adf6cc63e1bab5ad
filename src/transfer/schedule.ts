/**
 * Which lane gets which blocks and which small files next.
 *
 * Lanes take the largest chunk that is left whenever they run low, so the one that moves faster takes more. Files of one block are given
 * out in runs, which become shorter when few are left, so that all lanes have a share. When nothing is left, an idle lane takes over half
 * of what the slowest lane still has, so that all end together.
 *
 * @module
 */

import type { GrantId, LaneId } from "../protocol/words.ts";
import type { BlockIndex, EntryId } from "../protocol/messages.ts";
import { EntryRuns, RunList } from "./blocks.ts";
import { FILE_LOAD, type Grant, Lane, loadOf, type Piece } from "./lane.ts";
import { type Chunk, ChunkHeap, forEachChunk } from "./plan.ts";
import { RunSet, type VisitRun } from "./run_set.ts";
import { type SmallFiles, SmallQueue, type SmallRun } from "./small_queue.ts";
import { MAX_UNDER_WAY, UnderWay } from "./under_way.ts";

/** Most files of one block in a grant, and most of their bytes unless it is one file: what a lane that is lost has to send again. */
const MAX_GRANT_FILES = 512;
const MAX_GRANT_BYTES = 1 << 20;

/** A lane with less work than this, in blocks, is left alone: it would be done before another had begun. */
const MIN_SPLIT_LOAD = 8;

/** Every so manyth lane prefers small files, so that the receiver can commit them while large ones move. */
const SMALL_LANE_STRIDE = 4;

export interface SchedulePorts {
  grant(lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: number): void;
  /** @param isMoved whether the run was granted to another lane before, which has not read it */
  grantEntries(lane: LaneId, grant: GrantId, run: SmallRun, isMoved: boolean): void;
  shrink(grant: GrantId, end: BlockIndex | EntryId): BlockIndex | EntryId;
  /** Blocks were cut off a grant before they were read. */
  cutOff(entry: EntryId, first: BlockIndex, count: number): void;
}

/** What the schedule must know about entries. */
export interface Work extends SmallFiles {
  blocks(entry: EntryId): number;
  bytes(entry: EntryId, first: BlockIndex, count: number): number;
  /** Visits the runs that have to be moved still; none for an entry that is over. */
  forEachMissing(entry: EntryId, first: BlockIndex, end: BlockIndex, visit: VisitRun): void;
  /** The first block that has to be moved still. */
  firstMissing(entry: EntryId, first: BlockIndex, end: BlockIndex): BlockIndex | undefined;
}

export class Schedule {
  readonly #ports: SchedulePorts;
  readonly #work: Work;
  readonly #chunkBlocksOf: (fileBlocks: number) => number;
  /** Chunks of files under way: they never wait for another file to end, so there is always progress. */
  readonly #chunks = new ChunkHeap();
  /** Files of several blocks that are not under way, by their largest chunk; what is wanted of them stands in `#wanted`. */
  readonly #waiting = new ChunkHeap();
  /** Blocks that were queued and not cut into chunks yet, however many pieces they were queued in. */
  readonly #wanted = new Map<EntryId, RunSet>();
  /** Files of several blocks under way of which blocks were queued since the last {@linkcode fill}. */
  #again: EntryId[] = [];
  /** Files of one block that are not under way, and those that are and have to move again. */
  readonly #small: SmallQueue;
  readonly #smallAgain: SmallQueue;
  readonly #underWay: UnderWay;
  readonly #lanes = new Map<LaneId, Lane>();
  #nextGrant: GrantId = 1;
  #lanesOpened = 0;
  #openGrants = 0;

  /** @param chunkBlocks blocks of a chunk of a file of so many blocks */
  constructor(ports: SchedulePorts, work: Work, chunkBlocks: (fileBlocks: number) => number) {
    this.#ports = ports;
    this.#work = work;
    this.#chunkBlocksOf = chunkBlocks;
    this.#small = new SmallQueue(work);
    this.#smallAgain = new SmallQueue(work);
    this.#underWay = new UnderWay((entry) => work.blocks(entry) > 1 ? undefined : work.bytes(entry, 0, 1));
  }

  get lanes(): number {
    return this.#lanes.size;
  }

  /** Whether everything known is granted and read. */
  get isIdle(): boolean {
    return this.#openGrants === 0 && this.#chunks.length === 0 && this.#waiting.length === 0 &&
      this.#small.files + this.#smallAgain.files === 0;
  }

  /** Queues blocks. {@linkcode fill} gives them to lanes. */
  add(entry: EntryId, first: BlockIndex, count: number): void {
    const isUnderWay = this.#underWay.has(entry);
    if (this.#work.isSmall(entry)) return (isUnderWay ? this.#smallAgain : this.#small).push(entry, 1, 1);
    let wanted = this.#wanted.get(entry);
    if (wanted === undefined) {
      this.#wanted.set(entry, wanted = new RunSet());
      if (isUnderWay) this.#again.push(entry);
      else this.#waiting.push(entry, first, Math.min(count, this.#chunkBlocks(entry)));
    }
    wanted.add(first, count);
  }

  /** Queues the files of one block of a run of entries, none of which is under way. */
  addSmall(first: EntryId, count: number, files: number): void {
    if (files > 0) this.#small.push(first, count, files);
  }

  /** Files are committed, or have failed: others may begin. {@linkcode fill} lets them. */
  over(first: EntryId, count: number): void {
    this.#underWay.end(first, count);
  }

  openLane(id: LaneId): void {
    this.#lanes.set(id, new Lane(id, this.#lanesOpened++ % SMALL_LANE_STRIDE === 1));
  }

  /** Queues again what the lane had and is not verified. */
  loseLane(id: LaneId): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    this.#lanes.delete(id);
    this.#openGrants -= lane.open.length;
    lane.readBlocks.forEach((entry, first, count) => this.#requeue(entry, first, first + count));
    const queue = (first: EntryId, count: number, files: number) => this.#smallAgain.push(first, count, files);
    lane.readEntries.forEach((first, count) => this.#forEachMissingRun(first, first + count, queue));
    for (const { piece } of lane.open) {
      if (piece.what === "blocks") this.#requeue(piece.entry, piece.first, piece.first + piece.count);
      else this.#forEachMissingRun(piece.first, piece.first + piece.count, queue);
    }
  }

  /** Forgets all lanes and all work. */
  clear(): void {
    this.#lanes.clear();
    this.#chunks.clear();
    this.#waiting.clear();
    this.#wanted.clear();
    this.#again = [];
    this.#small.clear();
    this.#smallAgain.clear();
    this.#underWay.clear();
    this.#openGrants = 0;
  }

  /** Ends all grants of blocks of an entry, as far as they are not read. */
  drop(entry: EntryId): void {
    // Others have none.
    if (!this.#underWay.has(entry) || this.#work.isSmall(entry)) return;
    for (const lane of this.#lanes.values()) {
      for (const grant of lane.open.filter(({ piece }) => piece.what === "blocks" && piece.entry === entry)) {
        this.#ports.shrink(grant.id, grant.piece.first);
        this.#close(lane, grant);
      }
    }
  }

  /** A grant is read to its end. Those that are void, or were dropped, may still be told of. */
  grantRead(laneId: LaneId, grantId: GrantId): void {
    const lane = this.#lanes.get(laneId);
    const grant = lane?.open.find((grant) => grant.id === grantId);
    if (lane === undefined || grant === undefined) return;
    this.#close(lane, grant);
    if (lane.read(grant.piece)) this.#cleanUp(lane);
    while (lane.isHungry && this.#feedOnce(lane));
    if (lane.open.length === 0) this.#takeOver(lane);
  }

  /** Gives queued work to all lanes that run low, the one with the least first. */
  fill(): void {
    for (const entry of this.#again.splice(0)) this.#cutWanted(entry);
    while (this.#hasWork) {
      const lane = this.#hungriest();
      if (lane === undefined) return;
      if (!this.#feedOnce(lane)) break;
    }
    for (const lane of this.#lanes.values()) if (lane.open.length === 0) this.#takeOver(lane);
  }

  get #hasWork(): boolean {
    if (this.#chunks.length > 0 || this.#smallAgain.files > 0) return true;
    return this.#underWay.room > 0 && (this.#waiting.length > 0 || this.#small.files > 0);
  }

  /** Grants one piece of queued work; false when there is none. */
  #feedOnce(lane: Lane): boolean {
    const piece = lane.prefersSmall ? this.#nextSmall() ?? this.#nextChunk() : this.#nextChunk() ?? this.#nextSmall();
    if (piece !== undefined) this.#grant(lane, piece, false);
    return piece !== undefined;
  }

  #nextChunk(): Piece | undefined {
    while (true) {
      while (this.#underWay.room > 0 && this.#waiting.isBefore(this.#chunks)) this.#begin();
      const chunk = this.#chunks.pop();
      if (chunk === undefined) return undefined;
      const missing = this.#firstMissing(chunk);
      if (missing !== undefined) return { what: "blocks", ...missing };
    }
  }

  #nextSmall(): Piece | undefined {
    const again = this.#smallAgain.take(this.#share(this.#smallAgain.files), MAX_GRANT_BYTES);
    if (again !== undefined) return { what: "entries", ...again };
    const { room, roomBytes } = this.#underWay;
    if (room <= 0) return undefined;
    const run = this.#small.take(Math.min(room, this.#share(this.#small.files)), Math.min(roomBytes, MAX_GRANT_BYTES));
    if (run === undefined) return undefined;
    for (let entry = run.first; entry < run.first + run.count; entry++) {
      if (this.#work.isSmall(entry)) this.#underWay.begin(entry);
    }
    return { what: "entries", ...run };
  }

  /** How many of the files that are left go into one grant: each lane is to have two, whatever it has already. */
  #share(left: number): number {
    const grants = 2 * this.#lanes.size;
    return Math.max(1, Math.min(MAX_GRANT_FILES, Math.floor(MAX_UNDER_WAY / grants), Math.ceil(left / grants)));
  }

  /** Puts the largest waiting file under way, unless it has failed meanwhile. */
  #begin(): void {
    const largest = this.#waiting.pop();
    if (largest === undefined) return;
    if (this.#cutWanted(largest.entry)) this.#underWay.begin(largest.entry);
  }

  /** Cuts what is wanted of a file, and missing still, into chunks; false when that is nothing. */
  #cutWanted(entry: EntryId): boolean {
    const wanted = this.#wanted.get(entry);
    this.#wanted.delete(entry);
    const length = this.#chunkBlocks(entry);
    let isCut = false;
    wanted?.forEach((first, count) => {
      this.#work.forEachMissing(entry, first, first + count, (first, count) => {
        isCut = true;
        forEachChunk(length, first, count, (first, count) => this.#chunks.push(entry, first, count));
      });
    });
    return isCut;
  }

  #chunkBlocks(entry: EntryId): number {
    return this.#chunkBlocksOf(this.#work.blocks(entry));
  }

  /** Between queueing and granting blocks may have arrived from a lane that died, and entries may have failed. */
  #firstMissing({ entry, first, count }: Chunk): Chunk | undefined {
    let missing: Chunk | undefined;
    this.#work.forEachMissing(entry, first, first + count, (first, count) => {
      if (missing === undefined) missing = { entry, first, count };
      else this.#chunks.push(entry, first, count);
    });
    return missing;
  }

  /** Visits the runs of a run in which all files of one block are missing still. */
  #forEachMissingRun(
    first: EntryId,
    end: EntryId,
    visit: (first: EntryId, count: number, files: number) => void,
  ): void {
    const work = this.#work;
    let [start, files] = [first, 0];
    for (let entry = first; entry < end; entry++) {
      if (!work.isSmall(entry)) continue;
      if (work.isMissing(entry)) {
        files++;
        continue;
      }
      if (files > 0) visit(start, entry - start, files);
      [start, files] = [entry + 1, 0];
    }
    if (files > 0) visit(start, end - start, files);
  }

  #grant(lane: Lane, piece: Piece, isMoved: boolean): void {
    const id = this.#nextGrant++;
    lane.begin({ id, piece }, this.#bytes(piece));
    this.#openGrants++;
    if (piece.what === "blocks") this.#ports.grant(lane.id, id, piece.entry, piece.first, piece.count);
    else this.#ports.grantEntries(lane.id, id, piece, isMoved);
  }

  #close(lane: Lane, grant: Grant): void {
    lane.close(grant, this.#bytes(grant.piece));
    this.#openGrants--;
  }

  #bytes(piece: Piece): number {
    return piece.what === "blocks" ? this.#work.bytes(piece.entry, piece.first, piece.count) : piece.bytes;
  }

  #requeue(entry: EntryId, first: BlockIndex, end: BlockIndex): void {
    this.#work.forEachMissing(entry, first, end, (first, count) => this.add(entry, first, count));
  }

  #hungriest(): Lane | undefined {
    let hungriest: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      if (lane.isHungry && (hungriest === undefined || lane.bytes < hungriest.bytes)) hungriest = lane;
    }
    return hungriest;
  }

  /** Moves half of what the lane with the most still has to an idle lane, from the end, where reading is farthest away. */
  #takeOver(idle: Lane): void {
    const slowest = this.#slowest();
    if (slowest === undefined) return;
    const taken: Piece[] = [];
    for (let goal = this.#remaining(slowest) / 2; goal > 0;) {
      const piece = this.#cut(slowest, goal);
      if (piece === undefined) break;
      taken.push(piece);
      goal -= loadOf(piece);
    }
    for (const piece of taken.reverse()) this.#grant(idle, piece, true);
  }

  /** Cuts at most so much work off a lane's last grant; `undefined` when it is read already. */
  #cut(lane: Lane, load: number): Piece | undefined {
    const grant = lane.open.at(-1);
    if (grant === undefined) return undefined;
    const { piece } = grant;
    const pieceEnd = piece.first + piece.count;
    const wanted = piece.what === "blocks" ? pieceEnd - Math.floor(load) : this.#beforeLast(piece, load / FILE_LOAD);
    if (wanted >= pieceEnd) return undefined;
    const end = this.#ports.shrink(grant.id, Math.max(piece.first, wanted));
    if (end >= pieceEnd) return undefined;
    const taken = this.#part(piece, end, pieceEnd);
    if (taken.what === "blocks") this.#ports.cutOff(taken.entry, taken.first, taken.count);
    if (end === piece.first) this.#close(lane, grant);
    else lane.cut(grant, this.#part(piece, piece.first, end), taken, this.#bytes(taken));
    return taken;
  }

  /** Where the last so many files of a run begin. */
  #beforeLast({ first, count }: SmallRun, files: number): EntryId {
    let at = first + count;
    for (let left = Math.floor(files); left > 0 && at > first;) if (this.#work.isSmall(--at)) left--;
    return at;
  }

  #part(piece: Piece, first: number, end: number): Piece {
    const count = end - first;
    if (piece.what === "blocks") return { ...piece, first, count };
    let [files, bytes] = [0, 0];
    for (let entry = first; entry < end; entry++) {
      if (!this.#work.isSmall(entry)) continue;
      files++;
      bytes += this.#work.size(entry);
    }
    return { what: "entries", first, count, files, bytes };
  }

  #slowest(): Lane | undefined {
    let slowest: Lane | undefined;
    let most = 0;
    for (const lane of this.#lanes.values()) {
      // The quick bound first: to look at what has arrived costs a search.
      if (lane.load < MIN_SPLIT_LOAD || lane.load <= most) continue;
      const remaining = this.#remaining(lane);
      if (remaining >= MIN_SPLIT_LOAD && remaining > most) [slowest, most] = [lane, remaining];
    }
    return slowest;
  }

  /** What a lane has to read still, as far as it can be seen from here: its first grant has got at least to where blocks arrived. */
  #remaining(lane: Lane): number {
    const piece = lane.open[0]?.piece;
    if (piece === undefined) return 0;
    const end = piece.first + piece.count;
    if (piece.what === "blocks") {
      return lane.load - ((this.#work.firstMissing(piece.entry, piece.first, end) ?? end) - piece.first);
    }
    let arrived = 0;
    for (let entry = piece.first; entry < end; entry++) {
      if (!this.#work.isSmall(entry)) continue;
      if (this.#work.isMissing(entry)) break;
      arrived++;
    }
    return lane.load - arrived * FILE_LOAD;
  }

  #cleanUp(lane: Lane): void {
    const blocks = new RunList();
    lane.readBlocks.forEach((entry, first, count) => {
      this.#work.forEachMissing(entry, first, first + count, (first, count) => blocks.push(entry, first, count));
    });
    lane.readBlocks.clear();
    blocks.forEach((entry, first, count) => lane.readBlocks.push(entry, first, count));
    const entries = new EntryRuns();
    lane.readEntries.forEach((first, count) => {
      this.#forEachMissingRun(first, first + count, (first, count) => entries.push(first, count));
    });
    lane.readEntries.clear();
    entries.forEach((first, count) => lane.readEntries.push(first, count));
    lane.cleaned();
  }
}
