/**
 * How transfers that run at the same time share one path in a box.
 *
 *     deno run -A bench/sharing.ts PATH FLOW FLOW... [--size MIB] [--seeds 1,2,3] [--apart MS]
 *
 * A flow is `ultra:bbr`, `ultra:cubic`, `tcp:bbr` or `tcp:cubic` (iperf3). Flow n starts n times `--apart` after the first. Shares are
 * of the bytes that arrived while all of them ran: from the first byte of the last to start until the first one ends.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { ULTRA } from "../scripts/paths.ts";
import { Failure, main, print } from "../scripts/shell.ts";
import { type End, missingNetpath, NetPath } from "./paths/netpath.ts";
import { BOXED_PATHS, type BoxedPath } from "./paths/table.ts";
import { makeWork } from "./work.ts";

interface Options {
  readonly path: BoxedPath;
  readonly flows: readonly FlowName[];
  readonly sizeBytes: number;
  readonly seeds: readonly number[];
  readonly apartMs: number;
}

interface FlowName {
  readonly program: "ultra" | "tcp";
  readonly congestionControl: "bbr" | "cubic";
}

/** A transfer under way. */
interface Flow extends AsyncDisposable {
  readonly name: string;
  /** Bytes that have arrived by now. */
  arrived(): number;
  /** When it has ended by itself; never if it runs until it is ended. */
  readonly ended: Promise<void>;
}

/** What had arrived of each flow at a time. */
interface Sample {
  readonly ms: number;
  readonly bytes: readonly number[];
}

const MIB = 1024 * 1024;
const SAMPLE_MS = 50;
/** The shortest time over which a share is looked at: below it, probes of one round trip would be judged. */
const INTERVAL_MS = 1000;
/** iperf3 is ended when the first other flow has ended. */
const TCP_SECONDS = 120;
const TCP_PORT = 5201;

async function sharing(): Promise<void> {
  const options = readOptions(Deno.args);
  const missing = missingNetpath();
  if (missing !== undefined) throw new Failure(missing);
  await using work = await makeWork((options.flows.length + 1) * options.sizeBytes + 64 * MIB);
  const file = join(work.path, "file");
  await Deno.writeFile(file, randomBytes(options.sizeBytes));
  for (const seed of options.seeds) await measure(options, seed, file, join(work.path, String(seed)));
}

async function measure(options: Options, seed: number, file: string, folder: string): Promise<void> {
  await using path = await NetPath.start(options.path, { seed });
  await using started = new AsyncDisposableStack();
  const flows: Flow[] = [];
  const samples: Sample[] = [];
  const sample = () => samples.push({ ms: performance.now(), bytes: flows.map((flow) => flow.arrived()) });
  // Receivers first, so that the senders can start together.
  const ready: (() => Flow)[] = [];
  for (const [index, name] of options.flows.entries()) {
    ready.push(
      name.program === "ultra"
        ? await prepareUltra(path, name, file, join(folder, String(index)))
        : await prepareTcp(path, name, TCP_PORT + index),
    );
  }
  for (const [index, start] of ready.entries()) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, options.apartMs));
    flows.push(started.use(start()));
  }
  const timer = setInterval(sample, SAMPLE_MS);
  await Promise.race(flows.map((flow) => flow.ended));
  clearInterval(timer);
  sample();
  await started.disposeAsync();
  const report = await path.stop();
  print(`seed ${seed}: ${describe(flows, samples)}${report.keptUp ? "" : "; THE BOX DID NOT KEEP UP"}`);
  await Deno.remove(folder, { recursive: true }).catch(() => {}); // none if no flow writes files
}

/** Shares over the whole time and the most uneven interval, and Jain's index of the whole. */
function describe(flows: readonly Flow[], samples: readonly Sample[]): string {
  const first = samples.findIndex(({ bytes }) => bytes.every((count) => count > 0));
  const all = samples.slice(first);
  const [begin, end] = [all.at(0), all.at(-1)];
  if (first < 0 || begin === undefined || end === undefined) {
    throw new Failure("the flows did not run at the same time");
  }
  const seconds = (end.ms - begin.ms) / 1000;
  const whole = shares(begin, end);
  let uneven = whole;
  for (const from of all) {
    const to = all.find(({ ms }) => ms >= from.ms + INTERVAL_MS);
    if (to === undefined) break;
    const part = shares(from, to);
    if (Math.max(...part.of) > Math.max(...uneven.of)) uneven = part;
  }
  const jain = 1 / (flows.length * whole.of.reduce((sum, share) => sum + share * share, 0));
  const shown = flows.map((flow, index) => `${flow.name} ${percent(whole.of[index])}`).join(", ");
  const worst = uneven.of.map(percent).join(":");
  return `${shown}; ${(whole.bytes * 8 / seconds / 1e6).toFixed(0)} Mbit/s over ${seconds.toFixed(1)} s, ` +
    `Jain ${jain.toFixed(3)}, most uneven second ${worst}`;
}

function shares(from: Sample, to: Sample): { of: number[]; bytes: number } {
  const each = to.bytes.map((count, index) => count - (from.bytes[index] ?? 0));
  const bytes = each.reduce((sum, count) => sum + count, 0);
  return { of: each.map((count) => bytes === 0 ? 0 : count / bytes), bytes };
}

function percent(share: number | undefined): string {
  return (100 * (share ?? 0)).toFixed(0);
}

async function prepareUltra(path: NetPath, name: FlowName, file: string, into: string): Promise<() => Flow> {
  await Deno.mkdir(into, { recursive: true });
  const control = ["--cc", name.congestionControl];
  const receiver = spawn(path.b, ULTRA, ["recv", "--listen", path.b.address, "--into", into, ...control]);
  const lines = linesOf(receiver);
  const ticket = (await lines.next()).value;
  if (ticket === undefined) throw new Failure("ultra recv ended without a ticket");
  return () => {
    const sender = spawn(path.a, ULTRA, ["send", file, ticket, ...control]);
    const ended = Promise.all([drain(sender.stdout), drain(sender.stderr), drain(receiver.stderr), exhaust(lines)])
      .then(() => Promise.all([sender.status, receiver.status])).then(([{ code }]) => {
        if (code !== 0) throw new Failure(`ultra send ended with exit code ${code}`);
      });
    return {
      name: `ultra:${name.congestionControl}`,
      arrived: () => allocatedIn(into),
      ended,
      [Symbol.asyncDispose]: () => end([sender, receiver], ended),
    };
  };
}

async function prepareTcp(path: NetPath, name: FlowName, port: number): Promise<() => Flow> {
  const server = spawn(path.b, "iperf3", ["-s", "-1", "-p", String(port), "-i", "0.1", "-f", "k", "--forceflush"]);
  const lines = linesOf(server);
  await lines.next(); // the banner: it listens
  return () => {
    const { congestionControl } = name;
    const client = spawn(path.a, "iperf3", [
      ...["-c", path.b.address, "-p", String(port), "-C", congestionControl, "-t", String(TCP_SECONDS)],
    ]);
    let bytes = 0;
    const read = async () => {
      for await (const line of lines) {
        const interval = /^\[ *\d+\] +([\d.]+)-([\d.]+) +sec .* ([\d.]+) Kbits\/sec/.exec(line)?.slice(1).map(Number);
        if (interval === undefined) continue;
        const [from = 0, to = 0, kilobits = 0] = interval;
        bytes += (to - from) * kilobits * 125;
      }
    };
    const ended = Promise.all([read(), drain(server.stderr), drain(client.stdout), drain(client.stderr)]).then(
      () => {},
    );
    return {
      name: `tcp:${congestionControl}`,
      arrived: () => bytes,
      ended,
      [Symbol.asyncDispose]: () => end([client, server], ended),
    };
  };
}

function spawn(at: End, program: string, args: readonly string[]): Deno.ChildProcess {
  const [command, all] = at.command(program, args);
  return new Deno.Command(command, { args: all, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
}

/** Ends what still runs, and waits for it. */
async function end(children: readonly Deno.ChildProcess[], ended: Promise<void>): Promise<void> {
  for (const child of children) {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended by itself
    }
  }
  await ended.catch(() => {}); // ended by us, or told to whoever waited for it
}

async function* linesOf(child: Deno.ChildProcess): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function exhaust(lines: AsyncGenerator<string, undefined>): Promise<void> {
  while (!(await lines.next()).done);
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}

/** What the files of a folder take in memory: blocks arrive in any order, so their length says nothing. */
function allocatedIn(folder: string): number {
  let bytes = 0;
  for (const { name } of Deno.readDirSync(folder)) bytes += (statOf(join(folder, name))?.blocks ?? 0) * 512;
  return bytes;
}

/** A file that was renamed meanwhile counts in the next sample. */
function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function randomBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const most = 65_536; // what getRandomValues gives at once
  for (let at = 0; at < size; at += most) crypto.getRandomValues(bytes.subarray(at, at + most));
  return bytes;
}

function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      size: { type: "string", default: "256" },
      seeds: { type: "string", default: "1,2,3" },
      apart: { type: "string", default: "0" },
    },
  });
  const [name, ...flows] = positionals;
  const path = BOXED_PATHS.find((known) => known === name);
  if (path === undefined || flows.length === 0) {
    throw new Failure(`first a path (${BOXED_PATHS.join(", ")}), then flows`);
  }
  return {
    path,
    flows: flows.map(flowName),
    sizeBytes: whole("--size", values.size) * MIB,
    seeds: values.seeds.split(",").map((seed) => whole("--seeds", seed)),
    apartMs: whole("--apart", values.apart),
  };
}

function flowName(text: string): FlowName {
  const [, program, congestionControl] = /^(ultra|tcp):(bbr|cubic)$/.exec(text) ?? [];
  if (program === undefined) throw new Failure(`no flow: ${text}`);
  return {
    program: program === "ultra" ? "ultra" : "tcp",
    congestionControl: congestionControl === "bbr" ? "bbr" : "cubic",
  };
}

function whole(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Failure(`${flag} takes whole numbers`);
  return value;
}

await main(sharing);
