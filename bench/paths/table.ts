/** The named paths. `paths.json` is their one table: `native/netpath` is built with it. @module */

import table from "./paths.json" with { type: "json" };

/** Times are of a round trip; rate and queue hold for each direction, loss for the direction of the data (from a to b). */
export interface PathSettings {
  /** Of IP packets. */
  readonly rateMbit: number;
  readonly rttMs: number;
  /** Up to this much is added to a round trip. */
  readonly jitterMs: number;
  /** In front of the bottleneck; what does not fit is dropped. */
  readonly queueBytes: number;
  /** Behind the bottleneck. */
  readonly lossPercent: number;
  /** Packets lost in a row, on average. */
  readonly burstPackets: number;
  /** Packets reach the receiving kernel one by one, as from a network card that joins none. */
  readonly singly?: boolean;
}

/** A path in a box. */
export type BoxedPath = keyof typeof table;
/** `loopback` is the machine's own: no box, no namespaces. */
export type PathName = BoxedPath | "loopback";

export const PATHS: Readonly<Record<BoxedPath, PathSettings>> = table;
export const BOXED_PATHS = Object.keys(table) as readonly BoxedPath[];
export const PATH_NAMES: readonly PathName[] = ["loopback", ...BOXED_PATHS];

export function isPathName(name: string): name is PathName {
  return PATH_NAMES.includes(name as PathName);
}
