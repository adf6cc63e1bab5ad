/** The peers, in the order of the report. The first is what the others are compared with. @module */

import type { Peer } from "./peer.ts";
import { scp } from "./scp.ts";
import { ultra } from "./ultra.ts";

export const PEERS: readonly Peer[] = [
  ultra("ultra", []),
  ultra("ultra-cubic", ["--cc", "cubic"]),
  scp,
];
