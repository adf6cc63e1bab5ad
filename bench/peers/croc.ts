/** croc without any server: the sender is its own relay, and the receiver knows its address. @module */

import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { firstLine, freePort, type Job, type Peer, type Run, secondsSince } from "./peer.ts";
import { missingTools, tool } from "./tools.ts";

const CROC = tool("croc");
const SEND = ["--hash", "imohash"]; // its fastest: samples of large files

export const croc: Peer = {
  name: "croc",
  kind: "files",
  encrypted: true,
  underLoss: "stalls",
  command: `croc --local --no-compress send ${SEND.join(" ")} PATH; croc --local --ip ADDRESS --yes --out DIR`,
  missing: () => missingTools(CROC),
  version: async () => firstLine(await outputOf(CROC, ["--version"])),
  transfer,
};

async function transfer({ load, into, path, scratch }: Job): Promise<Run> {
  const port = freePort();
  // A code phrase of our own; croc's settings and its clipboard stay alone.
  const env = { CROC_SECRET: "1234-bench-bench-bench", CROC_CONFIG_DIR: scratch };
  const common = ["--local", "--no-compress", "--ignore-stdin", "--disable-clipboard"];
  const send = [...common, "send", "--port", String(port), ...SEND, load.path];
  const receive = [...common, "--yes", "--overwrite", "--ip", `${path.a.address}:${port}`, "--out", into];
  const started = performance.now();
  await using sender = new Watched("croc send", path.a.command(CROC, send), { env, cwd: scratch });
  // It has read the folder, and its relay listens.
  await sender.line(/Code is/);
  await sender.listening(port);
  await using receiver = new Watched("croc", path.b.command(CROC, receive), { env, cwd: scratch });
  const [sent, received] = await Promise.all([sender.finished(), receiver.finished()]);
  return { seconds: secondsSince(started), bytes: load.bytes, usage: { sender: sent, receiver: received } };
}
