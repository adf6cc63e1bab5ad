/**
 * What `ultra serve` carries: clients that are there at the same time, its memory, the listing that they share, one client alone, and what a
 * client that stands still costs the others.
 *
 *     deno run -A bench/many_clients.ts at-once [--clients 64] [--rate-limit 4M]    # other files for each, and one client too many
 *     deno run -A bench/many_clients.ts tree [--clients 64] [--entries 100000] [--rate-limit R]    # one tree for all; with a limit none is done early
 *     deno run -A bench/many_clients.ts tree --listed [--clients 64]                 # its list alone: memory an entry and client
 *     deno run -A bench/many_clients.ts alone [--path lan1g] [--size MIB] [--pairs 3] # beside a plain `send` and `recv`
 *     deno run -A bench/many_clients.ts slow [--clients 4] [--path lan1g] [--size MIB] [--pairs 3] [--rate-limit R]
 *
 * All clients are processes of their own. That they overlap is read off the server's events. Ends with exit code 1 when a bound is missed.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ULTRA } from "../scripts/paths.ts";
import { Failure, main, print } from "../scripts/shell.ts";
import { type Event, inWorkspace, type Ultra, type Workspace } from "../tests/e2e/harness.ts";
import { type End, openPath } from "./paths/netpath.ts";
import { isPathName, PATH_NAMES } from "./paths/table.ts";
import { secondsSince } from "./peers/peer.ts";
import { median } from "./statistics.ts";
import { makeWork } from "./work.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** What the process may have: so much, and so much for each client. */
const PROCESS_BYTES = 256 * MIB;
const CLIENT_BYTES = 4 * MIB;
/** What a file of a tree takes in memory, its inode and its name included: few have contents, so that 64 whole trees fit this machine. */
const FILE_COST = 1.5 * KIB;
/** One file of so many has contents, up to a page of them. */
const WITH_CONTENTS = 20;
/** Nothing here takes longer. */
const MOST_MS = 900_000;
/** A client alone reaches so much of what a plain transfer does, and one that stands still costs the others no more than that. */
const ALONE = 0.95;
const STILL = 1.05;

interface Options {
  readonly clients: number;
  readonly entries: number;
  readonly listed: boolean;
  readonly path: string;
  readonly bytes: number;
  readonly pairs: number;
  readonly rateLimit: string | undefined;
  readonly program: string;
}

async function measureMany(): Promise<void> {
  const { what, options } = readOptions(Deno.args);
  if (what === "at-once") return await atOnce(options);
  if (what === "tree") return await tree(options);
  if (what === "alone") return await alone(options);
  if (what === "slow") return await slow(options);
  throw new Failure("name what to measure: at-once, tree, alone or slow");
}

function readOptions(args: string[]): { readonly what: string | undefined; readonly options: Options } {
  const { values, positionals: [what] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      clients: { type: "string" },
      entries: { type: "string", default: "100000" },
      listed: { type: "boolean", default: false },
      path: { type: "string", default: "lan1g" },
      size: { type: "string" },
      pairs: { type: "string", default: "3" },
      "rate-limit": { type: "string" },
      ultra: { type: "string", default: ULTRA },
    },
  });
  const whole = (flag: string, text: string) => {
    if (!/^\d{1,7}$/.test(text)) throw new Failure(`--${flag} takes a whole number, not ${text}`);
    return Number(text);
  };
  const usual = what === "slow" ? "4" : "64";
  return {
    what,
    options: {
      clients: whole("clients", values.clients ?? usual),
      entries: whole("entries", values.entries),
      listed: values.listed,
      path: values.path,
      bytes: whole("size", values.size ?? (what === "slow" ? "128" : "512")) * MIB,
      pairs: whole("pairs", values.pairs),
      rateLimit: values["rate-limit"],
      program: values.ultra,
    },
  };
}

/** A server whose clients are all started before it listens, so that none is done before the last one has come. */
class Many {
  readonly #workspace: Workspace;
  readonly #program: string;
  readonly #serve: readonly string[];
  readonly ticket: string;
  readonly clients: Ultra[] = [];
  #server: Ultra | undefined;

  private constructor(workspace: Workspace, program: string, serve: readonly string[]) {
    this.#workspace = workspace;
    this.#program = program;
    this.#serve = serve;
    this.ticket = workspace.path("ticket");
  }

  static async of(
    workspace: Workspace,
    program: string,
    folder: string,
    flags: readonly string[],
  ): Promise<Many> {
    const identity = workspace.path("identity");
    const serve = ["serve", "--listen", "127.0.0.1", "--json", "--identity", identity, ...flags, folder];
    const many = new Many(workspace, program, serve);
    // The identity keeps secret and port for the second start.
    const first = many.#start(serve);
    await Deno.writeTextFile(many.ticket, await first.ticket(), { mode: 0o600 });
    first.kill("SIGINT");
    await first.exits(130);
    return many;
  }

  get server(): Ultra {
    if (this.#server === undefined) throw new Failure("the server has not been started");
    return this.#server;
  }

  list(): Ultra {
    return this.#start(["ls", "--ticket", this.ticket]);
  }

  /** Starts a client that waits for the server; resolved when it dials. */
  async waiting(into: string, path: string): Promise<Ultra> {
    const args = ["get", "--wait", "5m", "--no-sync", "--ticket", this.ticket, "--into", into, path];
    const client = this.#start(args);
    this.clients.push(client);
    await client.says(/^Connecting/);
    return client;
  }

  get(into: string, path: string): Ultra {
    return this.#start(["get", "--json", "--no-sync", "--ticket", this.ticket, "--into", into, path]);
  }

  listen(): void {
    this.#server = this.#start(this.#serve);
  }

  async stop(): Promise<void> {
    this.server.kill("SIGINT");
    await this.server.exits(130);
  }

  #start(args: readonly string[]): Ultra {
    return this.#workspace.start(args, { program: [this.#program] });
  }
}

/** How many clients were served at the same time at most, by what the server says: one begins with its request and ends with its end. */
function mostAtOnce(events: readonly Event[]): number {
  let [now, most] = [0, 0];
  for (const event of events) {
    if (event.type === "request") most = Math.max(most, ++now);
    if (event.type === "client" && event["isLetIn"] === true) now--;
  }
  return most;
}

async function atOnce({ clients, rateLimit = "4M", program }: Options): Promise<void> {
  await inMemory(clients * 2 * MIB, async (workspace) => {
    const folder = await workspace.make("many");
    const into = await workspace.make("into");
    const names = Array.from({ length: clients }, (_, index) => `file ${index}`);
    for (const [index, name] of names.entries()) await randomFile(join(folder, name), MIB - index);
    const flags = ["--max-clients", `${clients}`, "--rate-limit", rateLimit];
    const many = await Many.of(workspace, program, folder, flags);
    for (const name of names) await many.waiting(into, `many/${name}`);
    const started = performance.now();
    many.listen();
    await requests(many.server, 1);
    const first = performance.now();
    // Once the last one is in, one more is too many.
    await requests(many.server, clients);
    print(`the last one came ${secondsSince(first).toFixed(2)} s after the first`);
    const [refused, ...codes] = await Promise.all([
      many.list().exit(MOST_MS),
      ...many.clients.map((client) => client.exit(MOST_MS)),
    ]);
    const seconds = secondsSince(started);
    const peak = await many.server.peakMemory() ?? 0;
    await many.stop();
    const same = await Promise.all(names.map((name) => isSame(join(folder, name), join(into, name))));
    tellFailed(many.clients, codes);
    const together = mostAtOnce(many.server.events);
    print(`${clients} clients, ${together} of them at once, ${seconds.toFixed(1)} s`);
    print(`identical ${same.filter(Boolean).length}, ended with 0 ${codes.filter((code) => code === 0).length}`);
    print(`one client more ended with ${refused}`);
    const fits = memoryLine(peak, clients);
    if (together < clients || !same.every(Boolean) || codes.some((code) => code !== 0) || refused !== 5 || !fits) {
      throw new Failure("a bound was missed");
    }
  });
}

function tellFailed(clients: readonly Ultra[], codes: readonly number[]): void {
  for (const [index, client] of clients.entries()) if (codes[index] !== 0) print(client.transcript());
}

/** Resolved when so many clients have said what they want. */
async function requests(server: Ultra, count: number): Promise<void> {
  let seen = 0;
  await server.event("request", () => ++seen >= count);
}

/** @returns whether it is within the bound */
function memoryLine(peak: number, clients: number): boolean {
  const bound = PROCESS_BYTES + clients * CLIENT_BYTES;
  print(`peak memory of the server ${megabytes(peak)} MB, bound ${megabytes(bound)} MB`);
  return peak <= bound;
}

async function tree({ clients, entries, listed, rateLimit, program }: Options): Promise<void> {
  await inMemory(clients * (listed ? 0 : entries) * FILE_COST + entries * FILE_COST, async (workspace) => {
    const folder = await workspace.make("tree");
    for (let index = 0; index < entries; index++) {
      const inner = join(folder, `folder ${Math.floor(index / 1000)}`);
      if (index % 1000 === 0) await Deno.mkdir(inner);
      else Deno.writeTextFileSync(join(inner, `file ${index}`), contentsOf(index));
    }
    const limit = listed ? "100k" : rateLimit;
    const flags = ["--max-clients", `${clients}`, ...(limit === undefined ? [] : ["--rate-limit", limit])];
    const many = await Many.of(workspace, program, folder, flags);
    const folders = Array.from({ length: clients }, (_, index) => workspace.path(`into ${index}`));
    for (const into of folders) await Deno.mkdir(into);
    return listed ? await treeListed(many, folders, entries) : await treeFetched(many, folders, entries);
  }, true);
}

function contentsOf(index: number): string {
  return index % WITH_CONTENTS === 0 ? `${index},`.repeat(1 + (index / WITH_CONTENTS) % 500) : "";
}

/** All clients get all of the tree. */
async function treeFetched(many: Many, folders: readonly string[], entries: number): Promise<void> {
  for (const into of folders) await many.waiting(into, "tree");
  const started = performance.now();
  many.listen();
  const codes = await Promise.all(many.clients.map((client) => client.exit(MOST_MS)));
  const seconds = secondsSince(started);
  const peak = await many.server.peakMemory() ?? 0;
  await many.stop();
  tellFailed(many.clients, codes);
  const together = mostAtOnce(many.server.events);
  const whole = folders.filter((into) => identicalFiles(join(into, "tree")) === entries).length;
  print(`${folders.length} clients, ${together} of them at once, ${entries} entries each, ${seconds.toFixed(1)} s`);
  print(`ended with 0 ${codes.filter((code) => code === 0).length}, have all entries with their contents ${whole}`);
  const fits = memoryLine(peak, folders.length);
  if (codes.some((code) => code !== 0) || whole < folders.length || !fits) throw new Failure("a bound was missed");
}

/** All clients have the whole listing at the same time, and so few of the files that they fit any machine: what the listing costs. */
async function treeListed(many: Many, folders: readonly string[], entries: number): Promise<void> {
  many.listen();
  await many.server.ticket();
  const clients: Ultra[] = [];
  const peaks: number[] = [];
  for (const into of folders) {
    const client = many.get(into, "tree");
    clients.push(client);
    const isListed = client.stdout.find((line) => line.includes('"listed":true'));
    await isListed.catch(() => {
      throw new Failure(client.transcript());
    });
    peaks.push(await many.server.peakMemory() ?? 0);
  }
  const gone = many.server.events.filter(({ type }) => type === "client").length;
  const [first = 0, last = 0] = [peaks[0], peaks.at(-1)];
  print(`${clients.length} clients have the list of ${entries} entries, ${gone} of them have gone`);
  print(`peak memory with one ${megabytes(first)} MB, with all ${megabytes(last)} MB`);
  print(`all that a client costs, an entry: ${((last - first) / (clients.length - 1) / entries).toFixed(1)} bytes`);
  for (const client of clients) client.end("SIGTERM");
  await Promise.all(clients.map((client) => client.gone));
  await many.stop();
  if (!memoryLine(last, clients.length) || gone > 0) throw new Failure("a bound was missed");
}

/** Entries of a tree that has arrived: its folders, and its files that have the contents that they were made with. */
function identicalFiles(folder: string): number {
  if (!existsSync(folder)) return 0;
  let found = 0;
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) {
      found += 1 + identicalFiles(path);
      continue;
    }
    const contents = contentsOf(Number(name.replace("file ", "")));
    const isIdentical = contents === "" ? Deno.statSync(path).size === 0 : Deno.readTextFileSync(path) === contents;
    if (isIdentical) found++;
  }
  return found;
}

async function alone({ path: name, bytes, pairs, program }: Options): Promise<void> {
  if (!isPathName(name)) throw new Failure(`there is no path ${name}; there are ${PATH_NAMES.join(", ")}`);
  await inMemory(2 * bytes, async (workspace) => {
    const folder = await workspace.make("shared");
    await randomFile(join(folder, "file"), bytes);
    const ratios: number[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      await using path = await openPath(name, { seed: pair + 1 });
      const [a, b] = [path.a, path.b].map((end) => endOf(end, program));
      if (a === undefined || b === undefined) throw new Failure("the path has no two ends");
      const plain = async () => {
        const sender = workspace.start(["send", "--json", "--listen", a.address, join(folder, "file")], a);
        const ticket = await sender.ticket();
        return await timed(workspace, async (into) => {
          const receiver = workspace.start(["recv", "--json", "--into", into, ticket], b);
          await Promise.all([receiver.exits(0, MOST_MS), sender.exits(0, MOST_MS)]);
        });
      };
      const served = async () => {
        const server = workspace.start(["serve", "--json", "--listen", a.address, folder], a);
        const ticket = workspace.path("ticket");
        await Deno.writeTextFile(ticket, await server.ticket(), { mode: 0o600 });
        const seconds = await timed(workspace, async (into) => {
          const args = ["get", "--json", "--into", into, "--ticket", ticket, "shared/file"];
          await workspace.start(args, b).exits(0, MOST_MS);
        });
        server.kill("SIGINT");
        await server.exits(130);
        return seconds;
      };
      const order = pair % 2 === 0 ? [plain, served] : [served, plain];
      const seconds = new Map<() => Promise<number>, number>();
      for (const one of order) seconds.set(one, await one());
      const [plainSeconds, servedSeconds] = [seconds.get(plain) ?? NaN, seconds.get(served) ?? NaN];
      ratios.push(plainSeconds / servedSeconds);
      print(`${name}: send and recv ${rate(bytes, plainSeconds)}, serve and get ${rate(bytes, servedSeconds)}`);
    }
    const reached = median(ratios);
    print(`a client alone reaches ${(100 * reached).toFixed(1)} % of a plain transfer`);
    if (reached < ALONE) throw new Failure("a bound was missed");
  });
}

async function slow({ clients, path: name, bytes, pairs, rateLimit, program }: Options): Promise<void> {
  if (!isPathName(name)) throw new Failure(`there is no path ${name}; there are ${PATH_NAMES.join(", ")}`);
  await inMemory((clients + 3) * bytes, async (workspace) => {
    const folder = await workspace.make("shared");
    await randomFile(join(folder, "file"), bytes);
    const flags = rateLimit === undefined ? [] : ["--rate-limit", rateLimit];
    const ratios: number[] = [];
    const round = async (still: boolean, seed: number): Promise<number> => {
      await using path = await openPath(name, { seed });
      const [a, b] = [path.a, path.b].map((end) => endOf(end, program));
      if (a === undefined || b === undefined) throw new Failure("the path has no two ends");
      const server = workspace.start(["serve", "--json", "--listen", a.address, ...flags, folder], a);
      const ticket = workspace.path("ticket");
      await Deno.writeTextFile(ticket, await server.ticket(), { mode: 0o600 });
      const get = (into: string, ...more: readonly string[]) =>
        workspace.start(["get", "--no-sync", "--into", into, "--ticket", ticket, ...more, "shared/file"], b);
      const stopped = still ? get(await workspace.make("still"), "--json") : undefined;
      await stopped?.event("progress", ({ bytes }) => Number(bytes) > 0);
      stopped?.kill("SIGSTOP");
      const seconds = await timed(workspace, async (into) => {
        const folders = Array.from({ length: clients }, (_, index) => join(into, `${index}`));
        for (const one of folders) await Deno.mkdir(one);
        await Promise.all(folders.map((one) => get(one).exits(0, MOST_MS)));
      });
      if (stopped !== undefined) {
        stopped.end();
        await stopped.gone;
        await Deno.remove(workspace.path("still"), { recursive: true });
      }
      server.kill("SIGINT");
      await server.exits(130);
      return (await path.stop())?.keptUp === false ? await round(still, seed + pairs) : seconds;
    };
    for (let pair = 0; pair < pairs; pair++) {
      const order = pair % 2 === 0 ? [false, true] : [true, false];
      const seconds = new Map<boolean, number>();
      for (const still of order) seconds.set(still, await round(still, pair + 1));
      const [without, beside] = [seconds.get(false) ?? NaN, seconds.get(true) ?? NaN];
      ratios.push(beside / without);
      print(`${clients} clients: ${without.toFixed(2)} s, and ${beside.toFixed(2)} s beside one that stands still`);
    }
    const cost = median(ratios);
    print(`one that stands still costs the others ${(100 * (cost - 1)).toFixed(1)} %`);
    if (cost > STILL) throw new Failure("a bound was missed");
  });
}

/** How a program is started at an end of a path. */
function endOf(end: End, program: string): { readonly address: string; readonly program: readonly string[] } {
  const [first, rest] = end.command(program, []);
  return { address: end.address, program: [first, ...rest] };
}

/** Seconds that receiving into a fresh folder takes. */
async function timed(workspace: Workspace, receive: (into: string) => Promise<void>): Promise<number> {
  const into = await workspace.make("into");
  const started = performance.now();
  await receive(into);
  const seconds = secondsSince(started);
  await Deno.remove(into, { recursive: true });
  return seconds;
}

/** A fresh folder in memory, so that no disk is measured. */
async function inMemory(
  bytes: number,
  body: (workspace: Workspace) => Promise<void>,
  manyFiles = false,
): Promise<void> {
  using work = await makeWork(bytes + 64 * MIB, { manyFiles });
  await inWorkspace(body, work.path);
}

async function randomFile(path: string, bytes: number): Promise<void> {
  using file = await Deno.create(path);
  const writer = file.writable.getWriter();
  for (let left = bytes; left > 0; left -= 64 * KIB) {
    await writer.write(crypto.getRandomValues(new Uint8Array(Math.min(left, 64 * KIB))));
  }
  await writer.close();
}

async function isSame(one: string, other: string): Promise<boolean> {
  const read = async (path: string) => await Deno.readFile(path).catch(() => new Uint8Array());
  const [first, second] = await Promise.all([read(one), read(other)]);
  return first.length === second.length && first.every((byte, index) => byte === second[index]);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function rate(bytes: number, seconds: number): string {
  return `${(bytes / 1e6 / seconds).toFixed(1)} MB/s`;
}

await main(measureMany);
