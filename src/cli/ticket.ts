/** Where a ticket comes from and goes to. @module */

import { readTicketFile, readTicketStdin, writeTicketFile } from "../meet/ticket_files.ts";
import type { Role } from "../meet/direction.ts";
import type { Ticket } from "../protocol/ticket.ts";
import { ticketFor } from "./ticket_for.ts";
import type { TicketSource } from "./invocation.ts";
import type { Tell } from "./context.ts";
import type { TransferCommand } from "./flags.ts";

/** @throws {UltraError} `usage` when it is no ticket, or one for another command */
export async function ticketOf(command: TransferCommand, source: TicketSource, tell: Tell): Promise<Ticket> {
  switch (source.from) {
    case "argument":
    case "environment":
      return source.ticket;
    case "stdin":
      return ticketFor(command, (await readTicketStdin()).text);
    case "file": {
      const { text, warning } = await readTicketFile(source.path);
      if (warning !== undefined) tell({ type: "warning", warning });
      return ticketFor(command, text);
    }
  }
}

/** Shows a ticket, or writes it where the user wants it and nowhere else. */
export async function showTicket(
  text: string,
  role: Role,
  file: string | undefined,
  tell: Tell,
): Promise<void> {
  const warning = file === undefined ? undefined : await writeTicketFile(file, text);
  if (warning !== undefined) tell({ type: "warning", warning });
  tell({ type: "ticket", ticket: { text, role, file } });
}
