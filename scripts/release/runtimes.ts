/**
 * What the compilers of a release link into its files beside what Cargo knows: C libraries, and what unwinds the stack. Their texts are read
 * where the compilers lie, so that they are of what was linked. On macOS everything of that kind is the system's.
 *
 * @module
 */

import { join } from "node:path";
import type { Item } from "../licenses.ts";
import { Failure, outputOf } from "../shell.ts";
import type { Platform } from "./platforms.ts";
import { CROSS } from "./toolchain.ts";

interface Runtime {
  readonly name: string;
  readonly license: string;
  /** Where it comes from. */
  readonly from: "zig" | { readonly package: string };
  /** Its text: below zig's folder, or below Debian's for documents. */
  readonly text: string;
}

const LINUX: readonly Runtime[] = [
  // The launcher's C library.
  { name: "musl", license: "MIT", from: "zig", text: "lib/libc/musl/COPYRIGHT" },
  { name: "LLVM libunwind", license: "Apache-2.0 WITH LLVM-exception", from: "zig", text: "lib/libunwind/LICENSE.TXT" },
  { name: "Zig compiler runtime", license: "MIT", from: "zig", text: "LICENSE" },
];

const WINDOWS: readonly Runtime[] = [
  {
    name: "MinGW-w64 runtime",
    license: "ZPL-2.1",
    from: { package: "mingw-w64-x86-64-dev" },
    text: "mingw-w64-common/copyright",
  },
  {
    name: "GCC runtime library",
    license: "GPL-3.0-or-later WITH GCC-exception-3.1",
    from: { package: "gcc-mingw-w64-x86-64-posix-runtime" },
    text: "gcc-mingw-w64-x86-64-posix-runtime/copyright",
  },
];

/** What is linked into the files of a platform. */
export function runtimes({ payload, suffix }: Pick<Platform, "payload" | "suffix">): readonly Runtime[] {
  if (suffix === ".exe") return WINDOWS;
  return payload === "behind" ? LINUX : [];
}

/** The same with versions and texts, for the licences and the list of parts. */
export async function runtimeItems(platform: Platform): Promise<Item[]> {
  return await Promise.all(
    runtimes(platform).map(async ({ name, license, from, text }) => {
      const found = from === "zig"
        ? await outputOf(join(CROSS, "zig", "zig"), ["version"])
        : await outputOf("dpkg-query", ["-W", "-f=${Version}", from.package]);
      if (found === undefined) throw new Failure(`the version of ${name} cannot be told: scripts/prepare-cross.sh`);
      const version = from === "zig" ? `zig-${found.trim()}` : found.trim();
      const path = from === "zig" ? join(CROSS, "zig", text) : join("/usr/share/doc", text);
      return {
        name,
        version,
        purl: `pkg:generic/${name.toLowerCase().replaceAll(" ", "-")}@${encodeURIComponent(version)}`,
        license,
        texts: [await Deno.readTextFile(path)],
      };
    }),
  );
}
