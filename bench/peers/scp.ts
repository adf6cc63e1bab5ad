/** scp with its fastest cipher, against a private sshd. @module */

import { outputOf } from "../../scripts/shell.ts";
import { ServerWatch, Watched } from "../measure.ts";
import type { Load, Peer, Run } from "./peer.ts";
import { CIPHER, missingSsh, SshServer } from "./ssh_server.ts";

let server: SshServer | undefined;

/** Without `-O`: over SFTP, its default since OpenSSH 9.0, it was the faster one of its two protocols. */
export const scp: Peer = {
  name: "scp",
  command: `scp -q -c ${CIPHER} FILE bench:DIR/`,
  missing: () => Promise.resolve(missingSsh()),
  version: async () => await outputOf("ssh", ["-V"]) ?? "unknown",
  start: async (folder) => {
    server = await SshServer.start(folder);
  },
  transfer: (load, into) => {
    if (server === undefined) throw new Error("scp's server has not been started");
    return transfer(server, load, into);
  },
  stop: async () => await server?.stop(),
};

async function transfer(server: SshServer, load: Load, into: string): Promise<Run> {
  const watch = new ServerWatch(server.pid);
  const start = performance.now();
  const args = ["-F", server.clientConfig, "-q", "-c", CIPHER, load.path, `bench:${into}/`];
  await using client = new Watched("scp", "scp", args);
  const sender = await client.finished();
  const seconds = (performance.now() - start) / 1000;
  return { seconds, sender, receiver: await watch.finished() };
}
