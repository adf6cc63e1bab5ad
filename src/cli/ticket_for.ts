/** Which command a ticket is for. @module */

import { UltraError } from "../base/errors.ts";
import { parseTicket, type Ticket } from "../protocol/ticket.ts";
import type { TransferCommand } from "./flags.ts";
import { checkUse } from "./ticket_arguments.ts";

/**
 * Reads a ticket and checks that its maker waits for this command.
 *
 * @throws {UltraError} `usage` with the command to run instead; never with the ticket
 */
export function ticketFor(command: TransferCommand, text: string): Ticket {
  const ticket = parseTicket(text);
  if (ticket.role === "identity") return checkUse(command, ticket);
  if (!MAKERS[command].includes(ticket.role)) throw usage(WRONG_ROLE[ticket.role]);
  return ticket;
}

/** What the maker of a ticket for each command may do. */
const MAKERS: Readonly<Record<TransferCommand, readonly Ticket["role"][]>> = {
  send: ["receive", "serve"],
  recv: ["send"],
  get: ["serve", "send"],
  ls: ["serve"],
  serve: [],
  test: ["test"],
  watch: ["receive", "serve"],
};

/** The refusal of a ticket with another command than its maker waits for. */
const WRONG_ROLE: Readonly<Record<Exclude<Ticket["role"], "identity">, string>> = {
  receive: "This ticket was made by a receiver: run `ultra send PATH... TICKET`",
  send: "This ticket was made by a sender: run `ultra recv TICKET`",
  serve: "This ticket was made by `ultra serve`: choose: `ultra ls TICKET [PATH]`, `ultra get TICKET PATH...`",
  test: "This ticket was made by `ultra test`: run `ultra test TICKET`",
};

function usage(message: string): UltraError {
  return new UltraError("usage", message);
}
