/**
 * Written by `native/engine/src/layout.rs`; do not edit. `deno task generate` writes it anew.
 *
 * @module
 */

export const ABI_VERSION = 3;
export const RECORD_LEN = 64;
/** Bytes of a buffer that holds one block to send. */
export const BUFFER_LEN = 1052704;

export const Offset = {
  kind: 0,
  id: 4,
  entry: 8,
  payload: 12,
  first: 16,
  count: 24,
  bytes: 32,
} as const;

export const Command = {
  admit: 1,
  attach: 2,
  openLanes: 3,
  grant: 4,
  finishLane: 5,
  expect: 6,
  seal: 7,
  commit: 8,
  finishFolders: 9,
  abandon: 10,
  dispose: 11,
  close: 12,
} as const;

export const EventKind = {
  listening: 1,
  incoming: 2,
  connected: 3,
  control: 4,
  closed: 5,
  laneOpened: 6,
  laneClosed: 7,
  grantRead: 8,
  readFailed: 9,
  page: 10,
  walkEnd: 11,
  walkFailed: 12,
  sealed: 13,
  sealFailed: 14,
  checked: 15,
  verified: 16,
  mismatch: 17,
  committed: 18,
  entryFailed: 19,
  foldersFinished: 20,
  laneBroke: 21,
  resolved: 22,
  disposed: 23,
  fault: 24,
  pageRefused: 25,
} as const;

export const FaultClass = {
  noSpace: 1,
  permission: 2,
  readOnly: 3,
  exists: 4,
  notFound: 5,
  changed: 6,
  notAFile: 7,
  io: 8,
  integrity: 9,
  unsendable: 10,
  protocol: 11,
  noMemory: 12,
} as const;

export const Refusal = {
  closed: 1,
  unknownId: 2,
  internal: 5,
  tooMuch: 12,
  badArguments: 22,
  addressInUse: 98,
  noFamily: 97,
  addressUnusable: 99,
} as const;

export const LIMITS = {
  BLOCK_LEN: 1048576,
  GROUP_BLOCKS: 32,
  MAX_OPEN_GROUPS: 65536,
  MAX_LANES: 256,
  FRAME_HEADER_LEN: 24,
  PREFACE_LEN: 8,
  MAX_ENTRIES: 1000000,
  MAX_COMPONENTS: 2000000,
  MAX_NAME_BYTES: 268435456,
  MAX_PATH_BYTES: 4096,
  MAX_COMPONENT_BYTES: 255,
  MAX_DEPTH: 1024,
  MAX_EXTRA: 1024,
} as const;

/** Why a walk leaves something out, in the order of the counts in WALK_END. */
export const LEFT_OUT = [
  "unreadable",
  "not-utf8",
  "backslash",
  "control-character",
  "reserved",
  "too-long",
  "special",
  "link",
  "vanished",
] as const;

/** Counters, in the order in which `ultra_stats` writes them. */
export const STATS = [
  "readBytes",
  "readTime",
  "hashTime",
  "sentBytes",
  "sendWait",
  "limitWait",
  "receivedBytes",
  "writtenBytes",
  "writeTime",
  "receiveHashTime",
  "verifiedBlocks",
  "mismatchedBlocks",
  "droppedBlocks",
  "committedFiles",
  "commitTime",
] as const;

/** What `ultra_load` writes before the threads. */
export const LOAD = [
  "cpuTime",
  "cores",
  "machineBusyTime",
  "machineCores",
  "receiveBuffer",
  "droppedDatagrams",
  "segmentation",
  "coalescing",
] as const;

/** What a thread's second number stands for. */
export const THREAD_ROLES = [
  "control",
  "network",
  "read",
  "write",
  "files",
] as const;

/** What `ultra_path` writes. */
export const PATH = [
  "rtt",
  "minRtt",
  "sentPackets",
  "lostPackets",
  "ackGaps",
  "ackGapTime",
  "receiveWindow",
  "mostOutstanding",
  "pacingWait",
  "congestionWait",
  "windowWait",
  "lanes",
  "laneWindowWait",
  "laneIdleTime",
] as const;
