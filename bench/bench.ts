/**
 * `deno task bench`: ultra beside other tools, on the same machine at the same time.
 *
 *     deno task bench [--runs N] [--size MIB] [--scenario NAME] [--peers NAME,NAME...] [--no-save]
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildAll } from "../scripts/build.ts";
import { Failure, main, print } from "../scripts/shell.ts";
import { memoryRates } from "./memory.ts";
import { PEERS } from "./peers/all.ts";
import type { Load, Peer, Run } from "./peers/peer.ts";
import { describeMachine, type PeerResult, save, tableOf } from "./report.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { makeWork } from "./work.ts";

interface Options {
  readonly runs: number;
  readonly sizeBytes: number;
  readonly scenario: Scenario;
  readonly peers: readonly Peer[];
  readonly save: boolean;
}

/** Room for keys, logs and a file system's own needs. */
const SLACK = 64 * 1024 * 1024;

async function bench(): Promise<void> {
  const options = readOptions(Deno.args);
  if (Deno.build.os !== "linux") throw new Failure("the benchmark reads /proc and so needs Linux");
  await buildAll();

  const skipped: { name: string; why: string }[] = [];
  const peers: Peer[] = [];
  for (const peer of options.peers) {
    const why = await peer.missing();
    if (why === undefined) peers.push(peer);
    else skipped.push({ name: peer.name, why });
  }

  await using work = await makeWork(options.scenario.space(options.sizeBytes) + SLACK);
  const results = await measure(peers, options, work.path);
  const report = {
    date: new Date().toISOString(),
    scenario: options.scenario.name,
    flags: { runs: options.runs, sizeBytes: options.sizeBytes },
    storage: work.storage,
    bytes: options.sizeBytes,
    machine: await describeMachine(),
    peers: results,
    skipped,
    memoryRates: await memoryRates(options.runs),
  };
  print();
  for (const line of tableOf(report)) print(line);
  if (options.save) print(`raw results: ${await save(report)}`);
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: "string", default: "5" },
      size: { type: "string", default: "2048" },
      scenario: { type: "string", default: SCENARIOS[0]?.name ?? "" },
      peers: { type: "string", default: PEERS.map((peer) => peer.name).join(",") },
      "no-save": { type: "boolean", default: false },
    },
  });
  return {
    runs: positive("--runs", values.runs),
    sizeBytes: positive("--size", values.size) * 1024 * 1024,
    scenario: named("scenario", SCENARIOS, values.scenario),
    peers: values.peers.split(",").map((name) => named("peer", PEERS, name)),
    save: !values["no-save"],
  };
}

function positive(flag: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Failure(`${flag} takes a whole number above 0, not ${text}`);
  return Number(text);
}

function named<T extends { readonly name: string }>(what: string, all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name);
  if (!found) throw new Failure(`there is no ${what} ${name}; there are ${all.map((one) => one.name).join(", ")}`);
  return found;
}

/** Starts all peers, then goes round after round, so that whatever else the machine does meets all of them. */
async function measure(peers: readonly Peer[], options: Options, folder: string): Promise<PeerResult[]> {
  await using cleanup = new AsyncDisposableStack();
  for (const peer of peers) {
    const own = join(folder, peer.name);
    await Deno.mkdir(own);
    await peer.start(own);
    cleanup.defer(() => peer.stop());
  }
  const source = join(folder, "source");
  await Deno.mkdir(source);
  const load = await options.scenario.prepare(source, options.sizeBytes);

  const runs = new Map<Peer, Run[]>(peers.map((peer) => [peer, []]));
  // Round 0 warms caches and clocks up and is not counted.
  for (let round = 0; round <= options.runs; round++) {
    for (const peer of inTurn(peers, round)) {
      const run = await runOnce(peer, options.scenario, load, join(folder, "result"));
      print(`round ${round} ${peer.name}: ${run.seconds.toFixed(2)} s${round === 0 ? " (warm-up)" : ""}`);
      if (round > 0) runs.get(peer)?.push(run);
    }
  }
  return await Promise.all(peers.map(async (peer) => ({
    name: peer.name,
    command: peer.command,
    version: await peer.version(),
    runs: runs.get(peer) ?? [],
  })));
}

/**
 * The peers in another order each round: every second one backwards, and turned on after each such pair, so that nobody always follows the
 * same one. (Who follows whom matters: memory that a run has just given back is cheaper than what the host has to bring.)
 */
function inTurn<T>(peers: readonly T[], round: number): T[] {
  const start = Math.floor(round / 2) % Math.max(peers.length, 1);
  const turned = [...peers.slice(start), ...peers.slice(0, start)];
  return round % 2 === 0 ? turned : turned.reverse();
}

async function runOnce(peer: Peer, scenario: Scenario, load: Load, into: string): Promise<Run> {
  await Deno.mkdir(into);
  try {
    const run = await peer.transfer(load, into);
    await scenario.check(load, into);
    return run;
  } catch (error) {
    throw error instanceof Failure ? new Failure(`${peer.name}: ${error.message}`) : error;
  } finally {
    await Deno.remove(into, { recursive: true });
  }
}

await main(bench);
