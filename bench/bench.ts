/**
 * `deno task bench`: ultra beside other tools, on the same machine at the same time.
 *
 *     deno task bench [--scenario NAME] [--path NAME] [--peers NAME,NAME...] [--runs N] [--size MIB] [--gates] [--no-save]
 *
 * Without arguments it runs the full set of plan.ts; with --gates what trees have to reach (gates/list.ts), and says whether they do.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { buildAll } from "../scripts/build.ts";
import { Failure, main, print } from "../scripts/shell.ts";
import { describeMachine } from "./machine.ts";
import { missingDisk } from "./disk.ts";
import { GATES } from "./gates/list.ts";
import { gateTable, missed, verdicts } from "./gates/verdicts.ts";
import { unlessInterrupted } from "./interruption.ts";
import { keepCacheApart } from "./measure.ts";
import { missingNetpath } from "./paths/netpath.ts";
import { isPathName, PATH_NAMES, type PathName, PATHS } from "./paths/table.ts";
import { PEERS } from "./peers/all.ts";
import type { Peer } from "./peers/peer.ts";
import { type Cell, cellsFor, type Wanted } from "./plan.ts";
import { makePlaces } from "./places.ts";
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
  if (cells.length === 0) throw new Failure("there is no such scenario on such a path in the set; name both");
  await buildAll();
  keepCacheApart();

  const results: Result[] = [];
  for (const cell of cells) {
    print(`\n--- ${cell.scenario.name} on ${cell.path}`);
    const why = missingFor(cell);
    if (why !== undefined) {
      print(`skipped: ${why}`);
      continue;
    }
    const result = await measured(cell);
    await unlessInterrupted();
    results.push(result);
    print();
    for (const line of tableOf(result)) print(line);
    if (keep) print(`raw results: ${await save(result)}`);
  }
  if (keep && results.length > 0) await writeReport();
  const failures =
    results.flatMap((result) =>
      (result.kind === "sharing" ? result.cases : result.peers).flatMap((one) => one.failures)
    ).length;
  const misses = wanted.gates ? printGates(results, cells) : 0;
  if (failures > 0) throw new Failure(`${failures} runs failed; why stands above`);
  if (misses > 0) throw new Failure(`${misses} of what must be reached is missed`);
}

/** What this cell takes and the machine does not give; undefined when it gives all. */
function missingFor({ path, scenario }: Cell): string | undefined {
  const onDisk = scenario.kind === "transfers" && scenario.results === "disk";
  return (path === "loopback" ? undefined : missingNetpath()) ?? (onDisk ? missingDisk() : undefined);
}

/** Of the cells that were asked for; returns how many of their musts are missed. */
function printGates(results: readonly Result[], cells: readonly Cell[]): number {
  const asked = GATES.filter((gate) =>
    cells.some(({ scenario, path }) => scenario.name === gate.scenario && path === gate.path)
  );
  const all = verdicts(results, asked);
  print("\n--- what trees have to reach\n");
  for (const line of gateTable(all)) print(line);
  return all.filter((verdict) => missed(verdict, "must")).length;
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
      gates: { type: "boolean", default: false },
      "no-save": { type: "boolean", default: false },
    },
  });
  const { scenario, path, peers, runs, size, gates } = values;
  return {
    wanted: {
      ...scenario !== undefined && { scenario: nameOf("scenario", SCENARIOS, scenario) },
      ...path !== undefined && { path: pathOf(path) },
      ...peers !== undefined && { peers: peers.split(",").map((name) => nameOf("peer", PEERS, name)) },
      ...runs !== undefined && { rounds: positive("--runs", runs) },
      ...gates && { gates },
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
    using work = await makeWork(2 * scenario.bytes * 2 + SLACK);
    const cases = await measureSharing(cell, work.path);
    return { ...header({ ...common, ...settings, storage: work.storage }), kind: "sharing", cases };
  }
  const { fit, skipped } = whoCan(cell, scenario);
  const bytes = [...new Set(fit.map((peer) => cell.bytes[peer.underLoss]))];
  using places = await makePlaces(scenario, bytes);
  const result = await measureCell(cell, scenario, fit, places);
  const { files } = scenario;
  return {
    ...header({ ...common, ...settings, storage: places.storage }),
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

await main(bench);
