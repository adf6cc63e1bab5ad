/** What the benchmark ran on. @module */

import { ROOT } from "../scripts/paths.ts";
import { outputOf } from "../scripts/shell.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly kernel: string;
  /** The most that a socket may buffer without asking for more as root (`net.core.rmem_max`, `wmem_max`). */
  readonly socketBuffers: { readonly receive: number; readonly send: number };
  readonly deno: string;
  readonly commit: string;
}

export async function describeMachine(): Promise<Machine> {
  const first = (text: string, pattern: RegExp) => pattern.exec(text)?.[1] ?? "unknown";
  const setting = async (name: string) => Number(await Deno.readTextFile(`/proc/sys/net/core/${name}`));
  const changed = await outputOf("git", ["-C", ROOT, "status", "--porcelain", "--untracked-files=no"]);
  return {
    processor: first(await Deno.readTextFile("/proc/cpuinfo"), /^model name\s*: (.*)$/m),
    cores: navigator.hardwareConcurrency,
    memoryBytes: Deno.systemMemoryInfo().total,
    system: first(await Deno.readTextFile("/etc/os-release"), /^PRETTY_NAME="?([^"\n]*)/m),
    kernel: Deno.osRelease(),
    socketBuffers: { receive: await setting("rmem_max"), send: await setting("wmem_max") },
    deno: Deno.version.deno,
    commit: `${await outputOf("git", ["-C", ROOT, "rev-parse", "HEAD"]) ?? "unknown"}${changed ? " with changes" : ""}`,
  };
}
