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
  /** SHA-256 of the file `package/deno` in it. */
  readonly sha256: string;
}

/** By `Deno.build.target`. The version is that of `.deno-version`, as a test checks. */
export const PINS: Readonly<Record<string, Pin>> = {
  "x86_64-unknown-linux-gnu": {
    package: "@deno/linux-x64-glibc",
    version: "2.9.5",
    integrity: "sha512-TDqcnoLe3jlgqYEQm7H7MK6q0JOth+o8iSZzknRODnVkJfPiNnjVn1M1Zc6vnp+ipkyb6Av1/CUlHgHtlq59Gw==",
    sha256: "dc480c462c8c3582524f3e75c160613d0a975e1f66b5465995d58bae236da7d3",
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

const HERE: Sources = { kept: join(PAYLOAD, "deno"), running: Deno.execPath(), download: packWithNpm };

/** The path of a file that is the pinned Deno. */
export async function pinnedDeno(target: string = Deno.build.target): Promise<string> {
  const pin = PINS[target];
  if (pin === undefined) throw new Failure(`no Deno is pinned for ${target} in scripts/deno.ts`);
  return await takePinned(pin, HERE);
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
    const file = fileInTar(await gunzip(tarball), "package/deno");
    if (file === undefined) throw new Failure(`${pin.package}@${pin.version} has no file package/deno`);
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
