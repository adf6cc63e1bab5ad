/**
 * Words that all floors share: what a transfer and its parts are called, and why something about a file did not go well.
 *
 * The data plane's door uses the same words; the tables in `src/engine/` are checked against them.
 *
 * @module
 */

export type ConnectionId = number;
export type ListenerId = number;
export type LaneId = number;
export type GrantId = number;
export type SourceId = number;
export type SinkId = number;

/** A source or a sink. */
export type TransferId = number;

/** Why a file operation failed. */
export type FileFault =
  | "no-space"
  | "permission"
  | "read-only"
  | "exists"
  | "not-found"
  | "changed"
  | "not-a-file"
  | "io"
  | "integrity"
  | "unsendable"
  | "protocol"
  | "no-memory"
  | "too-much";

/** What a receiver found where an entry should go. */
export type TargetStatus =
  | "absent"
  | "identical"
  | "different"
  | "in-the-way"
  | "duplicate"
  | "conflict"
  | "folder-exists"
  | "unexaminable"
  | "unsafe-parent"
  | "cannot-rename"
  | "hidden"
  | "outside-link"
  | "unwanted"
  | "bad-name"
  | "name-refused"
  | "same-name"
  | "busy"
  | "not-older";

/** What an earlier transfer left in a folder. */
export type LeftoverKind = "part" | "small-parts" | "journal" | "previous-version" | "run" | "trials";

/** Why a clipboard could not be used. */
export type ClipboardFault = "no-display" | "missing" | "elsewhere" | "too-much" | "not-text" | "failed";

/** What became of a leftover. `idle`: it may be removed; `only-copy`: it stays, because nothing has its name. */
export type LeftoverState = "idle" | "in-use" | "only-copy" | "removed" | "failed";

/** Why a file begins anew although an earlier run left something of it. */
export type RestartReason =
  | "source-changed"
  | "broken-journal"
  | "other-version"
  | "other-part"
  | "not-ours"
  | "chosen";

/** What becomes of what a sink has not committed: `parts`, what a later run can take up stays. */
export type Leaving = "nothing" | "parts";

/** What is done with symbolic links: `inside`, those that stay in what is sent; `follow`, what they lead to instead, a sender's alone. */
export type LinkChoice = "inside" | "all" | "none" | "follow";

/** What becomes of files that are there and differ; of `skip` and `refuse` both stay, and only the first is as wanted. */
export type Existing = "refuse" | "skip" | "update" | "replace" | "rename" | "backup";

/** What is kept of files beyond modes, times and hard links. */
export interface Preserve {
  readonly owner: boolean;
  readonly xattrs: boolean;
  readonly acl: boolean;
}

export const PRESERVE_NOTHING_MORE: Preserve = { owner: false, xattrs: false, acl: false };

/** Who closed a connection: `own`, this side; `peer`, the other side with its code; `transport`, QUIC gave up. */
export type CloseCause = "own" | "peer" | "transport";

/** Where the bytes of a source come from; `uncached-files` have to be read from their disk. */
export type OriginKind = "files" | "memory" | "uncached-files" | "requested" | "same" | "clipboard";

/** What a clipboard holds. */
export type ClipboardForm = "nothing" | "files" | "text";

/** Who decides how fast a connection may send. */
export type CongestionControl = "cubic" | "bbr";

/** How QUIC divides its work: network and cryptography of a connection on one thread, or on two. */
export type ExecutionProfile = "low-latency" | "max-throughput";

/** What a file system refused to keep of a file or folder, or to say of it. */
export interface Unkept {
  readonly mode: boolean;
  readonly time: boolean;
  /** Names of one file became several files. */
  readonly links: boolean;
  readonly owner: boolean;
  readonly xattrs: boolean;
  readonly acl: boolean;
}

export function isAny(unkept: Unkept): boolean {
  return Object.values(unkept).includes(true);
}

/** What one of them or the other has. */
export function either(one: Unkept, other: Unkept): Unkept {
  return {
    mode: one.mode || other.mode,
    time: one.time || other.time,
    links: one.links || other.links,
    owner: one.owner || other.owner,
    xattrs: one.xattrs || other.xattrs,
    acl: one.acl || other.acl,
  };
}
