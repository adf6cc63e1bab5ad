/** What the benchmark asks of each tool it compares. One file a peer; `all.ts` lists them. @module */

import { Failure } from "../../scripts/shell.ts";
import type { Usage, Watched } from "../measure.ts";
import type { Path } from "../paths/netpath.ts";
import type { PathName } from "../paths/table.ts";

/** What is to be moved: one file or one folder. */
export interface Load {
  readonly path: string;
  readonly bytes: number;
  /** 1: `path` is a file. More: a folder with so many. */
  readonly files: number;
}

/** One transfer to make. */
export interface Job {
  readonly load: Load;
  /** An empty folder, which shall hold the load under its own name. */
  readonly into: string;
  /** The sender is at a, the receiver at b. */
  readonly path: Path;
  readonly pathName: PathName;
  /** An empty folder for keys, logs and configuration. */
  readonly scratch: string;
}

export interface Run {
  /** From the start of the sending command (of the fetching one, if the sender is a server) until both sides have ended. */
  readonly seconds: number;
  readonly bytes: number;
  /** What both sides cost; a bound has no such figures. */
  readonly usage?: { readonly sender: Usage; readonly receiver: Usage };
}

/** What packet loss does to a peer; it gets a smaller file of its own where a whole one would take minutes (plan.ts). */
export type UnderLoss = "copes" | "suffers" | "stalls";

export interface Peer {
  readonly name: string;
  /** Whether it moves files, or shows what could be done without any. */
  readonly kind: "files" | "bound";
  readonly encrypted: boolean;
  readonly underLoss: UnderLoss;
  /** The commands, for readers of the report. */
  readonly command: string;
  /** What is not installed; undefined when the peer can run. */
  missing(): string | undefined;
  version(): Promise<string>;
  /** Why it cannot take part; undefined when it can. */
  unfit?(where: { readonly path: PathName; readonly files: number }): string | undefined;
  transfer(job: Job): Promise<Run>;
}

/** The run of a client against a server that is there already. */
export async function clientRun(
  { load }: Job,
  roles: { readonly server: Watched; readonly client: "sender" | "receiver" },
  start: () => Watched,
): Promise<Run> {
  const watch = roles.server.watch();
  const started = performance.now();
  await using client = start();
  const own = await client.finished();
  const seconds = secondsSince(started);
  const other = await watch.finished();
  const usage = roles.client === "sender" ? { sender: own, receiver: other } : { sender: other, receiver: own };
  return { seconds, bytes: load.bytes, usage };
}

export function secondsSince(startedMs: number): number {
  return (performance.now() - startedMs) / 1000;
}

/** (Free on this machine; in a namespace of its own it is free all the more.) */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** The first line of what a program says of its version. */
export function firstLine(output: string | undefined): string {
  return output?.split("\n")[0] ?? "unknown";
}

/** A number in a program's JSON, by its way there. */
export function numberAt(json: unknown, ...way: readonly string[]): number {
  let value = json;
  for (const key of way) value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  if (typeof value !== "number") throw new Failure(`the output has no number ${way.join(".")}`);
  return value;
}
