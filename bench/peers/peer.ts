/** What the benchmark asks of each tool it compares. One file a peer; `all.ts` lists them. @module */

import type { Usage } from "../measure.ts";

/** What is to be moved. */
export interface Load {
  readonly path: string;
  readonly bytes: number;
}

export interface Run {
  /** From the start of the sending command until both sides have ended. */
  readonly seconds: number;
  readonly sender: Usage;
  readonly receiver: Usage;
}

export interface Peer {
  readonly name: string;
  /** The commands, for readers of the report. */
  readonly command: string;
  /** What is not installed; undefined when the peer can run. */
  missing(): Promise<string | undefined>;
  version(): Promise<string>;
  /** Starts servers and makes keys, in a folder of its own. */
  start(folder: string): Promise<void>;
  /** Moves the load into an empty folder. */
  transfer(load: Load, into: string): Promise<Run>;
  stop(): Promise<void>;
}
