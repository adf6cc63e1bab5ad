/** ultra itself, as a user runs it: the receiver waits, the sender dials. @module */

import { ULTRA } from "../../scripts/paths.ts";
import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { firstLine, type Job, type Peer, type Run, secondsSince, type UnderLoss } from "./peer.ts";

/** @param program another build of it, for comparisons */
export function ultra(name: string, flags: readonly string[], underLoss: UnderLoss, program = ULTRA): Peer {
  return {
    name,
    kind: "files",
    encrypted: true,
    underLoss,
    command: ["ultra recv --listen ADDRESS --into DIR; ultra send PATH TICKET", ...flags].join(" "),
    missing: () => undefined, // bench.ts builds it first
    version: async () => firstLine(await outputOf(program, ["--version"])),
    transfer: (job) => transfer(program, name, flags, job),
  };
}

async function transfer(
  program: string,
  name: string,
  flags: readonly string[],
  { load, into, path }: Job,
): Promise<Run> {
  const receive = ["recv", "--listen", path.b.address, "--into", into, ...flags];
  await using receiver = new Watched(`${name} recv`, path.b.command(program, receive));
  const [ticket] = await receiver.line(/^ultra1\S+/);
  // A waiting receiver is the set-up, as scp's running sshd is.
  const started = performance.now();
  await using sender = new Watched(`${name} send`, path.a.command(program, ["send", load.path, ticket, ...flags]));
  const [sent, received] = await Promise.all([sender.finished(), receiver.finished()]);
  return { seconds: secondsSince(started), bytes: load.bytes, usage: { sender: sent, receiver: received } };
}
