/** What a seed stands for when two whole processes run: who waits, the files, the network, and everything that goes wrong. @module */

import type { FileFault } from "../../src/protocol/words.ts";
import type { EndingSignal } from "../../src/base/signals.ts";
import type { Damage, Flaw, Item } from "../support/made_up.ts";
import { MIB } from "../support/made_up.ts";
import { Random } from "./random.ts";

/** What kinds of trouble the seeds of a group have. */
export const PROCESS_GROUPS = [
  "nothing goes wrong",
  "lanes are lost",
  "the network goes away",
  "a process is killed",
  "the power fails",
  "a process is interrupted",
  "blocks arrive damaged",
  "sources change",
  "the disk fails",
  "targets exist",
  "everything at once",
] as const;

export type ProcessGroup = typeof PROCESS_GROUPS[number];

export type Side = "sender" | "receiver";

/** What happens at a moment after both processes run. */
export type Stroke =
  | { readonly what: "lane"; readonly atMs: number }
  | { readonly what: "network"; readonly atMs: number }
  /** Of the receiver's computer. */
  | { readonly what: "power"; readonly atMs: number }
  | { readonly what: "kill"; readonly atMs: number; readonly side: Side }
  | { readonly what: "interrupt"; readonly atMs: number; readonly side: Side; readonly signal: EndingSignal };

export interface ProcessScenario {
  readonly seed: number;
  readonly group: ProcessGroup;
  readonly waits: Side;
  readonly items: readonly Item[];
  readonly pageEntries: number;
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly clumpMs: number;
  readonly pieceBytes: number;
  readonly writeMs: number;
  readonly commitMs: number;
  readonly syncMs: number;
  readonly freeSpace: number;
  readonly overwrite: boolean;
  readonly strokes: readonly Stroke[];
  readonly damages: readonly Damage[];
  /** Files that become others, by time. */
  readonly changes: ReadonlyMap<string, number>;
  /** Files that cannot be read from a block on. */
  readonly unreadable: ReadonlyMap<string, number>;
  /** Files that the disk does not take, from a block on or (`undefined`) when they are committed. */
  readonly diskFaults: ReadonlyMap<string, { readonly fault: FileFault; readonly block: number | undefined }>;
  /** What is there before. */
  readonly targets: ReadonlyMap<string, "identical" | "different">;
  /** Files that are edited before the same commands run again, and their sizes then. */
  readonly edits: ReadonlyMap<string, number>;
  /** Which versions the sender has of files that were; 0 of all others. */
  readonly versions: ReadonlyMap<string, number>;
  readonly flaw: Flaw | undefined;
}

interface File {
  readonly path: string;
  readonly size: number;
  readonly blocks: number;
}

/** About how long a transfer takes: strokes fall before, into and behind it. */
const SPAN_MS = 250;

export function processScenario(seed: number, group: ProcessGroup, flaw?: Flaw): ProcessScenario {
  const random = new Random(seed);
  const items = itemsOf(random);
  const files = items.flatMap(([path, size]) =>
    typeof size === "string" ? [] : [{ path, size, blocks: Math.ceil(size / MIB) }]
  );
  const has = (...groups: ProcessGroup[]) =>
    groups.includes(group) || (group === "everything at once" && random.chance(0.4));
  const some = <Value>(likely: number, value: (file: File) => Value): Map<string, Value> =>
    new Map(files.filter(() => random.chance(likely)).map((file) => [file.path, value(file)]));
  return {
    seed,
    group,
    waits: random.pick(["sender", "receiver"]),
    items,
    pageEntries: random.pick([1, 3, 50]),
    latencyMs: random.pick([0.2, 2, 20, 80]),
    jitterMs: random.pick([0, 1, 30]),
    clumpMs: random.below(2) * 3,
    pieceBytes: random.pick([Infinity, Infinity, 1000, 7]),
    writeMs: random.time(0.1, 2),
    commitMs: random.time(0.1, 20),
    syncMs: random.time(0, 40),
    freeSpace: has("the disk fails") && random.chance(0.15) ? random.between(0, 5 * MIB) : 1e15,
    overwrite: random.chance(0.5),
    strokes: strokesOf(random, has),
    damages: has("blocks arrive damaged") ? damagesOf(random, items) : [],
    changes: has("sources change") ? some(0.3, () => random.time(0, SPAN_MS)) : new Map(),
    unreadable: has("sources change") ? some(0.1, ({ blocks }) => random.below(blocks + 1)) : new Map(),
    diskFaults: has("the disk fails") ? some(0.2, (file) => diskFault(random, file.blocks)) : new Map(),
    targets: has("targets exist") ? some(0.4, () => random.chance(0.85) ? "identical" : "different") : new Map(),
    edits: some(0.5, ({ size }) => random.chance(0.7) ? size : random.between(0, 12 * MIB)),
    versions: new Map(),
    flaw,
  };
}

/** One file, or a folder with some files and links in folders of their own. */
function itemsOf(random: Random): Item[] {
  const size = () =>
    random.pick([0, 1, MIB - 1, MIB, MIB + 1, random.between(1, 4 * MIB), random.between(1, 12 * MIB)]);
  if (random.chance(0.2)) return [["file", size()]];
  const items: Item[] = [["data", "folder"]];
  const folders = ["data"];
  for (let i = random.between(0, 8); i > 0; i--) {
    const path = `${random.pick(folders)}/${random.chance(0.1) ? "." : ""}e${i}`;
    const isFolder = random.chance(0.2);
    items.push([path, isFolder ? "folder" : random.chance(0.1) ? "link" : size()]);
    if (isFolder) folders.push(path);
  }
  return items;
}

function strokesOf(random: Random, has: (...groups: ProcessGroup[]) => boolean): Stroke[] {
  const atMs = () => random.time(0, SPAN_MS);
  const side = (): Side => random.pick(["sender", "receiver"]);
  const strokes: Stroke[] = [];
  if (has("lanes are lost")) {
    for (let i = random.between(1, 4); i > 0; i--) strokes.push({ what: "lane", atMs: atMs() });
  }
  if (has("the network goes away") && random.chance(0.9)) strokes.push({ what: "network", atMs: atMs() });
  if (has("a process is killed")) strokes.push({ what: "kill", atMs: atMs(), side: side() });
  if (has("the power fails")) strokes.push({ what: "power", atMs: atMs() });
  if (has("a process is interrupted")) {
    const signal = random.pick(["SIGINT", "SIGTERM", "SIGHUP"] as const);
    strokes.push({ what: "interrupt", atMs: atMs(), side: side(), signal });
  }
  return strokes;
}

function damagesOf(random: Random, items: readonly Item[]): Damage[] {
  const damages = new Map<string, Damage>();
  for (let i = random.between(1, 4); i > 0; i--) {
    const entry = random.below(items.length);
    const size = items[entry]?.[1];
    if (typeof size !== "number" || size === 0) continue;
    const block = random.below(Math.ceil(size / MIB));
    // More than three times is beyond repair.
    damages.set(`${entry} ${block}`, { entry, block, times: random.between(1, random.chance(0.2) ? 6 : 3) });
  }
  return [...damages.values()];
}

function diskFault(random: Random, blocks: number): { fault: FileFault; block: number | undefined } {
  const fault = random.pick(random.chance(0.2) ? ["no-space", "read-only"] as const : ["permission", "io"] as const);
  return { fault, block: blocks > 0 && random.chance(0.5) ? random.below(blocks) : undefined };
}
