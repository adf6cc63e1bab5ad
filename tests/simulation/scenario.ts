/** What a seed stands for: the files, the network, and everything that goes wrong. @module */

import type { FileFault } from "../../src/protocol/words.ts";
import type { ErrorKind } from "../../src/base/errors.ts";
import type { LeftOut } from "../../src/protocol/messages.ts";
import { NOTHING_LEFT_OUT } from "../../src/transfer/left_out.ts";
import { BLOCK, blockCount, type SimulatedFile } from "./content.ts";
import { Random } from "./random.ts";

/** What kinds of trouble the seeds of a group have. */
export const GROUPS = [
  "nothing goes wrong",
  "lanes and links are lost",
  "blocks arrive damaged",
  "sources change",
  "blocks are read again",
  "the disk fails",
  "targets exist",
  "somebody cancels",
  "files go on",
  "everything at once",
] as const;

export type Group = typeof GROUPS[number];

/** A source that from some time on is not what the walk saw. */
export interface SourceFault {
  readonly entry: number;
  readonly what: "change" | "shrink" | "unreadable" | "seal-io";
  readonly atMs: number;
  /** Where a shrunk file ends. */
  readonly block: number;
}

/** A block whose frame is damaged on the way so many times. */
export interface Damage {
  readonly entry: number;
  readonly block: number;
  readonly times: number;
}

/** A target that the disk cannot write, from its `block` on, or (`undefined`) not commit. */
export interface DiskFault {
  readonly entry: number;
  readonly block: number | undefined;
  readonly fault: FileFault;
}

/** What an earlier run received of a file. */
export interface HeldPart {
  /** Never all of them. */
  readonly blocks: readonly number[];
  /** It was left in good order; otherwise its blocks are read again. */
  readonly isClean: boolean;
  /** Those that are not what was recorded of them. */
  readonly stale: ReadonlySet<number>;
}

/** What is where a file should go. */
export type Target = "identical" | "different" | "in-the-way" | "unsafe-parent" | "unexaminable" | "duplicate";

export interface Cancel {
  readonly by: "sender" | "receiver";
  /** How many things have happened before. */
  readonly atStep: number;
  readonly kind: ErrorKind;
}

export interface Loss {
  readonly what: "link" | "lane";
  readonly atMs: number;
}

export interface Scenario {
  readonly seed: number;
  readonly group: Group;
  readonly files: readonly SimulatedFile[];
  readonly lanes: number;
  readonly latencyMs: number;
  /** How likely a write is to take seconds. */
  readonly hangs: number;
  /** The longest time that a commit takes. */
  readonly commitMs: number;
  readonly losses: readonly Loss[];
  /** Whether a lost link stays lost the last time. */
  readonly staysLost: boolean;
  readonly damages: readonly Damage[];
  readonly sourceFaults: readonly SourceFault[];
  /** What the walk leaves out. */
  readonly leftOut: LeftOut;
  readonly walkFault: { readonly afterEntries: number; readonly fault: FileFault } | undefined;
  readonly diskFaults: readonly DiskFault[];
  readonly foldersFault: FileFault | undefined;
  readonly targets: ReadonlyMap<string, Target>;
  readonly held: ReadonlyMap<string, HeldPart>;
  readonly freeSpace: number;
  readonly overwrite: boolean;
  readonly hidden: boolean;
  readonly cancel: Cancel | undefined;
  /** The sender's frames seal no file, as in the older format: those of one block are sealed by messages, too. */
  readonly sealsAlike: boolean;
}

export function scenarioOf(seed: number, group: Group): Scenario {
  const random = new Random(seed);
  const files = filesOf(random);
  const has = (...groups: Group[]) => groups.includes(group) || (group === "everything at once" && random.chance(0.4));
  const targets = has("targets exist") ? targetsOf(random, files) : new Map<string, Target>();
  const losses = has("lanes and links are lost", "blocks are read again") ? lossesOf(random) : [];
  const held = has("files go on") ? heldOf(random, files) : new Map<string, HeldPart>();
  if (group === "files go on" && random.chance(0.3)) losses.push(...lossesOf(random));
  return {
    seed,
    group,
    files: has("targets exist") && random.chance(0.1) ? [...files, { path: ".hidden", kind: "file", size: 3 }] : files,
    lanes: random.between(1, 8),
    latencyMs: random.pick([0.2, 2, 20, 100]),
    hangs: random.pick([0, 0, 1, 10]) / Math.max(20, blockTotal(files)),
    commitMs: group === "blocks are read again" ? random.pick([10, 300]) : 10,
    losses,
    staysLost: has("lanes and links are lost") && random.chance(0.1),
    damages: has("blocks arrive damaged")
      ? damagesOf(random, files, random.chance(0.25) ? 6 : 3)
      : group === "blocks are read again"
      ? damagesOf(random, files, 3)
      : [],
    sourceFaults: group === "blocks are read again"
      ? lateChangesOf(random, files, losses)
      : has("sources change")
      ? sourceFaultsOf(random, files)
      : [],
    walkFault: has("sources change") && random.chance(0.1)
      ? { afterEntries: random.below(files.length + 1), fault: "not-found" }
      : undefined,
    leftOut: has("sources change") && random.chance(0.2) ? leftOutOf(random) : NOTHING_LEFT_OUT,
    diskFaults: has("the disk fails") ? diskFaultsOf(random, files) : [],
    foldersFault: has("the disk fails") && random.chance(0.1) ? "io" : undefined,
    targets,
    held,
    freeSpace: has("the disk fails") && random.chance(0.2) ? (1 << 20) + random.between(0, 40_000) : 1e12,
    overwrite: random.chance(0.5),
    hidden: random.chance(0.5),
    cancel: has("somebody cancels") ? cancelOf(random) : undefined,
    sealsAlike: random.chance(0.2),
  };
}

function filesOf(random: Random): SimulatedFile[] {
  const files: SimulatedFile[] = [];
  const folders = [""];
  const count = random.chance(0.2) ? 1 : random.chance(0.1) ? random.between(50, 500) : random.between(0, 25);
  for (let i = 0; i < count; i++) {
    const parent = random.pick(folders);
    if (count > 1 && random.chance(0.15)) {
      files.push({ path: `${parent}d${i}`, kind: "folder", size: 0 });
      folders.push(`${parent}d${i}/`);
    } else if (count > 1 && random.chance(0.1)) {
      files.push(linkOf(random, `${parent}l${i}`, files));
    } else {
      const size = sizeOf(random, count > 40);
      files.push({ path: `${parent}f${i}`, kind: "file", size, ...holesOf(random, size) });
    }
  }
  return files;
}

/** A symbolic link, or another name of an earlier file. */
function linkOf(random: Random, path: string, files: readonly SimulatedFile[]): SimulatedFile {
  const linkedTo = random.below(files.length + 1);
  if (files[linkedTo]?.kind !== "file" || random.chance(0.5)) return { path, kind: "link", size: 0 };
  return { path, kind: "hardlink", size: 0, linkedTo };
}

function holesOf(random: Random, size: number): Pick<SimulatedFile, "dataBytes"> {
  return random.chance(0.1) ? { dataBytes: random.below(size + 1) } : {};
}

function blockTotal(files: readonly SimulatedFile[]): number {
  return files.reduce((sum, { size }) => sum + blockCount(size), 0);
}

function sizeOf(random: Random, isOneOfMany: boolean): number {
  const sizes = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, random.between(1, 20 * BLOCK)];
  if (!isOneOfMany) sizes.push(random.between(1, 150 * BLOCK), random.chance(0.1) ? 1100 * BLOCK + 5 : 32 * BLOCK);
  return random.pick(sizes);
}

function lossesOf(random: Random): Loss[] {
  return Array.from({ length: random.between(1, 4) }, () => ({
    what: random.chance(0.5) ? "link" as const : "lane" as const,
    // Early times hit the manifest, late ones the commits.
    atMs: random.chance(0.5) ? random.time(0, 60) : random.time(0, 600),
  }));
}

/** @param most how often a block arrives damaged at most; more than three times is beyond repair */
function damagesOf(random: Random, files: readonly SimulatedFile[], most: number): Damage[] {
  const damages: Damage[] = [];
  for (let i = random.between(1, 5); i > 0; i--) {
    const entry = random.below(files.length || 1);
    const blocks = blockCount(files[entry]?.size ?? 0);
    if (blocks > 0) damages.push({ entry, block: random.below(blocks), times: random.between(1, most) });
  }
  return damages.filter((one, i) => damages.findIndex((other) => isSameBlock(one, other)) === i);
}

function isSameBlock(a: Damage, b: Damage): boolean {
  return a.entry === b.entry && a.block === b.block;
}

function leftOutOf(random: Random): LeftOut {
  const reason = random.pick(["link", "unreadable", "other"] as const);
  return { counts: [{ reason, count: random.between(1, 2000) }], names: [{ reason, path: "left out" }] };
}

function sourceFaultsOf(random: Random, files: readonly SimulatedFile[]): SourceFault[] {
  return files.flatMap((file, entry): SourceFault[] => {
    if (file.kind !== "file" || !random.chance(files.length === 1 ? 0.7 : 0.1)) return [];
    const what = random.pick(["change", "shrink", "unreadable", "seal-io"] as const);
    return [{ entry, what, atMs: random.time(0, 200), block: random.below(blockCount(file.size) + 1) }];
  });
}

/** Files that change shortly before a lane or link is lost: what was read before, and has arrived or has not, is read again. */
function lateChangesOf(random: Random, files: readonly SimulatedFile[], losses: readonly Loss[]): SourceFault[] {
  return files.flatMap((file, entry): SourceFault[] => {
    if (file.kind !== "file" || random.chance(0.5)) return [];
    return [{ entry, what: "change", atMs: random.pick(losses).atMs - random.time(0, 30), block: 0 }];
  });
}

function diskFaultsOf(random: Random, files: readonly SimulatedFile[]): DiskFault[] {
  return files.flatMap((file, entry): DiskFault[] => {
    if (!random.chance(files.length === 1 ? 0.7 : 0.1)) return [];
    const blocks = blockCount(file.size);
    const block = blocks > 0 && random.chance(0.5) ? random.below(blocks) : undefined;
    const faults: FileFault[] = ["permission", "io", "exists", "io", "permission"];
    return [{ entry, block, fault: random.pick(random.chance(0.15) ? ["no-space", "read-only"] as const : faults) }];
  });
}

function heldOf(random: Random, files: readonly SimulatedFile[]): Map<string, HeldPart> {
  const held = new Map<string, HeldPart>();
  for (const { path, kind, size } of files) {
    const count = blockCount(size);
    if (kind !== "file" || count < 2 || random.chance(0.3)) continue;
    const likely = random.pick([0.02, 0.5, 0.98]);
    const blocks = Array.from({ length: count }, (_, block) => block).filter(() => random.chance(likely));
    if (blocks.length === count) blocks.pop();
    const isClean = random.chance(0.5);
    const stale = new Set(isClean ? [] : blocks.filter(() => random.chance(0.1)));
    held.set(path, { blocks, isClean, stale });
  }
  return held;
}

function targetsOf(random: Random, files: readonly SimulatedFile[]): Map<string, Target> {
  const targets = new Map<string, Target>();
  const bad = random.chance(0.2)
    ? random.pick(["in-the-way", "unsafe-parent", "unexaminable", "duplicate"] as const)
    : undefined;
  const isDifferent = random.chance(0.5);
  for (const file of files) {
    if (random.chance(0.3)) targets.set(file.path, isDifferent && random.chance(0.3) ? "different" : "identical");
    if (file.kind === "folder" && targets.has(file.path)) targets.set(file.path, "identical");
    if (bad !== undefined && random.chance(0.1)) targets.set(file.path, bad);
  }
  return targets;
}

function cancelOf(random: Random): Cancel {
  return {
    by: random.pick(["sender", "receiver"] as const),
    atStep: random.chance(0.5) ? random.between(1, 100) : random.between(1, 3000),
    kind: random.pick(["internal", "usage", "disk", "authentication", "integrity", "protocol"] as const),
  };
}
