/** A real disk for results: an ext4 of its own, in an image on the machine's disk, so that what is durable there has been through a disk. @module */

import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { Failure, outputOf, run } from "../scripts/shell.ts";
import { exists } from "../scripts/tools.ts";
import { removeFolder, takenAway, unmount } from "./interruption.ts";

/** A mounted file system, until it is disposed of. */
export interface Disk extends Disposable {
  readonly path: string;
  readonly storage: string;
}

/** By which Linux knows file systems that lie in memory: tmpfs, ramfs. */
const IN_MEMORY: readonly number[] = [0x01021994, 0x858458f6];
const MIB = 1024 * 1024;
const PROGRAMS = ["mkfs.ext4", "losetup", "mount", "umount", "sync"];

/** Why there can be no such disk here; undefined when there can. */
export function missingDisk(): string | undefined {
  if (Deno.build.os !== "linux") return "a disk in an image needs Linux";
  if (Deno.uid() !== 0) return "a disk in an image needs root: it is mounted";
  if (!existsSync("/dev/loop-control")) return "a disk in an image needs loop devices (/dev/loop-control)";
  const missing = PROGRAMS.filter((program) => !exists(program));
  return missing.length > 0 ? `a disk in an image needs ${missing.join(", ")} (Debian e2fsprogs, mount)` : undefined;
}

/**
 * Makes and mounts it. The image is unlinked as soon as the loop device has it, and the device lets go of it when it is unmounted, so that all that
 * could stay behind is a mount.
 */
export async function makeDisk(bytes: number): Promise<Disk> {
  const why = missingDisk();
  if (why !== undefined) throw new Failure(why);
  const folder = await folderOnDisk(bytes);
  const path = join(folder, "disk");
  let mounted = false;
  const taken = takenAway(() => {
    if (mounted) unmount(path);
    removeFolder(folder);
  });
  try {
    await Deno.mkdir(path);
    await mountImage(join(folder, "image"), bytes, path);
    mounted = true;
  } catch (error) {
    taken[Symbol.dispose]();
    throw error;
  }
  return { path, storage: "ext4 on the machine's disk", [Symbol.dispose]: () => taken[Symbol.dispose]() };
}

/** Has all that was written there brought to the disk, so that a run does not pay for what another one left. */
export async function settle(disk: string): Promise<void> {
  await run("sync", ["-f", disk]);
}

async function folderOnDisk(bytes: number): Promise<string> {
  for (const dir of [Deno.env.get("TMPDIR") || "/tmp", "/var/tmp"]) {
    const { type, bavail, bsize } = await statfs(dir);
    if (!IN_MEMORY.includes(type) && bavail * bsize > bytes) {
      return await Deno.makeTempDir({ dir, prefix: "ultra-bench-" });
    }
  }
  throw new Failure(`neither $TMPDIR nor /var/tmp lies on a disk with ${bytes} bytes of room`);
}

async function mountImage(image: string, bytes: number, path: string): Promise<void> {
  await writeZeros(image, bytes);
  // Nothing of it is left to the kernel to write later, while something is measured.
  await run("mkfs.ext4", ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image]);
  // (Direct: or all would lie in the page cache twice, of the image and of what is in it.)
  const device = await outputOf("losetup", ["--direct-io=on", "--find", "--show", image]);
  if (device === undefined) throw new Failure("losetup gives no loop device");
  try {
    await run("mount", ["-t", "ext4", device, path]);
  } finally {
    await run("losetup", ["-d", device]); // while it is mounted: as soon as it no longer is
  }
  await Deno.remove(image);
}

/** All of it, as a disk has it: no block must be found for the image while something is measured. */
async function writeZeros(path: string, bytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const zeros = new Uint8Array(MIB);
  for (let left = Math.ceil(bytes / MIB) * MIB; left > 0;) left -= await file.write(zeros.subarray(0, left));
  await file.syncData();
}
