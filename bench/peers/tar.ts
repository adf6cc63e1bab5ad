/** tar through ssh: what people do with many small files. @module */

import { basename, dirname } from "node:path";
import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { clientRun, firstLine, type Job, type Peer, type Run } from "./peer.ts";
import { CIPHER, HOST, missingSsh, startSsh } from "./ssh_server.ts";

/** `$0`: ssh's configuration, `$1`: the folder, `$2`: the name in it, `$3`: the folder at the other side. */
const SHELL = `tar cf - -C "$1" "$2" | ssh -F "$0" -c ${CIPHER} ${HOST} "tar xf - -C $3"`;

export const tarSsh: Peer = {
  name: "tar-ssh",
  kind: "files",
  encrypted: true,
  underLoss: "stalls",
  command: `tar cf - PATH | ssh -c ${CIPHER} ${HOST} tar xf - -C DIR`,
  missing: () => missingSsh("tar"),
  version: async () => firstLine(await outputOf("tar", ["--version"])),
  transfer,
};

async function transfer(job: Job): Promise<Run> {
  const { load, into, path, scratch } = job;
  await using ssh = await startSsh(path.b, scratch);
  const args = ["-c", SHELL, ssh.config, dirname(load.path), basename(load.path), into];
  return await clientRun(
    job,
    { server: ssh.server, client: "sender" },
    () => new Watched("tar", path.a.command("sh", args)),
  );
}
