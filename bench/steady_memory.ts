/**
 * Memory that costs every run the same.
 *
 * A virtual machine may hand free memory back to its host, in pieces of 2 MiB; whoever writes there next waits until the host has found other memory.
 * Here that made `cp` of 2 GiB from tmpfs to tmpfs take 0.9 to 6.6 s, and whichever tool was fastest lost most. On memory that was used before and is
 * free in smaller pieces it takes 1.2 to 1.5 s. A machine of its own does not know the difference.
 *
 * @module
 */

import { join } from "node:path";

/** Two of these, with a page between them, are more than a piece that is handed back. */
const PIECE_BYTES = 1020 * 1024;
const PAGE_BYTES = 4096;

/** Uses `bytes` of memory, keeps a page of each MiB in the new folder `folder`, and frees the rest. */
export async function steadyMemory(folder: string, bytes: number): Promise<void> {
  const piece = new Uint8Array(PIECE_BYTES);
  const page = new Uint8Array(PAGE_BYTES);
  await Deno.mkdir(folder);
  const freed = join(folder, "freed");
  {
    using pieces = await Deno.open(freed, { write: true, createNew: true });
    using pages = await Deno.open(join(folder, "pages"), { write: true, createNew: true });
    for (let used = 0; used < bytes; used += PIECE_BYTES + PAGE_BYTES) {
      await writeAll(pieces, piece);
      await writeAll(pages, page);
    }
  }
  await Deno.remove(freed);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}
