/**
 * How long `ultra` takes to start: the first time, when it unpacks, and later.
 *
 *     deno run -A bench/start.ts [OTHER_ULTRA] [--rounds N]
 *
 * Each round starts this build with an empty cache, this build again, and OTHER_ULTRA (an earlier build, which is started once before the
 * first round), in changing order. `--version` is all that they do. The cache lies where the user's own would, on a disk.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DIST, ULTRA } from "../scripts/paths.ts";
import { Failure, main, print } from "../scripts/shell.ts";
import { secondsSince } from "./peers/peer.ts";
import { spread } from "./statistics.ts";

/** What issue and README promise, in seconds. */
const MOST_SECONDS = { first: 0.8, later: 0.06 } as const;

interface Case {
  readonly name: string;
  readonly most?: number;
  readonly seconds: number[];
  readonly run: () => Promise<void>;
}

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: "string", default: "15" } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Failure("--rounds takes a whole number above 0");
  const [other, ...more] = positionals;
  if (more.length > 0) throw new Failure("one other build at a time");
  const folder = await Deno.makeTempDir({ dir: DIST, prefix: "start-" });
  try {
    const cases = await casesIn(folder, other);
    for (let round = 0; round < rounds; round++) {
      for (let index = 0; index < cases.length; index++) await cases[(round + index) % cases.length]?.run();
    }
    report(cases);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function casesIn(folder: string, other: string | undefined): Promise<Case[]> {
  const fresh = join(folder, "fresh");
  const kept = join(folder, "kept");
  await start(ULTRA, kept);
  const first: Case = {
    name: "first start",
    most: MOST_SECONDS.first,
    seconds: [],
    run: async () => {
      first.seconds.push(await start(ULTRA, fresh));
      await Deno.remove(fresh, { recursive: true });
    },
  };
  const later = repeated("later start", ULTRA, kept, MOST_SECONDS.later);
  if (other === undefined) return [first, later];
  await start(resolve(other), kept);
  return [first, later, repeated("the other build", resolve(other), kept)];
}

function repeated(name: string, program: string, cache: string, most?: number): Case {
  const seconds: number[] = [];
  const run = async () => {
    seconds.push(await start(program, cache));
  };
  return { name, seconds, run, ...most !== undefined && { most } };
}

/** In seconds. */
async function start(program: string, cache: string): Promise<number> {
  const command = new Deno.Command(program, {
    args: ["--version"],
    env: { XDG_CACHE_HOME: cache },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  });
  const started = performance.now();
  const { success } = await command.spawn().status;
  if (!success) throw new Failure(`${program} does not start`);
  return secondsSince(started);
}

function report(cases: readonly Case[]): void {
  for (const { name, most, seconds } of cases) {
    const { median = NaN, least = NaN, most: longest = NaN } = spread(seconds) ?? {};
    const ms = (value: number) => `${(value * 1000).toFixed(0)} ms`;
    const verdict = most === undefined ? "" : `, at most ${ms(most)}: ${median <= most ? "yes" : "no"}`;
    print(`${name.padEnd(16)} median ${ms(median)} (${ms(least)} to ${ms(longest)})${verdict}`);
  }
}
