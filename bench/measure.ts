/**
 * Runs programs and measures what they cost. Linux only: all of it comes from /proc, because neither Deno nor the programs
 * report it and GNU time is not installed everywhere.
 *
 * CPU time is exact: what a process used is added to its parent once that has waited for it. Peak memory is `VmHWM`, which
 * the kernel keeps for each process and which never falls; so polling it misses only what grows in the last moments of a process.
 *
 * @module
 */

import { Failure } from "../scripts/shell.ts";

/** What a program and all its descendants cost. */
export interface Usage {
  /** User and system time. */
  readonly cpuSeconds: number;
  /** The most resident memory of the largest single process. */
  readonly peakBytes: number;
}

const POLL_MS = 20;
/** `USER_HZ`, in which /proc counts: 100 on every Linux that Deno runs on. */
const TICKS = 100;

/** Waits for the program and leaves the shell's own /proc entry, with the times of the dead child, in the file `$0`. */
const SHELL = `"$@"; code=$?; read -r line < "/proc/$$/stat"; printf '%s' "$line" > "$0"; exit "$code"`;

/** A running program whose costs are being watched. */
export class Watched implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #statFile: string;
  readonly #peak: PeakWatch;
  readonly #firstLine = Promise.withResolvers<string>();
  readonly #stdout: Promise<string>;
  readonly #stderr: Promise<string>;
  readonly #finished: Promise<Usage>;

  constructor(readonly name: string, program: string, args: readonly string[], options: { cwd?: string } = {}) {
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
    this.#stdout = this.#read(this.#child.stdout, (line) => this.#firstLine.resolve(line));
    this.#stderr = this.#read(this.#child.stderr, () => {});
    this.#finished = this.#finish();
    this.#finished.catch(() => {}); // whoever waits for it sees it; a run that failed earlier does not
  }

  /** The first line that the program prints on stdout. */
  async firstLine(): Promise<string> {
    const ended = this.finished().then(() => {
      throw new Failure(`${this.name} ended without printing a line`);
    });
    return await Promise.race([this.#firstLine.promise, ended]);
  }

  /** What it cost, once it has ended well. */
  finished(): Promise<Usage> {
    return this.#finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of descendants(this.#child.pid).reverse()) kill(pid);
    await this.#finished.catch(() => {});
    await Deno.remove(this.#statFile);
  }

  async #finish(): Promise<Usage> {
    const { code } = await this.#child.status;
    const peakBytes = this.#peak.stop();
    const [, stderr] = await Promise.all([this.#stdout, this.#stderr]);
    if (code !== 0) throw new Failure(`${this.name} ended with exit code ${code}\n${stderr.slice(-2000)}`);
    return { cpuSeconds: childrenSeconds(await Deno.readTextFile(this.#statFile)), peakBytes };
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>, first: (line: string) => void): Promise<string> {
    let text = "";
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      text += part;
      const end = text.indexOf("\n");
      if (end >= 0) first(text.slice(0, end));
    }
    return text;
  }
}

/** Watches what a server spends on one transfer: the processes it starts for it and waits for. */
export class ServerWatch {
  readonly #before: number;
  readonly #peak: PeakWatch;

  constructor(readonly pid: number) {
    this.#before = this.#seconds();
    this.#peak = new PeakWatch(pid);
  }

  /** Waits until the server has put the processes of the transfer away. */
  async finished(): Promise<Usage> {
    for (let left = 250; descendants(this.pid).length > 0; left--) {
      if (left === 0) throw new Failure(`the processes of server ${this.pid} do not end`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return { cpuSeconds: this.#seconds() - this.#before, peakBytes: this.#peak.stop() };
  }

  #seconds(): number {
    return childrenSeconds(Deno.readTextFileSync(`/proc/${this.pid}/stat`));
  }
}

/** Polls the descendants of a process (not itself: it is only the shell or the server in front of them). */
class PeakWatch {
  readonly #root: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #peak = 0;

  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#poll(), POLL_MS);
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
  // The second field is the program's name in parentheses and may hold anything, so the count starts behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / TICKS;
}

function peakBytes(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** All processes below one, parents first. Those that a second thread started are not seen; no peer does that. */
function descendants(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(" ").filter((text) => text !== "").map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** A file of /proc; empty when the process is gone, which can happen at any time. */
function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
