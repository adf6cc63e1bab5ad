/**
 * The ULTRA constants: how wide everything may be opened. `--profile max` uses them as they are; for all other profiles they are the
 * ceilings, and what is chosen below them stands with its reasons in `budget.ts`, `connection_settings.ts` and `engine_sizes.ts`.
 *
 * @module
 */

import { BLOCK_LEN, MAX_LANES } from "../protocol/limits.ts";

const MIB = 1024 * 1024;

export const ULTRA = {
  /** Lanes of a transfer. */
  lanes: MAX_LANES,
  /** Streams that a peer may have open on one connection. */
  peerStreams: 1024,
  /** Writes at the same time. */
  writes: 64,
  /** Bytes that a lane may be ahead of what was written. */
  laneWindowBytes: 256 * MIB,
  /** The same for all lanes of a connection: below 2^31, where signed and unsigned arithmetic agree. */
  connectionWindowBytes: 2 ** 31 - 1,
  /** Blocks read ahead of what the network has. */
  readAheadBlocks: 16,
  congestionControl: "bbr",
  /** Keeps NAT bindings open, which last 20 to 30 s, while a disk stalls. */
  keepAliveMs: 10_000,
  /**
   * Bytes of a chunk by bytes of its file: large enough that a grant is rare, small enough that every lane gets several and the last one
   * ends soon after the others.
   */
  chunks: [
    { fileBytes: 1024 * MIB, chunkBytes: 32 * MIB },
    { fileBytes: 4096 * MIB, chunkBytes: 64 * MIB },
    { fileBytes: 16_384 * MIB, chunkBytes: 128 * MIB },
    { fileBytes: Infinity, chunkBytes: 256 * MIB },
  ],
} as const;

/** Blocks of a chunk of a file of so many blocks: as the constants say, or what the user asked for. */
export function chunkBlocks(fileBlocks: number, wanted?: number): number {
  if (wanted !== undefined) return wanted;
  const found = ULTRA.chunks.find(({ fileBytes }) => fileBlocks * BLOCK_LEN <= fileBytes);
  return (found?.chunkBytes ?? 256 * MIB) / BLOCK_LEN;
}
