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
import { tarSsh } from "./tar.ts";
import { ultra } from "./ultra.ts";
import { wormhole } from "./wormhole.ts";

export const PEERS: readonly Peer[] = [
  ultra("ultra", [], "copes"),
  ultra("ultra-cubic", ["--cc", "cubic"], "stalls"),
  scp,
  rsyncSsh,
  tarSsh,
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
  iperf("bbr", "copes"),
  iperf("cubic", "stalls"),
];
