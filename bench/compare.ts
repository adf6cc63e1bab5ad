/**
 * Two builds of ultra, pair by pair: whether a change made it slower.
 *
 *     deno run -A bench/compare.ts --with OTHER [--this ULTRA] [--pairs N] [--scenario NAME|start] [--path NAME,NAME...] [--size MIB] [--busy N] [--save]
 *
 * OTHER is the executable of the other build, usually an earlier one. Each pair runs both builds on the same path seed; every second pair runs
 * them in the other order (A B, B A), so that neither always follows the other. What counts is the median of the ratios this / other, with a
 * bootstrap interval of 95 %: below 1 this build is faster. No run is left out but those in a box that did not keep up, which are made again.
 *
 * `--busy N` keeps N other processes computing meanwhile: some faults show only where the receiver has to share its cores.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ROOT, ULTRA } from "../scripts/paths.ts";
import { Failure, main, outputOf, print } from "../scripts/shell.ts";
import { describeMachine } from "./machine.ts";
import { keepCacheApart, Watched } from "./measure.ts";
import type { BoxReport } from "./paths/netpath.ts";
import { isPathName, PATH_NAMES, type PathName } from "./paths/table.ts";
import { type Run, secondsSince } from "./peers/peer.ts";
import { ultra } from "./peers/ultra.ts";
import { makePlaces } from "./places.ts";
import { cellsFor } from "./plan.ts";
import { format } from "./results.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import { MIB } from "./scenarios/scenario.ts";
import { bootstrapInterval, median, seededRandom } from "./statistics.ts";
import { steadyMemory } from "./steady_memory.ts";
import { transferOnce } from "./transfer_once.ts";

/** A pair in a box that did not keep up is made again, so often. */
const MOST_TRIES = 3;
/** The interval is a matter of chance, but always the same one. */
const BOOTSTRAP_SEED = 1;

interface Build {
  readonly name: "this" | "other";
  readonly program: string;
  readonly version: string;
}

interface Sample {
  readonly seconds: number;
  readonly senderCpu?: number;
  readonly receiverCpu?: number;
  readonly senderPeak?: number;
  readonly receiverPeak?: number;
  /** Gaps of more than 30 ms in the receiver's answers, as the box saw them: how many, and how long together. */
  readonly answerGaps?: number;
  readonly answerGapMs?: number;
}

interface Pair {
  readonly pair: number;
  readonly first: Build["name"];
  readonly this: Sample;
  readonly other: Sample;
}

type Measure = (build: Build, seed: number) => Promise<Sample | undefined>;

interface Options {
  readonly thisProgram: string;
  readonly otherProgram: string;
  readonly pairs: number;
  readonly scenario: string;
  readonly path: PathName;
  readonly bytes: number | undefined;
  /** Other processes that compute meanwhile. */
  readonly busy: number;
  readonly keep: boolean;
}

async function compare(): Promise<void> {
  const { paths, ...options } = readOptions(Deno.args);
  keepCacheApart();
  const builds = [
    await buildOf("this", options.thisProgram),
    await buildOf("other", options.otherProgram),
  ] as const;
  await using _busy = keepBusy(options.busy);
  for (const path of paths) {
    if (paths.length > 1) print(`\n--- ${options.scenario} on ${path}`);
    await compareOn({ ...options, path }, builds);
  }
}

/** Processes that do nothing but compute, until they are disposed of. */
function keepBusy(count: number): AsyncDisposable {
  const busy = Array.from(
    { length: count },
    () =>
      new Deno.Command("sh", { args: ["-c", "while :; do :; done"], stdin: "null", stdout: "null", stderr: "null" })
        .spawn(),
  );
  return {
    async [Symbol.asyncDispose]() {
      for (const child of busy) child.kill("SIGKILL");
      await Promise.all(busy.map((child) => child.status));
    },
  };
}

async function compareOn(options: Options, builds: readonly [Build, Build]): Promise<void> {
  const pairs = options.scenario === "start"
    ? await measurePairs(options, builds, startOnce)
    : await measureTransfers(options, builds);
  const figures = figuresOf(pairs);
  for (const { name, ratio, low, high, thisMedian, otherMedian } of figures) {
    print(
      `${name.padEnd(14)} this ${thisMedian.toPrecision(4)}  other ${otherMedian.toPrecision(4)}  ratio ${
        ratio.toFixed(3)
      } (${low.toFixed(3)} to ${high.toFixed(3)})`,
    );
  }
  if (options.path !== "loopback") {
    for (const name of ["this", "other"] as const) print(`${`gaps, ${name}`.padEnd(14)} ${gapsOf(pairs, name)}`);
  }
  if (options.keep) print(`raw results: ${await save(options, builds, pairs, figures)}`);
}

/** "3, 0, 5 over 30 ms; 0.12, 0.00, 0.31 s together": of each pair, as a median would hide the one that hurts. */
function gapsOf(pairs: readonly Pair[], name: Build["name"]): string {
  const samples = pairs.map((pair) => pair[name]);
  const counts = samples.map(({ answerGaps = 0 }) => answerGaps);
  const seconds = samples.map(({ answerGapMs = 0 }) => (answerGapMs / 1000).toFixed(2));
  return `${counts.join(", ")} over 30 ms; ${seconds.join(", ")} s together`;
}

function readOptions(args: string[]): Omit<Options, "path"> & { readonly paths: readonly PathName[] } {
  const { values } = parseArgs({
    args,
    options: {
      with: { type: "string" },
      this: { type: "string", default: ULTRA },
      pairs: { type: "string", default: "15" },
      scenario: { type: "string", default: "one-file" },
      path: { type: "string", default: "loopback" },
      size: { type: "string" },
      busy: { type: "string" },
      save: { type: "boolean", default: false },
    },
  });
  const { with: other, this: own, pairs, scenario, path, size, busy, save } = values;
  if (other === undefined) throw new Failure("--with names the executable of the other build");
  const paths = path.split(",").map((name) => {
    if (!isPathName(name)) throw new Failure(`there is no path ${name}; there are ${PATH_NAMES.join(", ")}`);
    return name;
  });
  return {
    thisProgram: resolve(own),
    otherProgram: resolve(other),
    pairs: positive("--pairs", pairs),
    scenario,
    paths,
    bytes: size === undefined ? undefined : positive("--size", size) * MIB,
    busy: busy === undefined ? 0 : positive("--busy", busy),
    keep: save,
  };
}

function positive(flag: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Failure(`${flag} takes a whole number above 0, not ${text}`);
  return Number(text);
}

async function buildOf(name: Build["name"], program: string): Promise<Build> {
  const version = await outputOf(program, ["--version"]);
  if (version === undefined) throw new Failure(`${program} does not run`);
  return { name, program, version };
}

async function measureTransfers(options: Options, builds: readonly [Build, Build]): Promise<Pair[]> {
  const { path } = options;
  const [cell] = cellsFor(
    { scenario: options.scenario, path, peers: ["ultra"], ...options.bytes !== undefined && { bytes: options.bytes } },
    SCENARIOS,
    [ultra("ultra")],
  );
  const scenario = cell?.scenario;
  if (cell === undefined || scenario?.kind !== "transfers") throw new Failure(`no scenario ${options.scenario}`);
  const bytes = cell.bytes.copes;
  using places = await makePlaces(scenario, [bytes]);
  const source = join(places.folder, "source");
  await Deno.mkdir(source);
  const load = await scenario.prepare(source, bytes);
  const memory = Math.max(0, scenario.space(bytes) - bytes);
  if (path === "loopback") await steadyMemory(join(places.folder, "memory"), memory);
  const peers = new Map(builds.map((build) => [build, ultra(build.name, { program: build.program })] as const));
  return await measurePairs(options, builds, async (build, seed) => {
    const peer = peers.get(build);
    if (peer === undefined) return undefined;
    const { run, box } = await transferOnce({ peer, scenario, load, pathName: path, seed }, places);
    return box?.keptUp === false ? undefined : sampleOf(run, box);
  });
}

function sampleOf({ seconds, usage }: Run, box: BoxReport | undefined): Sample {
  return {
    seconds,
    ...box && { answerGaps: box.answerGaps, answerGapMs: box.answerGapMs },
    ...usage && {
      senderCpu: usage.sender.cpuSeconds,
      receiverCpu: usage.receiver.cpuSeconds,
      senderPeak: usage.sender.peakBytes,
      receiverPeak: usage.receiver.peakBytes,
    },
  };
}

/** `ultra --version`, from the command to its end: everything that each start of ultra costs, and nothing else. */
const startOnce: Measure = async ({ name, program }) => {
  const started = performance.now();
  await using version = new Watched(`${name} --version`, [program, ["--version"]]);
  const { cpuSeconds, peakBytes } = await version.finished();
  return { seconds: secondsSince(started), senderCpu: cpuSeconds, senderPeak: peakBytes };
};

async function measurePairs(
  { pairs }: Options,
  [own, other]: readonly [Build, Build],
  measure: Measure,
): Promise<Pair[]> {
  const done: Pair[] = [];
  // (The first run of either finds files and caches as no later one does.)
  for (const build of [own, other]) await measure(build, 0);
  for (let pair = 1; pair <= pairs; pair++) done.push(await pairOnce(pair, [own, other], measure));
  return done;
}

async function pairOnce(pair: number, [own, other]: readonly [Build, Build], measure: Measure): Promise<Pair> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const order = pair % 2 === 1 ? [own, other] : [other, own];
    const samples = new Map<Build, Sample | undefined>();
    for (const build of order) samples.set(build, await measure(build, pair));
    const [a, b] = [samples.get(own), samples.get(other)];
    if (a === undefined || b === undefined) {
      print(`pair ${pair}: the box did not keep up, so it is made again`);
      continue;
    }
    print(`pair ${pair}: this ${a.seconds.toFixed(3)} s, other ${b.seconds.toFixed(3)} s`);
    return { pair, first: pair % 2 === 1 ? "this" : "other", this: a, other: b };
  }
  throw new Failure(`the box did not keep up ${MOST_TRIES} times: the machine is too busy for this path`);
}

interface Figure {
  readonly name: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly thisMedian: number;
  readonly otherMedian: number;
}

function figuresOf(pairs: readonly Pair[]): Figure[] {
  const names = ["seconds", "senderCpu", "receiverCpu", "senderPeak", "receiverPeak"] as const;
  return names.flatMap((name) => {
    const both = pairs.flatMap((pair) => {
      const [a, b] = [pair.this[name], pair.other[name]];
      return a === undefined || b === undefined || b === 0 ? [] : [{ a, b }];
    });
    if (both.length === 0) return [];
    const ratios = both.map(({ a, b }) => a / b);
    const [low, high] = bootstrapInterval(ratios, seededRandom(BOOTSTRAP_SEED));
    const [thisMedian, otherMedian] = [median(both.map(({ a }) => a)), median(both.map(({ b }) => b))];
    return [{ name, ratio: median(ratios), low, high, thisMedian, otherMedian }];
  });
}

async function save(
  { scenario, path, bytes, busy }: Options,
  builds: readonly Build[],
  pairs: readonly Pair[],
  figures: readonly Figure[],
): Promise<string> {
  const date = new Date().toISOString();
  const result = {
    date,
    scenario,
    path,
    ...bytes !== undefined && { bytes },
    ...busy > 0 && { busy },
    machine: await describeMachine(),
    // Where a build lay on this machine says nothing to a reader.
    builds: builds.map(({ name, version }) => ({ name, version })),
    figures,
    pairs,
  };
  const file = `bench/results/comparisons/${date.replace(/[-:]|\.\d+/g, "")}-${scenario}-${path}.json`;
  await Deno.mkdir(join(ROOT, "bench/results/comparisons"), { recursive: true });
  await Deno.writeTextFile(join(ROOT, file), `${format(result)}\n`);
  return file;
}

if (import.meta.main) await main(compare);
