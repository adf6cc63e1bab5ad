/**
 * What goes into the machines and what comes out of them.
 *
 * Everything that happens goes in as an event through `handle`. What is to be done about it waits inside until `poll` is asked, which
 * gives one command after the other in their order. A machine's owner lets a whole batch of events in before it polls; machines
 * call nothing but the queries, whose answers come at once and change nothing in the machine.
 *
 * @module
 */

import type { UltraError } from "../base/errors.ts";
import type { BlockIndex, EntryId, EntryKind, LeftOut, TransferMessage } from "../protocol/messages.ts";
import type { Existing, FileFault, GrantId, LaneId, Leaving, TargetStatus } from "../protocol/words.ts";

/** What happens to either side. */
type CommonEvent =
  /** Every message after `accept`. Heartbeats, `want-connections` and `report` are the owner's; here they do nothing. */
  | { readonly type: "message"; readonly message: TransferMessage }
  /** The connection is gone, and with it all lanes and grants; no frame of it is being written any more. */
  | { readonly type: "link-lost" }
  /** Another connection has taken its place. */
  | { readonly type: "link-restored" }
  /** Ends the transfer from here. */
  | { readonly type: "cancel"; readonly error: UltraError }
  /** The end of a batch of events, and at least every 50 ms: batched messages become due. */
  | { readonly type: "tick"; readonly nowMs: number };

type SendCommand = { readonly type: "send"; readonly message: TransferMessage };

export type SenderEvent =
  | CommonEvent
  /** The walk's next page: wire-ready entries of `size` bytes of files in all. Their memory belongs to the machine from here on. */
  | {
    readonly type: "page";
    readonly first: EntryId;
    readonly count: number;
    readonly size: number;
    readonly entries: Uint8Array;
  }
  | { readonly type: "walk-end"; readonly entries: number; readonly size: number; readonly leftOut: LeftOut }
  | { readonly type: "walk-failed"; readonly fault: FileFault; readonly text: string }
  /** New lanes of the present connections. */
  | { readonly type: "lanes-opened"; readonly lanes: readonly LaneId[] }
  /** A lane was reset; its grants are void. */
  | { readonly type: "lane-lost"; readonly lane: LaneId }
  /** All of a grant is read. Void grants may be reported, too. */
  | { readonly type: "grant-read"; readonly lane: LaneId; readonly grant: GrantId }
  | { readonly type: "read-failed"; readonly entry: EntryId; readonly fault: FileFault; readonly text: string }
  /** All blocks of a file were read once, or the receiver holds them, and the source was looked at again. Files of one block are sealed in their frames. */
  | { readonly type: "sealed"; readonly entry: EntryId; readonly size: number; readonly root: Uint8Array }
  | { readonly type: "seal-failed"; readonly entry: EntryId; readonly fault: FileFault; readonly text: string };

export type SenderCommand =
  | SendCommand
  /** Queues blocks of an entry in a lane; `grant-read` follows when all of them are read. */
  | {
    readonly type: "grant";
    readonly lane: LaneId;
    readonly grant: GrantId;
    readonly entry: EntryId;
    readonly first: BlockIndex;
    readonly count: number;
  }
  /**
   * Queues the files of one block among a run of entries, whole, in a lane; `grant-read` follows when all of them are read. Their frames
   * seal them; one that cannot be read, or has changed, is told with `read-failed`. Other entries of the run are passed over.
   */
  | {
    readonly type: "grant-entries";
    readonly lane: LaneId;
    readonly grant: GrantId;
    readonly first: EntryId;
    readonly count: number;
  }
  /** Values of blocks that the receiver has already, 32 bytes each. */
  | { readonly type: "hold"; readonly entry: EntryId; readonly first: BlockIndex; readonly values: Uint8Array }
  /** These entries are over: what was kept for reading them again may go. */
  | { readonly type: "release"; readonly first: EntryId; readonly count: number };

/** Before it answers, the owner carries out what was polled and what still waits: a query is about the state behind all commands. */
export interface SenderQueries {
  /** Ends a grant before block `end`, or of entries before entry `end`, unless more is read already; returns the actual end. */
  shrink(grant: GrantId, end: BlockIndex | EntryId): BlockIndex | EntryId;
  /** The transfer root for one status byte per entry. */
  transferRoot(statuses: Uint8Array): Uint8Array;
  /** The root of a committed file. */
  root(entry: EntryId): Uint8Array | undefined;
}

export interface SenderOptions {
  /** The number of the transfer on its link, as its offer states it. */
  readonly transfer: number;
  /** How a failure of this side reads on the other one. */
  readonly describe: (error: UltraError) => string;
  /** Bytes of a block; only simulations have another than BLOCK_LEN. */
  readonly blockLength?: number;
  /** Blocks of a chunk of a file of so many blocks. */
  readonly chunkBlocks: (fileBlocks: number) => number;
  /**
   * Files of one block are granted and sealed as all others are, because frames cannot seal them: in the older format. A receiver takes
   * them either way.
   */
  readonly sealsAlike?: boolean;
  /** How many entries the walk will tell, once it has ended. */
  readonly expected?: number | undefined;
}

export type ReceiverEvent =
  | CommonEvent
  /** The sink has compared a page with what is on the disk. Pages are checked in order. */
  | {
    readonly type: "checked";
    readonly first: EntryId;
    readonly statuses: readonly TargetStatus[];
    readonly freeSpace: number;
  }
  /** Values of blocks of a file that an earlier run received; `taken-up` follows the last of them, and `checked` that. */
  | { readonly type: "held"; readonly entry: EntryId; readonly first: BlockIndex; readonly values: Uint8Array }
  /**
   * A file goes on where an earlier run ended; its part occupies so much. The held blocks are certainly there, or else each of them is read
   * again: `verified` or `stale` follows.
   */
  | { readonly type: "taken-up"; readonly entry: EntryId; readonly occupied: number; readonly isClean: boolean }
  /** A file begins anew, and what an earlier run left of it becomes free. Comes before `checked`. */
  | { readonly type: "anew"; readonly entry: EntryId; readonly occupied: number }
  /** A held block is not what its value says. */
  | { readonly type: "stale"; readonly entry: EntryId; readonly block: BlockIndex }
  /** The sink does not take a page: it names more than a manifest may, or there is no memory for it. */
  | { readonly type: "page-refused"; readonly fault: FileFault; readonly text: string }
  /** Blocks of a file are written and their values were right. Files of one block come as `arrived`, unless their frame was not sealed. */
  | { readonly type: "verified"; readonly entry: EntryId; readonly first: BlockIndex; readonly count: number }
  /** Files of one block, one after the other in the manifest: each is written, its value was right, and its frame sealed it. */
  | { readonly type: "arrived"; readonly first: EntryId; readonly count: number }
  /** A block arrived damaged and was not taken. */
  | { readonly type: "mismatch"; readonly entry: EntryId; readonly block: BlockIndex }
  | { readonly type: "committed"; readonly first: EntryId; readonly count: number; readonly durable: boolean }
  /** The disk failed an entry. */
  | { readonly type: "entry-failed"; readonly entry: EntryId; readonly fault: FileFault; readonly text: string }
  | {
    readonly type: "folders-finished";
    readonly failure: { readonly fault: FileFault; readonly text: string } | undefined;
  };

export type ReceiverCommand =
  | SendCommand
  /** Gives the sink a page whose paths are safe; `checked` follows. */
  | { readonly type: "page"; readonly first: EntryId; readonly count: number; readonly entries: Uint8Array }
  /** Lets blocks of an entry in; `verified` or `mismatch` follow. After a mismatch the block is still expected. */
  | { readonly type: "expect"; readonly entry: EntryId; readonly first: BlockIndex; readonly count: number }
  /** Lets the files of one block among a run of entries in, whole. Other entries of the run are passed over. */
  | { readonly type: "expect-entries"; readonly first: EntryId; readonly count: number }
  /** Gives a file that was sealed by a message its final name; `committed` or `entry-failed` follows. */
  | { readonly type: "commit"; readonly entry: EntryId; readonly size: number; readonly root: Uint8Array }
  /**
   * Gives a run of entries their final names: files that have arrived, empty files, folders, links. `committed` with runs of them, or
   * `entry-failed`, follows for each.
   */
  | { readonly type: "commit-entries"; readonly first: EntryId; readonly count: number }
  /** After the last commit: times and modes of folders; `folders-finished` follows. */
  | { readonly type: "finish-folders" }
  /** Takes no more blocks of an entry; `leaving` says what becomes of those that have arrived. */
  | { readonly type: "abandon"; readonly entry: EntryId; readonly leaving: Leaving };

/** As {@linkcode SenderQueries}. */
export interface ReceiverQueries {
  /** Where an entry goes below the folder, for texts. */
  name(entry: EntryId): string | undefined;
  /** Bytes free on the disk. */
  freeSpace(): number | undefined;
  /** The transfer root for one status byte per entry. */
  transferRoot(statuses: Uint8Array): Uint8Array;
  /** The root of a committed file. */
  root(entry: EntryId): Uint8Array | undefined;
}

export interface ReceiverOptions {
  /** As in {@linkcode SenderOptions}. */
  readonly transfer: number;
  /** How a failure of this side reads on the other one. */
  readonly describe: (error: UltraError) => string;
  /** What becomes of files that are there and differ. */
  readonly existing: Existing;
  /** Whether a file was confirmed in an earlier transfer: it is present, whatever has become of it since. Asked once its page is checked. */
  readonly wasConfirmed?: (entry: EntryId) => boolean;
  /** Whether the user takes symbolic links (as when absent); otherwise none that the sender leaves out is missing. */
  readonly wantsLinks?: boolean;
  /** Whether an entry is to be taken; otherwise it is left out by choice. */
  readonly isWanted?: ((path: string, kind: EntryKind) => boolean) | undefined;
  /** What was announced before the offer, where something was; more of it is a breach. */
  readonly most?: { readonly entries: number; readonly bytes: number } | undefined;
  /** Bytes of a block; only simulations have another than BLOCK_LEN. */
  readonly blockLength?: number;
}
