/**
 * The receiving side of a transfer as a pure state machine: `docs/protocol.md`, "After proof", from the first page to `bye`.
 *
 * Its owner (`src/peer/`) answers the offer with `accept`, and then brings everything that happens: messages, events of the engine, the
 * link's loss and return, and the time. What is to be done goes out through {@linkcode ReceiverPorts}; ports must not call back into
 * the machine.
 *
 * @module
 */

import type { FileFault, TargetStatus } from "../engine/engine.ts";
import type { UltraError } from "../errors.ts";
import type { BlockIndex, EntryId, TransferMessage } from "../protocol/messages.ts";
import type { Outcome, Progress } from "./outcome.ts";

/** What a receiver makes happen. */
export interface ReceiverPorts {
  /** Queues a message for the peer. */
  send(message: TransferMessage): void;
  /** Gives the sink a page whose paths are safe; {@linkcode Receiver.checked} follows. */
  page(first: EntryId, count: number, entries: Uint8Array): void;
  /** Lets blocks of an entry in; {@linkcode Receiver.verified} or {@linkcode Receiver.mismatch} follow. */
  expect(entry: EntryId, first: BlockIndex, count: number): void;
  /** Gives an entry its final name; {@linkcode Receiver.committed} or {@linkcode Receiver.entryFailed} follows. Folders: size 0, root zeros. */
  commit(entry: EntryId, size: number, root: Uint8Array): void;
  /** After the last commit: times and modes of folders; {@linkcode Receiver.foldersFinished} follows. */
  finishFolders(): void;
  /** Forgets an entry's part file and takes no more blocks of it. */
  abandon(entry: EntryId): void;
  /** The transfer root for one status byte per entry. */
  transferRoot(statuses: Uint8Array): Uint8Array;
}

export interface ReceiverOptions {
  /** Whether files that exist and differ are replaced. */
  readonly overwrite: boolean;
  /** Whether names with a leading dot are taken at the top level. */
  readonly hidden: boolean;
  /** Bytes of a block; only simulations have another than BLOCK_LEN. */
  readonly blockLength?: number;
}

export class Receiver {
  constructor(_ports: ReceiverPorts, _options: ReceiverOptions) {}

  get outcome(): Outcome {
    throw new Error("soon");
  }

  get progress(): Progress {
    throw new Error("soon");
  }

  /** Every message after `accept`. Heartbeats and `want-connections` are the owner's; here they do nothing. */
  receive(_message: TransferMessage): void {}

  checked(_first: EntryId, _statuses: readonly TargetStatus[], _freeSpace: number): void {}

  verified(_entry: EntryId, _first: BlockIndex, _count: number): void {}

  mismatch(_entry: EntryId, _block: BlockIndex): void {}

  committed(_entry: EntryId, _durable: boolean): void {}

  entryFailed(_entry: EntryId, _fault: FileFault, _text: string): void {}

  foldersFinished(_failure?: { readonly fault: FileFault; readonly text: string }): void {}

  /** The connection and its lanes are gone, and no frame of it is being written any more. */
  linkLost(): void {}

  /** Another connection has taken its place. */
  linkRestored(): void {}

  /** Ends the transfer from here. */
  cancel(_error: UltraError): void {}

  /** To be called after every batch of events, and at least every 50 ms. Batched messages leave here. */
  tick(_nowMs: number): void {}
}
