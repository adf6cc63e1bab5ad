/**
 * Which lane gets which blocks next.
 *
 * Lanes take the largest chunk that is left whenever they run low, so the one that moves faster takes more. When nothing is left, an
 * idle lane takes over half of what the slowest lane still has, so that all end together.
 *
 * @module
 */

import type { GrantId, LaneId } from "../protocol/words.ts";
import type { BlockIndex, EntryId } from "../protocol/messages.ts";
import { RunList } from "./blocks.ts";
import { type Chunk, ChunkHeap, forEachChunk, SmallQueue } from "./plan.ts";
import { RunSet, type VisitRun } from "./run_set.ts";

/** A grant that is read and one that waits: the engine goes from one to the next without asking. */
const MIN_GRANTS = 2;

/** Most grants queued in a lane; small files need that many to cover a round trip through JavaScript. */
const MAX_GRANTS = 64;

/** Bytes queued in a lane that are enough: as much again as the engine has in flight behind a grant's end. */
const ENOUGH_BYTES = 16 << 20;

/**
 * Files under way at the same time: each is open on both sides from its first grant until it is committed, and a process may have
 * 1,024 descriptors (A5, D12). A small file needs two round trips from grant to commit: on a path of 50 ms that is 2,500 a second.
 */
export const MAX_UNDER_WAY = 256;

/** A lane with less than this is left alone: it would be done before another had begun. */
const MIN_SPLIT_BLOCKS = 8;

/** Every so manyth lane prefers small files, so that the receiver can commit them while large ones move. */
const SMALL_LANE_STRIDE = 4;

export interface SchedulePorts {
  grant(lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: number): void;
  shrink(grant: GrantId, end: BlockIndex): BlockIndex;
  /** Blocks were cut off a grant before they were read. */
  cutOff(entry: EntryId, first: BlockIndex, count: number): void;
}

/** What the schedule must know about entries. */
export interface Work {
  blocks(entry: EntryId): number;
  bytes(entry: EntryId, first: BlockIndex, count: number): number;
  /** Visits the runs that have to be moved still; none for an entry that is over. */
  forEachMissing(entry: EntryId, first: BlockIndex, end: BlockIndex, visit: VisitRun): void;
  /** The first block that has to be moved still. */
  firstMissing(entry: EntryId, first: BlockIndex, end: BlockIndex): BlockIndex | undefined;
}

/** Blocks that a lane was told to read and has not finished reading. */
interface Grant {
  readonly id: GrantId;
  readonly entry: EntryId;
  readonly first: BlockIndex;
  end: BlockIndex;
}

interface Lane {
  readonly id: LaneId;
  readonly prefersSmall: boolean;
  /** In the order of reading. */
  readonly open: Grant[];
  blocks: number;
  bytes: number;
  /** Runs read, some of which may be under way still: to be moved again when the lane dies. */
  readonly read: RunList;
  /** Length of `read` at which it is worth to drop what has arrived. */
  readLimit: number;
}

/** Length of `Lane.read` at which the first clean-up is due. */
const READ_LIMIT = 256;

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
  /** Files under way of which blocks were queued since the last {@linkcode fill}. */
  #again: EntryId[] = [];
  /** Files of one block that are not under way. */
  readonly #small = new SmallQueue();
  readonly #underWay = new Set<EntryId>();
  readonly #lanes = new Map<LaneId, Lane>();
  #nextGrant: GrantId = 1;
  #lanesOpened = 0;
  #openGrants = 0;

  /** @param chunkBlocks blocks of a chunk of a file of so many blocks */
  constructor(ports: SchedulePorts, work: Work, chunkBlocks: (fileBlocks: number) => number) {
    this.#ports = ports;
    this.#work = work;
    this.#chunkBlocksOf = chunkBlocks;
  }

  get lanes(): number {
    return this.#lanes.size;
  }

  /** Whether everything known is granted and read. */
  get isIdle(): boolean {
    return this.#openGrants === 0 && this.#chunks.length === 0 && this.#waiting.length === 0 &&
      this.#small.length === 0;
  }

  /** Queues blocks. {@linkcode fill} gives them to lanes. */
  add(entry: EntryId, first: BlockIndex, count: number): void {
    const isUnderWay = this.#underWay.has(entry);
    if (!isUnderWay && this.#work.blocks(entry) <= 1) return this.#small.push(entry);
    let wanted = this.#wanted.get(entry);
    if (wanted === undefined) {
      this.#wanted.set(entry, wanted = new RunSet());
      if (isUnderWay) this.#again.push(entry);
      else this.#waiting.push(entry, first, Math.min(count, this.#chunkBlocks(entry)));
    }
    wanted.add(first, count);
  }

  /** A file is committed, or failed: another one may begin. {@linkcode fill} lets it. */
  over(entry: EntryId): void {
    this.#underWay.delete(entry);
  }

  openLane(id: LaneId): void {
    const prefersSmall = this.#lanesOpened++ % SMALL_LANE_STRIDE === 1;
    this.#lanes.set(id, {
      id,
      prefersSmall,
      open: [],
      blocks: 0,
      bytes: 0,
      read: new RunList(),
      readLimit: READ_LIMIT,
    });
  }

  /** Queues again what the lane had and is not verified. */
  loseLane(id: LaneId): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    this.#lanes.delete(id);
    this.#openGrants -= lane.open.length;
    lane.read.forEach((entry, first, count) => this.#requeue(entry, first, first + count));
    for (const grant of lane.open) this.#requeue(grant.entry, grant.first, grant.end);
  }

  /** Forgets all lanes and all work. */
  clear(): void {
    this.#lanes.clear();
    this.#chunks.clear();
    this.#waiting.clear();
    this.#wanted.clear();
    this.#again = [];
    this.#small.clear();
    this.#underWay.clear();
    this.#openGrants = 0;
  }

  /** Ends all grants of an entry, as far as they are not read. */
  drop(entry: EntryId): void {
    // Others have none.
    if (!this.#underWay.has(entry)) return;
    for (const lane of this.#lanes.values()) {
      for (const grant of lane.open.filter((grant) => grant.entry === entry)) {
        this.#ports.shrink(grant.id, grant.first);
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
    lane.read.push(grant.entry, grant.first, grant.end - grant.first);
    if (lane.read.length >= lane.readLimit) this.#cleanUp(lane);
    this.#feed(lane);
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
    return this.#chunks.length > 0 || (this.#hasRoom && (this.#waiting.length > 0 || this.#small.length > 0));
  }

  get #hasRoom(): boolean {
    return this.#underWay.size < MAX_UNDER_WAY;
  }

  #feed(lane: Lane): void {
    while (isHungry(lane) && this.#feedOnce(lane));
    if (lane.open.length === 0) this.#takeOver(lane);
  }

  /** Grants one piece of queued work; false when there is none. */
  #feedOnce(lane: Lane): boolean {
    const chunk = this.#next(lane);
    if (chunk !== undefined) this.#grant(lane, chunk.entry, chunk.first, chunk.count);
    return chunk !== undefined;
  }

  #next(lane: Lane): Chunk | undefined {
    return lane.prefersSmall ? this.#nextSmall() ?? this.#nextChunk() : this.#nextChunk() ?? this.#nextSmall();
  }

  #nextChunk(): Chunk | undefined {
    while (true) {
      while (this.#hasRoom && this.#waiting.isBefore(this.#chunks)) this.#begin();
      const chunk = this.#chunks.pop();
      if (chunk === undefined) return undefined;
      const missing = this.#firstMissing(chunk);
      if (missing !== undefined) return missing;
    }
  }

  #nextSmall(): Chunk | undefined {
    while (this.#hasRoom) {
      const entry = this.#small.pop();
      if (entry === undefined) return undefined;
      const missing = this.#firstMissing({ entry, first: 0, count: 1 });
      if (missing === undefined) continue;
      this.#underWay.add(entry);
      return missing;
    }
    return undefined;
  }

  /** Puts the largest waiting file under way, unless it has failed meanwhile. */
  #begin(): void {
    const largest = this.#waiting.pop();
    if (largest === undefined) return;
    if (this.#cutWanted(largest.entry)) this.#underWay.add(largest.entry);
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

  #grant(lane: Lane, entry: EntryId, first: BlockIndex, count: number): void {
    const id = this.#nextGrant++;
    lane.open.push({ id, entry, first, end: first + count });
    lane.blocks += count;
    lane.bytes += this.#work.bytes(entry, first, count);
    this.#openGrants++;
    this.#ports.grant(lane.id, id, entry, first, count);
  }

  #close(lane: Lane, grant: Grant): void {
    lane.open.splice(lane.open.indexOf(grant), 1);
    this.#openGrants--;
    this.#unload(lane, grant, grant.first);
  }

  #unload(lane: Lane, grant: Grant, from: BlockIndex): void {
    lane.blocks -= grant.end - from;
    lane.bytes -= this.#work.bytes(grant.entry, from, grant.end - from);
  }

  #requeue(entry: EntryId, first: BlockIndex, end: BlockIndex): void {
    this.#work.forEachMissing(entry, first, end, (first, count) => this.add(entry, first, count));
  }

  #hungriest(): Lane | undefined {
    let hungriest: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      if (isHungry(lane) && (hungriest === undefined || lane.bytes < hungriest.bytes)) hungriest = lane;
    }
    return hungriest;
  }

  /** Moves half of what the lane with the most still has to an idle lane, from the end, where reading is farthest away. */
  #takeOver(idle: Lane): void {
    const slowest = this.#slowest();
    if (slowest === undefined) return;
    const taken: Chunk[] = [];
    let goal = Math.floor(this.#remaining(slowest) / 2);
    while (goal > 0) {
      const chunk = this.#cut(slowest, goal);
      if (chunk === undefined) break;
      taken.push(chunk);
      goal -= chunk.count;
    }
    for (const chunk of taken.reverse()) this.#grant(idle, chunk.entry, chunk.first, chunk.count);
  }

  /** Cuts at most `count` blocks off a lane's last grant; `undefined` when they are read already. */
  #cut(lane: Lane, count: number): Chunk | undefined {
    const grant = lane.open.at(-1);
    if (grant === undefined) return undefined;
    const end = this.#ports.shrink(grant.id, Math.max(grant.first, grant.end - count));
    if (end >= grant.end) return undefined;
    const chunk = { entry: grant.entry, first: end, count: grant.end - end };
    this.#ports.cutOff(chunk.entry, chunk.first, chunk.count);
    if (end === grant.first) {
      this.#close(lane, grant);
    } else {
      this.#unload(lane, grant, end);
      grant.end = end;
    }
    return chunk;
  }

  #slowest(): Lane | undefined {
    let slowest: Lane | undefined;
    let most = MIN_SPLIT_BLOCKS - 1;
    for (const lane of this.#lanes.values()) {
      // The quick bound first: to look at what has arrived costs a search.
      if (lane.blocks <= most) continue;
      const remaining = this.#remaining(lane);
      if (remaining > most) [slowest, most] = [lane, remaining];
    }
    return slowest;
  }

  /** What a lane has to read still, as far as it can be seen from here: its first grant has got at least to where blocks arrived. */
  #remaining(lane: Lane): number {
    const active = lane.open[0];
    if (active === undefined) return 0;
    const arrived = this.#work.firstMissing(active.entry, active.first, active.end) ?? active.end;
    return lane.blocks - (arrived - active.first);
  }

  #cleanUp(lane: Lane): void {
    const left = new RunList();
    lane.read.forEach((entry, first, count) => {
      this.#work.forEachMissing(entry, first, first + count, (first, count) => left.push(entry, first, count));
    });
    lane.read.clear();
    left.forEach((entry, first, count) => lane.read.push(entry, first, count));
    lane.readLimit = Math.max(READ_LIMIT, 2 * lane.read.length);
  }
}

function isHungry(lane: Lane): boolean {
  return lane.open.length < MIN_GRANTS || (lane.open.length < MAX_GRANTS && lane.bytes < ENOUGH_BYTES);
}
