/**
 * Honest dialers beside a flood of replayed first datagrams from made-up addresses (T4): how many get in, how fast, and what the listener's
 * memory comes to.
 *
 *     deno run -A bench/admission.ts [--path NAME] [--rate N] [--dialers N] [--ultra PROGRAM]
 *
 * Without arguments: `loopback` and `metro`, each without a flood, at 200 and at 2,000 datagrams a second. Needs root, for the made-up
 * addresses and the path. Ends with exit code 1 when a bound is missed.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { NETPATH, ULTRA } from "../scripts/paths.ts";
import { Failure, main, print, run } from "../scripts/shell.ts";
import { parseTicket } from "../src/protocol/ticket.ts";
import { firstDatagram } from "../tests/support/first_datagram.ts";
import { Watched } from "./measure.ts";
import { type End, openPath, type Path } from "./paths/netpath.ts";
import { isPathName, PATH_NAMES, type PathName, PATHS } from "./paths/table.ts";
import { numberAt } from "./peers/peer.ts";
import { markdown } from "./table.ts";
import { makeWork } from "./work.ts";

/** Dialers under way at the same time: more would measure how fast the machine starts processes. */
const AT_ONCE = 2;
/** The flood has all places before the first honest dialer comes. */
const LEAD_MS = 1000;
/** A dialer that takes longer is counted as one that did not get in. */
const PATIENCE_MS = 30_000;
/** Room for keys and logs. */
const SPACE = 64 << 20;

interface Case {
  readonly path: PathName;
  /** Datagrams a second. */
  readonly rate: number;
  readonly dialers: number;
  /** How many of the dialers have to get in within how many seconds. */
  readonly bound: { readonly dialers: number; readonly seconds: number };
}

interface Outcome {
  /** Seconds from the start of each dialer to its end, of those that got in. */
  readonly seconds: readonly number[];
  readonly datagrams: number;
  readonly flooded: number;
  readonly peakBytes: number;
}

async function measureAdmission(): Promise<void> {
  const { cases, program } = readOptions(Deno.args);
  const rows: string[][] = [];
  let missed = 0;
  for (const one of cases) {
    const outcome = await measured(one, program);
    const within = outcome.seconds.filter((seconds) => seconds <= one.bound.seconds).length;
    if (within < one.bound.dialers) missed++;
    rows.push(row(one, outcome, within));
    print(rows.at(-1)?.join("  ") ?? "");
  }
  print();
  for (const line of markdown(HEADS, rows)) print(line);
  if (missed > 0) throw new Failure(`${missed} of ${cases.length} bounds were missed`);
}

const HEADS = [
  "path",
  "datagrams/s",
  "within the bound",
  "bound s",
  "median s",
  "95 % s",
  "slowest s",
  "peak MB of the listener",
];

function row(
  { path, rate, dialers, bound }: Case,
  { seconds, datagrams, flooded, peakBytes }: Outcome,
  within: number,
) {
  return [
    path,
    rate === 0 ? "none" : `${(datagrams / flooded).toFixed(0)}`,
    `${within} of ${dialers}`,
    bound.seconds.toFixed(2),
    ...[0.5, 0.95, 1].map((share) => quantile(seconds, share)),
    (peakBytes / 1e6).toFixed(0),
  ];
}

function readOptions(args: string[]): { readonly cases: readonly Case[]; readonly program: string } {
  const { values } = parseArgs({
    args,
    options: {
      path: { type: "string" },
      rate: { type: "string" },
      dialers: { type: "string" },
      ultra: { type: "string", default: ULTRA },
    },
  });
  const { path, rate, dialers, ultra } = values;
  if (path !== undefined && !isPathName(path)) {
    throw new Failure(`there is no path ${path}; there are ${PATH_NAMES.join(", ")}`);
  }
  const paths: readonly PathName[] = path === undefined ? ["loopback", "metro"] : [path];
  const rates = rate === undefined ? [0, 200, 2000] : [whole("--rate", rate)];
  const count = dialers === undefined ? undefined : whole("--dialers", dialers);
  return { cases: paths.flatMap((path) => rates.map((rate) => caseOf(path, rate, count))), program: resolve(ultra) };
}

function whole(flag: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new Failure(`${flag} takes a whole number, not ${text}`);
  return Number(text);
}

/** The bounds are those of T4. A Retry costs one of the three round trips. */
function caseOf(path: PathName, rate: number, count: number | undefined): Case {
  const roundTrip = path === "loopback" ? 0 : PATHS[path].rttMs / 1000;
  const dialers = count ?? (rate === 0 ? 50 : rate < 1000 ? 200 : 100);
  return rate < 1000
    ? { path, rate, dialers, bound: { dialers, seconds: 2 + 3 * roundTrip } }
    : { path, rate, dialers, bound: { dialers: Math.ceil(0.95 * dialers), seconds: 10 } };
}

async function measured(one: Case, program: string): Promise<Outcome> {
  using work = await makeWork(SPACE);
  const [file, into, recorded] = [join(work.path, "honest.txt"), join(work.path, "into"), join(work.path, "first")];
  await Deno.mkdir(into);
  await Deno.writeTextFile(file, "an honest file");
  await Deno.writeFile(recorded, await firstDatagram(program, file));
  await using path = await openPath(one.path);
  await addRoutes(path);
  const { a, b } = path;
  const receive = ["recv", "--json", "--stay", "--listen", `${b.address}:0`, "--into", into];
  await using receiver = new Watched("ultra recv", b.command(program, receive));
  const [, ticket = ""] = await receiver.line(/"ticket":"(ultra1[^"]+)"/);
  await using flood = one.rate === 0 ? undefined : new Flood(a, recorded, `${b.address}:${portOf(ticket)}`, one.rate);
  await new Promise((resolve) => setTimeout(resolve, LEAD_MS));
  const seconds = await dialAll(one.dialers, () => dialOnce(a, program, file, ticket));
  const sent = await flood?.stop() ?? { datagrams: 0, seconds: 0 };
  return { seconds, datagrams: sent.datagrams, flooded: sent.seconds, peakBytes: receiver.soFar().peakBytes };
}

/** Answers to made-up addresses need a way, or the listener's system would refuse to send them (and to take what they answer). */
async function addRoutes({ a, b }: Path): Promise<void> {
  for (const { namespace } of [a, b]) {
    if (namespace !== undefined) await run("ip", ["-n", namespace, "route", "add", "198.18.0.0/15", "dev", "path0"]);
  }
}

function portOf(ticket: string): number {
  const [hint] = parseTicket(ticket).hints;
  if (hint === undefined) throw new Failure("the ticket has no address");
  return hint.port;
}

/** The seconds of those that got in. */
async function dialAll(count: number, dial: () => Promise<number | undefined>): Promise<number[]> {
  const all: number[] = [];
  let started = 0;
  const queue = async () => {
    while (started++ < count) {
      const seconds = await dial();
      if (seconds !== undefined) all.push(seconds);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, queue));
  return all.sort((x, y) => x - y);
}

async function dialOnce(from: End, program: string, file: string, ticket: string): Promise<number | undefined> {
  const [executable, args] = from.command(program, ["send", file, ticket]);
  const started = performance.now();
  const dialer = new Deno.Command(executable, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  const timer = setTimeout(() => dialer.kill("SIGKILL"), PATIENCE_MS);
  const { success } = await dialer.status;
  clearTimeout(timer);
  return success ? (performance.now() - started) / 1000 : undefined;
}

/** An attacker at one end of the path. */
class Flood implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  #stopped: Promise<Deno.CommandOutput> | undefined;

  constructor(from: End, file: string, to: string, rate: number) {
    const [program, args] = from.command(NETPATH, ["replay", "--file", file, "--to", to, "--per-second", String(rate)]);
    this.#process = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  }

  /** What was sent. */
  async stop(): Promise<{ readonly datagrams: number; readonly seconds: number }> {
    const { success, stdout, stderr } = await this.#end();
    if (!success) throw new Failure(new TextDecoder().decode(stderr).trim());
    const sent: unknown = JSON.parse(new TextDecoder().decode(stdout));
    return { datagrams: numberAt(sent, "datagrams"), seconds: numberAt(sent, "seconds") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  #end(): Promise<Deno.CommandOutput> {
    this.#stopped ??= this.#process.stdin.close().catch(() => {}).then(() => this.#process.output());
    return this.#stopped;
  }
}

/** Of values in ascending order. */
function quantile(values: readonly number[], share: number): string {
  const value = values[Math.ceil(share * values.length) - 1];
  return value === undefined ? "" : value.toFixed(2);
}

await main(measureAdmission);
