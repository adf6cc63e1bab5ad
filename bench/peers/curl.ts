/** curl from nginx in clear text: what a web server would give. @module */

import { basename, dirname, join, relative } from "node:path";
import { walkFiles } from "../files.ts";
import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { clientRun, firstLine, freePort, type Job, type Load, type Peer, type Run } from "./peer.ts";
import { missingTools } from "./tools.ts";

const NGINX = "/usr/sbin/nginx";
/** Connections at once, for many files. */
const PARALLEL = 16;

export const curl: Peer = {
  name: "curl-nginx",
  kind: "files",
  encrypted: false,
  underLoss: "stalls",
  command: `nginx with sendfile; curl -o FILE URL (many files: -Z --parallel-max ${PARALLEL} -K LIST)`,
  missing: () => missingTools("curl", NGINX),
  version: async () => `${firstLine(await outputOf("curl", ["--version"]))}; ${await outputOf(NGINX, ["-v"])}`,
  transfer,
};

async function transfer(job: Job): Promise<Run> {
  const { load, into, path, scratch } = job;
  const port = freePort();
  const config = join(scratch, "nginx.conf");
  await Deno.writeTextFile(config, configuration(dirname(load.path), scratch, `${path.a.address}:${port}`));
  await using server = new Watched("nginx", path.a.command(NGINX, ["-e", join(scratch, "error.log"), "-c", config]));
  await server.listening(port);
  const list = join(scratch, "list");
  await Deno.writeTextFile(list, await requests(load, into, `http://${path.a.address}:${port}`));
  const args = ["-fsS", "--create-dirs", "-Z", "--parallel-max", String(PARALLEL), "-K", list];
  return await clientRun(
    job,
    { server, client: "receiver" },
    () => new Watched("curl", path.b.command("curl", args)),
  );
}

function configuration(root: string, scratch: string, address: string): string {
  // (The master runs as root or as the user; workers as root are the same one, who may read the load.)
  return `${Deno.uid() === 0 ? "user root;" : ""}
daemon off;
pid ${scratch}/nginx.pid;
worker_processes auto;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  ${
    ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${scratch}/${name};`).join(
      " ",
    )
  }
  server { listen ${address}; root ${root}; }
}
`;
}

/** A configuration for curl that fetches all files of the load. */
async function requests(load: Load, into: string, url: string): Promise<string> {
  const top = dirname(load.path);
  const names = load.files === 1 ? [basename(load.path)] : await walkFiles(load.path, (path) => relative(top, path));
  return names.map((name) => `url = "${url}/${name}"\noutput = "${join(into, name)}"\n`).join("");
}
