/**
 * The tools that building the data plane takes. Asked for before anything starts, because what make and OpenSSL's own
 * build say about a missing one comes late and is hard to read.
 *
 * @module
 */

import { delimiter, join } from "node:path";
import { Failure, main, outputOf } from "./shell.ts";

interface Tool {
  /** The words for a reader. */
  readonly name: string;
  /** The environment variable with which the build lets a user choose another program. */
  readonly variable?: string;
  readonly program: string;
  /** Arguments with which it must succeed; without them it must only be there. */
  readonly probe?: readonly string[];
  /** Debian's package; Fedora, Alpine and Homebrew mostly agree. */
  readonly package: string;
}

const TOOLS: readonly Tool[] = [
  { name: "a C compiler", variable: "CC", program: "cc", package: "gcc" },
  { name: "make", program: "make", package: "make" },
  // OpenSSL's Configure needs these two modules, and some distributions split them from perl.
  { name: "perl", variable: "PERL", program: "perl", probe: ["-MFindBin", "-MIPC::Cmd", "-e1"], package: "perl" },
  { name: "cargo", variable: "CARGO", program: "cargo", package: "cargo" },
];

const MANAGERS: readonly (readonly [program: string, command: string])[] = [
  ["apt-get", "apt-get install -y"],
  ["dnf", "dnf install -y"],
  ["apk", "apk add"],
  ["pacman", "pacman -S"],
  ["zypper", "zypper install"],
  ["brew", "brew install"],
];

/** What the check asks of the machine; a test answers in its place. */
export interface Machine {
  variable(name: string): string | undefined;
  exists(program: string): boolean;
  succeeds(program: string, args: readonly string[]): Promise<boolean>;
}

/** One line that names everything missing and how to get it; undefined when nothing is. */
export async function missingTools(machine: Machine = here): Promise<string | undefined> {
  const missing: Tool[] = [];
  for (const tool of TOOLS) {
    // (`CC="ccache gcc"` is usual: the first word is the program.)
    const chosen = tool.variable === undefined ? undefined : machine.variable(tool.variable)?.trim().split(/\s+/)[0];
    const program = chosen || tool.program;
    const works = machine.exists(program) && (!tool.probe || await machine.succeeds(program, tool.probe));
    if (!works) missing.push(tool);
  }
  if (missing.length === 0) return undefined;
  const how: string[] = [];
  const packages = missing.filter((tool) => tool.program !== "cargo").map((tool) => tool.package);
  if (packages.length > 0) {
    const manager = MANAGERS.find(([program]) => machine.exists(program));
    how.push(`${manager?.[1] ?? "install the packages"} ${packages.join(" ")}`);
  }
  // Distributions' own cargo is mostly too old for this workspace.
  if (missing.some((tool) => tool.program === "cargo")) how.push("Rust with cargo from https://rustup.rs");
  return `building ultra needs ${missing.map((tool) => tool.name).join(", ")}; to get it: ${how.join("; ")}`;
}

/** Ends the script with that line when a tool is missing. */
export async function requireTools(): Promise<void> {
  const line = await missingTools();
  if (line !== undefined) throw new Failure(line);
}

/** Whether a program is in PATH, or a path leads to it. */
export function exists(program: string): boolean {
  const candidates = program.includes("/")
    ? [program]
    : (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "").map((folder) =>
      join(folder, program)
    );
  const names = Deno.build.os === "windows" ? candidates.map((path) => `${path}.exe`) : candidates;
  return names.some(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    return false; // not there, or a folder that may not be read: for PATH it is all the same
  }
}

const here: Machine = {
  variable: (name) => Deno.env.get(name),
  exists,
  succeeds: async (program, args) => await outputOf(program, args) !== undefined,
};

if (import.meta.main) await main(requireTools);
