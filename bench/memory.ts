/** The engine's memory-to-memory rate: what it could do if no file were involved. @module */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { outputOf } from "../scripts/shell.ts";

/**
 * Run as `deno run -A bench/memory_rate.ts RUNS`; its last line on stdout is JSON: an array with the bytes per second of each
 * run.
 */
const SCRIPT = "memory_rate.ts";

/** The rates of all runs in bytes per second, or why there are none. */
export async function memoryRates(runs: number): Promise<readonly number[] | string> {
  const script = join(dirname(fileURLToPath(import.meta.url)), SCRIPT);
  if (!await Deno.stat(script).catch(() => undefined)) return `bench/${SCRIPT} is missing`;
  const output = await outputOf(Deno.execPath(), ["run", "-A", script, String(runs)]);
  if (output === undefined) return `bench/${SCRIPT} failed`;
  const rates: unknown = JSON.parse(output.split("\n").at(-1) ?? "");
  const valid = Array.isArray(rates) && rates.length > 0 && rates.every((rate) => typeof rate === "number");
  return valid ? rates : `bench/${SCRIPT} printed no rates`;
}
