/**
 * What the machines make happen. The answers are methods of `Sender` and `Receiver`; a port must not call them
 * before it has returned.
 *
 * @module
 */

import type { GrantId, LaneId } from "../protocol/words.ts";
import type { BlockIndex, EntryId, TransferMessage } from "../protocol/messages.ts";

/** What a sender makes happen. */
export interface SenderPorts {
  /** Queues a message for the peer. */
  send(message: TransferMessage): void;
  /** Queues blocks of an entry in a lane; `grantRead` tells when all of them are read. */
  grant(lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: number): void;
  /** Ends a grant before block `end` unless more is read already; returns the actual end. */
  shrink(grant: GrantId, end: BlockIndex): BlockIndex;
  /** Values of blocks that the receiver has already, 32 bytes each. */
  hold(entry: EntryId, first: BlockIndex, values: Uint8Array): void;
  /** Checks the source again and forms the root; `sealed` or `sealFailed` follows. */
  seal(entry: EntryId): void;
  /** The transfer root for one status byte per entry. */
  transferRoot(statuses: Uint8Array): Uint8Array;
}

export interface SenderOptions {
  /** Bytes of a block; only simulations have another than BLOCK_LEN. */
  readonly blockLength?: number;
  /** Blocks of a chunk; otherwise by the size of its file. */
  readonly chunkBlocks?: number | undefined;
}

/** What a receiver makes happen. */
export interface ReceiverPorts {
  /** Queues a message for the peer. */
  send(message: TransferMessage): void;
  /** Gives the sink a page whose paths are safe; `checked` follows. */
  page(first: EntryId, count: number, entries: Uint8Array): void;
  /** Lets blocks of an entry in; `verified` or `mismatch` follow. After a mismatch the block is still expected. */
  expect(entry: EntryId, first: BlockIndex, count: number): void;
  /** Gives an entry its final name; `committed` or `entryFailed` follows. Folders: size 0, root zeros. */
  commit(entry: EntryId, size: number, root: Uint8Array): void;
  /** After the last commit: times and modes of folders; `foldersFinished` follows. */
  finishFolders(): void;
  /** Where an entry goes below the folder, for texts. */
  name(entry: EntryId): string | undefined;
  /** Forgets an entry's part file and takes no more blocks of it. */
  abandon(entry: EntryId): void;
  /** The transfer root for one status byte per entry. */
  transferRoot(statuses: Uint8Array): Uint8Array;
}

export interface ReceiverOptions {
  /** Whether files that exist and differ are replaced. */
  readonly overwrite: boolean;
  /** What was announced before the offer, where something was; more of it is a breach. */
  readonly most?: { readonly entries: number; readonly bytes: number } | undefined;
  /** Bytes of a block; only simulations have another than BLOCK_LEN. */
  readonly blockLength?: number;
}
