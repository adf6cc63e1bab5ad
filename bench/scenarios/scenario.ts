/** What a benchmark is about. One file a kind of load; `all.ts` lists them. @module */

import { basename, join } from "node:path";
import { Failure } from "../../scripts/shell.ts";
import type { Load } from "../peers/peer.ts";

/** The same load with each peer, one after the other. */
export interface TransferScenario {
  readonly kind: "transfers";
  readonly name: string;
  /** For the headings of the report. */
  readonly title: string;
  readonly files: number;
  /** Where the path says nothing else (plan.ts). */
  readonly bytes: number;
  /** Where results lie: in memory, as sources do, unless it is said. */
  readonly results?: "disk";
  /** What counts is a second transfer of the load to where it lies already, unchanged. */
  readonly again?: true;
  /** The load pretends to be far larger than the room that it takes, so nothing may take more. */
  readonly sparse?: true;
  /** Room for the load, the result and what peers keep besides. */
  space(bytes: number): number;
  /** Makes the load in an empty folder. */
  prepare(folder: string, bytes: number): Promise<Load>;
  /** In place of {@linkcode check}, where that would take too long. */
  check?(load: Load, into: string): Promise<void>;
}

/** Two flows at once on one path. */
export interface SharingScenario {
  readonly kind: "sharing";
  readonly name: "sharing";
  readonly title: string;
  /** Of each transfer. */
  readonly bytes: number;
}

export type Scenario = TransferScenario | SharingScenario;

export const MIB = 1024 * 1024;

/** Throws unless the folder holds exactly the load, byte by byte. */
export async function check(load: Load, into: string): Promise<void> {
  const name = onlyName(load, into);
  const { success, stdout } = await new Deno.Command("diff", {
    args: ["-rq", "--no-dereference", load.path, join(into, name)],
    stdin: "null",
  }).output();
  if (success) return;
  const differences = new TextDecoder().decode(stdout).trim().split("\n");
  throw new Failure(`the result differs from the source: ${differences.slice(0, 3).join("; ")}`);
}

/** The name of the load, under which it must lie alone in the folder. */
export function onlyName(load: Load, into: string): string {
  const name = basename(load.path);
  const names = Array.from(Deno.readDirSync(into), (entry) => entry.name);
  if (names.length !== 1 || names[0] !== name) {
    throw new Failure(`the folder should hold ${name} alone, but holds ${names.join(", ") || "nothing"}`);
  }
  return name;
}
