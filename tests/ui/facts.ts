/** The facts of a file that arrived. @module */

import type { TransferFacts } from "../../src/session/events.ts";

export const FACTS: TransferFacts = {
  role: "receive",
  format: "ultra",
  name: "movie.mkv",
  savedTo: "/home/me/movie.mkv",
  files: 1,
  bytes: 600_000_000,
  resumedBytes: 0,
  seconds: 0.61,
  fileRoot: new Uint8Array(32).fill(0xab),
  transferRoot: new Uint8Array(32).fill(0xcd),
  resentBytes: 0,
  presentFiles: 0,
  confirmedFiles: 0,
  presentBytes: 0,
  failed: [],
  failedCount: 0,
  leftOut: [],
  leftOutCount: 0,
  leftOutReasons: {},
  isLeftOutAccepted: false,
  durable: true,
  noSync: false,
  verdict: { finding: { limit: "path", loss: 0.004, rttMicros: 48_000 }, help: undefined, reports: {} },
};
