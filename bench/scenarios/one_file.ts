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

/** What a file larger than everything in between does to memory. */
export const memory: TransferScenario = {
  ...oneFile("memory", "Peak memory with a file of 8 GiB", 8192 * MIB),
  // The source is one hole: on tmpfs it takes no memory, but is read and sent as any other bytes. (No peer here looks for holes.)
  space: (bytes) => bytes,
  async prepare(folder, bytes) {
    const path = join(folder, NAME);
    using file = await Deno.open(path, { write: true, createNew: true });
    await file.truncate(bytes);
    return { path, bytes, files: 1 };
  },
};
