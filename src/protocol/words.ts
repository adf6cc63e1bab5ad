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
  | "no-memory";

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
  | "hidden";

/** Who closed a connection: `own`, this side; `peer`, the other side with its code; `transport`, QUIC gave up. */
export type CloseCause = "own" | "peer" | "transport";

/** Where the bytes of a source come from; `uncached-files` have to be read from their disk. */
export type OriginKind = "files" | "memory" | "uncached-files";

/** Who decides how fast a connection may send. */
export type CongestionControl = "cubic" | "bbr";

/** How QUIC divides its work: network and cryptography of a connection on one thread, or on two. */
export type ExecutionProfile = "low-latency" | "max-throughput";

/** What a file system refused to keep of a file or folder. */
export interface Unkept {
  readonly mode: boolean;
  readonly time: boolean;
}
