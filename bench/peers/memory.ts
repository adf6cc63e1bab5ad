/** The engine from memory to memory: what ultra could do if no file were involved. @module */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import type { Job, Peer, Run } from "./peer.ts";

const SCRIPT = join(dirname(dirname(fileURLToPath(import.meta.url))), "memory_rate.ts");
const MIB = 1024 * 1024;

export function memory(congestionControl: "bbr" | "cubic"): Peer {
  return {
    name: `memory-${congestionControl}`,
    kind: "bound",
    encrypted: true,
    underLoss: "copes",
    command: `bench/memory_rate.ts 1 ${congestionControl} MIB`,
    missing: () => undefined,
    version: () => Promise.resolve("the same engine"),
    unfit: ({ path, files }) =>
      path !== "loopback" || files > 1 ? "it measures one stream of blocks on loopback" : undefined,
    transfer: (job) => measure(congestionControl, job),
  };
}

/** The better of the two in each round is the "memory rate". */
export const MEMORY_RATES = ["memory-bbr", "memory-cubic"];

async function measure(congestionControl: string, { load }: Job): Promise<Run> {
  const mib = Math.max(1, Math.round(load.bytes / MIB));
  const args = ["run", "-q", "-A", SCRIPT, "1", congestionControl, String(mib)];
  await using script = new Watched("memory_rate.ts", [Deno.execPath(), args]);
  const [line] = await script.line(/^\[[\d.e+]+\]$/);
  await script.finished();
  const [rate] = JSON.parse(line) as number[];
  if (rate === undefined || rate <= 0) throw new Failure("memory_rate.ts measured nothing");
  return { seconds: mib * MIB / rate, bytes: mib * MIB };
}
