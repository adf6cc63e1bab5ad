/**
 * Runs programs and measures what they cost. Linux only: all of it comes from /proc, because neither Deno nor the programs
 * report it and GNU time is not installed everywhere.
 *
 * CPU time is exact: what a process used is added to its parent once that has waited for it. Peak memory is `VmHWM`, which
 * the kernel keeps for each process and which never falls; so polling it misses only what grows in the last moments of a process.
 *
 * @module
 */

import { CACHE } from "../scripts/paths.ts";
import { Failure } from "../scripts/shell.ts";

/** What a program and all its descendants cost. */
export interface Usage {
  /** User and system time. */
  readonly cpuSeconds: number;
  /** The most resident memory of the largest single process. */
  readonly peakBytes: number;
}

/** A program and its arguments, as the end of a path gives them. */
export type Command = readonly [program: string, args: readonly string[]];

export interface WatchOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Called with each line of standard output and standard error. */
  readonly onLine?: (line: string) => void;
}

const POLL_MS = 20;
/** `USER_HZ`, in which /proc counts: 100 on every Linux that Deno runs on. */
const TICKS = 100;
/** Nothing here takes longer (8 GiB through `far` take 470); a program that hangs must not hold up a set of benchmarks. */
const MOST_SECONDS = 900;
/** A server that starts needs less, also on a busy machine. */
const START_SECONDS = 20;

/** Waits for the program and leaves the shell's own /proc entry, with the times of the dead child, in the file `$0`. */
const SHELL = `"$@"; code=$?; read -r line < "/proc/$$/stat"; printf '%s' "$line" > "$0"; exit "$code"`;

/** Executables of ultra that are measured unpack below `dist/`, and the user's own cache stays as it is. */
export function keepCacheApart(): void {
  Deno.env.set("XDG_CACHE_HOME", CACHE);
}

/** A running program whose costs are being watched. */
export class Watched implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #statFile: string;
  readonly #peak: PeakWatch;
  readonly #lines = new Lines();
  readonly #output: Promise<unknown>;
  readonly #finished: Promise<Usage>;
  readonly #timer: ReturnType<typeof setTimeout>;
  #tookTooLong = false;

  constructor(readonly name: string, [program, args]: Command, { onLine, ...options }: WatchOptions = {}) {
    this.#statFile = Deno.makeTempFileSync({ prefix: "ultra-bench-" });
    const command = new Deno.Command("sh", {
      ...options,
      args: ["-c", SHELL, this.#statFile, program, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    this.#child = command.spawn();
    this.#peak = new PeakWatch(this.#child.pid);
    if (onLine) this.#lines.onLine(onLine);
    this.#output = Promise.all([this.#lines.read(this.#child.stdout), this.#lines.read(this.#child.stderr)]);
    this.#timer = setTimeout(() => {
      this.#tookTooLong = true;
      this.#kill();
    }, MOST_SECONDS * 1000);
    this.#finished = this.#finish();
    this.#finished.catch(() => {}); // its awaiter sees it; a run that failed earlier has none
  }

  /** The first line on either output that matches, also of those already printed. */
  async line(pattern = /^/): Promise<RegExpExecArray> {
    return await Promise.race([this.#lines.first(pattern), this.#ended(`without printing ${pattern}`)]);
  }

  /** Waits until the program, or one that it started, listens on this TCP port in its network namespace. */
  async listening(port: number): Promise<void> {
    const deadline = performance.now() + START_SECONDS * 1000;
    const ended = this.#ended("before it listened");
    ended.catch(() => {}); // it may end later, when it is not awaited any more
    while (!isListening(this.#child.pid, port)) {
      if (performance.now() > deadline) {
        throw new Failure(`${this.name} does not listen on port ${port}\n${this.#lines}`);
      }
      await Promise.race([new Promise((resolve) => setTimeout(resolve, POLL_MS)), ended]);
    }
  }

  /** What it cost, once it has ended well. */
  finished(): Promise<Usage> {
    return this.#finished;
  }

  /** What it has cost so far, for a program that does not end by itself. */
  soFar(): Usage {
    return { cpuSeconds: treeSeconds(this.#child.pid), peakBytes: this.#peak.highest };
  }

  /** What one transfer costs a server that runs already. */
  watch(): ServerWatch {
    return new ServerWatch(this.#child.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    await this.#finished.catch(() => {});
    await Deno.remove(this.#statFile);
  }

  #kill(): void {
    // Parents first: nginx would start a new worker in place of one that has gone.
    for (const pid of descendants(this.#child.pid)) kill(pid);
  }

  async #ended(how: string): Promise<never> {
    await this.#finished;
    throw new Failure(`${this.name} ended ${how}\n${this.#lines}`);
  }

  async #finish(): Promise<Usage> {
    const { code } = await this.#child.status;
    clearTimeout(this.#timer);
    const peakBytes = this.#peak.stop();
    await this.#output;
    if (this.#tookTooLong) throw new Failure(`${this.name} took longer than ${MOST_SECONDS} s\n${this.#lines}`);
    if (code !== 0) throw new Failure(`${this.name} ended with exit code ${code}\n${this.#lines}`);
    return { cpuSeconds: childrenSeconds(await Deno.readTextFile(this.#statFile)), peakBytes };
  }
}

/** What a program printed, line by line. */
class Lines {
  readonly #all: string[] = [];
  readonly #listeners: ((line: string) => void)[] = [];

  onLine(listener: (line: string) => void): void {
    this.#listeners.push(listener);
  }

  first(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
    const look = (line: string) => {
      const found = pattern.exec(line);
      if (found) resolve(found);
    };
    this.#all.forEach(look);
    this.#listeners.push(look);
    return promise;
  }

  async read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + part).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach((line) => this.#add(line));
    }
    if (rest !== "") this.#add(rest);
  }

  /** The end of it, for messages. */
  toString(): string {
    return this.#all.join("\n").slice(-2000);
  }

  #add(line: string): void {
    this.#all.push(line);
    for (const listener of this.#listeners) listener(line);
  }
}

/** Watches what a running server and the processes it starts spend on one transfer. */
export class ServerWatch {
  readonly #before: number;
  readonly #others: ReadonlySet<number>;
  readonly #peak: PeakWatch;

  constructor(readonly pid: number) {
    this.#before = treeSeconds(pid);
    this.#others = new Set(descendants(pid));
    this.#peak = new PeakWatch(pid);
  }

  /** Waits until the server has put the processes of the transfer away. */
  async finished(): Promise<Usage> {
    for (let left = 250; descendants(this.pid).some((pid) => !this.#others.has(pid)); left--) {
      if (left === 0) throw new Failure(`the processes of server ${this.pid} do not end`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return { cpuSeconds: treeSeconds(this.pid) - this.#before, peakBytes: this.#peak.stop() };
  }
}

/** Polls the descendants of a process (not itself: it is only the shell in front of them). */
class PeakWatch {
  readonly #root: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #peak = 0;

  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#poll(), POLL_MS);
  }

  get highest(): number {
    return this.#peak;
  }

  stop(): number {
    clearInterval(this.#timer);
    return this.#peak;
  }

  #poll(): void {
    for (const pid of descendants(this.#root)) this.#peak = Math.max(this.#peak, peakBytes(pid));
  }
}

/** User and system time of the children that a process has waited for, from its `stat` line. */
export function childrenSeconds(stat: string): number {
  const [, children] = secondsOf(stat);
  return children;
}

/** The times of a process itself, and of the children that it has waited for. */
function secondsOf(stat: string): [own: number, children: number] {
  // The second field is the program's name in parentheses and may hold anything, so the count starts behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
  return [(user + system) / TICKS, (childrenUser + childrenSystem) / TICKS];
}

/** What a process and all below it have used so far: an ended one counts at its parent. */
function treeSeconds(pid: number): number {
  return [pid, ...descendants(pid)].reduce((sum, one) => {
    const [own, children] = secondsOf(read(`/proc/${one}/stat`) || ")");
    return sum + own + children;
  }, 0);
}

function peakBytes(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/**
 * All processes below one, parents first. Those that a second thread started are not seen, which is so for qcp's ssh alone: it is small,
 * ends with qcp, and its CPU time counts, as qcp waits for it.
 */
function descendants(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(" ").filter((text) => text !== "").map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** The tables of /proc are of the process's network namespace, which the program may have entered behind the shell. */
function isListening(pid: number, port: number): boolean {
  return descendants(pid).some((one) =>
    ["tcp", "tcp6"].some((table) => listens(read(`/proc/${one}/net/${table}`), port))
  );
}

/** Whether a table like /proc/net/tcp has a socket that listens on the port. */
export function listens(table: string, port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return new RegExp(`^ *\\d+: [0-9A-F]+:${hex} [0-9A-F]+:0000 0A `, "m").test(table);
}

/** A file of /proc; empty when the process is gone, which can happen at any time. */
function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** Ends all programs that this process has started, and those that it starts meanwhile: a path takes its namespaces away. */
export async function endAll(): Promise<void> {
  for (let left = 100; left > 0 && descendants(Deno.pid).length > 0; left--) {
    for (const pid of descendants(Deno.pid)) kill(pid, left > 1 ? "SIGTERM" : "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function kill(pid: number, signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
