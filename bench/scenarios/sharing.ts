/** Two flows at once on one path: two transfers of ultra, and one beside kernel TCP. @module */

import { join } from "node:path";
import { ULTRA } from "../../scripts/paths.ts";
import { Failure, print, run as runProgram } from "../../scripts/shell.ts";
import { type Sample, shared } from "../flows.ts";
import { Watched } from "../measure.ts";
import { openPath, type Path } from "../paths/netpath.ts";
import { freePort, numberAt } from "../peers/peer.ts";
import { missingTools } from "../peers/tools.ts";
import type { Cell } from "../plan.ts";
import type { SharingCase } from "../results.ts";
import { writeRandom } from "./random.ts";
import { check, MIB, type SharingScenario } from "./scenario.ts";

export const sharing: SharingScenario = {
  kind: "sharing",
  name: "sharing",
  title: "Sharing",
  bytes: 256 * MIB,
};

type Round = SharingCase["rounds"][number];
type Outcome = Omit<Round, "round" | "keptUp">;

interface Place {
  readonly path: Path;
  readonly source: string;
  readonly bytes: number;
  /** Empty. */
  readonly folder: string;
}

interface Case {
  readonly name: string;
  readonly title: string;
  readonly flows: readonly [string, string];
  missing(): string | undefined;
  run(place: Place): Promise<Outcome>;
}

const CASES: readonly Case[] = [
  {
    name: "two",
    title: "two `ultra`, started together",
    flows: ["ultra", "ultra"],
    missing: () => undefined,
    run: together,
  },
  {
    name: "two-apart",
    title: "two `ultra`, the second 2 s later",
    flows: ["ultra", "ultra"],
    missing: () => undefined,
    run: apart,
  },
  {
    name: "cubic-beside-tcp",
    title: "`ultra --cc cubic` beside TCP CUBIC",
    flows: ["ultra-cubic", "TCP CUBIC"],
    missing: () => missingTools("iperf3"),
    run: (place) => besideTcp(place, ["--cc", "cubic"]),
  },
  {
    name: "bbr-beside-tcp",
    title: "`ultra` (BBR) beside TCP CUBIC",
    flows: ["ultra", "TCP CUBIC"],
    missing: () => missingTools("iperf3"),
    run: (place) => besideTcp(place, []),
  },
];

/** A newcomer finds the path full. */
const APART_MS = 2000;
/** TCP has the path for itself until its window is full. */
const LEAD_MS = 4000;
/** Longer than the transfer beside it, which ends it. */
const MOST_TCP_SECONDS = 300;
const TCP_INTERVAL = 0.2;
/** A box that did not keep up: the round is made again, so often. */
const MOST_TRIES = 3;

export async function measureSharing(cell: Cell, folder: string): Promise<SharingCase[]> {
  const source = join(folder, "random.bin");
  const bytes = cell.bytes.copes;
  await writeRandom(source, bytes);
  const done = CASES.filter((one) => one.missing() === undefined)
    .map((one) => ({ one, rounds: [] as Round[], failures: [] as { round: number; why: string }[] }));
  for (const one of CASES) {
    if (one.missing() !== undefined) print(`skipped: ${one.name}, because this is missing: ${one.missing()}`);
  }
  for (let round = 1; round <= cell.rounds; round++) {
    for (const { one, rounds, failures } of done) {
      try {
        for (
          let tries = 1;
          tries <= MOST_TRIES && !rounds.some((made) => made.round === round && made.keptUp);
          tries++
        ) {
          rounds.push(await runOnce(one, cell, round, { source, bytes, folder: join(folder, "run") }));
        }
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        failures.push({ round, why: error.message });
        print(`round ${round} ${one.name}: failed: ${error.message}`);
      }
    }
  }
  return done.map(({ one: { name, title, flows }, rounds, failures }) => ({ name, title, flows, rounds, failures }));
}

async function runOnce(one: Case, cell: Cell, round: number, place: Omit<Place, "path">): Promise<Round> {
  await Deno.mkdir(place.folder);
  try {
    await using path = await openPath(cell.path, { seed: round });
    const outcome = await one.run({ ...place, path });
    const keptUp = (await path.stop())?.keptUp ?? true;
    const [first, second] = outcome.bytes.map((bytes) => `${(bytes * 8 / 1e6 / outcome.seconds).toFixed(0)} Mbit/s`);
    print(`round ${round} ${one.name}: ${first} and ${second}${keptUp ? "" : " (the box did not keep up)"}`);
    return { round, keptUp, ...outcome };
  } finally {
    await runProgram("rm", ["-rf", place.folder]);
  }
}

async function together(place: Place): Promise<Outcome> {
  await using first = await Transfer.listen(place, "first", []);
  await using second = await Transfer.listen(place, "second", []);
  const started = performance.now();
  const ended = await Promise.all([first.send(), second.send()]);
  return {
    ...both(first.samples, second.samples),
    ended: [(ended[0] - started) / 1000, (ended[1] - started) / 1000],
  };
}

async function apart(place: Place): Promise<Outcome> {
  await using first = await Transfer.listen(place, "first", []);
  await using second = await Transfer.listen(place, "second", []);
  const sending = first.send();
  // If it fails, it says so below.
  sending.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, APART_MS));
  await Promise.all([sending, second.send()]);
  return both(first.samples, second.samples);
}

async function besideTcp(place: Place, flags: readonly string[]): Promise<Outcome> {
  await using transfer = await Transfer.listen(place, "beside", flags);
  await using tcp = await TcpFlow.start(place.path);
  await new Promise((resolve) => setTimeout(resolve, LEAD_MS));
  await transfer.send();
  return both(transfer.samples, tcp.samples);
}

function both(first: readonly Sample[], second: readonly Sample[]): Outcome {
  const outcome = shared(first, second);
  if (outcome === undefined) throw new Failure("the two flows never ran at the same time");
  return outcome;
}

/** One `ultra` transfer, whose receiver says how far it is. */
class Transfer implements AsyncDisposable {
  readonly samples: Sample[] = [];
  readonly #into: string;
  readonly #receiver: Watched;
  #ticket = "";

  private constructor(readonly place: Place, name: string, readonly flags: readonly string[]) {
    this.#into = join(place.folder, name);
    const { path: { b } } = place;
    const receive = ["recv", "--json", "--listen", b.address, "--into", this.#into, ...flags];
    this.#receiver = new Watched("ultra recv", b.command(ULTRA, receive), { onLine: (line) => this.#sample(line) });
  }

  static async listen(place: Place, name: string, flags: readonly string[]): Promise<Transfer> {
    await Deno.mkdir(join(place.folder, name));
    const transfer = new Transfer(place, name, flags);
    try {
      const [, ticket = ""] = await transfer.#receiver.line(/"ticket":"(ultra1[^"]+)"/);
      transfer.#ticket = ticket;
      return transfer;
    } catch (error) {
      await transfer[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Returns when both sides have ended and the result is right. */
  async send(): Promise<number> {
    const { path: { a }, source, bytes } = this.place;
    await using sender = new Watched("ultra send", a.command(ULTRA, ["send", source, this.#ticket, ...this.flags]));
    await Promise.all([sender.finished(), this.#receiver.finished()]);
    const ended = performance.now();
    await check({ path: source, bytes, files: 1 }, this.#into);
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver[Symbol.asyncDispose]();
  }

  #sample(line: string): void {
    if (!line.startsWith('{"type":"progress"')) return;
    this.samples.push({ seconds: performance.now() / 1000, bytes: numberAt(JSON.parse(line), "bytes") });
  }
}

/** One flow of kernel TCP, whose receiver says how fast it is. */
class TcpFlow implements AsyncDisposable {
  readonly samples: Sample[] = [];
  readonly #server: Watched;
  #client: Watched | undefined;

  private constructor({ b }: Path, port: number) {
    const listen = ["-s", "-1", "-B", b.address, "-p", String(port), "-i", String(TCP_INTERVAL), "-f", "k"];
    this.#server = new Watched("iperf3 -s", b.command("iperf3", [...listen, "--forceflush"]), {
      onLine: (line) => this.#sample(line),
    });
  }

  static async start(path: Path): Promise<TcpFlow> {
    const port = freePort();
    const flow = new TcpFlow(path, port);
    try {
      await flow.#server.listening(port);
      const to = ["-c", path.b.address, "-p", String(port), "-t", String(MOST_TCP_SECONDS), "-C", "cubic"];
      flow.#client = new Watched("iperf3 -c", path.a.command("iperf3", to));
      return flow;
    } catch (error) {
      await flow[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  #sample(line: string): void {
    const bytes = intervalBytes(line);
    if (bytes === undefined) return;
    const before = this.samples.at(-1)?.bytes ?? 0;
    this.samples.push({ seconds: performance.now() / 1000, bytes: before + bytes });
  }
}

/** What one line of `iperf3 -s -f k` says of its interval; undefined for other lines. */
export function intervalBytes(line: string): number | undefined {
  const [, from, to, kilobits] = /^\[ *\d+\] +([\d.]+)-([\d.]+) +sec .* ([\d.]+) Kbits\/sec *$/.exec(line) ?? [];
  return kilobits === undefined ? undefined : Number(kilobits) * 1000 / 8 * (Number(to) - Number(from));
}
