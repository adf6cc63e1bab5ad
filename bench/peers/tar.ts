/** tar through ssh: what people do with many small files. @module */

import { basename, dirname } from "node:path";
import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { clientRun, firstLine, type Job, type Peer, type Run } from "./peer.ts";
import { CIPHER, HOST, missingSsh, startSsh } from "./ssh_server.ts";

/** `$0`: ssh's configuration, `$1`: the folder, `$2`: the name in it, `$3`: the folder at the other side. */
const shell = (then: string) =>
  `tar cf - -C "$1" "$2" | ssh -F "$0" -c ${CIPHER} ${HOST} "tar xf - -C $3${then.replace("DIR", "$3")}"`;

/** @param then what follows at the other side, where DIR is the folder */
function tar(name: string, then = ""): Peer {
  return {
    name,
    kind: "files",
    encrypted: true,
    underLoss: "stalls",
    command: `tar cf - PATH | ssh -c ${CIPHER} ${HOST} "tar xf - -C DIR${then}"`,
    missing: () => missingSsh("tar"),
    version: async () => firstLine(await outputOf("tar", ["--version"])),
    transfer: (job) => transfer(job, shell(then)),
  };
}

export const tarSsh = tar("tar-ssh");
/** Durable, as `ultra` is: all that the file system holds is on the disk before it ends. */
export const tarSshSync = tar("tar-ssh-sync", " && sync -f DIR");

async function transfer(job: Job, script: string): Promise<Run> {
  const { load, into, path, scratch } = job;
  await using ssh = await startSsh(path.b, scratch);
  const args = ["-c", script, ssh.config, dirname(load.path), basename(load.path), into];
  return await clientRun(
    job,
    { server: ssh.server, client: "sender" },
    () => new Watched("tar", path.a.command("sh", args)),
  );
}
