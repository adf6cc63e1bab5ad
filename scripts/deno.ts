/**
 * The Deno that goes into the executable: exactly the one that is pinned here, copied, and checked by its hash.
 *
 * The Deno that runs the build usually is that one. Otherwise npm's package for this system has it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { PAYLOAD } from "./paths.ts";
import { exists } from "./tools.ts";
import { Failure, print, run } from "./shell.ts";

/** One system's Deno. */
export interface Pin {
  /** npm's package, and its integrity value as `npm view NAME@VERSION dist.integrity` prints it. */
  readonly package: string;
  readonly version: string;
  readonly integrity: string;
  /** Deno's name in its folder `package`. */
  readonly file: string;
  /** SHA-256 of that file. */
  readonly sha256: string;
}

/** By Rust's name of the system, which is that of `Deno.build.target`. The version is that of `.deno-version`, as a test checks. */
export const PINS: Readonly<Record<string, Pin>> = {
  "x86_64-unknown-linux-gnu": {
    package: "@deno/linux-x64-glibc",
    version: "2.9.5",
    file: "deno",
    integrity: "sha512-TDqcnoLe3jlgqYEQm7H7MK6q0JOth+o8iSZzknRODnVkJfPiNnjVn1M1Zc6vnp+ipkyb6Av1/CUlHgHtlq59Gw==",
    sha256: "dc480c462c8c3582524f3e75c160613d0a975e1f66b5465995d58bae236da7d3",
  },
  "aarch64-unknown-linux-gnu": {
    package: "@deno/linux-arm64-glibc",
    version: "2.9.5",
    file: "deno",
    integrity: "sha512-IuYjsz9PGl7CJcNXMuN27KNDB8Q40brK3SG3l+TXMDVW61ZKwcn0fQHBHnXFiiygEwI8by/fKnASEluhZB1atw==",
    sha256: "e1a70c5eb03b0ebaf761077029ef86b9ba22d50e2b54ca45ce5437457f701b63",
  },
  "aarch64-apple-darwin": {
    package: "@deno/darwin-arm64",
    version: "2.9.5",
    file: "deno",
    integrity: "sha512-SX98qSdBT1lw9x6NwGwx2xIayl1kRimdRnFohYlJ6nt3mLKzTKHHKQwQs5D2pEY7mbUGGbYe9brM2kfN75pPkg==",
    sha256: "b5bd08edab254d42d7b05aa5b6cb4c9b8d4dede4975aff76951ce2cce18866fa",
  },
  "x86_64-apple-darwin": {
    package: "@deno/darwin-x64",
    version: "2.9.5",
    file: "deno",
    integrity: "sha512-gbdlxWZuAZFiJiZtTT00Mv/aC7f/31+pyqJGQKlZr5X33WeTo5B0GG+efcX3P1UZceRKHuPEAQ1B/M2oRt8r9Q==",
    sha256: "befc4fee79127584c0f5c9f76ca6bb73c8e6ff523c01acd52e9c5db1968a09cb",
  },
  "x86_64-pc-windows-gnu": {
    package: "@deno/win32-x64",
    version: "2.9.5",
    file: "deno.exe",
    integrity: "sha512-LkcERsH0olOgevg9L9eootSr1U8ydyfnX1bS3mFqU+lGBeTYtlec5b/QF473WUOGVgPlWECrkxi4As5kEaFOzg==",
    sha256: "98f8c2a2d470e4ccb04c935c86ff8050817d877762aec5eaeeb9e409ccb3b9fd",
  },
};

/** Where a pinned Deno may come from; a test has its own. */
export interface Sources {
  /** Where it is kept between builds. */
  readonly kept: string;
  readonly running: string;
  /** Leaves npm's tarball of the package in a folder and returns its path. */
  readonly download: (pin: Pin, folder: string) => Promise<string>;
}

/** The path of a file that is the pinned Deno. */
export async function pinnedDeno(target: string = Deno.build.target): Promise<string> {
  const pin = PINS[target];
  if (pin === undefined) throw new Failure(`no Deno is pinned for ${target} in scripts/deno.ts`);
  const kept = join(PAYLOAD, target === Deno.build.target ? "deno" : `deno-${target}`);
  return await takePinned(pin, { kept, running: Deno.execPath(), download: packWithNpm });
}

/** @throws {Failure} when a tarball is not what the pin says; it is never unpacked then */
export async function takePinned(pin: Pin, { kept, running, download }: Sources): Promise<string> {
  if (await sha256Of(kept) === pin.sha256) return kept;
  await Deno.mkdir(dirname(kept), { recursive: true });
  const fresh = `${kept}.new-${Deno.pid}`;
  try {
    if (await sha256Of(running) === pin.sha256) {
      await Deno.copyFile(running, fresh);
    } else {
      print(`fetching ${pin.package}@${pin.version}`);
      await Deno.writeFile(fresh, await fromNpm(pin, dirname(kept), download));
    }
    // The copy is what counts.
    const actual = await sha256Of(fresh);
    if (actual !== pin.sha256) {
      throw new Failure(`the Deno of ${pin.package} has the SHA-256 ${actual}: not the pinned one`);
    }
    await Deno.rename(fresh, kept);
  } finally {
    await Deno.remove(fresh).catch(() => {}); // gone, when all went well
  }
  return kept;
}

async function fromNpm(pin: Pin, folder: string, download: Sources["download"]): Promise<Uint8Array> {
  const path = await download(pin, folder);
  try {
    const tarball = await Deno.readFile(path);
    const actual = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    if (actual !== pin.integrity) {
      throw new Failure(`${pin.package}@${pin.version} has the integrity ${actual}: not the pinned one`);
    }
    const file = fileInTar(await gunzip(tarball), `package/${pin.file}`);
    if (file === undefined) throw new Failure(`${pin.package}@${pin.version} has no file package/${pin.file}`);
    return file;
  } finally {
    await Deno.remove(path);
  }
}

async function packWithNpm({ package: name, version }: Pin, folder: string): Promise<string> {
  if (!exists("npm")) throw new Failure(`fetching ${name}@${version} needs npm`);
  await run("npm", ["pack", "--silent", "--prefer-offline", "--pack-destination", folder, `${name}@${version}`]);
  return join(folder, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
}

async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A regular file of a tar archive: headers of 512 bytes, contents padded to as much. */
export function fileInTar(tar: Uint8Array, wanted: string): Uint8Array | undefined {
  const text = (from: number, length: number) =>
    new TextDecoder().decode(tar.subarray(from, from + length)).split("\0")[0] ?? "";
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = parseInt(text(at + 124, 12).trim(), 8);
    if (text(at, 100) === wanted) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return undefined;
}

/** In hex; undefined for a file that is not there. */
async function sha256Of(path: string): Promise<string | undefined> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const hash = createHash("sha256");
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}
