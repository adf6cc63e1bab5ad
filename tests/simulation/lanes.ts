/** What both simulated engines share: lanes and the frames in them. @module */

import type { LaneId } from "../../src/protocol/words.ts";
import type { BlockIndex, EntryId } from "../../src/protocol/messages.ts";

export interface Frame {
  readonly entry: EntryId;
  readonly block: BlockIndex;
  /** What arrives. */
  readonly content: number;
  /** What the sender hashed it to. */
  readonly value: number;
  /** The root of a file of one block, which its frame seals. */
  readonly root: Uint8Array | undefined;
}

/** One lane from end to end. Frames stay in order; nothing of a dead lane arrives. */
export interface Lane {
  readonly id: LaneId;
  isAlive: boolean;
  /** Frames that the receiver has not looked at. */
  readonly arrived: Frame[];
  isWriting: boolean;
}

/** Drops what waits in a lane; the frame that is being written keeps its claim until its write returns. */
export function killLane(lane: Lane): void {
  lane.isAlive = false;
  lane.arrived.length = 0;
}

/** The lanes that are alive. */
export function aliveOf(lanes: ReadonlyMap<LaneId, Lane>): Lane[] {
  return [...lanes.values()].filter((lane) => lane.isAlive);
}
