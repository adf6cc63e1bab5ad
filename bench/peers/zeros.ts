/** BLAKE3 over zeros on all cores: what a file of holes costs both sides, however little of it travels. @module */

import { join } from "node:path";
import { DIST, ROOT } from "../../scripts/paths.ts";
import { run } from "../../scripts/shell.ts";
import { exists } from "../../scripts/tools.ts";
import { Watched } from "../measure.ts";
import { type Job, type Peer, type Run, secondsSince } from "./peer.ts";

const CRATE = join(ROOT, "bench", "zeros");
const TARGET = join(DIST, "zeros");
const PROGRAM = join(TARGET, "release", "zeros");

/**
 * Two at once, each over as many bytes as the load has: the two sides of a transfer hash all of it each, and here they share the cores of one
 * machine.
 */
export const zeros: Peer = {
  name: "hash-zeros",
  kind: "bound",
  encrypted: false,
  underLoss: "copes",
  command: "bench/zeros BYTES & bench/zeros BYTES",
  missing: () => exists(cargo()) ? undefined : "cargo, which builds bench/zeros",
  version: () => Promise.resolve("BLAKE3 of the engine's version"),
  transfer: measure,
};

function cargo(): string {
  return Deno.env.get("CARGO") ?? "cargo";
}

async function measure({ load }: Job): Promise<Run> {
  const program = await built();
  const started = performance.now();
  await using one = new Watched("zeros", [program, [String(load.bytes)]]);
  await using other = new Watched("zeros", [program, [String(load.bytes)]]);
  const [sender, receiver] = await Promise.all([one.finished(), other.finished()]);
  return { seconds: secondsSince(started), bytes: load.bytes, usage: { sender, receiver } };
}

let building: Promise<string> | undefined;

/** Once a benchmark. */
function built(): Promise<string> {
  building ??= build();
  return building;
}

async function build(): Promise<string> {
  const manifest = join(CRATE, "Cargo.toml");
  const args = ["build", "--quiet", "--release", "--locked", "--manifest-path", manifest, "--target-dir", TARGET];
  await run(cargo(), args);
  return PROGRAM;
}
