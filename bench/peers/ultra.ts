/** ultra itself, as a user runs it: the receiver waits, the sender dials. @module */

import { ULTRA } from "../../scripts/paths.ts";
import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import type { Load, Peer, Run } from "./peer.ts";

export function ultra(name: string, flags: readonly string[]): Peer {
  return {
    name,
    command: ["ultra recv --listen 127.0.0.1 --into DIR; ultra send FILE TICKET", ...flags].join(" "),
    missing: () => Promise.resolve(undefined), // bench.ts builds it first
    version: async () => await outputOf(ULTRA, ["--version"]) ?? "unknown",
    start: () => Promise.resolve(),
    transfer: (load, into) => transfer(name, flags, load, into),
    stop: () => Promise.resolve(),
  };
}

async function transfer(name: string, flags: readonly string[], load: Load, into: string): Promise<Run> {
  await using receiver = new Watched(`${name} recv`, ULTRA, [
    "recv",
    "--listen",
    "127.0.0.1",
    "--into",
    into,
    ...flags,
  ]);
  const ticket = await receiver.firstLine();
  // A waiting receiver is the set-up, as scp's running sshd is.
  const start = performance.now();
  await using sender = new Watched(`${name} send`, ULTRA, ["send", load.path, ticket, ...flags]);
  const usages = await Promise.all([sender.finished(), receiver.finished()]);
  return { seconds: (performance.now() - start) / 1000, sender: usages[0], receiver: usages[1] };
}
