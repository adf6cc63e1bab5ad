/** One large file. @module */

import { join } from "node:path";
import { writeRandom } from "./random.ts";
import { MIB, type TransferScenario } from "./scenario.ts";

const NAME = "random.bin";

/** Source, result, and what sendme keeps besides: the received blocks before it copies them. */
const COPIES = 3;

export function oneFile(name: string, title: string, bytes: number): TransferScenario {
  return {
    kind: "transfers",
    name,
    title,
    files: 1,
    bytes,
    space: (bytes) => COPIES * bytes,
    async prepare(folder, bytes) {
      const path = join(folder, NAME);
      await writeRandom(path, bytes);
      return { path, bytes, files: 1 };
    },
  };
}

/** Files of the sizes of which figures of the original are known. It is made as {@linkcode memory}'s, so that twice 7 GB fit the machine. */
export function largeFile(name: string, title: string, bytes: number): TransferScenario {
  return { ...memory, name, title, bytes };
}

/** One byte in so many is written: at least one in every block that a peer might look at for holes. */
const MARK_EVERY = 65_536;
/** What a mark takes on tmpfs. */
const PAGE = 4096;

/**
 * What a file larger than everything in between does to memory. Its source is sparse, or source and result would fill the machine; but no block of
 * it is empty, as `ultra` sends no bytes of those.
 */
export const memory: TransferScenario = {
  ...oneFile("memory", "Peak memory with a file of 8 GiB", 8192 * MIB),
  space: (bytes) => bytes + bytes / MARK_EVERY * PAGE,
  async prepare(folder, bytes) {
    const path = join(folder, NAME);
    using file = await Deno.open(path, { write: true, createNew: true });
    await file.truncate(bytes);
    for (let at = 0; at < bytes; at += MARK_EVERY) {
      file.seekSync(at, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array([1 + at / MARK_EVERY % 255]));
    }
    return { path, bytes, files: 1 };
  },
};
