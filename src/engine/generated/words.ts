/**
 * Written by `native/engine/src/door/typescript.rs` from the declarations in `native/engine/src/core/`; do not edit.
 * `deno task generate` writes it anew.
 *
 * @module
 */

import type { LeftOutReason } from "../../protocol/messages.ts";
import type {
  ClipboardFault,
  ClipboardForm,
  CloseCause,
  CongestionControl,
  ExecutionProfile,
  Existing,
  FileFault,
  Leaving,
  LeftoverKind,
  LeftoverState,
  LinkChoice,
  OriginKind,
  RestartReason,
  TargetStatus,
  Unkept,
} from "../../protocol/words.ts";
import { wordOf } from "../records.ts";

/** The version of the door that this module speaks; the library states its own. */
export const ABI_VERSION = 2313761888;
/** Bytes of a command and of an event. */
export const RECORD_LEN = 64;
/** Bytes of a buffer that holds one block to send. */
export const BUFFER_LEN = 1052704;
/** Refusals of `ultra_sink` for a folder: this much below zero, then the number of the fault. */
export const FOLDER_FAULTS = 1000;
/** Largest packet that QUIC may look for, with its IP header. */
export const MAX_MTU = 16392;

/** Counters of a source or a sink, as `ultra_measure` writes them. */
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

/** What `ultra_measure(0)` writes of the process, before the threads. */
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

/** ALPNs on which lanes are spoken. */
export const LANE_ALPNS = [
  "ultra/2",
  "blazing/1",
] as const;

/** What `ultra_measure` writes of a connection. */
export const PATH = [
  "rtt",
  "minRtt",
  "sentPackets",
  "lostPackets",
  "receivedPackets",
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

/** Limits that both languages check; those of `src/protocol/limits.ts`. */
export const LIMITS = {
  BLOCK_LEN: 1048576,
  GROUP_BLOCKS: 32,
  MAX_OPEN_GROUPS: 65536,
  MAX_LANES: 256,
  FRAME_HEADER_LEN: 24,
  PREFACE_LEN: 12,
  MAX_ENTRIES: 4194304,
  MAX_COMPONENTS: 8388608,
  MAX_NAME_BYTES: 536870912,
  MAX_PATH_BYTES: 4096,
  MAX_COMPONENT_BYTES: 255,
  MAX_DEPTH: 1024,
  MAX_EXTENSION: 16384,
} as const;

/** Why a file operation failed. */
export const FILE_FAULT = {
  "no-space": 1,
  permission: 2,
  "read-only": 3,
  exists: 4,
  "not-found": 5,
  changed: 6,
  "not-a-file": 7,
  io: 8,
  integrity: 9,
  unsendable: 10,
  protocol: 11,
  "no-memory": 12,
  "too-much": 13,
} as const satisfies Record<FileFault, number>;

export const fileFaultOf = wordOf("FileFault", FILE_FAULT);

/** What a sink found where an entry should go. */
export const TARGET_STATUS = {
  absent: 0,
  identical: 1,
  different: 2,
  "in-the-way": 3,
  duplicate: 4,
  conflict: 5,
  "folder-exists": 6,
  unexaminable: 7,
  "unsafe-parent": 8,
  "cannot-rename": 9,
  hidden: 10,
  "outside-link": 11,
  unwanted: 12,
  "bad-name": 13,
  "name-refused": 14,
  "same-name": 15,
  busy: 16,
  "not-older": 17,
} as const satisfies Record<TargetStatus, number>;

export const targetStatusOf = wordOf("TargetStatus", TARGET_STATUS);

/** What an earlier transfer left in a folder. */
export const LEFTOVER_KIND = {
  part: 0,
  "small-parts": 1,
  journal: 2,
  "previous-version": 3,
  run: 4,
  trials: 5,
} as const satisfies Record<LeftoverKind, number>;

export const leftoverKindOf = wordOf("LeftoverKind", LEFTOVER_KIND);

/** What became of a leftover. */
export const LEFTOVER_STATE = {
  idle: 0,
  "in-use": 1,
  "only-copy": 2,
  removed: 3,
  failed: 4,
} as const satisfies Record<LeftoverState, number>;

export const leftoverStateOf = wordOf("LeftoverState", LEFTOVER_STATE);

/** Why a file begins anew although something was left of it. */
export const RESTART_REASON = {
  "source-changed": 0,
  "broken-journal": 1,
  "other-version": 2,
  "other-part": 3,
  "not-ours": 4,
  chosen: 5,
} as const satisfies Record<RestartReason, number>;

export const restartReasonOf = wordOf("RestartReason", RESTART_REASON);

/** What becomes of what a sink has not committed. */
export const LEAVING = {
  nothing: 0,
  parts: 1,
} as const satisfies Record<Leaving, number>;

export const leavingOf = wordOf("Leaving", LEAVING);

/** Why a walk leaves something out, in the order in which names are listed. */
export const LEFT_OUT_REASON = {
  unreadable: 0,
  "not-utf8": 1,
  backslash: 2,
  "control-character": 3,
  reserved: 4,
  "too-long": 5,
  special: 6,
  link: 7,
  vanished: 8,
  chosen: 9,
  "not-found": 10,
  "link-target": 11,
  "link-nowhere": 12,
  unsized: 13,
} as const satisfies Partial<Record<LeftOutReason, number>>;

export const leftOutReasonOf = wordOf("LeftOutReason", LEFT_OUT_REASON);

/** What a file system refused to keep of a file or folder, or to say of it; the sum of what holds. */
export const UNKEPT = {
  mode: 1,
  time: 2,
  links: 4,
  owner: 8,
  xattrs: 16,
  acl: 32,
} as const satisfies Record<keyof Unkept, number>;

/** Who closed a connection. */
export const CLOSE_CAUSE = {
  own: 0,
  peer: 1,
  transport: 2,
} as const satisfies Record<CloseCause, number>;

export const closeCauseOf = wordOf("CloseCause", CLOSE_CAUSE);

/** Where the bytes of a source come from. */
export const ORIGIN_KIND = {
  files: 0,
  memory: 1,
  "uncached-files": 2,
  requested: 3,
  same: 4,
  clipboard: 5,
} as const satisfies Record<OriginKind, number>;

export const originKindOf = wordOf("OriginKind", ORIGIN_KIND);

/** What a clipboard holds. */
export const CLIPBOARD_FORM = {
  nothing: 0,
  files: 1,
  text: 2,
} as const satisfies Record<ClipboardForm, number>;

export const clipboardFormOf = wordOf("ClipboardForm", CLIPBOARD_FORM);

/** Why a clipboard could not be used. */
export const CLIPBOARD_FAULT = {
  "no-display": 0,
  missing: 1,
  elsewhere: 2,
  "too-much": 3,
  "not-text": 4,
  failed: 5,
} as const satisfies Record<ClipboardFault, number>;

export const clipboardFaultOf = wordOf("ClipboardFault", CLIPBOARD_FAULT);

/** What is done with symbolic links. */
export const LINK_CHOICE = {
  inside: 0,
  all: 1,
  none: 2,
  follow: 3,
} as const satisfies Record<LinkChoice, number>;

export const linkChoiceOf = wordOf("LinkChoice", LINK_CHOICE);

/** What becomes of files that are there and differ. */
export const EXISTING = {
  refuse: 0,
  skip: 1,
  update: 2,
  replace: 3,
  rename: 4,
  backup: 5,
} as const satisfies Record<Existing, number>;

export const existingOf = wordOf("Existing", EXISTING);

/** Who decides how fast a connection may send. */
export const CONGESTION_CONTROL = {
  cubic: 0,
  bbr: 1,
} as const satisfies Record<CongestionControl, number>;

export const congestionControlOf = wordOf("CongestionControl", CONGESTION_CONTROL);

/** How QUIC divides its work among threads. */
export const EXECUTION_PROFILE = {
  "low-latency": 0,
  "max-throughput": 1,
} as const satisfies Record<ExecutionProfile, number>;

export const executionProfileOf = wordOf("ExecutionProfile", EXECUTION_PROFILE);

/** What a call or a command is refused with; negated where it is the result of a function. */
export const REFUSAL = {
  closed: 1,
  "unknown-id": 2,
  internal: 5,
  "too-much": 12,
  "bad-arguments": 22,
  "no-family": 97,
  "address-in-use": 98,
  "address-unusable": 99,
} as const;
