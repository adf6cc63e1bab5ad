/** What must be true at the end of every seed. @module */

import type { LeftOutReason } from "../../src/protocol/messages.ts";
import type { Outcome } from "../../src/transfer/outcome.ts";
import { BLOCK, blockCount } from "./content.ts";
import { contents } from "./disk.ts";
import type { World } from "./world.ts";

/** What is wrong with a transfer that has ended, in words. */
export function judge(world: World): string[] {
  const faults = [...new Set(world.faults)];
  if (world.hung) faults.push(`hung after ${world.clock.nowMs} ms`);
  else {faults.push(
      ...judgeAgreement(world),
      ...judgeFiles(world),
      ...judgeCounts(world),
      ...judgeExpected(world),
      ...judgeKinds(world),
    );}
  return faults;
}

function judgeAgreement({ sender, receiver, scenario }: World): string[] {
  const [one, other] = [sender.outcome, receiver.outcome];
  if (one.state === "finished" && other.state === "finished") {
    const [a, b] = [facts(one), facts(other)];
    return a === b ? [] : [`both finished, but with ${a} and ${b}`];
  }
  if (one.state === "failed" && other.state === "failed") {
    // Both ended it at the same time: nobody is wrong.
    if (!one.fromPeer && !other.fromPeer) return [];
    return one.error.kind === other.error.kind ? [] : [`failed as ${one.error.kind} and ${other.error.kind}`];
  }
  // Only one knows: the confirmation got lost with the link, or somebody cancelled after it.
  const failed = one.state === "failed" ? one : other;
  const isExcused = failed.state === "failed" && !failed.fromPeer &&
    ((scenario.staysLost && failed.error.kind === "network" && other.state === "finished") ||
      (scenario.cancel?.kind === failed.error.kind && failed === (scenario.cancel.by === "receiver" ? other : one)));
  return isExcused ? [] : [`one ${describe(one)}, the other ${describe(other)}`];
}

function facts(outcome: Outcome): string {
  if (outcome.state !== "finished") return "";
  const { counts, leftOut, exitKind, totalBytes, committedBytes, presentBytes, transferRoot, fileRoot } =
    outcome.summary;
  return JSON.stringify([counts, leftOut, exitKind, totalBytes, committedBytes, presentBytes, [...transferRoot], [
    ...fileRoot ?? [],
  ]]);
}

/** Reasons for which a receiver leaves files out here. */
const TELLING: ReadonlySet<LeftOutReason> = new Set(["hidden", "exists", "in-the-way", "no-folder", "unexaminable"]);

/** Final names have the source's content, or what they had before. */
function judgeFiles({ scenario, disk, receiver }: World): string[] {
  const [faults, untold]: [string[], string[]] = [[], []];
  for (const file of scenario.files.filter(({ kind }) => kind === "file")) {
    const found = disk.final.get(file.path);
    const isNew = found !== undefined && isEqual(found.content, contents(file.path, 0, file.size));
    const target = scenario.targets.get(file.path);
    const isOld = target === undefined
      ? found === undefined
      : found !== undefined && isEqual(found.content, contents(file.path, target === "identical" ? 0 : 99, file.size));
    if (!isNew && !isOld) faults.push(`${file.path} has wrong content`);
    if (found !== undefined && found.size !== file.size) faults.push(`${file.path} has a wrong size`);
    if (isNew || receiver.outcome.state !== "finished") continue;
    const { failures, leftOut } = receiver.outcome.summary;
    const isTold = failures.some(({ entry }) => scenario.files[entry] === file) ||
      leftOut.names.some(({ path, reason }) => path === file.path && TELLING.has(reason));
    if (!isTold) untold.push(`${file.path} is missing, and nobody says so`);
  }
  return [...faults, ...untold.length > countedAlone(receiver.outcome) ? untold : []];
}

/** How many names were left out that are counted and not named: only the first ones are. */
function countedAlone(outcome: Outcome): number {
  if (outcome.state !== "finished") return 0;
  const { counts, names } = outcome.summary.leftOut;
  return counts.reduce((sum, { count }) => sum + count, 0) - names.length;
}

function judgeCounts({ scenario, disk, source, sender, receiver, disturbed }: World): string[] {
  const faults: string[] = [];
  const [one, other] = [sender.outcome, receiver.outcome];
  if (one.state === "finished" && other.state === "finished") {
    const { committedBytes, presentBytes } = other.summary;
    for (const { verifiedBytes } of [sender.progress, receiver.progress]) {
      if (verifiedBytes !== committedBytes + presentBytes) faults.push(`counted ${verifiedBytes} verified bytes`);
    }
  }
  const blocks = scenario.files.reduce((sum, { size }) => sum + blockCount(size), 0);
  const goesOn = scenario.group === "files go on" && !disturbed;
  if (goesOn && one.state === "finished" && other.state === "finished") {
    const held = heldBlocks(scenario);
    if (source.frames !== blocks - held) {
      faults.push(`${source.frames} frames for ${blocks} blocks, ${held} of them held`);
    }
    const bytes = resumedBytes(scenario);
    for (const { resumedBytes } of [one.summary, other.summary, sender.progress, receiver.progress]) {
      if (!Number.isNaN(bytes) && resumedBytes !== bytes) {
        faults.push(`${resumedBytes} bytes resumed in place of ${bytes}`);
      }
    }
    if (one.summary.resentBlocks > 0) faults.push("says that blocks were sent again");
  }
  if (disk.verifiedBlocks > blocks) faults.push("verified more blocks than there are");
  if (!disturbed && disk.duplicates > 0) faults.push(`${disk.duplicates} blocks came twice for no reason`);
  if (scenario.group === "nothing goes wrong" && source.frames !== blocks) {
    faults.push(`${source.frames} frames for ${blocks} blocks`);
  }
  if (scenario.group === "nothing goes wrong" && one.state === "finished" && one.summary.resentBlocks > 0) {
    faults.push(`says that ${one.summary.resentBlocks} blocks were sent again`);
  }
  return faults;
}

/** Blocks that do not have to travel. */
function heldBlocks({ held }: World["scenario"]): number {
  return [...held.values()].reduce((sum, { blocks, stale }) => sum + blocks.length - stale.size, 0);
}

function resumedBytes({ held, files }: World["scenario"]): number {
  let sum = 0;
  for (const { path, size, dataBytes = size } of files) {
    const part = held.get(path);
    if (part === undefined) continue;
    // Of a file with holes each block counts with its share, rounded: it is not compared here.
    if (dataBytes < size) return NaN;
    for (const block of part.blocks) if (!part.stale.has(block)) sum += Math.min(size - block * BLOCK, BLOCK);
  }
  return sum;
}

/** Where only one thing goes wrong, it is known how it ends. */
function judgeExpected(world: World): string[] {
  const expected = expectedEnd(world);
  const [one, other] = [describe(world.sender.outcome), describe(world.receiver.outcome)];
  if (expected === undefined || (expected === one && expected === other)) return [];
  return [`expected "${expected}" instead of "${one}" and "${other}"`];
}

/** Nobody breaks the protocol here, and nothing is found wrong that was right: such an end shows a bug of a machine. */
function judgeKinds({ sender, receiver, scenario }: World): string[] {
  const excused = new Set<string | undefined>([scenario.cancel?.kind]);
  if ([...scenario.targets.values()].includes("duplicate")) excused.add("protocol");
  if (scenario.damages.some(({ times }) => times > 3)) excused.add("integrity");
  return [sender.outcome, receiver.outcome].flatMap((outcome) => {
    if (outcome.state !== "failed") return [];
    const { kind, message } = outcome.error;
    const isWrong = ["protocol", "internal", "integrity", "usage"].includes(kind) && !excused.has(kind);
    return isWrong ? [`ended as ${kind}: ${message}`] : [];
  });
}

function expectedEnd({ scenario }: World): string | undefined {
  switch (scenario.group) {
    case "nothing goes wrong":
    case "files go on":
      return scenario.staysLost ? undefined : "finished done";
    case "lanes and links are lost":
      return scenario.staysLost ? undefined : "finished done";
    case "blocks arrive damaged":
      return scenario.damages.some(({ times }) => times > 3) ? "failed integrity" : "finished done";
    case "targets exist":
      return expectedRefusal(scenario);
    default:
      return undefined;
  }
}

function expectedRefusal({ targets, overwrite, hidden, files }: World["scenario"]): string | undefined {
  const found = new Set(targets.values());
  if (found.has("duplicate")) return "failed protocol";
  const isLeftOut = (path: string) => {
    const target = targets.get(path);
    const isKeptOut = target === "in-the-way" || target === "unsafe-parent" || target === "unexaminable";
    return isKeptOut || (target === "different" && !overwrite) || (!hidden && path.startsWith("."));
  };
  const leftOut = files.filter(({ path }) => isLeftOut(path)).length;
  if (leftOut === 0) return "finished done";
  const tops = new Set(files.map(({ path }) => path.split("/")[0])).size;
  return leftOut === files.length && tops === 1 ? "finished disk" : "finished some-failed";
}

function describe(outcome: Outcome): string {
  if (outcome.state === "finished") return `finished ${outcome.summary.exitKind}`;
  return outcome.state === "failed" ? `failed ${outcome.error.kind}` : outcome.state;
}

function isEqual(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((block, i) => block === b[i]);
}
