/** sendme without relays: the ticket has the sender's addresses. @module */

import { join } from "node:path";
import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { firstLine, type Job, type Peer, type Run, secondsSince } from "./peer.ts";
import { missingTools, tool } from "./tools.ts";

const SENDME = tool("sendme");
const FLAGS = ["--relay", "disabled", "--no-progress"];

export const sendme: Peer = {
  name: "sendme",
  kind: "files",
  encrypted: true,
  underLoss: "stalls",
  command: `sendme send ${FLAGS.join(" ")} --ticket-type addresses PATH; sendme receive ${FLAGS.join(" ")} TICKET`,
  missing: () => missingTools(SENDME),
  version: async () => firstLine(await outputOf(SENDME, ["--version"])),
  transfer,
};

/** Its time begins with the sender's start, because that reads and hashes everything before it shows the ticket. */
async function transfer({ load, into, path, scratch }: Job): Promise<Run> {
  const store = join(scratch, "send");
  await Deno.mkdir(store);
  const started = performance.now();
  const send = ["send", ...FLAGS, "--ticket-type", "addresses", load.path];
  await using sender = new Watched("sendme send", path.a.command(SENDME, send), { cwd: store });
  const [, ticket = ""] = await sender.line(/sendme receive (\S+)/);
  const receive = ["receive", ...FLAGS, ticket];
  await using receiver = new Watched("sendme receive", path.b.command(SENDME, receive), { cwd: into });
  const received = await receiver.finished();
  const seconds = secondsSince(started);
  // The sender would wait for further receivers.
  return { seconds, bytes: load.bytes, usage: { sender: sender.soFar(), receiver: received } };
}
