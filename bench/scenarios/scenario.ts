/** What is moved in a benchmark, and how the result is checked. One file a scenario; `all.ts` lists them. @module */

import type { Load } from "../peers/peer.ts";

export interface Scenario {
  readonly name: string;
  /** Room that load and result take together. */
  space(sizeBytes: number): number;
  /** Makes the load in a folder of its own. */
  prepare(folder: string, sizeBytes: number): Promise<Load>;
  /** Throws unless the folder holds exactly the load, byte by byte. */
  check(load: Load, into: string): Promise<void>;
}
