/** What meeting the other side tells the user. @module */

import type { UltraError } from "../base/errors.ts";

/** A dialer looks for the maker of its ticket, then both prove the ticket's secret. */
export type MeetPhase = "connecting" | "proving";

export type MeetEvent =
  | { readonly type: "phase"; readonly phase: MeetPhase }
  /** All addresses were asked for, and this system has no IPv6. */
  | { readonly type: "ipv4-only" }
  /** The peer that has proved itself speaks the older format with this side; `asked`: its user wanted no other. */
  | { readonly type: "older-format"; readonly asked: boolean }
  /** A dialer did not prove the ticket's secret, or speaks no format that fits. */
  | { readonly type: "wrong-proof"; readonly error: UltraError };

/** Why a file is no good place for a ticket. */
export type TicketFileWarning =
  /** Group or others may read it. */
  | { readonly about: "ticket-file-readable"; readonly path: string }
  /** Its disk keeps no permissions: whoever can reach it can read and change the ticket. */
  | { readonly about: "ticket-file-unprotected"; readonly path: string };
