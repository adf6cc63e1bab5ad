/**
 * What the user asked for about speed and memory, all in one place: made by the parser, given to everything that has numbers to choose.
 *
 * @module
 */

import type { FormatChoice } from "../auth/versions.ts";
import type { CongestionControl } from "../protocol/words.ts";
import { ULTRA } from "./ultra.ts";

/** By which numbers a transfer is tuned, and within how much memory. `max`: all seed values as they are, bounded by nothing else. */
export type Profile = BoundedProfile | { readonly name: "max" };

export interface BoundedProfile {
  /** `auto`: by the address of the other side; `near` and `far`: the numbers of these classes whatever the address. */
  readonly name: "auto" | "near" | "far";
  /** Most bytes of windows and buffers in this process. */
  readonly memoryBytes: number;
}

/** A value that is `undefined` is what the profile says. */
export interface Tuning {
  /** How files are to travel, which decides about many of the others. */
  readonly format: FormatChoice;
  readonly profile: Profile;
  readonly congestionControl: CongestionControl;
  /** That of connections in the older format. */
  readonly olderCongestionControl: CongestionControl;
  /** Lanes at most: to send with, or granted to the sender. */
  readonly streams: number | undefined;
  /** Connections to use, in place of as many as help. */
  readonly connections: number | undefined;
  /** Blocks of a chunk, whatever the size of its file. Sender. */
  readonly chunkBlocks: number | undefined;
  /** Bytes that a lane may be ahead at first: a power of two. Receiver. */
  readonly laneWindowBytes: number | undefined;
  /** Bytes that all lanes of a connection may be ahead. Receiver. */
  readonly connectionWindowBytes: number | undefined;
  /** Writes at the same time. Receiver. */
  readonly writers: number | undefined;
  /** Buffers of one block that are read ahead of what QUIC has. Sender. */
  readonly readAheadBuffers: number | undefined;
  /** Bytes a second that all lanes and connections together send at most; `undefined`: no limit. Sender. */
  readonly bytesPerSecond: number | undefined;
}

/** With what a process takes anyhow (Deno, QUIC's own tables, one value for each block) it stays below 256 MB. */
export const DEFAULT_MEMORY_BYTES = 128 * 1024 * 1024;

export const DEFAULT_TUNING: Tuning = {
  format: "auto",
  profile: { name: "auto", memoryBytes: DEFAULT_MEMORY_BYTES },
  congestionControl: ULTRA.congestionControl,
  olderCongestionControl: "cubic",
  streams: undefined,
  connections: undefined,
  chunkBlocks: undefined,
  laneWindowBytes: undefined,
  connectionWindowBytes: undefined,
  writers: undefined,
  readAheadBuffers: undefined,
  bytesPerSecond: undefined,
};
