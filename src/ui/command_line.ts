/** The command of this run, as it is typed again. @module */

import { isTicketWord } from "../protocol/ticket.ts";

/** In place of a ticket, which is shown in its own places alone. */
export const TICKET_PLACE = "ultra1...";

/** What a user types to go on with a transfer. */
export interface Again {
  readonly command: string;
  /** `ends`: with this side, so that its command is typed again as well. `may-serve`: it may be a server, which goes on by itself. */
  readonly other: "ends" | "may-serve";
}

/** What a shell takes as it stands. */
const PLAIN = /^[\p{L}\p{N}_@%+=:,./-]+$/u;

export function commandLine(args: readonly string[]): string {
  return ["ultra", ...args.map(shellWord)].join(" ");
}

function shellWord(word: string): string {
  const [flag, value] = word.startsWith("--to=") ? ["--to=", word.slice("--to=".length)] : ["", word];
  if (isTicketWord(value)) return flag + TICKET_PLACE;
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
