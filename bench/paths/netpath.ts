/**
 * Paths in a box, from `native/netpath`: what a scenario runs its two ends on.
 *
 *     await using path = await NetPath.start("wan", { seed: 3 });
 *     const [program, args] = path.a.command("iperf3", ["-c", path.b.address]);
 *     ...
 *     const report = await path.stop(); // report.keptUp: the box was not the bottleneck
 *
 * @module
 */

import { existsSync } from "node:fs";
import { NETPATH } from "../../scripts/paths.ts";
import { Failure } from "../../scripts/shell.ts";
import { exists } from "../../scripts/tools.ts";
import type { BoxedPath, PathName, PathSettings } from "./table.ts";

export interface PathOptions {
  /** Of loss and jitter: the same seed loses the same packets. */
  readonly seed?: number;
  /** In Mbit/s of IP packets, in place of the path's own. */
  readonly rateMbit?: number;
  /** What TCP uses at both ends; CUBIC if not said, whatever the machine has chosen. */
  readonly tcp?: "cubic" | "bbr";
  /** The most bytes that a TCP socket buffers; 64 MiB if not said, so that the path bounds TCP. 0: what the machine has. */
  readonly tcpBufferBytes?: number;
}

/** One end of a path. */
export interface End {
  readonly address: string;
  /** The network namespace; undefined on `loopback`. */
  readonly namespace?: string;
  /** How to run a program at this end. */
  command(program: string, args: readonly string[]): [program: string, args: string[]];
}

/** What the box counted. */
export interface BoxReport {
  readonly seconds: number;
  /** Processor time of the box, with the receiving side's network stack as far as the box ran it. */
  readonly cpuSeconds: number;
  /** Whether the path was as asked for. If not, the box was the bottleneck and the run does not count. */
  readonly keptUp: boolean;
  /** Packets that left at least a millisecond after their time. */
  readonly late: number;
  readonly lateP99Ms: number;
  readonly lateMaxMs: number;
  /** How often end b answered data only after more than 30 ms, and how long these gaps were together. */
  readonly answerGaps: number;
  readonly answerGapMs: number;
  readonly aToB: WayReport;
  readonly bToA: WayReport;
}

/** What one direction counted. */
export interface WayReport {
  readonly packets: number;
  readonly bytes: number;
  readonly droppedByQueue: number;
  readonly lost: number;
  readonly maxQueueBytes: number;
  /** Packets that the box did not read in time. */
  readonly unread: number;
  /** 0 unless something is broken. */
  readonly refused: number;
}

/** What UDP packets as full as QUIC's get through a path, on this machine, now. */
export interface Ceiling {
  readonly path: BoxedPath;
  readonly seed: number;
  readonly settings: PathSettings;
  /** UDP payload that arrived. */
  readonly ceilingMbit: number;
  /** What would arrive if machine and box were perfect; a ceiling far below it says that the machine was busy. */
  readonly expectedMbit: number;
  readonly seconds: number;
  readonly box: BoxReport;
}

interface Ready {
  readonly a: string;
  readonly b: string;
  readonly addressA: string;
  readonly addressB: string;
}

/** Two ends and what lies between them, until disposed. */
export interface Path extends AsyncDisposable {
  readonly a: End;
  readonly b: End;
  /** Ends the path; what its box counted, if it has one. */
  stop(): Promise<BoxReport | undefined>;
}

/** Sets any path up, `loopback` included. */
export async function openPath(name: PathName, options: PathOptions = {}): Promise<Path> {
  return name === "loopback" ? LOOPBACK : await NetPath.start(name, options);
}

/** Why paths in a box cannot be used here; undefined when they can. */
export function missingNetpath(): string | undefined {
  if (Deno.build.os !== "linux") return "a path in a box needs Linux";
  if (Deno.uid() !== 0) return "a path in a box needs root: it makes network namespaces and tun devices";
  if (!exists("ip")) return "a path in a box needs ip (Debian package iproute2)";
  if (!existsSync("/dev/net/tun")) return "a path in a box needs /dev/net/tun";
  if (!existsSync(NETPATH)) return "native/netpath has not been built (deno task native)";
  return undefined;
}

/** A path in a box that is running. */
export class NetPath implements Path {
  readonly a: End;
  readonly b: End;
  readonly #box: Box;

  private constructor(box: Box, ready: Ready) {
    this.#box = box;
    this.a = boxedEnd(ready.addressA, ready.a);
    this.b = boxedEnd(ready.addressB, ready.b);
  }

  static async start(name: BoxedPath, options: PathOptions = {}): Promise<NetPath> {
    const box = new Box(["run", "--path", name, ...flags(options)]);
    try {
      return new NetPath(box, JSON.parse(await box.line()));
    } catch (error) {
      await box.end();
      throw error;
    }
  }

  async stop(): Promise<BoxReport> {
    await this.#box.close();
    return JSON.parse(await this.#box.line());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#box.end();
  }
}

/** Measures the ceiling of a path. */
export async function ceiling(name: BoxedPath, options: PathOptions & { seconds?: number } = {}): Promise<Ceiling> {
  const { seconds = 5 } = options;
  const box = new Box(["ceiling", "--path", name, "--seconds", String(seconds), ...flags(options)]);
  try {
    return JSON.parse(await box.line());
  } finally {
    await box.end();
  }
}

/** The program, read line by line. */
class Box {
  readonly #stdin: WritableStream<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  readonly #status: Promise<Deno.CommandStatus>;
  #closed = false;

  constructor(args: readonly string[]) {
    const command = new Deno.Command(NETPATH, { args: [...args], stdin: "piped", stdout: "piped", stderr: "piped" });
    const child = command.spawn();
    this.#stdin = child.stdin;
    this.#lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(lines()).getReader();
    this.#stderr = new Response(child.stderr).text();
    this.#status = child.status;
  }

  /** The next line; when there is none, why. */
  async line(): Promise<string> {
    const { value } = await this.#lines.read();
    if (value !== undefined) return value;
    const { code } = await this.#status;
    throw new Failure((await this.#stderr).trim() || `netpath ended with exit code ${code}`);
  }

  /** Asks it to end. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#stdin.close().catch(() => {}); // it has ended by itself
  }

  /** Asks it to end, and waits until it has put its namespaces away. */
  async end(): Promise<void> {
    await this.close();
    await this.#lines.cancel();
    await this.#status;
    await this.#stderr;
  }
}

const LOOPBACK: Path = {
  a: { address: "127.0.0.1", command: (program, args) => [program, [...args]] },
  b: { address: "127.0.0.1", command: (program, args) => [program, [...args]] },
  stop: () => Promise.resolve(undefined),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

function boxedEnd(address: string, namespace: string): End {
  const prefix = ["exec", "--ns", namespace, "--"];
  return { address, namespace, command: (program, args) => [NETPATH, [...prefix, program, ...args]] };
}

function flags({ seed, rateMbit, tcp, tcpBufferBytes }: PathOptions): string[] {
  const values = { "--seed": seed, "--rate": rateMbit, "--tcp": tcp, "--tcp-buffer": tcpBufferBytes };
  return Object.entries(values).flatMap(([name, value]) => value === undefined ? [] : [name, String(value)]);
}

/** Cuts text into lines. */
function lines(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(text, controller) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) controller.enqueue(part);
    },
  });
}
