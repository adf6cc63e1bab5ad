/** What stands beside the executables of a release: install scripts with its address, and a Homebrew formula with its sums. @module */

import { join } from "node:path";
import { ROOT } from "./paths.ts";
import { Failure } from "./shell.ts";

/**
 * Where releases are to be published, each in a folder of its tag. Nothing is published there yet, and the project is not the owner of that name:
 * whoever makes the first release puts the right one here. `ULTRA_RELEASES` stands before it, when a release is built and when it is installed.
 */
export const RELEASES = "https://github.com/ultra-transfer/ultra/releases/download";

/** The folder in which a release will be found. */
export function releaseAddress(version: string, variable: string | undefined): string {
  return variable === undefined ? `${RELEASES}/v${version}` : parseAddress(variable);
}

/** In the scripts of `packaging/`: where the address of the releases goes. */
const ADDRESS_MARK = "@RELEASES@";

const INSTALLERS = ["install.sh", "install.ps1"] as const;

/** The names of the sums' file and of the executables, as install scripts and formula ask for them. */
export const SUMS = "SHA256SUMS";

export function executableName(platform: string): string {
  return platform.startsWith("windows-") ? `ultra-${platform}.exe` : `ultra-${platform}`;
}

/** SHA-256 sums by file name. */
export type Sums = ReadonlyMap<string, string>;

/** Reads what `sha256sum` writes. */
export function readSums(text: string): Sums {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(lines.map((line): [string, string] => {
    const parts = /^([0-9a-f]{64}) [ *](\S+)$/.exec(line);
    const [, sum, name] = parts ?? [];
    if (sum === undefined || name === undefined) throw new Failure(`${SUMS}: not a sum and a name: ${line}`);
    return [name, sum];
  }));
}

/** Where the releases are: a folder of executables by HTTPS (or HTTP on this machine, for tests), without a slash at its end. */
export function parseAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url?.protocol === "http:" && url.hostname === "127.0.0.1";
  if (url === undefined || !(url.protocol === "https:" || isLocal) || /['"$`\\\s]/.test(text)) {
    throw new Failure(`ULTRA_RELEASES: ${text} is not an https:// address`);
  }
  return text.replace(/\/+$/, "");
}

/** An install script that knows where the release is. */
export function installer(text: string, address: string): string {
  if (text.split(ADDRESS_MARK).length !== 2) {
    throw new Failure(`an install script has ${ADDRESS_MARK} not exactly once`);
  }
  return text.replace(ADDRESS_MARK, () => address);
}

const BREW: readonly (readonly [system: string, cpu: string, platform: string])[] = [
  ["macos", "arm", "macos-arm64"],
  ["macos", "intel", "macos-x64"],
  ["linux", "arm", "linux-arm64"],
  ["linux", "intel", "linux-x64"],
];

/** The formula for those of a release's executables that Homebrew knows systems of. */
export function formula(version: string, address: string, sums: Sums): string {
  const blocks = ["macos", "linux"].flatMap((system) => {
    const cpus = BREW.filter(([of, , platform]) => of === system && sums.has(executableName(platform)));
    if (cpus.length === 0) return [];
    const inner = cpus.flatMap(([, cpu, platform]) => [
      `    on_${cpu} do`,
      `      url "${address}/${executableName(platform)}"`,
      `      sha256 "${sums.get(executableName(platform))}"`,
      "    end",
    ]);
    return [`  on_${system} do`, ...inner, "  end", ""];
  });
  if (blocks.length === 0) throw new Failure(`${SUMS} has no executable that Homebrew could install`);
  return [
    "# Written by `task release` from its sums.",
    "class Ultra < Formula",
    '  desc "Moves files between two computers: encrypted, verified, resumable"',
    `  homepage "${address}"`,
    `  version "${version}"`,
    '  license "MIT"',
    "",
    ...blocks,
    "  def install",
    '    bin.install Dir["ultra-*"].first => "ultra"',
    "  end",
    "",
    "  test do",
    '    assert_match version.to_s, shell_output("#{bin}/ultra --version")',
    "  end",
    "end",
    "",
  ].join("\n");
}

/** Writes all of it into the folder of a release, from the sums that stand there. The formula takes a system of Homebrew's. */
export async function writePackaging(folder: string, version: string, address: string): Promise<void> {
  for (const name of INSTALLERS) {
    const text = await Deno.readTextFile(join(ROOT, "packaging", name));
    await Deno.writeTextFile(join(folder, name), installer(text, address));
  }
  const sums = readSums(await Deno.readTextFile(join(folder, SUMS)));
  if (!BREW.some(([, , platform]) => sums.has(executableName(platform)))) return;
  await Deno.writeTextFile(join(folder, "ultra.rb"), formula(version, address, sums));
}
