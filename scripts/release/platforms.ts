/** The platforms of a release: what each is called, built for, and made of. @module */

export interface Platform {
  readonly name: string;
  /** Rust's name of the system for the engine and Deno. */
  readonly target: string;
  /** For the launcher: on Linux a static one, which runs anywhere and can say what is missing. */
  readonly launcherTarget: string;
  /** What Cargo names the engine there. */
  readonly library: string;
  /** What an executable's name ends with. */
  readonly suffix: "" | ".exe";
  /** Where the payload stands: behind the launcher, or in a section of its own, where a signature covers it. */
  readonly payload: "behind" | "section";
  /** What users may expect a download to be at most. */
  readonly mostBytes: number;
}

const LINUX = { library: "libultra_engine.so", suffix: "", payload: "behind", mostBytes: 37_000_000 } as const;
const MACOS = { library: "libultra_engine.dylib", suffix: "", payload: "section", mostBytes: 45_000_000 } as const;
const WINDOWS = { library: "ultra_engine.dll", suffix: ".exe", payload: "behind", mostBytes: 45_000_000 } as const;

export const PLATFORMS: readonly Platform[] = [
  {
    name: "linux-x64",
    target: "x86_64-unknown-linux-gnu",
    launcherTarget: "x86_64-unknown-linux-musl",
    ...LINUX,
  },
  {
    name: "linux-arm64",
    target: "aarch64-unknown-linux-gnu",
    launcherTarget: "aarch64-unknown-linux-musl",
    ...LINUX,
  },
  { name: "macos-arm64", target: "aarch64-apple-darwin", launcherTarget: "aarch64-apple-darwin", ...MACOS },
  { name: "macos-x64", target: "x86_64-apple-darwin", launcherTarget: "x86_64-apple-darwin", ...MACOS },
  { name: "windows-x64", target: "x86_64-pc-windows-gnu", launcherTarget: "x86_64-pc-windows-gnu", ...WINDOWS },
];

/** The newest glibc that the Linux files may ask for. */
export const GLIBC = "2.28";

/** The oldest macOS, as npm's Deno has it. */
export const MACOS_VERSION = "12.0";
