/** scp with its fastest cipher, against a private sshd. @module */

import { Watched } from "../measure.ts";
import { clientRun, type Job, type Peer, type Run } from "./peer.ts";
import { CIPHER, HOST, missingSsh, sshVersion, startSsh } from "./ssh_server.ts";

/** Without `-O`: over SFTP, its default since OpenSSH 9.0, it was the faster one of its two protocols. */
export const scp: Peer = {
  name: "scp",
  kind: "files",
  encrypted: true,
  underLoss: "stalls",
  command: `scp -q -r -c ${CIPHER} PATH ${HOST}:DIR/`,
  missing: () => missingSsh("scp"),
  version: sshVersion,
  transfer,
};

async function transfer(job: Job): Promise<Run> {
  const { load, into, path, scratch } = job;
  await using ssh = await startSsh(path.b, scratch);
  const args = ["-F", ssh.config, "-q", "-r", "-c", CIPHER, load.path, `${HOST}:${into}/`];
  return await clientRun(
    job,
    { server: ssh.server, client: "sender" },
    () => new Watched("scp", path.a.command("scp", args)),
  );
}
