/** One direction of a transfer as its `Transfer` sees it: `Outgoing` and `Incoming` are the two. @module */

import type { UltraError } from "../base/errors.ts";
import type { ControlLink } from "../link/control_link.ts";
import type { Peer } from "../meet/join.ts";
import type { Accept, TransferMessage } from "../protocol/messages.ts";
import type { TransferId } from "../protocol/words.ts";
import type { Outcome, Phase, Progress } from "../transfer/outcome.ts";
import type { TransferEvent } from "./events.ts";

/** What both machines have in common. */
export interface Machine {
  readonly outcome: Outcome;
  readonly phase: Phase;
  readonly progress: Progress;
  handle(
    event:
      | { readonly type: "message"; readonly message: TransferMessage }
      | { readonly type: "link-lost" | "link-restored" }
      | { readonly type: "cancel"; readonly error: UltraError }
      | { readonly type: "tick"; readonly nowMs: number },
  ): void;
}

export interface Side {
  readonly id: TransferId;
  readonly role: "sender" | "receiver";
  readonly machine: Machine;
  /** Connections that this side takes part in, the first one included. Known with {@linkcode Side.connect}. */
  readonly mostConnections: number;
  /** True once the peer has accepted the transfer. Until then it limits us to 4 KiB, so no heartbeats are sent. */
  readonly hasBegun: boolean;
  /** Whether this side has sent everything, and only the other one can say whether it arrived. (A receiver knows it by itself.) */
  readonly isUnconfirmed?: boolean;
  /** Whether the link may carry the next transfer: nothing of a finished one can come on it any more. */
  readonly isLinkFree: boolean;
  /** Whether `started` was emitted: progress follows it. */
  readonly hasStarted: boolean;
  /**
   * The first connection is there.
   *
   * @param changed is called after each event of the engine that the machine has taken in
   */
  connect(peer: Peer, changed: () => void): void;
  /** The first connection is lost, and with it all others, all lanes and grants. */
  lose(): void;
  /** Another first connection is there; nothing of the earlier ones is being read or written any more. */
  reconnect(peer: Peer): void;
  tell(event: TransferEvent): void;
  /** At the end of each turn, before {@linkcode Side.flush}: feeds the machine, and tells what became of it. */
  step(): void;
  /** Carries out what the machine wants done. */
  flush(): void;
  /** Sees a message before the machine does; `true`: it is not for the machine. */
  message(message: TransferMessage): boolean;
  /** The other side has chosen a number of connections. */
  asked(connections: number): void;
  /** A further connection is there; `false`: there is no room for its lanes. */
  joined(link: ControlLink): boolean;
  /** The receiver has taken a further connection; `false`: it should not have said so. */
  accepted(link: ControlLink, accept: Accept): boolean;
  /** A further connection is gone. */
  left(link: ControlLink): void;
  laneOpened(link: ControlLink): void;
  laneClosed(lane: number): void;
}
