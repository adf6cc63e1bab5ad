/**
 * What going on after an interruption costs: the journal while a file is received, and reading a part again after `kill -9`.
 *
 *     deno run -A bench/resume_cost.ts journal [--pairs 10] [--size MIB]    # runs with and without a journal, in memory, in turns
 *     deno run -A bench/resume_cost.ts reread [--runs 3] [--size MIB] [--path lan1g]    # beside the missing half, which travels
 *
 * There is no flag for a run without a journal: both kinds run on the data plane with fault points, whose disk refuses the journal's first record in
 * the one and a record that never comes in the other. Ends with exit code 1 when a bound is missed.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { join } from "node:path";
import { buildFaults, FAULTS_LIBRARY } from "../scripts/faults.ts";
import { ROOT } from "../scripts/paths.ts";
import { Failure, main, print } from "../scripts/shell.ts";
import { inWorkspace, type StartOptions, type Ultra, type Workspace } from "../tests/e2e/harness.ts";
import { MIB, writeFile } from "../tests/e2e/files.ts";
import { openPath } from "./paths/netpath.ts";
import { isPathName, PATH_NAMES, type PathName } from "./paths/table.ts";
import { secondsSince } from "./peers/peer.ts";
import { median, ratioOfMedians, seededRandom } from "./statistics.ts";
import { makeWork } from "./work.ts";

/** A run with a journal takes so much of one without. */
const JOURNAL = 1.01;

/** What is read again each second while the rest travels. */
const REREAD_BYTES = 1e9;

const NO_JOURNAL = "before-append@1+:EIO";
/** A plan too, so that both kinds look into it as often. */
const JOURNALED = "before-append@1000000000:EIO";

interface Options {
  readonly pairs: number;
  readonly runs: number;
  readonly bytes: number;
  readonly path: PathName;
}

/** Runs pairs, each kind first in every second one. */
async function journal({ pairs, bytes }: Options): Promise<void> {
  await buildFaults();
  await inMemory(3 * bytes, async (workspace) => {
    const source = await writeFile(workspace.path("source"), bytes);
    const rounds: [number, number][] = [];
    await timed(workspace, source, JOURNALED); // what comes first pays for what is not in memory yet
    for (let pair = 0; pair < pairs; pair++) {
      const order = pair % 2 === 0 ? [JOURNALED, NO_JOURNAL] as const : [NO_JOURNAL, JOURNALED] as const;
      const seconds = new Map<string, number>();
      for (const fault of order) seconds.set(fault, await timed(workspace, source, fault));
      const [beside, without] = [seconds.get(JOURNALED) ?? NaN, seconds.get(NO_JOURNAL) ?? NaN];
      rounds.push([beside, without]);
      print(`with a journal ${beside.toFixed(3)} s, without ${without.toFixed(3)} s`);
    }
    const { value, low, high } = ratioOfMedians(rounds, seededRandom(10));
    const percent = (ratio: number) => `${(100 * (ratio - 1)).toFixed(1)} %`;
    print(
      `the journal costs ${percent(value)} (95 % interval ${percent(low)} to ${percent(high)}), bound ${
        percent(JOURNAL)
      }`,
    );
    if (low > JOURNAL) throw new Failure("the bound was missed");
  });
}

/** Seconds from the first byte to the last word, as the receiver tells them. */
async function timed(workspace: Workspace, source: string, fault: string): Promise<number> {
  const into = await workspace.make("into");
  const program = [Deno.execPath(), "run", "-q", "-A", join(ROOT, "main.ts")];
  const faulty = { program, env: { ULTRA_NATIVE_LIB: FAULTS_LIBRARY, ULTRA_FAULT: fault } };
  const receiver = workspace.recv(["--json", "--into", into], faulty);
  const sender = workspace.start(["send", "--json", source, await receiver.ticket()], faulty);
  await Promise.all([sender.exits(0), receiver.exits(0)]);
  const { seconds } = await receiver.event("complete");
  await Deno.remove(into, { recursive: true });
  return Number(seconds);
}

/** The receiver is killed at half of a file on loopback, and the second run goes over a path. */
async function reread({ runs, bytes, path }: Options): Promise<void> {
  await inMemory(3 * bytes, async (workspace) => {
    const source = await writeFile(workspace.path("source"), bytes);
    const rates: number[] = [];
    for (let run = 0; run < runs; run++) {
      const into = await workspace.make("into");
      await killedAtHalf(workspace, source, into);
      const [again, moved] = await goesOn(workspace, source, into, path);
      rates.push(again);
      print(`read again at ${gigabytes(again)}, while what was missing came at ${Math.round(moved * 8 / 1e6)} Mbit/s`);
      await Deno.remove(into, { recursive: true });
    }
    const middle = median(rates);
    print(
      `read again at ${gigabytes(middle)} in the middle of ${runs} runs on ${path}, bound ${gigabytes(REREAD_BYTES)}`,
    );
    if (middle < REREAD_BYTES) throw new Failure("the bound was missed, or BLAKE3 is slower here");
  });
}

async function killedAtHalf(workspace: Workspace, source: string, into: string): Promise<void> {
  const receiver = workspace.recv(["--json", "--into", into]);
  const args = ["send", "--json", "--retry-for", "0", "--rate-limit", "400M", source, await receiver.ticket()];
  const sender = workspace.start(args);
  await arrived(receiver, ({ bytes, totalBytes }) => 2 * bytes >= totalBytes);
  receiver.kill("SIGKILL");
  await Promise.all([receiver.ending(), sender.ending()]);
}

interface Arrived {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly resumedBytes: number;
}

/** Waits until the progress of a receiver fits. */
async function arrived(receiver: Ultra, fits: (progress: Arrived) => boolean): Promise<Arrived> {
  const event = await receiver.event("progress", (event) => fits(event as unknown as Arrived));
  return event as unknown as Arrived;
}

/** Bytes a second that were read again, between a tenth and nine tenths of them, and that came meanwhile. */
async function goesOn(
  workspace: Workspace,
  source: string,
  into: string,
  name: PathName,
): Promise<[again: number, moved: number]> {
  await using path = await openPath(name);
  const at = ({ namespace, command }: typeof path.a): StartOptions =>
    namespace === undefined ? {} : { before: command("", []).flat().filter((word) => word !== "").join(" ") };
  const receiver = workspace.start(["recv", "--json", "--listen", path.b.address, "--into", into], at(path.b));
  const sender = workspace.start(["send", "--json", source, await receiver.ticket()], at(path.a));
  const held = (await Deno.stat(source)).size / 2;
  const first = await arrived(receiver, ({ resumedBytes }) => resumedBytes > 0.1 * held);
  const started = performance.now();
  const last = await arrived(receiver, ({ resumedBytes }) => resumedBytes > 0.9 * held);
  const seconds = secondsSince(started);
  await Promise.all([sender.exits(0), receiver.exits(0)]);
  const again = last.resumedBytes - first.resumedBytes;
  return [again / seconds, (last.bytes - first.bytes - again) / seconds];
}

const gigabytes = (rate: number) => `${(rate / 1e9).toFixed(2)} GB/s`;

/** A fresh folder in memory, so that no disk is measured. */
async function inMemory(bytes: number, body: (workspace: Workspace) => Promise<void>): Promise<void> {
  using work = await makeWork(bytes + 64 * MIB);
  await inWorkspace(body, work.path);
}

function readOptions(args: string[]): { readonly what: string | undefined; readonly options: Options } {
  const { values, positionals: [what] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      pairs: { type: "string", default: "10" },
      runs: { type: "string", default: "3" },
      size: { type: "string", default: "2048" },
      path: { type: "string", default: "lan1g" },
    },
  });
  const whole = (flag: string, text: string) => {
    if (!/^[1-9]\d{0,5}$/.test(text)) throw new Failure(`--${flag} takes a whole number, not ${text}`);
    return Number(text);
  };
  const { path } = values;
  if (!isPathName(path)) throw new Failure(`--path is one of ${PATH_NAMES.join(", ")}`);
  const bytes = whole("size", values.size) * MIB;
  return { what, options: { pairs: whole("pairs", values.pairs), runs: whole("runs", values.runs), bytes, path } };
}

await main(async () => {
  const { what, options } = readOptions(Deno.args);
  if (what === "journal") return await journal(options);
  if (what === "reread") return await reread(options);
  throw new Failure("say what to measure: journal or reread");
});
