/**
 * The sending side of a transfer as a pure state machine: `docs/protocol.md`, "After proof", from the first page to `bye`.
 *
 * Its owner (`src/peer/`) sends the offer, waits for `accept`, and then brings everything that happens: messages, events of the engine,
 * lanes, the link's loss and return, and the time. What is to be done goes out through {@linkcode SenderPorts}; ports must not call back
 * into the machine.
 *
 * @module
 */

import type { FileFault, GrantId, LaneId } from "../engine/engine.ts";
import type { UltraError } from "../errors.ts";
import type { BlockIndex, EntryId, TransferMessage } from "../protocol/messages.ts";
import type { Outcome, Progress } from "./outcome.ts";

/** What a sender makes happen. */
export interface SenderPorts {
  /** Queues a message for the peer. */
  send(message: TransferMessage): void;
  /** Queues blocks of an entry in a lane; {@linkcode Sender.grantRead} tells when all of them are read. */
  grant(lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: number): void;
  /** Ends a grant before block `end` unless more is read already; returns the actual end. */
  shrink(grant: GrantId, end: BlockIndex): BlockIndex;
  /** Values of blocks that the receiver has already, 32 bytes each. */
  hold(entry: EntryId, first: BlockIndex, values: Uint8Array): void;
  /** Checks the source again and forms the root; {@linkcode Sender.sealed} or {@linkcode Sender.sealFailed} follows. */
  seal(entry: EntryId): void;
  /** The transfer root for one status byte per entry. */
  transferRoot(statuses: Uint8Array): Uint8Array;
}

export interface SenderOptions {
  /** Bytes of a block; only simulations have another than BLOCK_LEN. */
  readonly blockLength?: number;
}

export class Sender {
  constructor(_ports: SenderPorts, _options: SenderOptions = {}) {}

  get outcome(): Outcome {
    throw new Error("soon");
  }

  get progress(): Progress {
    throw new Error("soon");
  }

  /** Whether the walk's next page is welcome. Otherwise the owner leaves it in the engine, whose walk then pauses. */
  get wantsPage(): boolean {
    throw new Error("soon");
  }

  /** The walk's next page: wire-ready entries of `size` bytes of files in all. */
  page(_first: EntryId, _count: number, _size: number, _entries: Uint8Array): void {}

  walkEnd(_entries: number, _size: number): void {}

  walkFailed(_fault: FileFault, _text: string): void {}

  /** New lanes of the present link. */
  lanesOpened(_lanes: readonly LaneId[]): void {}

  /** A lane of the present link was reset; its grants are void. */
  laneLost(_lane: LaneId): void {}

  /** Every message after `accept`. Heartbeats and `want-connections` are the owner's; here they do nothing. */
  receive(_message: TransferMessage): void {}

  grantRead(_lane: LaneId, _grant: GrantId, _end: BlockIndex): void {}

  readFailed(_entry: EntryId, _fault: FileFault, _text: string): void {}

  sealed(_entry: EntryId, _size: number, _root: Uint8Array): void {}

  sealFailed(_entry: EntryId, _fault: FileFault, _text: string): void {}

  /** The connection is gone, and with it all lanes and grants. */
  linkLost(): void {}

  /** Another connection has taken its place; its lanes come with {@linkcode lanesOpened}. */
  linkRestored(): void {}

  /** Ends the transfer from here. */
  cancel(_error: UltraError): void {}

  /** To be called after every batch of events, and at least every 50 ms. Batched messages leave here. */
  tick(_nowMs: number): void {}
}
