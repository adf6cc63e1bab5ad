/**
 * `--quiet`: errors, and the ticket of the side that waits, without which nobody could do anything.
 *
 * @module
 */

import { escapeText, shownText } from "./escape.ts";
import { commandFor, errorLines, failureLine } from "./messages.ts";
import { incompleteText } from "./left_out.ts";
import type { FactSheet, Output, TicketNotice } from "./output.ts";
import type { FileFailure } from "../session/events.ts";
import type { Terminal } from "./writer.ts";

export class QuietOutput implements Output {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  ticket({ text, role, file }: TicketNotice): void {
    if (file !== undefined) return;
    if (this.#terminal.stdout.isTerminal) this.#terminal.stderr.write(`${escapeText(commandFor(role, text))}\n`);
    else this.#terminal.stdout.write(`${escapeText(text)}\n`);
  }

  fileFailed(failure: FileFailure): void {
    this.#line(failureLine(failure));
  }

  complete(facts: FactSheet): void {
    const text = incompleteText(facts);
    if (text !== undefined) this.#line(`ultra: ${text}`);
  }

  error(error: unknown): void {
    for (const line of errorLines(error)) this.#line(line);
  }

  phase(): void {}
  memoryBound(): void {}
  offering(): void {}
  receivingInto(): void {}
  interrupted(): void {}
  started(): void {}
  config(): void {}
  opened(): void {}
  added(): void {}
  settings(): void {}
  progress(): void {}
  measuring(): void {}
  measured(): void {}
  tested(): void {}
  warning(): void {}
  note(): void {}
  debug(): void {}
  exit(): void {}

  #line(text: string): void {
    this.#terminal.stderr.write(`${shownText(text)}\n`);
  }
}
