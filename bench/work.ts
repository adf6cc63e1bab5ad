/** The folder in which a benchmark works: in memory, so that no disk is measured by accident. @module */

import { statfs } from "node:fs/promises";
import { Failure, outputOf, print } from "../scripts/shell.ts";
import { removeFolder, takenAway, unmount } from "./interruption.ts";

/** The number by which Linux knows a tmpfs (`TMPFS_MAGIC`). */
const TMPFS = 0x01021994;

export interface Work extends Disposable {
  readonly path: string;
  readonly storage: "tmpfs" | "disk";
}

export interface Room {
  /** Never more room than what is asked for: a peer that fills the holes of a sparse file shall meet a full disk, not fill the machine's memory. */
  readonly bounded?: boolean;
  /** As many files as the room allows. Otherwise a tmpfs takes one for every two pages of the machine's memory. */
  readonly manyFiles?: boolean;
}

/** A fresh folder with room for `bytes`: in /dev/shm, else on a tmpfs of our own (as root), else on a disk, which is said. */
export async function makeWork(bytes: number, { bounded = false, manyFiles = false }: Room = {}): Promise<Work> {
  const shared = await statfs("/dev/shm").catch(() => undefined);
  if (!bounded && !manyFiles && shared?.type === TMPFS && Math.min(shared.bavail * shared.bsize, available()) > bytes) {
    const path = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "ultra-bench-" });
    return work(path, "tmpfs", () => {});
  }
  const path = await Deno.makeTempDir({ prefix: "ultra-bench-" });
  const options = [`size=${bytes}`, "mode=700", ...(manyFiles ? ["nr_inodes=0"] : [])].join(",");
  const mounted = Deno.uid() === 0 && available() > bytes &&
    await outputOf("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]) !== undefined;
  if (mounted) return work(path, "tmpfs", () => unmount(path));
  const { bavail, bsize } = await statfs(path);
  if (bounded || bavail * bsize < bytes) {
    await Deno.remove(path);
    throw new Failure(
      bounded
        ? `a tmpfs of a size of its own takes root, and ${bytes} bytes of free memory`
        : `the benchmark needs ${bytes} bytes of memory or disk; try a smaller --size`,
    );
  }
  print("note: no tmpfs is large enough, so a disk takes part in every number below");
  return work(path, "disk", () => {});
}

function available(): number {
  return Deno.systemMemoryInfo().available;
}

/** Also when it is interrupted, the benchmark leaves no gigabytes in memory. */
function work(path: string, storage: Work["storage"], release: () => void): Work {
  const taken = takenAway(() => {
    release();
    removeFolder(path);
  });
  return { path, storage, [Symbol.dispose]: () => taken[Symbol.dispose]() };
}
