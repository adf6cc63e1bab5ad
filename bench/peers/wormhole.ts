/** magic-wormhole with a mailbox and a transit relay of our own; the data goes directly. @module */

import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import type { End } from "../paths/netpath.ts";
import { firstLine, freePort, type Job, type Peer, type Run, secondsSince } from "./peer.ts";
import { missingTools, wormholeTool } from "./tools.ts";

const WORMHOLE = wormholeTool("wormhole");
const TWIST = wormholeTool("twist");
const CODE = "7-guitar-beeswax";

export const wormhole: Peer = {
  name: "magic-wormhole",
  kind: "files",
  encrypted: true,
  underLoss: "stalls",
  command: "twist wormhole-mailbox; wormhole send --code CODE PATH; wormhole receive --accept-file -o DIR CODE",
  missing: () => missingTools(WORMHOLE, TWIST),
  version: async () => firstLine(await outputOf(WORMHOLE, ["--version"])),
  transfer,
};

async function transfer({ load, into, path, scratch }: Job): Promise<Run> {
  const [mailboxPort, relayPort] = [freePort(), freePort()];
  await using mailbox = twist(path.b, "wormhole-mailbox", mailboxPort, scratch);
  await using relay = twist(path.b, "transitrelay", relayPort, scratch);
  await Promise.all([mailbox.listening(mailboxPort), relay.listening(relayPort)]);
  const common = [
    `--relay-url=ws://${path.b.address}:${mailboxPort}/v1`,
    `--transit-helper=tcp:${path.b.address}:${relayPort}`,
  ];
  const send = [...common, "send", "--hide-progress", "--no-qr", "--code", CODE, load.path];
  const receive = [...common, "receive", "--hide-progress", "--accept-file", "-o", into, CODE];
  const started = performance.now();
  // (Both are started at once: whoever comes first waits in the mailbox.)
  await using sender = new Watched("wormhole send", path.a.command(WORMHOLE, send), { cwd: scratch });
  await using receiver = new Watched("wormhole receive", path.b.command(WORMHOLE, receive), { cwd: scratch });
  const [sent, received] = await Promise.all([sender.finished(), receiver.finished()]);
  return { seconds: secondsSince(started), bytes: load.bytes, usage: { sender: sent, receiver: received } };
}

function twist(end: End, plugin: string, port: number, cwd: string): Watched {
  return new Watched(plugin, end.command(TWIST, [plugin, "--port", `tcp:${port}:interface=${end.address}`]), { cwd });
}
