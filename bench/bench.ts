/**
 * `deno task bench`: ultra beside other tools, on the same machine at the same time.
 *
 *     deno task bench [--scenario NAME] [--path NAME] [--peers NAME,NAME...] [--runs N] [--size MIB] [--no-save]
 *
 * Without arguments it runs the full set of plan.ts.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { buildAll } from "../scripts/build.ts";
import { Failure, main, print } from "../scripts/shell.ts";
import { describeMachine } from "./machine.ts";
import { keepCacheApart } from "./measure.ts";
import { missingNetpath } from "./paths/netpath.ts";
import { isPathName, PATH_NAMES, type PathName, PATHS } from "./paths/table.ts";
import { PEERS } from "./peers/all.ts";
import type { Peer } from "./peers/peer.ts";
import { type Cell, cellsFor, type Wanted } from "./plan.ts";
import { writeReport } from "./report.ts";
import { header, type Result, save } from "./results.ts";
import { measureCell } from "./rounds.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import { MIB, type TransferScenario } from "./scenarios/scenario.ts";
import { measureSharing } from "./scenarios/sharing.ts";
import { tableOf } from "./table.ts";
import { makeWork } from "./work.ts";

/** Room for keys, logs and a file system's own needs. */
const SLACK = 64 * MIB;

async function bench(): Promise<void> {
  const { wanted, keep } = readOptions(Deno.args);
  if (Deno.build.os !== "linux") throw new Failure("the benchmark reads /proc and so needs Linux");
  const cells = cellsFor(wanted, SCENARIOS, PEERS);
  if (cells.length === 0) throw new Failure("the full set has no such scenario on such a path; name both");
  await buildAll();
  keepCacheApart();

  let failures = 0;
  for (const cell of cells) {
    print(`\n--- ${cell.scenario.name} on ${cell.path}`);
    const why = cell.path === "loopback" ? undefined : missingNetpath();
    if (why !== undefined) {
      print(`skipped: ${why}`);
      continue;
    }
    const result = await measured(cell);
    failures += (result.kind === "sharing" ? result.cases : result.peers).flatMap((one) => one.failures).length;
    print();
    for (const line of tableOf(result)) print(line);
    if (keep) print(`raw results: ${await save(result)}`);
  }
  if (keep) await writeReport();
  if (failures > 0) throw new Failure(`${failures} runs failed; why stands above`);
}

function readOptions(args: string[]): { readonly wanted: Wanted; readonly keep: boolean } {
  const { values } = parseArgs({
    args,
    options: {
      scenario: { type: "string" },
      path: { type: "string" },
      peers: { type: "string" },
      runs: { type: "string" },
      size: { type: "string" },
      "no-save": { type: "boolean", default: false },
    },
  });
  const { scenario, path, peers, runs, size } = values;
  return {
    wanted: {
      ...scenario !== undefined && { scenario: nameOf("scenario", SCENARIOS, scenario) },
      ...path !== undefined && { path: pathOf(path) },
      ...peers !== undefined && { peers: peers.split(",").map((name) => nameOf("peer", PEERS, name)) },
      ...runs !== undefined && { rounds: positive("--runs", runs) },
      ...size !== undefined && { bytes: positive("--size", size) * MIB },
    },
    keep: !values["no-save"],
  };
}

function positive(flag: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Failure(`${flag} takes a whole number above 0, not ${text}`);
  return Number(text);
}

function pathOf(name: string): PathName {
  if (!isPathName(name)) throw new Failure(`there is no path ${name}; there are ${PATH_NAMES.join(", ")}`);
  return name;
}

function nameOf(what: string, all: readonly { readonly name: string }[], name: string): string {
  if (all.some((one) => one.name === name)) return name;
  throw new Failure(`there is no ${what} ${name}; there are ${all.map((one) => one.name).join(", ")}`);
}

async function measured(cell: Cell): Promise<Result> {
  const { scenario, path, rounds } = cell;
  const common = { scenario: scenario.name, title: scenario.title, path, rounds, machine: await describeMachine() };
  const settings = path === "loopback" ? {} : { settings: PATHS[path] };
  if (scenario.kind === "sharing") {
    await using work = await makeWork(2 * scenario.bytes * 2 + SLACK);
    const cases = await measureSharing(cell, work.path);
    return { ...header({ ...common, ...settings, storage: work.storage }), kind: "sharing", cases };
  }
  const { fit, skipped } = whoCan(cell, scenario);
  await using work = await makeWork(spaceFor(cell, scenario, fit) + SLACK);
  const result = await measureCell(cell, scenario, fit, work.path);
  const { files } = scenario;
  return {
    ...header({ ...common, ...settings, storage: work.storage }),
    kind: "transfers",
    files,
    skipped,
    ...result,
  };
}

function whoCan({ peers, path }: Cell, { files }: TransferScenario) {
  const fit: Peer[] = [];
  const skipped: { name: string; why: string }[] = [];
  for (const peer of peers) {
    const missing = peer.missing();
    const why = missing === undefined ? peer.unfit?.({ path, files }) : `this is missing: ${missing}`;
    if (why === undefined) fit.push(peer);
    else skipped.push({ name: peer.name, why });
  }
  for (const { name, why } of skipped) print(`skipped: ${name}, because ${why}`);
  return { fit, skipped };
}

function spaceFor(cell: Cell, scenario: TransferScenario, peers: readonly Peer[]): number {
  const sizes = new Set(peers.map((peer) => cell.bytes[peer.underLoss]));
  return [...sizes].reduce((sum, bytes) => sum + scenario.space(bytes), 0);
}

await main(bench);
