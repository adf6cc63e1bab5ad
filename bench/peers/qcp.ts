/** qcp with BBR, told what the path can do: otherwise it reckons with 100 Mbit/s and 300 ms. @module */

import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { type PathName, PATHS } from "../paths/table.ts";
import { clientRun, firstLine, type Job, type Peer, type Run } from "./peer.ts";
import { HOST, missingSsh, startSsh } from "./ssh_server.ts";
import { missingTools, tool } from "./tools.ts";

const QCP = tool("qcp");
/** Files at once, for trees. */
const PARALLEL = "8";
/** What loopback is said to be: more than it can do. */
const LOOPBACK = { rateMbit: 10_000, rttMs: 1 };

export const qcp: Peer = {
  name: "qcp",
  kind: "files",
  encrypted: true,
  underLoss: "suffers",
  command: `qcp -q -r -j ${PARALLEL} --congestion bbr --rx RATE --tx RATE --rtt MS PATH ${HOST}:DIR/`,
  missing: () => missingSsh() ?? missingTools(QCP),
  version: async () => firstLine(await outputOf(QCP, ["--version"])),
  transfer,
};

async function transfer(job: Job): Promise<Run> {
  const { load, into, path, scratch } = job;
  await using ssh = await startSsh(path.b, scratch);
  const args = [
    "-q",
    ...load.files > 1 ? ["-r", "-j", PARALLEL] : [],
    ...["--congestion", "bbr", ...told(job.pathName)],
    ...["--remote-qcp-binary", QCP, "--ssh-config", ssh.config, "-S", "-F", "-S", ssh.config],
    ...[load.path, `${HOST}:${into}/`],
  ];
  return await clientRun(
    job,
    { server: ssh.server, client: "sender" },
    () => new Watched("qcp", path.a.command(QCP, args)),
  );
}

function told(name: PathName): string[] {
  const { rateMbit, rttMs } = name === "loopback" ? LOOPBACK : PATHS[name];
  const bytesPerSecond = String(rateMbit * 1e6 / 8);
  return ["--rx", bytesPerSecond, "--tx", bytesPerSecond, "--rtt", String(rttMs)];
}
