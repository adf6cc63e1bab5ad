/** What a power cut leaves of a made-up disk: what was not made durable is lost, or not, each by itself and in any order. @module */

import type { Random } from "../simulation/random.ts";
import type { Disk, Flaw, Unsynced } from "./made_up.ts";

/** What a block holds whose write never reached the disk. */
export const LOST = 0xdead;

/** The receiving computer loses its power. Its process is to be killed before. */
export function cutPower(disk: Disk, random: Random, flaw?: Flaw): void {
  cutParts(disk, random);
  cutNames(disk, random, flaw);
}

/** Of parts that were not left in good order, blocks and records of the journal are lost independently of each other, or the whole part is. */
function cutParts({ kept, parts }: Disk, random: Random): void {
  for (const [path, part] of [...kept]) {
    if (part.isClean) continue;
    if (random.chance(0.1)) {
      kept.delete(path);
      parts.delete(path);
    }
    for (const block of [...part.recorded.keys()]) {
      const fate = random.pick(["both stay", "no record", "no contents"] as const);
      if (fate === "no record") part.recorded.delete(block);
      if (fate === "no contents") part.blocks[block] = LOST;
    }
  }
}

/** A name that was not durable is there, or what had it before is, and the part has its own name again. */
function cutNames(disk: Disk, random: Random, flaw: Flaw | undefined): void {
  const lost: string[] = [];
  const isGone = (path: string) => lost.some((folder) => path.startsWith(`${folder}/`));
  // Folders before what is in them.
  for (const [path, name] of [...disk.unsynced].sort(([a], [b]) => a.length - b.length)) {
    const there = disk.final.get(path);
    if (isGone(path) || random.chance(0.5)) {
      undo(disk, path, name);
      lost.push(path);
    } else if (flaw === "names-before-contents" && typeof there === "object") {
      disk.final.set(path, { ...there, blocks: there.blocks.map(() => LOST) });
    }
  }
  disk.unsynced.clear();
  for (const path of [...disk.parts]) {
    if (!isGone(path)) continue;
    disk.parts.delete(path);
    disk.kept.delete(path);
  }
}

function undo(disk: Disk, path: string, { before, part }: Unsynced): void {
  if (before === undefined) disk.final.delete(path);
  else disk.final.set(path, before);
  if (part === undefined) return;
  disk.parts.add(path);
  disk.kept.set(path, part);
}
