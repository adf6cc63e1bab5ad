/**
 * `--quiet`: errors, and the ticket of the side that waits, without which no transfer could begin.
 *
 * @module
 */

import type { UserEvent } from "../measure/events.ts";
import type { TicketNotice } from "../session/events.ts";
import { escapeText, shownText } from "./escape.ts";
import { incompleteText } from "./left_out.ts";
import { leftoverText } from "./leftovers.ts";
import { clientLine, commandFor, errorLines, failureLine, listedLine } from "./messages.ts";
import { answer, type EventTable, type Output } from "./output.ts";
import type { Terminal } from "./writer.ts";

export class QuietOutput implements Output {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  tell(event: UserEvent): void {
    if (event.type === "ticket") this.#showTicket(event.ticket);
    if (event.type === "lasting-ticket") this.#terminal.stdout.write(`${escapeText(event.text)}\n`);
    if (event.type === "listed") this.#terminal.stdout.write(`${shownText(listedLine(event.listed))}\n`);
    for (const line of answer(LINES, event)) this.#terminal.stderr.write(`${shownText(line)}\n`);
  }

  #showTicket({ text, role, file }: TicketNotice): void {
    if (file !== undefined) return;
    const { stdout, stderr } = this.#terminal;
    if (stdout.isTerminal) stderr.write(`${escapeText(commandFor(role, text))}\n`);
    else stdout.write(`${escapeText(text)}\n`);
  }
}

const nothing = (): readonly string[] => [];

/** Lines on standard error. */
const LINES: EventTable<readonly string[]> = {
  "version": nothing,
  "error": errorLines,
  "file-failed": ({ failure }) => [failureLine(failure)],
  "complete": ({ facts }) => {
    const text = incompleteText(facts);
    return text === undefined ? [] : [`ultra: ${text}`];
  },
  "client-over": ({ client }) => client.error === undefined ? [] : [`ultra: ${clientLine(client)}`],
  "leftover": ({ leftover }) => leftover.state === "failed" ? [`ultra: ${leftoverText(leftover)}`] : [],
  "cleaned": ({ cleaned }) => cleaned.unread.map((text) => `ultra: ${escapeText(text)}`),
  /** It goes its own way: a line with a ticket would lose it. */
  "ticket": nothing,
  "lasting-ticket": nothing,
  "ticket-listed": nothing,
  "tickets-listed": nothing,
  "ticket-revoked": nothing,
  "phase": nothing,
  "serving": nothing,
  "asked": nothing,
  "listed": nothing,
  "memory-bound": nothing,
  "offering": nothing,
  "receiving-into": nothing,
  "on-clipboard": nothing,
  "watching": nothing,
  "retrying": nothing,
  "ipv4-only": nothing,
  "older-format": nothing,
  "wrong-proof": nothing,
  "started": nothing,
  "config": nothing,
  "opened": nothing,
  "added": nothing,
  "settings": nothing,
  "progress": nothing,
  "name-lost": nothing,
  "stalled": nothing,
  "connection-lost": nothing,
  "returned": nothing,
  "peer-restarted": nothing,
  "restarted": nothing,
  "left-over": nothing,
  "unkept": nothing,
  "unsent": nothing,
  "measuring": nothing,
  "measuring-again": nothing,
  "measured": nothing,
  "tested": nothing,
  "taken-up": nothing,
  "warning": nothing,
  "interrupted": nothing,
  "debug": nothing,
  "exit": nothing,
};
