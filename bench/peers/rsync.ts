/** rsync without its delta algorithm and without compression: over ssh, and to its own daemon in clear text. @module */

import { join } from "node:path";
import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { clientRun, firstLine, freePort, type Job, type Peer, type Run } from "./peer.ts";
import { CIPHER, HOST, missingSsh, startSsh } from "./ssh_server.ts";
import { missingTools } from "./tools.ts";

const FLAGS = ["-a", "--whole-file", "--inplace", "--no-compress"];
const MODULE = "into";

const version = async () => firstLine(await outputOf("rsync", ["--version"]));

export const rsyncSsh: Peer = {
  name: "rsync-ssh",
  kind: "files",
  encrypted: true,
  underLoss: "stalls",
  command: `rsync ${FLAGS.join(" ")} -e 'ssh -c ${CIPHER}' PATH ${HOST}:DIR/`,
  missing: () => missingSsh("rsync"),
  version,
  transfer: overSsh,
};

export const rsyncDaemon: Peer = {
  name: "rsync-daemon",
  kind: "files",
  encrypted: false,
  underLoss: "stalls",
  command: `rsync --daemon; rsync ${FLAGS.join(" ")} PATH rsync://ADDRESS/DIR/`,
  missing: () => missingTools("rsync"),
  version,
  transfer: toDaemon,
};

async function overSsh(job: Job): Promise<Run> {
  const { load, into, path, scratch } = job;
  await using ssh = await startSsh(path.b, scratch);
  const args = [...FLAGS, "-e", `ssh -F ${ssh.config} -c ${CIPHER}`, load.path, `${HOST}:${into}/`];
  return await clientRun(
    job,
    { server: ssh.server, client: "sender" },
    () => new Watched("rsync", path.a.command("rsync", args)),
  );
}

async function toDaemon(job: Job): Promise<Run> {
  const { load, into, path, scratch } = job;
  const port = freePort();
  const config = join(scratch, "rsyncd.conf");
  await Deno.writeTextFile(config, configuration(into, scratch));
  const daemon = ["--daemon", "--no-detach", `--config=${config}`, `--address=${path.b.address}`, `--port=${port}`];
  await using server = new Watched("rsync daemon", path.b.command("rsync", daemon));
  await server.listening(port);
  const args = [...FLAGS, load.path, `rsync://${path.b.address}:${port}/${MODULE}/`];
  return await clientRun(
    job,
    { server, client: "sender" },
    () => new Watched("rsync", path.a.command("rsync", args)),
  );
}

function configuration(into: string, scratch: string): string {
  // (As root the daemon would become `nobody`, who may not write there.)
  const user = Deno.uid() === 0 ? "uid = root\ngid = root\n" : "";
  return `${user}use chroot = no
pid file = ${scratch}/rsyncd.pid
log file = ${scratch}/rsyncd.log
[${MODULE}]
path = ${into}
read only = no
`;
}
