/** The raw results: what is kept of a benchmark, as JSON files in results/. @module */

import { join } from "node:path";
import { ROOT } from "../scripts/paths.ts";
import { Failure } from "../scripts/shell.ts";
import type { Machine } from "./machine.ts";
import type { BoxReport } from "./paths/netpath.ts";
import type { PathName, PathSettings } from "./paths/table.ts";
import type { Run } from "./peers/peer.ts";

/** Files of another format are not read. 1 had one scenario and no paths. */
const FORMAT = 2;

/** A transfer. If it ran in a box that did not keep up, it does not count. */
export interface Measured extends Run {
  readonly round: number;
  readonly box?: Pick<BoxReport, "keptUp" | "cpuSeconds" | "lateP99Ms"> & {
    readonly lost: number;
    readonly droppedByQueue: number;
    /** Of IP packets, both ways. (Results from before the gates have none.) */
    readonly wireBytes?: number;
  };
}

export interface PeerResult {
  readonly name: string;
  readonly kind: "files" | "bound";
  readonly encrypted: boolean;
  readonly command: string;
  readonly version: string;
  /** Of its load: on lossy paths peers differ. */
  readonly bytes: number;
  readonly runs: readonly Measured[];
  readonly failures: readonly { readonly round: number; readonly why: string }[];
}

interface Header {
  readonly format: typeof FORMAT;
  readonly date: string;
  readonly scenario: string;
  readonly title: string;
  readonly path: PathName;
  readonly rounds: number;
  readonly storage: string;
  readonly machine: Machine;
  readonly settings?: PathSettings;
}

export interface TransferResult extends Header {
  readonly kind: "transfers";
  readonly files: number;
  /** In the order of `peers/all.ts`. */
  readonly peers: readonly PeerResult[];
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
  /** What the path carried at most, measured in each round. */
  readonly ceilings: readonly { readonly round: number; readonly mbit: number }[];
}

/** Two flows at once: how much each one moved while both ran. */
export interface SharingCase {
  readonly name: string;
  readonly title: string;
  readonly flows: readonly [string, string];
  readonly rounds: readonly {
    readonly round: number;
    readonly keptUp: boolean;
    /** While both ran. */
    readonly seconds: number;
    readonly bytes: readonly [number, number];
    /** Of two transfers of one size, started together: when each one ended. */
    readonly ended?: readonly [number, number];
  }[];
  readonly failures: readonly { readonly round: number; readonly why: string }[];
}

export interface SharingResult extends Header {
  readonly kind: "sharing";
  readonly cases: readonly SharingCase[];
}

export type Result = TransferResult | SharingResult;

export function header(values: Omit<Header, "format" | "date">): Header {
  return { format: FORMAT, date: new Date().toISOString(), ...values };
}

export function counts(run: Measured): boolean {
  return run.box?.keptUp !== false;
}

export const RESULTS = join(ROOT, "bench", "results");

/** Keeps the raw numbers; returns where, from the repository's root. */
export async function save(result: Result): Promise<string> {
  const name = `${result.date.replace(/[-:]|\.\d+/g, "")}-${result.scenario}-${result.path}.json`;
  await Deno.mkdir(RESULTS, { recursive: true });
  await Deno.writeTextFile(join(RESULTS, name), `${format(result)}\n`);
  return `bench/results/${name}`;
}

/** Reads a file that {@linkcode save} wrote; undefined when it is of an older format. */
export async function load(path: string): Promise<Result | undefined> {
  const json: unknown = JSON.parse(await Deno.readTextFile(path));
  if (typeof json !== "object" || json === null) throw new Failure(`${path} holds no result`);
  return Reflect.get(json, "format") === FORMAT ? json as Result : undefined;
}

/** Of each scenario and path the newest one, in the order in which they were given first. */
export function newest(results: readonly Result[]): Result[] {
  const byCell = new Map<string, Result>();
  for (const result of results) {
    const key = `${result.scenario} ${result.path}`;
    const other = byCell.get(key);
    if (other === undefined || other.date < result.date) byCell.set(key, result);
  }
  return [...byCell.values()];
}

const WIDTH = 150;

/** JSON with short values on one line, so that a run is a line of its own and differences between sets can be read. */
export function format(value: unknown, indent = ""): string {
  const flat = JSON.stringify(value);
  if (flat.length <= WIDTH || typeof value !== "object" || value === null) return flat;
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((one) => inner + format(one, inner))
    : Object.entries(value).filter(([, one]) => one !== undefined)
      .map(([key, one]) => `${inner}${JSON.stringify(key)}: ${format(one, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${parts.join(",\n")}\n${indent}${close}`;
}
