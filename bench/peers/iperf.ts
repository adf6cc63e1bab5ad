/** iperf3: what kernel TCP gets through a path, from memory to memory. @module */

import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { firstLine, freePort, type Job, numberAt, type Peer, type Run, type UnderLoss } from "./peer.ts";
import { missingTools } from "./tools.ts";

/** On a path so long that start-up is a small part of it even on the longest. */
const SECONDS = { loopback: 2, path: 6 };

export function iperf(congestionControl: "cubic" | "bbr", underLoss: UnderLoss): Peer {
  return {
    name: `iperf3-${congestionControl}`,
    kind: "bound",
    encrypted: false,
    underLoss,
    command: `iperf3 -s; iperf3 -c ADDRESS -t SECONDS -C ${congestionControl}`,
    missing: () => missingTools("iperf3"),
    version: async () => firstLine(await outputOf("iperf3", ["--version"])),
    unfit: ({ files }) => files > 1 ? "it knows no files" : undefined,
    transfer: (job) => measure(congestionControl, job),
  };
}

async function measure(congestionControl: string, { path, pathName }: Job): Promise<Run> {
  const port = freePort();
  const listen = ["-s", "-1", "-B", path.b.address, "-p", String(port)];
  await using server = new Watched("iperf3 -s", path.b.command("iperf3", listen));
  await server.listening(port);
  const seconds = pathName === "loopback" ? SECONDS.loopback : SECONDS.path;
  const to = ["-c", path.b.address, "-p", String(port), "-t", String(seconds), "-C", congestionControl, "--json"];
  const lines: string[] = [];
  await using client = new Watched("iperf3 -c", path.a.command("iperf3", to), { onLine: (line) => lines.push(line) });
  await client.finished();
  await server.finished();
  const received = (name: string) => numberAt(JSON.parse(lines.join("\n")), "end", "sum_received", name);
  return { seconds: received("seconds"), bytes: received("bytes") };
}
