/** The folder in which a benchmark works: in memory, so that no disk is measured by accident. @module */

import { statfs } from "node:fs/promises";
import { Failure, outputOf, print } from "../scripts/shell.ts";
import { endAll } from "./measure.ts";

/** The number by which Linux knows a tmpfs (`TMPFS_MAGIC`). */
const TMPFS = 0x01021994;

export interface Work extends AsyncDisposable {
  readonly path: string;
  readonly storage: "tmpfs" | "disk";
}

/** A fresh folder with room for `bytes`: in /dev/shm, else on a tmpfs of our own (as root), else on a disk, which is said. */
export async function makeWork(bytes: number): Promise<Work> {
  const shared = await statfs("/dev/shm").catch(() => undefined);
  if (shared?.type === TMPFS && Math.min(shared.bavail * shared.bsize, available()) > bytes) {
    const path = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "ultra-bench-" });
    return work(path, "tmpfs", () => Promise.resolve());
  }
  const path = await Deno.makeTempDir({ prefix: "ultra-bench-" });
  const mounted = Deno.uid() === 0 && available() > bytes &&
    await outputOf("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=700`, "tmpfs", path]) !== undefined;
  if (mounted) return work(path, "tmpfs", async () => void await outputOf("umount", [path]));
  const { bavail, bsize } = await statfs(path);
  if (bavail * bsize < bytes) {
    throw new Failure(`the benchmark needs ${bytes} bytes of memory or disk; try a smaller --size`);
  }
  print("note: no tmpfs is large enough, so a disk takes part in every number below");
  return work(path, "disk", () => Promise.resolve());
}

function available(): number {
  return Deno.systemMemoryInfo().available;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Also when it is interrupted, the benchmark leaves no server running and no gigabytes in memory. */
function work(path: string, storage: Work["storage"], release: () => Promise<void>): Work {
  const remove = async () => {
    await release();
    await Deno.remove(path, { recursive: true });
  };
  const interrupted = () => void endAll().then(remove).finally(() => Deno.exit(130));
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupted);
  return {
    path,
    storage,
    async [Symbol.asyncDispose]() {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupted);
      await remove();
    },
  };
}
