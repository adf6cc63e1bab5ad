/**
 * Runs what was built for Linux on arm64 under qemu's user mode, as if this system could: qemu is registered with the kernel
 * (binfmt_misc), so that also the launcher becoming Deno is the real thing. Where that may not be done, the parts of the executable are
 * run by hand, and the test of the launcher is skipped and says so.
 *
 * @module
 */

import { join } from "node:path";
import { layOut, permissions } from "../../scripts/compile.ts";
import { pinnedDeno } from "../../scripts/deno.ts";
import { DIST, PAYLOAD } from "../../scripts/paths.ts";
import { PLATFORMS } from "../../scripts/release/platforms.ts";
import { CROSS } from "../../scripts/release/toolchain.ts";
import { exists } from "../../scripts/tools.ts";
import type { StartOptions } from "../e2e/harness.ts";
import { missingRelease, released } from "./built.ts";

const PLATFORM = "linux-arm64";
export const ARM64 = `ultra-${PLATFORM}`;

const QEMU = "/usr/bin/qemu-aarch64-static";
/** Debian's C library for arm64, where the loader and libraries are found. */
const ROOT = "/usr/aarch64-linux-gnu";
const BINFMT = "/proc/sys/fs/binfmt_misc";

export interface Emulator {
  /** Why nothing for arm64 can be run here. */
  readonly missing: string | undefined;
  /** Why the executable itself cannot be, and its parts are run in its place. */
  readonly unregistered: string | undefined;
  readonly start: StartOptions & { readonly env: Readonly<Record<string, string>> };
}

export async function emulator(): Promise<Emulator> {
  const missing = await missingForArm64();
  if (missing !== undefined) return { missing, unregistered: undefined, start: { env: {} } };
  const unregistered = await register();
  const env = { QEMU_LD_PREFIX: ROOT, LD_PRELOAD: await shim() };
  const program = unregistered === undefined ? [released(ARM64)] : await byHand();
  return { missing, unregistered, start: { program, env } };
}

async function missingForArm64(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return "it takes Linux on x86-64";
  if (!exists(QEMU) || !exists(`${ROOT}/lib/libc.so.6`)) {
    return "qemu or arm64's C library is missing: scripts/prepare-cross.sh";
  }
  return await missingRelease(ARM64, PLATFORM);
}

/** Registers qemu when nobody has, which takes root; says why it is not registered. */
async function register(): Promise<string | undefined> {
  try {
    const isThere = async () => await Deno.stat(`${BINFMT}/register`).then(() => true, () => false);
    if (!await isThere()) {
      await new Deno.Command("mount", { args: ["-t", "binfmt_misc", "none", BINFMT], stderr: "null" }).output();
    }
    for await (const { name } of Deno.readDir(BINFMT)) if (name.startsWith("qemu-aarch64")) return undefined;
    // The kernel takes the line of Debian's own package: the head of an arm64 ELF file, its mask, and who runs it. F: found now, for any root.
    const magic = "7f454c460201010000000000000000000200b700";
    const mask = "ffffffffffffff00fffffffffffffffffeffffff";
    const escaped = (hex: string) => hex.replaceAll(/../g, (pair) => `\\x${pair}`);
    await Deno.writeTextFile(
      `${BINFMT}/register`,
      `:qemu-aarch64:M::${escaped(magic)}:${escaped(mask)}:${QEMU}:F`,
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return `the launcher's exec was not run: qemu is not registered with the kernel, and cannot be (${error.message})`;
  }
}

/** Deno and the bundle in the place of the executable: qemu is called by its name. */
async function byHand(): Promise<string[]> {
  const platform = PLATFORMS.find(({ name }) => name === PLATFORM);
  if (platform === undefined) throw new Error(`${PLATFORM} is no platform`);
  const { folder, program } = await layOut(join(DIST, PLATFORM), {
    engine: join(CROSS, "build", platform.target, "release", platform.library),
    bundle: join(PAYLOAD, "ultra.js"),
    licenses: await Deno.readTextFile(released(`${ARM64}.licenses.txt`)),
  });
  const deno = join(folder, "deno");
  await Deno.copyFile(await pinnedDeno(platform.target), deno);
  await Deno.chmod(deno, 0o755);
  return [QEMU, deno, "run", "--quiet", "--no-config", ...permissions(), program];
}

/**
 * qemu 7.2 does not know IPV6_DONTFRAG, and has no use for it: it says so, and msquic then does not listen. This answers in its place.
 */
const SHIM = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
    int (*next)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
    int result = next(fd, level, name, value, length);
    return result != 0 && level == IPPROTO_IPV6 && name == 62 ? 0 : result;
}
`;

async function shim(): Promise<string> {
  const folder = join(CROSS, "qemu");
  const [source, library] = [join(folder, "shim.c"), join(folder, "shim.so")];
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(source, SHIM);
  const compiler = join(CROSS, "bin", "linux-arm64-cc"); // there since the release was built
  const output = await new Deno.Command(compiler, { args: ["-shared", "-fPIC", "-o", library, source, "-ldl"] })
    .output();
  if (!output.success) throw new Error(new TextDecoder().decode(output.stderr));
  return library;
}
