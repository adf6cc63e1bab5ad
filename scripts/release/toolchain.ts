/**
 * The compilers of a release: which Rust builds for a platform, and with which C compiler, from what `scripts/prepare-cross.sh` installs.
 *
 * The C compilers are one script, `compiler.sh`, under a name for each platform. Everything that is built lies in
 * `native/target/cross`, apart from what `deno task build` builds with the compiler at hand.
 *
 * @module
 */

import { join } from "node:path";
import { NATIVE, ROOT } from "../paths.ts";
import { Failure, outputOf } from "../shell.ts";
import { exists } from "../tools.ts";
import { MACOS_VERSION, type Platform } from "./platforms.ts";

export const CROSS = join(NATIVE, "target", "cross");

/** How Cargo is called for one target. */
export interface Toolchain {
  readonly cargo: string;
  /** What stands behind `build` or `rustc`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where Cargo leaves what it has built. */
  readonly built: string;
}

interface Rust {
  readonly cargo: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const PREPARE = "run scripts/prepare-cross.sh on Debian";

/** Debian's Rust, which has the sources of its standard library. */
const DEBIAN = { cargo: "/usr/bin/cargo", rustc: "/usr/bin/rustc" } as const;

/** The toolchain of the engine, or of the launcher. */
export async function toolchainOf(platform: Platform, part: "engine" | "launcher"): Promise<Toolchain> {
  const target = part === "engine" ? platform.target : platform.launcherTarget;
  const compiler = await compilerOf(
    part === "launcher" && platform.payload === "behind" && platform.suffix === ""
      ? `launcher-${platform.name}`
      : platform.name,
  );
  const rust = await rustFor(target);
  return {
    cargo: rust.cargo,
    args: ["--release", "--locked", "--target", target, ...rust.args],
    env: { ...rust.env, ...await environment(platform, target, compiler), CARGO_TARGET_DIR: join(CROSS, "build") },
    built: join(CROSS, "build", target, "release"),
  };
}

/** The Rust at hand when it has the target's standard library (rustup's may), otherwise Debian's, which builds it. */
async function rustFor(target: string): Promise<Rust> {
  const cargo = Deno.env.get("CARGO") ?? "cargo";
  const rustc = Deno.env.get("RUSTC") ?? "rustc";
  const libraries = await outputOf(rustc, ["--print", "target-libdir", "--target", target]);
  if (libraries !== undefined && await isThere(libraries)) return { cargo, args: [], env: {} };
  const sources = join(await outputOf(DEBIAN.rustc, ["--print", "sysroot"]) ?? "/usr", "lib/rustlib/src/rust/library");
  if (!exists(DEBIAN.cargo) || !await isThere(sources)) {
    throw new Failure(`building for ${target} needs \`rustup target add ${target}\`, or: ${PREPARE}`);
  }
  // The option is one of the nightly toolchain, and a stable one takes it when it is told that it may.
  const env = { RUSTC: DEBIAN.rustc, RUSTC_BOOTSTRAP: "1" };
  return { cargo: DEBIAN.cargo, args: ["-Zbuild-std=std,panic_unwind"], env };
}

/** Puts `compiler.sh` where it finds what it calls. */
async function compilerOf(name: string): Promise<string> {
  const needed = name.includes("linux") ? join(CROSS, "zig", "zig") : "clang-19";
  if (!exists(needed) || !exists("llvm-ar")) {
    throw new Failure(`building for ${name} needs other compilers: ${PREPARE}`);
  }
  const folder = join(CROSS, "bin");
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, `${name}-cc`);
  const script = await Deno.readTextFile(join(ROOT, "scripts", "release", "compiler.sh"));
  // Written only when it differs: Cargo would build anew for a new file.
  if (await Deno.readTextFile(path).catch(() => "") !== script) await Deno.writeTextFile(path, script);
  await Deno.chmod(path, 0o755);
  return path;
}

async function environment(platform: Platform, target: string, compiler: string): Promise<Record<string, string>> {
  const name = target.replaceAll("-", "_");
  const env: Record<string, string> = {
    [`CC_${name}`]: compiler,
    [`AR_${name}`]: "llvm-ar",
    [`RANLIB_${name}`]: "llvm-ranlib",
    ...linker(target, compiler),
  };
  if (target.endsWith("-musl")) {
    // zig brings musl; Debian's Rust has none of its own to link.
    env[`CARGO_TARGET_${name.toUpperCase()}_RUSTFLAGS`] = "-C link-self-contained=no";
  }
  if (platform.payload === "section") {
    env["SDKROOT"] = await macosHeaders();
    env["MACOSX_DEPLOYMENT_TARGET"] = MACOS_VERSION;
    // The linker signs, and what is taken out afterwards would break the signature.
    env["CARGO_PROFILE_RELEASE_STRIP"] = "none";
    // Unless it is told to, it signs for arm64 alone, where macOS runs nothing without.
    if (target.startsWith("x86_64")) {
      env[`CARGO_TARGET_${name.toUpperCase()}_RUSTFLAGS`] = "-C link-arg=-Wl,-adhoc_codesign";
    }
  }
  if (platform.suffix === ".exe") {
    // OpenSSL uses it, and MinGW's headers lack it: _WSAIOW(IOC_VENDOR, 15), as a number because this passes through make.
    env[`CFLAGS_${name}`] = "-DSIO_UDP_NETRESET=0x9800000F";
    env[`CARGO_TARGET_${name.toUpperCase()}_LINKER`] = "x86_64-w64-mingw32-gcc-posix";
  }
  return env;
}

/**
 * For the system that builds, Cargo's own variable would choose the linker of build scripts as well: these would be built anew for
 * each platform, and all that depends on them. The flags are those of what is built for the platform alone.
 */
function linker(target: string, compiler: string): Record<string, string> {
  return target === Deno.build.target
    ? { CARGO_ENCODED_RUSTFLAGS: `-C\x1flinker=${compiler}` }
    : { [`CARGO_TARGET_${target.replaceAll("-", "_").toUpperCase()}_LINKER`]: compiler };
}

/** What stands for Apple's SDK: zig's copy of the headers and of the list of libSystem's functions, and what they lack. */
async function macosHeaders(): Promise<string> {
  const root = join(CROSS, "macos");
  const zig = join(CROSS, "zig", "lib", "libc");
  const own = join(ROOT, "scripts", "release", "macos");
  await Deno.mkdir(join(root, "usr", "lib"), { recursive: true });
  const link = async (from: string, to: string): Promise<void> => {
    const current = await Deno.readLink(to).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    if (current === from) return;
    if (current !== undefined) await Deno.remove(to);
    await Deno.symlink(from, to);
  };
  await link(join(zig, "include", "any-macos-any"), join(root, "usr", "include"));
  for (const name of ["System", "c", "m", "pthread", "dl"]) {
    await link(join(zig, "darwin", "libSystem.tbd"), join(root, "usr", "lib", `lib${name}.tbd`));
  }
  await link(join(own, "libiconv.tbd"), join(root, "usr", "lib", "libiconv.tbd"));
  await link(join(own, "include"), join(root, "more"));
  return root;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
