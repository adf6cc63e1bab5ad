/**
 * Makes docs/benchmarks/*.svg, and the tables in docs/benchmarks.md between two marks; the prose around them stays.
 *
 *     deno run -A bench/report.ts [RESULTS...]
 *
 * Without files: the newest result of each scenario and path in bench/results/.
 *
 * @module
 */

import { join } from "node:path";
import { ROOT } from "../scripts/paths.ts";
import { Failure, main, print } from "../scripts/shell.ts";
import { gateTable, verdicts } from "./gates/verdicts.ts";
import { PATH_NAMES } from "./paths/table.ts";
import { load, newest, type Result, RESULTS, type TransferResult } from "./results.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import { median, spread } from "./statistics.ts";
import { type Bar, type Chart, svgOf } from "./svg.ts";
import { counted, labelOf, limitOf, rateOf, tableOf, unitOf } from "./table.ts";

const PAGE = join(ROOT, "docs", "benchmarks.md");
const PLOTS = join(ROOT, "docs", "benchmarks");
const BEGIN = "<!-- bench/report.ts writes from here -->";
const END = "<!-- to here -->";

/** Writes it from these files, or from all that are kept. */
export async function writeReport(files?: readonly string[]): Promise<void> {
  const chosen = await readResults(files);
  if (chosen.length === 0) throw new Failure("there are no results to report");
  await Deno.mkdir(PLOTS, { recursive: true });
  for (const result of chosen) {
    const chart = chartOf(result);
    if (chart !== undefined) await Deno.writeTextFile(join(PLOTS, plotName(result)), svgOf(chart));
  }
  await Deno.writeTextFile(PAGE, spliced(await Deno.readTextFile(PAGE), section(chosen)));
  print(`wrote docs/benchmarks.md from ${chosen.length} results`);
}

/** Of these files, or of all that are kept, the newest result of each scenario and path, in the order of the report. */
export async function readResults(files: readonly string[] = kept()): Promise<Result[]> {
  const results: Result[] = [];
  for (const file of files) {
    const result = await load(file);
    if (result === undefined) print(`${file} is of an older format and is left out`);
    else results.push(result);
  }
  return inOrder(newest(results));
}

function kept(): string[] {
  const names = Array.from(Deno.readDirSync(RESULTS), (entry) => entry.name);
  return names.filter((name) => name.endsWith(".json")).sort().map((name) => join(RESULTS, name));
}

function inOrder(results: readonly Result[]): Result[] {
  const place = ({ scenario, path }: Result) => [
    SCENARIOS.findIndex(({ name }) => name === scenario),
    PATH_NAMES.indexOf(path),
  ];
  return [...results].sort((a, b) => {
    const [[scenarioA = 0, pathA = 0], [scenarioB = 0, pathB = 0]] = [place(a), place(b)];
    return scenarioA - scenarioB || pathA - pathB;
  });
}

/** The text with everything between the marks replaced. */
export function spliced(page: string, lines: readonly string[]): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Failure(`docs/benchmarks.md needs the lines ${BEGIN} and ${END}`);
  return `${page.slice(0, begin)}${[BEGIN, "", ...lines, "", ""].join("\n")}${page.slice(end)}`;
}

/** All tables and plots, with what they were measured on. */
export function section(results: readonly Result[]): string[] {
  return [
    ...machines(results),
    ...results.flatMap((result) => [
      "",
      `### ${result.title} on \`${result.path}\``,
      "",
      ...tableOf(result),
      ...(chartOf(result) === undefined
        ? []
        : ["", `![${result.title} on ${result.path}](benchmarks/${plotName(result)})`]),
    ]),
    ...gates(results),
    "",
    ...commands(results),
  ];
}

/** All of them, once any was measured: one that was not says so. */
function gates(results: readonly Result[]): string[] {
  const all = verdicts(results);
  const isAnyMeasured = all.some(({ figure }) => figure !== undefined);
  return isAnyMeasured ? ["", "### What trees have to reach", "", ...gateTable(all)] : [];
}

function machines(results: readonly Result[]): string[] {
  const lines = results.map(({ machine: { processor, cores, memoryBytes, system, kernel, commit } }) =>
    `${processor}, ${cores} cores, ${(memoryBytes / 1e9).toFixed(0)} GB; ${system}, Linux ${kernel}; commit ${
      commit.replace(/^(\w{7})\w*/, "$1")
    }`
  );
  const dates = results.map(({ date }) => date.slice(0, 10)).sort();
  return [`Measured ${[...new Set([dates[0], dates.at(-1)])].join(" to ")} on: ${[...new Set(lines)].join(" | ")}.`];
}

/** What each peer was and how it was called. */
function commands(results: readonly Result[]): string[] {
  const peers = new Map(
    results.flatMap((result) =>
      result.kind === "transfers" ? result.peers.map((peer) => [peer.name, peer] as const) : []
    ),
  );
  if (peers.size === 0) return [];
  return [
    "### What ran",
    "",
    "| peer | version | commands |",
    "|---|---|---|",
    ...[...peers.values()].map(({ name, version, command }) => `| ${name} | ${cell(version)} | \`${cell(command)}\` |`),
  ];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", "; ");
}

function plotName({ scenario, path }: Result): string {
  return `${scenario}-${path}.svg`;
}

/** Undefined where bars would say nothing: for shares, and for one peer alone. */
export function chartOf(result: Result): Chart | undefined {
  if (result.kind === "sharing") return undefined;
  const unit = unitOf(result);
  // Beside what kernel TCP does on loopback without files, nobody else's bar could be told from another's.
  const shown = result.peers.filter(({ name }) => result.path !== "loopback" || !name.startsWith("iperf3"));
  const bars = shown.flatMap((peer): Bar[] => {
    const value = spread(counted(peer).map((run) => rateOf(run) / unit.bytes));
    return value === undefined ? [] : [{ label: labelOf(peer, result), value, kind: kindOf(peer, result) }];
  });
  if (bars.length < 2) return undefined;
  const limit = limitOf(result);
  return {
    title: `${result.title} on ${result.path}`,
    unit: unit.name,
    bars,
    ...limit && { limit: { label: limit.name, value: median([...limit.rates.values()]) / unit.bytes } },
  };
}

function kindOf(peer: TransferResult["peers"][number], { peers }: TransferResult): Bar["kind"] {
  if (peer.kind === "bound") return "bound";
  // The report compares with the first peer; its variants bear its name in front.
  if (peer.name.split("-")[0] === peers[0]?.name) return "own";
  return peer.encrypted ? "tool" : "clear";
}

if (import.meta.main) {
  await main(() => Deno.args.length > 0 ? writeReport(Deno.args) : writeReport());
}
