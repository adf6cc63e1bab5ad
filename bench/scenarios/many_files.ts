/** Many files of one size, in folders. @module */

import { join } from "node:path";
import { writeRandom } from "./random.ts";
import type { TransferScenario } from "./scenario.ts";

const NAME = "many";
const FILES_IN_FOLDER = 200;
/** Files written at once: enough to keep the threads busy that write them. */
const AT_ONCE = 32;

/** What a file takes on tmpfs besides its bytes: the rest of its last page, and its inode and name. */
const OVERHEAD = 4096 + 1024;

export interface ManyFilesOptions extends Pick<TransferScenario, "results" | "again"> {
  /** In each folder; 200 unless said. */
  readonly inFolder?: number;
  /** Source and result, and what sendme keeps besides: 3 unless said. Where it takes no part, 2 are enough. */
  readonly copies?: number;
}

export function manyFiles(
  name: string,
  title: string,
  files: number,
  fileBytes: number,
  { inFolder = FILES_IN_FOLDER, copies = 3, ...options }: ManyFilesOptions = {},
): TransferScenario {
  return {
    kind: "transfers",
    name,
    title,
    files,
    bytes: files * fileBytes,
    ...options,
    space: (bytes) => copies * (bytes + files * OVERHEAD),
    async prepare(folder, bytes) {
      const path = join(folder, NAME);
      const each = Math.max(1, Math.floor(bytes / files));
      for (let first = 0; first < files; first += inFolder) {
        const inner = join(path, `folder-${String(first / inFolder).padStart(4, "0")}`);
        await Deno.mkdir(inner, { recursive: true });
        await writeAll(inner, first, Math.min(first + inFolder, files), each);
      }
      return { path, bytes: each * files, files };
    },
  };
}

async function writeAll(folder: string, first: number, end: number, bytes: number): Promise<void> {
  for (let next = first; next < end; next += AT_ONCE) {
    const indexes = Array.from({ length: Math.min(AT_ONCE, end - next) }, (_, index) => next + index);
    await Promise.all(indexes.map((index) => writeRandom(join(folder, `file-${index}.bin`), bytes)));
  }
}
