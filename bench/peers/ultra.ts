/** ultra itself, as a user runs it: the receiver waits, the sender dials. @module */

import { ULTRA } from "../../scripts/paths.ts";
import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { firstLine, type Job, type Peer, type Run, secondsSince, type UnderLoss } from "./peer.ts";

export interface UltraOptions {
  readonly underLoss?: UnderLoss;
  /** Of both sides. A build whose help does not name them takes no part; likewise below. */
  readonly flags?: readonly string[];
  /** Of the receiver alone. */
  readonly receiverFlags?: readonly string[];
  /** Another build of it, for comparisons. */
  readonly program?: string;
}

export function ultra(name: string, options: UltraOptions = {}): Peer {
  const { underLoss = "copes", flags = [], receiverFlags = [], program = ULTRA } = options;
  const receive = ["recv", ...receiverFlags, ...flags];
  return {
    name,
    kind: "files",
    encrypted: true,
    underLoss,
    command: [
      ["ultra recv --listen ADDRESS --into DIR", ...receiverFlags, ...flags].join(" "),
      ["ultra send PATH TICKET", ...flags].join(" "),
    ].join("; "),
    missing: () => missingFlags(program, [...receiverFlags, ...flags].filter((word) => word.startsWith("-"))), // (bench.ts builds it first)
    version: async () => firstLine(await outputOf(program, ["--version"])),
    transfer: (job) => transfer(program, name, { receive, flags }, job),
  };
}

/** What the help of `ultra recv` does not name; undefined when it names all. */
function missingFlags(program: string, flags: readonly string[]): string | undefined {
  if (flags.length === 0) return undefined;
  const { stdout } = new Deno.Command(program, { args: ["recv", "--help"], stdin: "null" }).outputSync();
  const known = new Set(new TextDecoder().decode(stdout).match(/(?<=\s)--[\w-]+/g));
  const missing = flags.filter((flag) => !known.has(flag));
  return missing.length > 0 ? `${missing.join(" ")}, which \`ultra recv --help\` does not name` : undefined;
}

async function transfer(
  program: string,
  name: string,
  { receive, flags }: { readonly receive: readonly string[]; readonly flags: readonly string[] },
  { load, into, path }: Job,
): Promise<Run> {
  const receiverArgs = [...receive, "--listen", path.b.address, "--into", into];
  await using receiver = new Watched(`${name} recv`, path.b.command(program, receiverArgs));
  const [ticket] = await receiver.line(/^ultra1\S+/);
  // A waiting receiver is the set-up, as scp's running sshd is.
  const started = performance.now();
  await using sender = new Watched(`${name} send`, path.a.command(program, ["send", load.path, ticket, ...flags]));
  const [sent, received] = await Promise.all([sender.finished(), receiver.finished()]);
  return { seconds: secondsSince(started), bytes: load.bytes, usage: { sender: sent, receiver: received } };
}
