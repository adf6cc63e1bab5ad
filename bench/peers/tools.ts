/** Where the peers' programs lie: in the folder that bench/peers.sh fills, else in PATH. @module */

import { join } from "node:path";
import { exists } from "../../scripts/tools.ts";

/** What bench/peers.sh calls `prefix`. */
const PREFIX = Deno.env.get("ULTRA_BENCH_PEERS") ||
  join(Deno.env.get("XDG_DATA_HOME") || join(Deno.env.get("HOME") ?? "/root", ".local", "share"), "ultra-bench");

/** Of programs that Debian has too: the pinned version, if it is installed. */
export function tool(name: string): string {
  const own = join(PREFIX, "bin", name);
  return exists(own) ? own : name;
}

/** A program of the Python environment with magic-wormhole and its servers. */
export function wormholeTool(name: string): string {
  return join(PREFIX, "wormhole", "bin", name);
}

/** One line for all that is not there; undefined when nothing is missing. */
export function missingTools(...programs: readonly string[]): string | undefined {
  const missing = programs.filter((program) => !exists(program));
  return missing.length > 0 ? `${missing.join(", ")} (bench/peers.sh installs it)` : undefined;
}
