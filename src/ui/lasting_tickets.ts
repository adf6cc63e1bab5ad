/** The tickets of an identity, in words. Pure. @module */

import { counted } from "../base/text.ts";
import type { LastingTicket } from "../session/events.ts";
import { escapeText } from "./escape.ts";

/** What stands above a ticket that was made. */
export function lastingTicketLine(port: number, ticket: LastingTicket | undefined): string {
  const waits = `works as long as a side waits with this identity on UDP port ${port}`;
  if (ticket === undefined) return `The lasting ticket of this identity ${waits}:`;
  return `The ticket ${ticket.label} (${forText(ticket)}, ${endText(ticket, false)}) ${waits}:`;
}

/** One of a list. */
export function listedTicketLine(ticket: LastingTicket, isExpired: boolean): string {
  return `  ${ticket.label.padEnd(20)} ${forText(ticket)}, ${endText(ticket, isExpired)}`;
}

export function listedTicketsLine(count: number): string {
  return count === 0
    ? "This identity has no further tickets, only its own"
    : `${counted(count, "further ticket")}; --revoke LABEL takes one back`;
}

export function revokedTicketLine(label: string): string {
  return `The ticket ${label} is taken back; a transfer that runs with it ends`;
}

function forText({ use, under }: LastingTicket): string {
  const what = use === undefined ? "to fetch and to bring files" : use === "read" ? "to fetch files" : "to bring files";
  return under === undefined ? what : `${what} in ${escapeText(under)}`;
}

function endText({ expiresMs }: LastingTicket, isExpired: boolean): string {
  if (expiresMs === undefined) return "without end";
  const date = new Date(expiresMs).toISOString();
  return `${isExpired ? "expired" : "until"} ${date.slice(0, 10)} ${date.slice(11, 16)} UTC`;
}
