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

/** In the files of `packaging/`: where the address of the releases goes. */
const ADDRESS_MARK = "@RELEASES@";

const INSTALLERS = ["install.sh", "install.ps1"] as const;

const FORMULA = "ultra.rb";

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

/** In the formula: where the sum of an executable goes. */
const SUM_MARK = /@SUM (\S+)@/g;

/**
 * The formula of a release.
 *
 * @param template `packaging/ultra.rb`
 * @returns undefined if the release lacks an executable that the formula names: half a formula would fail for those who have that system
 */
export function formula(template: string, version: string, address: string, sums: Sums): string | undefined {
  const named = [...template.matchAll(SUM_MARK)].map(([, name = ""]) => name);
  if (named.length === 0) throw new Failure("the formula asks for no sum");
  if (named.some((name) => !sums.has(name))) return undefined;
  return template
    .replace(/^#.*\n/, "# Written by `task release` from its sums.\n")
    .replaceAll("@VERSION@", () => version)
    .replaceAll(ADDRESS_MARK, () => address)
    .replaceAll(SUM_MARK, (_, name) => sums.get(name) ?? "");
}

/** Writes all of it into the folder of a release, from the sums that stand there; the formula where all its executables are there. */
export async function writePackaging(folder: string, version: string, address: string): Promise<void> {
  const template = (name: string) => Deno.readTextFile(join(ROOT, "packaging", name));
  for (const name of INSTALLERS) {
    await Deno.writeTextFile(join(folder, name), installer(await template(name), address));
  }
  const sums = readSums(await Deno.readTextFile(join(folder, SUMS)));
  const text = formula(await template(FORMULA), version, address, sums);
  if (text !== undefined) await Deno.writeTextFile(join(folder, FORMULA), text);
}
