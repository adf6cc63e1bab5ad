/** `ultra ticket` as it was typed, and which commands a lasting ticket is for. Pure. @module */

import { parseUnder } from "../auth/rights.ts";
import type { AdvertisedHost } from "../base/endpoints.ts";
import { UltraError } from "../base/errors.ts";
import { isLabel } from "../meet/further_tickets.ts";
import { isTicketWord, type Ticket } from "../protocol/ticket.ts";
import { parseDuration } from "./duration.ts";
import { type FlagName, type TransferCommand, written } from "./flags.ts";
import type { NewTicket, OutputMode, TicketAct, TicketInvocation } from "./invocation.ts";

/** What was typed behind the command. */
export interface TypedFlags {
  readonly value: (name: FlagName) => string | undefined;
  readonly isGiven: (name: FlagName) => boolean;
  readonly advertise: readonly AdvertisedHost[];
  readonly output: OutputMode;
}

/** Ten years: whoever means longer leaves the flag out. */
const MOST_DAYS = 3650;

/** What says that a further ticket is wanted. */
const OF_FURTHER = ["label", "allow", "under", "expires"] as const;

/** @throws {UltraError} `usage` */
export function ticketInvocation(operands: readonly string[], flags: TypedFlags): TicketInvocation {
  if (operands.some(isTicketWord)) throw usage("ultra ticket makes tickets and takes none: --revoke takes its label");
  if (operands.length > 0) throw usage("ultra ticket takes flags and nothing else: ultra ticket --identity FILE");
  const identity = flags.value("identity");
  if (identity === undefined) throw usage("ultra ticket needs the file of the identity: ultra ticket --identity FILE");
  return { command: "ticket", identity, act: actOf(flags), advertise: flags.advertise, output: flags.output };
}

function actOf(flags: TypedFlags): TicketAct {
  const revoke = flags.value("revoke");
  const wanted = OF_FURTHER.find(flags.isGiven);
  const single = flags.isGiven("list") ? "list" : revoke === undefined ? undefined : "revoke";
  if (single === undefined) return wanted === undefined ? { type: "show" } : newTicket(flags);
  const other = single === "list" && revoke !== undefined
    ? "revoke"
    : wanted ?? (flags.advertise.length > 0 && "advertise");
  if (other) throw usage(`${written(single)} and ${written(other)} do not go together`);
  return revoke === undefined ? { type: "list" } : { type: "revoke", label: labelOf("revoke", revoke) };
}

function newTicket({ value }: TypedFlags): NewTicket {
  const label = value("label");
  const use = value("allow");
  const under = value("under");
  const expires = value("expires");
  if (use !== undefined && use !== "read" && use !== "write") {
    throw usage(`--allow takes read or write, not "${use}"; without it a ticket is for both`);
  }
  if (under !== undefined && use !== "read") {
    throw usage("--under is about what is served, and bounds no files that are brought: it takes --allow read as well");
  }
  const expiresInMs = expires === undefined ? undefined : parseDuration("--expires", expires, MOST_DAYS);
  if (expiresInMs === 0) throw usage("--expires 0 would make a ticket that never works");
  return {
    type: "make",
    label: label === undefined ? undefined : labelOf("label", label),
    use,
    under: under === undefined ? undefined : parseUnder(under),
    expiresInMs,
  };
}

function labelOf(flag: "label" | "revoke", text: string): string {
  if (isLabel(text)) return text;
  throw usage(`${written(flag)} takes letters, digits, dots, dashes and underscores, 64 at most, not "${text}"`);
}

/** @throws {UltraError} `usage` when a lasting ticket is not for this command */
export function checkUse(command: TransferCommand, ticket: Ticket): Ticket {
  if (command === "test") {
    throw usage("This ticket is for moving files; to measure, run `ultra test` on both sides");
  }
  const needed = command === "send" ? "write" : "read";
  if (ticket.use === undefined || ticket.use === needed) return ticket;
  throw usage(
    command === "send"
      ? "This ticket is for fetching files: run `ultra recv TICKET` or `ultra get TICKET PATH...`, or ask its owner for one with --allow write"
      : "This ticket is for bringing files: run `ultra send PATH... TICKET`, or ask its owner for one with --allow read",
  );
}

function usage(message: string): UltraError {
  return new UltraError("usage", message);
}
