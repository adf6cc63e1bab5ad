/** cp on one machine: what the file system alone takes for the same bytes, which every tool pays on top of its own work. @module */

import { outputOf } from "../../scripts/shell.ts";
import { Watched } from "../measure.ts";
import { firstLine, type Peer, secondsSince } from "./peer.ts";
import { missingTools } from "./tools.ts";

export const copy: Peer = {
  name: "cp",
  kind: "bound",
  encrypted: false,
  underLoss: "copes",
  command: "cp -r --reflink=never PATH DIR",
  missing: () => missingTools("cp"),
  version: async () => firstLine(await outputOf("cp", ["--version"])),
  unfit: ({ path }) => path === "loopback" ? undefined : "it crosses no network",
  async transfer({ load, into }) {
    const started = performance.now();
    await using program = new Watched("cp", ["cp", ["-r", "--reflink=never", load.path, into]]);
    await program.finished();
    return { seconds: secondsSince(started), bytes: load.bytes };
  },
};
