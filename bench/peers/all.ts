/** The peers, in the order of the report. The first is what the others are compared with. @module */

import { copy } from "./copy.ts";
import { croc } from "./croc.ts";
import { curl } from "./curl.ts";
import { iperf } from "./iperf.ts";
import { memory } from "./memory.ts";
import type { Peer } from "./peer.ts";
import { qcp } from "./qcp.ts";
import { rclone } from "./rclone.ts";
import { rsyncDaemon, rsyncSsh } from "./rsync.ts";
import { scp } from "./scp.ts";
import { sendme } from "./sendme.ts";
import { tarSsh, tarSshSync } from "./tar.ts";
import { ultra } from "./ultra.ts";
import { wormhole } from "./wormhole.ts";
import { zeros } from "./zeros.ts";

export const PEERS: readonly Peer[] = [
  ultra("ultra"),
  ultra("ultra-cubic", { flags: ["--cc", "cubic"], underLoss: "stalls" }),
  ultra("blazing", { flags: ["--format", "blazing"], underLoss: "stalls" }),
  ultra("blazing-bbr", { flags: ["--format", "blazing", "--cc", "bbr"], underLoss: "suffers" }),
  ultra("ultra-no-sync", { receiverFlags: ["--no-sync"] }),
  scp,
  rsyncSsh,
  tarSsh,
  tarSshSync,
  qcp,
  sendme,
  croc,
  wormhole,
  rsyncDaemon,
  curl,
  rclone,
  memory("bbr"),
  memory("cubic"),
  copy,
  zeros,
  iperf("bbr", "copes"),
  iperf("cubic", "stalls"),
];
