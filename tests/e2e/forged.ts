/** Tickets as somebody would make them who guesses. @module */

import { encodeTicket, parseTicket, type Ticket } from "../../src/protocol/ticket.ts";

/** The same ticket with something else in it. */
export function forged(ticket: string, change: Partial<Ticket>): string {
  return encodeTicket({ ...parseTicket(ticket), ...change });
}

/** The same bytes but for one bit. */
export function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}
