/**
 * `deno task release PLATFORM...`: leaves one executable for each platform in `dist/release/`, with its licences and its list of parts
 * (CycloneDX), install scripts, and the SHA-256 sums of all of them. What it needs is installed by `scripts/prepare-cross.sh`.
 *
 * `ULTRA_RELEASES` is the address where the folder will be found, otherwise the one of the project (`packaging.ts`): it stands in the install
 * scripts and in the Homebrew formula.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import { bundle, LEVELS, payloadOf, requirePinnedDeno } from "./build.ts";
import { pinnedDeno } from "./deno.ts";
import { itemsIn, textOf } from "./licenses.ts";
import { DIST, NATIVE, PAYLOAD } from "./paths.ts";
import { executableName, releaseAddress, SUMS, writePackaging } from "./packaging.ts";
import { appendPayload, type Packing, packPayload, type Payload } from "./payload.ts";
import { needsOf, newestGlibc } from "./release/elf.ts";
import { signatureOf } from "./release/macho.ts";
import { GLIBC, type Platform, PLATFORMS } from "./release/platforms.ts";
import { runtimeItems } from "./release/runtimes.ts";
import { sbomOf } from "./release/sbom.ts";
import { type Toolchain, toolchainOf } from "./release/toolchain.ts";
import { Failure, main, print, run } from "./shell.ts";

const RELEASE = join(DIST, "release");

/** @throws {Failure} for a word that is no platform, or none at all */
export function platformsIn(words: readonly string[]): Platform[] {
  const known = PLATFORMS.map(({ name }) => name).join(" ");
  if (words.length === 0) throw new Failure(`name the platforms to build, of: ${known}`);
  return [...new Set(words)].map((word) => {
    const platform = PLATFORMS.find(({ name }) => name === word);
    if (platform === undefined) throw new Failure(`${JSON.stringify(word)} is no platform; there are: ${known}`);
    return platform;
  });
}

interface Plan {
  readonly platform: Platform;
  readonly engine: Toolchain;
  readonly launcher: Toolchain;
}

/** Builds all of them; what stood in `dist/release/` goes when everything has succeeded. */
async function release(platforms: readonly Platform[]): Promise<void> {
  const address = releaseAddress(config.version, Deno.env.get("ULTRA_RELEASES"));
  await requirePinnedDeno();
  // All are asked for before the first one is built, which takes minutes.
  const plans: Plan[] = [];
  for (const platform of platforms) {
    // One after the other: they lay out headers that platforms share.
    const engine = await toolchainOf(platform, "engine");
    plans.push({ platform, engine, launcher: await toolchainOf(platform, "launcher") });
  }
  const bundled = await bundle();
  const fresh = `${RELEASE}.new-${Deno.pid}`;
  await Deno.mkdir(fresh, { recursive: true });
  try {
    for (const { platform, engine, launcher } of plans) await build(platform, engine, launcher, bundled, fresh);
    await writeSums(fresh);
    await writePackaging(fresh, config.version, address);
    // Of what stands beside the executables as well.
    await writeSums(fresh);
    await Deno.remove(RELEASE, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    await Deno.rename(fresh, RELEASE);
  } finally {
    await Deno.remove(fresh, { recursive: true }).catch(() => {}); // renamed, when all went well
  }
  for (const line of (await Deno.readTextFile(join(RELEASE, SUMS))).trimEnd().split("\n")) print(line);
}

async function build(
  platform: Platform,
  engine: Toolchain,
  launcher: Toolchain,
  bundled: string,
  folder: string,
): Promise<void> {
  const { name, suffix, library, target } = platform;
  print(`--- ${name}: the engine`);
  await cargo(engine, "rustc", ["-p", "ultra-engine", "--lib", ...engineArgs(platform)]);
  const items = [...await itemsIn(target), ...await runtimeItems(platform)];
  const file = executableName(name);
  const licenses = join(folder, `ultra-${name}.licenses.txt`);
  await Deno.writeTextFile(licenses, textOf(items));
  const parts = {
    deno: await pinnedDeno(target),
    engine: join(engine.built, library),
    bundle: bundled,
    licenses,
    suffix,
  };
  if (platform.payload === "behind" && suffix === "") await requireOldGlibc([parts.deno, parts.engine]);
  print(`--- ${name}: the launcher and its payload`);
  const packing: Packing = { level: LEVELS.release, store: join(PAYLOAD, name) };
  const out = join(folder, file);
  await (platform.payload === "behind" ? placeBehind : placeInside)(launcher, suffix, payloadOf(parts), packing, out);
  await Deno.chmod(out, 0o755);
  const bytes = await Deno.readFile(out);
  if (bytes.length > platform.mostBytes) {
    throw new Failure(`${file} has ${bytes.length} bytes: more than ${platform.mostBytes / 1e6} MB`);
  }
  await Deno.writeTextFile(join(folder, `ultra-${name}.cdx.json`), sbomOf(items, file, sha256(bytes)));
  print(`${file}: ${(bytes.length / 1e6).toFixed(1)} MB`);
}

/** A library of macOS names itself, by where it was built unless it is told. */
function engineArgs({ payload, library }: Platform): string[] {
  return payload === "section" ? ["--", "-C", `link-arg=-Wl,-install_name,@rpath/${library}`] : [];
}

async function placeBehind(
  toolchain: Toolchain,
  suffix: string,
  payload: Payload,
  packing: Packing,
  out: string,
): Promise<void> {
  await cargo(toolchain, "build", ["-p", "ultra-launcher", "--bin", "ultra-launcher"]);
  const launcher = join(toolchain.built, `ultra-launcher${suffix}`);
  if (suffix === "") await requireStatic(launcher);
  await appendPayload(launcher, payload, out, packing);
}

/** The linker places it, and signs what it has linked. */
async function placeInside(
  toolchain: Toolchain,
  _suffix: Platform["suffix"],
  payload: Payload,
  packing: Packing,
  out: string,
): Promise<void> {
  const bytes = await new Blob(await packPayload(payload, 0, packing) as BlobPart[]).bytes();
  // Named by its content: Cargo links anew when an argument is another one, and does not look into the file.
  const path = join(packing.store, `section-${sha256(bytes).slice(0, 16)}`);
  await forgetSections(packing.store, path);
  await Deno.writeFile(path, bytes);
  const section = `-Wl,-sectcreate,__ULTRA,__payload,${path}`;
  await cargo(toolchain, "rustc", [
    "-p",
    "ultra-launcher",
    "--bin",
    "ultra-launcher",
    "--",
    "-C",
    `link-arg=${section}`,
  ]);
  await Deno.copyFile(join(toolchain.built, "ultra-launcher"), out);
  const signature = signatureOf(await Deno.readFile(out), out);
  if (signature.wrongPages > 0 || !signature.isAdHoc) throw new Failure(`${out} is not signed as it should be`);
}

async function forgetSections(store: string, current: string): Promise<void> {
  for await (const { name } of Deno.readDir(store)) {
    const path = join(store, name);
    if (name.startsWith("section-") && path !== current) await Deno.remove(path);
  }
}

async function cargo(toolchain: Toolchain, command: "build" | "rustc", args: readonly string[]): Promise<void> {
  await run(toolchain.cargo, [command, ...toolchain.args, ...args], { cwd: NATIVE, env: { ...toolchain.env } });
}

/** Deno and the engine must load wherever the release says that they do. */
async function requireOldGlibc(paths: readonly string[]): Promise<void> {
  const [major, minor] = GLIBC.split(".").map(Number) as [number, number];
  for (const path of paths) {
    const [needsMajor, needsMinor] = newestGlibc(needsOf(await Deno.readFile(path), path));
    if (needsMajor > major || needsMajor === major && needsMinor > minor) {
      throw new Failure(`${path} needs glibc ${needsMajor}.${needsMinor}: newer than ${GLIBC}`);
    }
  }
}

async function requireStatic(path: string): Promise<void> {
  const { loader, versions } = needsOf(await Deno.readFile(path), path);
  if (loader !== undefined || versions.length > 0) throw new Failure(`${path} is not static`);
}

async function writeSums(folder: string): Promise<void> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) if (name !== SUMS) names.push(name);
  const lines = await Promise.all(
    names.sort().map(async (name) => `${sha256(await Deno.readFile(join(folder, name)))}  ${name}\n`),
  );
  await Deno.writeTextFile(join(folder, SUMS), lines.join(""));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

if (import.meta.main) await main(() => release(platformsIn(Deno.args)));
