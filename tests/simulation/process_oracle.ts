/** What must be true when two processes have ended, whatever happened to them. @module */

import type { Ending } from "../session/support.ts";
import { blocks, filesOf } from "../support/made_up.ts";
import { KILLED } from "../support/simulated_process.ts";
import type { ProcessScenario } from "./process_scenario.ts";

/** The version of a file that was there before: 0 is the sender's. */
export const OLD_VERSION = 99;

/** QUIC notices a dead peer in 16 s here; an offer that never comes is waited for 30 s. */
const LONGEST_MS = 60_000;

/** Codes that a side has when the network or the other process is to blame. */
const NETWORK = 5;

/** What is wrong, in words. */
export function judgeProcesses(ending: Ending, scenario: ProcessScenario, startedMs: number): string[] {
  return [
    ...judgeNames(ending, scenario),
    ...judgeCodes(ending, scenario),
    ...judgeLeftovers(ending),
    ...judgeProgress(ending),
    ...judgeTime(ending, startedMs),
  ];
}

/** A final name has the sender's content or what it had before; and all that was promised is there. */
function judgeNames({ disk, codes, items }: Ending, scenario: ProcessScenario): string[] {
  const faults = [...disk.breaches];
  for (const { path, kind, size } of filesOf(items)) {
    const there = disk.final.get(path);
    const target = scenario.targets.get(path);
    if (kind === "file" && typeof there === "object") {
      const isNew = isEqual(there.blocks, blocks(path, size, scenario.versions.get(path)));
      const isOld = target === "different" && isEqual(there.blocks, blocks(path, there.size, OLD_VERSION));
      if (!isNew && !isOld) faults.push(`"${path}" has wrong content`);
    }
    const isPromised = codes.sender === 0 || codes.receiver === 0;
    if (isPromised && there === undefined) faults.push(`"${path}" is missing after a success`);
    if (isPromised && target === "different" && !scenario.overwrite) faults.push(`"${path}" differs after a success`);
  }
  const known = new Set(filesOf(items).map(({ path }) => path));
  for (const path of disk.final.keys()) if (!known.has(path)) faults.push(`"${path}" was never offered`);
  return faults;
}

function judgeCodes({ codes }: Ending, scenario: ProcessScenario): string[] {
  const { sender, receiver } = codes;
  const both = `${sender} ${receiver}`;
  const expected = expectedCodes(scenario);
  if (expected !== undefined) return expected.includes(both) ? [] : [`ended with ${both} instead of ${expected}`];
  // The receiver cannot have less than what the sender was promised; its user may stop it while it waits for the last word.
  const mayFollow = [0, 129, 130, 143, KILLED];
  if (sender === 0 && !mayFollow.includes(receiver)) return [`the sender says 0, the receiver ${receiver}`];
  const known = new Set([0, 3, 4, NETWORK, 7, 9, 129, 130, 143, KILLED]);
  return [sender, receiver].filter((code) => !known.has(code)).map((code) => `ended with ${code}`);
}

/** Where only one thing goes wrong it is known how both end; `undefined` where that depends on the moment. */
function expectedCodes(scenario: ProcessScenario): readonly string[] | undefined {
  switch (scenario.group) {
    case "nothing goes wrong":
      return ["0 0"];
    case "lanes are lost":
      // The peer has ended the last one.
      return ["0 0", "5 5"];
    case "blocks arrive damaged":
      return scenario.damages.some(({ times }) => times > 3) ? ["7 7"] : ["0 0"];
    case "targets exist": {
      const isDifferent = [...scenario.targets.values()].includes("different");
      if (!isDifferent || scenario.overwrite) return ["0 0"];
      // It is left out, and the folder that it lies in is there.
      return scenario.items.length === 1 ? ["4 4"] : ["3 3"];
    }
    default:
      return undefined;
  }
}

/** Nothing stays: no part file, no timer, no connection, no listener, no sink. What is killed leaves its things behind. */
function judgeLeftovers({ world, sender, receiver, disk, codes }: Ending): string[] {
  const faults: string[] = [];
  const isKilled = (side: "sender" | "receiver") => codes[side] === KILLED;
  const parts = [...disk.parts].filter((path) => !disk.kept.has(path) || codes.receiver === 0);
  if (!isKilled("receiver") && parts.length > 0) faults.push(`part files stay: ${parts}`);
  for (const [side, process] of [["sender", sender], ["receiver", receiver]] as const) {
    if (isKilled(side)) continue;
    const { connections, listenerCount, sinkCount } = process.engine;
    if (listenerCount > 0) faults.push(`the ${side} still listens`);
    if (sinkCount > 0) faults.push(`the ${side} keeps a sink`);
    if (connections.length > 0) faults.push(`the ${side} keeps ${connections.length} connections`);
  }
  // A process that ends at once leaves the deadline of a dialer that had proved nothing yet.
  const endsAtOnce = [129, 130, 143, KILLED];
  const isCutOff = endsAtOnce.includes(codes.sender) || endsAtOnce.includes(codes.receiver);
  if (!isCutOff && world.time.openTimers > 0) faults.push(`${world.time.openTimers} timers stay`);
  return faults;
}

/** What is shown never goes back but for failures, and never beyond the whole; after a success it is the whole. */
function judgeProgress({ sender, receiver, codes }: Ending): string[] {
  const faults: string[] = [];
  for (const [side, { output }] of [["sender", sender], ["receiver", receiver]] as const) {
    let before = 0;
    for (const { verifiedBytes, totalBytes, listed } of output.reports) {
      if (listed && verifiedBytes > totalBytes) faults.push(`the ${side} shows more than there is`);
      if (verifiedBytes < before && codes[side] === 0) faults.push(`the ${side}'s progress goes back`);
      before = verifiedBytes;
    }
    const last = output.reports.at(-1);
    if (codes[side] === 0 && last !== undefined && last.verifiedBytes !== last.totalBytes) {
      faults.push(`the ${side} ends with 0 at ${last.verifiedBytes} of ${last.totalBytes} bytes`);
    }
  }
  return faults;
}

function judgeTime({ sender, receiver }: Ending, startedMs: number): string[] {
  const tookMs = Math.min(sender.endedMs ?? Infinity, receiver.endedMs ?? Infinity) - startedMs;
  return tookMs > LONGEST_MS ? [`it took ${tookMs} ms`] : [];
}

function isEqual(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((block, i) => block === b[i]);
}
