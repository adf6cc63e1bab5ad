/** Where a sender's transfer stands, and what it runs on. @module */

import type { ControlLink } from "../link/control_link.ts";
import type { Peer } from "../meet/join.ts";
import type { ConnectionTuner } from "../settings/connection_tuner.ts";
import type { SenderPlan } from "../settings/connections.ts";
import type { Meter } from "../verdict/meter.ts";

/**
 * Bytes of pages that a dialing sender sends before its offer is accepted, which saves small transfers a round trip. A receiver that lets
 * several dialers wait for their turn takes 4 KiB from each, hello, proof and offer included; more would break the connection. A
 * receiver that dialled takes pages from the start.
 */
export const EARLY_PAGE_BYTES = 1024;

export type OutgoingState =
  /** From the start; to `offered` with a link. */
  | { readonly at: "ready" }
  /** From `ready`: pages follow the offer as far as {@linkcode EARLY_PAGE_BYTES} allow. To `listing` with `accept`. */
  | {
    readonly at: "offered";
    readonly road: Road;
    /** Bytes of pages that may still be sent before `accept`. */
    earlyBytes: number;
    /** Further connections whose `accept` overtook that of the transfer, and the lanes they grant. */
    readonly early: Map<ControlLink, number>;
  }
  /** From `offered`: pages are fed as they come from the walk. To `listed` with the walk's end. */
  | { readonly at: "listing"; readonly road: Road; readonly meter: Meter }
  /** From `listing`; final. */
  | { readonly at: "listed"; readonly road: Road; readonly meter: Meter };

export type Way =
  /** From the start, and from `accepting` with `accept`; to `lost` with the first connection. */
  | "open"
  /** From the others; to `accepting` with another first connection. */
  | "lost"
  /** From `lost`: the receiver is to say once more how many lanes it takes. */
  | "accepting";

/** What the transfer runs on, as it was found when its first connection came. */
export interface Road {
  readonly peer: Peer;
  readonly plan: SenderPlan;
  readonly tuner: ConnectionTuner;
  readonly startedMs: number;
  /** Called after each event of the engine that the machine has taken in. */
  readonly changed: () => void;
}
