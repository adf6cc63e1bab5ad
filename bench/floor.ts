/**
 * The least that a tree of small files takes on this machine: the system calls of a sender and of a receiver for each file, on one thread, on
 * tmpfs (floor/floor.c), and beside it what `ultra` may add to that.
 *
 *     deno run -A bench/floor.ts [--files N --bytes N --folders N] [--rounds N] [--save]
 *
 * Without a load it takes those of the gates that lie on loopback: 10,000 of 10 KiB, 100,000 of 1 KiB in 100 folders and in one.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../scripts/paths.ts";
import { Failure, main, print } from "../scripts/shell.ts";
import { buildC } from "./c_program.ts";
import { describeMachine } from "./machine.ts";
import { format } from "./results.ts";
import { type Spread, spread } from "./statistics.ts";
import { steadyMemory } from "./steady_memory.ts";
import { markdown } from "./table.ts";
import { makeWork } from "./work.ts";

/** What `ultra` may add to the floor, in microseconds a file and side: hashing, encryption, packets and JavaScript together. */
export const BUDGET_US = 2;

/** Files of one size, spread evenly over folders. */
export interface Layout {
  readonly files: number;
  readonly bytes: number;
  readonly folders: number;
}

/** What one side took in one round, in microseconds a file. */
export interface Side {
  /** Measured without a look at the clock between the calls, so it is not their sum. */
  readonly all: number;
  readonly calls: Readonly<Record<string, number>>;
}

export interface FloorRound {
  readonly sender: Side;
  readonly receiver: Side;
}

/** As `task bench` lays them out (scenarios/all.ts). */
const LAYOUTS: readonly Layout[] = [
  { files: 10_000, bytes: 10 * 1024, folders: 50 },
  { files: 100_000, bytes: 1024, folders: 100 },
  { files: 100_000, bytes: 1024, folders: 1 },
];
const ROUNDS = 5;
const SOURCE = join(ROOT, "bench", "floor", "floor.c");
/** What a small file takes on tmpfs besides its bytes: the rest of its last page, and its inode and name. */
const OVERHEAD = 4096 + 1024;
const SLACK = 64 * 1024 * 1024;
const SIDES = ["sender", "receiver"] as const;
/** In the order of a table, which is that of the two sides' work. */
const CALLS = "folders,open,fstat,read,fstat again,write,fchmod,futimens,close,renameat2".split(",");

/** Measures one layout on tmpfs. */
export async function measureFloor(layout: Layout, rounds: number): Promise<FloorRound[]> {
  using program = await buildC(SOURCE);
  const bytes = layout.files * (layout.bytes + OVERHEAD);
  using work = await makeWork(3 * bytes + SLACK);
  if (work.storage !== "tmpfs") throw new Failure("the floor is that of a tmpfs, and none has room");
  const tree = join(work.path, "tree");
  await Deno.mkdir(tree);
  await steadyMemory(join(work.path, "memory"), 2 * bytes);
  const args = [tree, ...[layout.files, layout.bytes, layout.folders, rounds].map(String)];
  const { success, stdout, stderr } = await new Deno.Command(program.path, { args, stdin: "null" }).output();
  if (!success) throw new Failure(`the floor cannot be measured: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout).trim().split("\n").map((line): FloorRound => JSON.parse(line));
}

/** The medians of both sides, call by call, and what follows from them. */
export function floorTable({ files, bytes, folders }: Layout, rounds: readonly FloorRound[]): string[] {
  const values = (pick: (side: Side) => number | undefined) =>
    SIDES.map((side) => spread(rounds.flatMap((round) => pick(round[side]) ?? [])));
  const all = values((side) => side.all);
  const rows = [
    ...CALLS.map((call) => [call, ...values((side) => side.calls[call]).map(median)]),
    ["**all calls** (range)", ...all.map(ranged)],
    ["with the budget", ...all.map((side) => micros(side && side.median + BUDGET_US))],
  ];
  // Both sides work at the same time, so the slower one, which is the receiver, is what a whole transfer cannot go below.
  const slowest = Math.max(...all.map((side) => side?.median ?? NaN));
  const seconds = (us: number) => (us * files / 1e6).toFixed(2);
  return [
    `${files} files of ${bytes} bytes in ${folders} ${folders === 1 ? "folder" : "folders"}`,
    "",
    ...markdown(["us a file", ...SIDES], rows),
    "",
    `Budget: hash, crypto, packets and JavaScript take at most ${BUDGET_US} us a file and side.`,
    `One thread a side: ${seconds(slowest)} s for the calls, ${seconds(slowest + BUDGET_US)} s with the budget.`,
  ];
}

function median(values: Spread | undefined): string {
  return micros(values?.median);
}

function ranged(values: Spread | undefined): string {
  return values === undefined ? "" : `${micros(values.median)} (${micros(values.least)}-${micros(values.most)})`;
}

function micros(value: number | undefined): string {
  return value?.toFixed(2) ?? "";
}

function readOptions(args: string[]) {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args,
    options: { files: text, bytes: text, folders: text, rounds: text, save: { type: "boolean", default: false } },
  });
  const number = (name: "files" | "bytes" | "folders" | "rounds") => {
    const value = values[name];
    if (value === undefined) return undefined;
    if (!/^[1-9]\d{0,6}$/.test(value)) throw new Failure(`--${name} takes a whole number above 0, not ${value}`);
    return Number(value);
  };
  const [files, bytes, folders] = [number("files"), number("bytes"), number("folders")];
  const whole = files !== undefined && bytes !== undefined && folders !== undefined;
  if (!whole && (files ?? bytes ?? folders) !== undefined) {
    throw new Failure("a load takes --files, --bytes and --folders");
  }
  const layouts = whole ? [{ files, bytes, folders }] : LAYOUTS;
  return { layouts, rounds: number("rounds") ?? ROUNDS, keep: values.save };
}

async function floor(): Promise<void> {
  const { layouts, rounds, keep } = readOptions(Deno.args);
  const measured: (Layout & { readonly rounds: readonly FloorRound[] })[] = [];
  for (const layout of layouts) {
    const one = await measureFloor(layout, rounds);
    measured.push({ ...layout, rounds: one });
    for (const line of floorTable(layout, one)) print(line);
    print();
  }
  if (!keep) return;
  const date = new Date().toISOString();
  const name = `bench/results/floor/${date.replace(/[-:]|\.\d+/g, "")}.json`;
  await Deno.mkdir(join(ROOT, "bench", "results", "floor"), { recursive: true });
  const result = { date, machine: await describeMachine(), budgetUs: BUDGET_US, layouts: measured };
  await Deno.writeTextFile(join(ROOT, name), `${format(result)}\n`);
  print(`raw results: ${name}`);
}

if (import.meta.main) await main(floor);
