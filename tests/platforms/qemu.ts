/**
 * Runs what was built for Linux on arm64, under qemu's user mode, as if this system could: it is registered with the kernel (binfmt_misc),
 * so that also the launcher becoming Deno is the real thing.
 *
 * @module
 */

import { join } from "node:path";
import { CROSS } from "../../scripts/release/toolchain.ts";
import { exists } from "../../scripts/tools.ts";
import { missingRelease } from "./built.ts";

export const ARM64 = "ultra-linux-arm64";

const QEMU = "/usr/bin/qemu-aarch64-static";
/** Debian's C library for arm64, where the loader and libraries are found. */
const ROOT = "/usr/aarch64-linux-gnu";
const BINFMT = "/proc/sys/fs/binfmt_misc";

/** What stands in the way; undefined: nothing. Registers qemu when nobody has, which takes root. */
export async function missingForArm64(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return "it takes Linux on x86-64";
  if (!exists(QEMU) || !exists(`${ROOT}/lib/libc.so.6`)) {
    return "qemu or arm64's C library is missing: scripts/prepare-cross.sh";
  }
  const missing = await missingRelease(ARM64, "linux-arm64");
  return missing ?? await register();
}

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
    return `qemu is not registered with the kernel, and cannot be (${error.message})`;
  }
}

/** The environment in which such a program runs here. */
export async function environment(folder: string): Promise<Record<string, string>> {
  return { QEMU_LD_PREFIX: ROOT, LD_PRELOAD: await shim(folder) };
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

async function shim(folder: string): Promise<string> {
  const [source, library] = [join(folder, "shim.c"), join(folder, "shim.so")];
  await Deno.writeTextFile(source, SHIM);
  const compiler = join(CROSS, "bin", "linux-arm64-cc"); // there since the release was built
  const output = await new Deno.Command(compiler, { args: ["-shared", "-fPIC", "-o", library, source, "-ldl"] })
    .output();
  if (!output.success) throw new Error(new TextDecoder().decode(output.stderr));
  return library;
}
