/** rclone in clear text: from `rclone serve webdav`, with several streams for each file. @module */

import { basename, dirname, join } from "node:path";
import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { clientRun, firstLine, freePort, type Job, type Peer, type Run } from "./peer.ts";
import { missingTools, tool } from "./tools.ts";

const RCLONE = tool("rclone");
const FLAGS = ["--multi-thread-streams", "8", "--multi-thread-cutoff", "64Mi", "--transfers", "16", "--checkers", "16"];

export const rclone: Peer = {
  name: "rclone",
  kind: "files",
  encrypted: false,
  underLoss: "stalls",
  command: `rclone serve webdav DIR; rclone copy ${FLAGS.join(" ")} :webdav:NAME DIR`,
  missing: () => missingTools(RCLONE),
  version: async () => firstLine(await outputOf(RCLONE, ["version"])),
  transfer,
};

async function transfer(job: Job): Promise<Run> {
  const { load, into, path, scratch } = job;
  const port = freePort();
  const address = `${path.a.address}:${port}`;
  // (No file of configuration: neither reads the user's own.)
  const own = ["--config", join(scratch, "rclone.conf"), "--cache-dir", join(scratch, "cache")];
  const serve = ["serve", "webdav", dirname(load.path), "--addr", address, "--read-only", ...own];
  await using server = new Watched("rclone serve", path.a.command(RCLONE, serve));
  await server.listening(port);
  const name = basename(load.path);
  const target = load.files === 1 ? into : join(into, name);
  const copy = ["copy", "--webdav-url", `http://${address}`, `:webdav:${name}`, target, ...FLAGS, ...own];
  return await clientRun(
    job,
    { server, client: "receiver" },
    () => new Watched("rclone copy", path.b.command(RCLONE, copy)),
  );
}
