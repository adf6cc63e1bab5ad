/** What meeting the other side tells the user. @module */

import type { UltraError } from "../base/errors.ts";

/** A dialer looks for the maker of its ticket, then both prove the ticket's secret. */
export type MeetPhase = "connecting" | "proving";

export type MeetEvent =
  | { readonly type: "phase"; readonly phase: MeetPhase }
  /** All addresses were asked for, and this system has no IPv6. */
  | { readonly type: "ipv4-only" }
  /** A dialer did not prove the ticket's secret. */
  | { readonly type: "wrong-proof"; readonly error: UltraError };
