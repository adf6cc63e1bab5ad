/**
 * T27: no output of any test has a ticket outside its place. Whatever runs `ultra` in a test passes each captured line here.
 *
 * @module
 */

import assert from "node:assert/strict";

/** Where a ticket belongs: alone on standard output, in the event of `--json`, in the command for the other side. */
const PLACES: Readonly<Record<"stdout" | "stderr", readonly RegExp[]>> = {
  stdout: [/^ultra1[a-z2-7]+$/, /^\{"type":"ticket","ticket":"ultra1[a-z2-7]+",.*\}$/],
  stderr: [/^ *ultra (send PATH\.\.\.|recv|test) ultra1[a-z2-7]+$/],
};

/** More of a ticket than a help page's `ultra1...`, right or mistyped. */
const TICKET = /ultra1[a-z2-7]{20,}/i;

/** Where the secret stands in a ticket: 16 bytes after version, role, flags and 16 bytes of the certificate's hash, or all 32 of it. */
const SECRETS = { short: { start: 6 + 31, end: 6 + 56 }, whole: { start: 6 + 56, end: 6 + 81 } } as const;

/** The fifth letter behind the prefix has the flag of a whole hash in its third bit. */
const FLAGS = { at: 6 + 4, whole: 4 } as const;

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** As many letters of a secret say nothing that chance could not. */
const WINDOW = 10;

/** Watches the output of one process. */
export class TicketWatch {
  /** Tickets that any process of this run was given or has shown. */
  static readonly #known = new Set<string>();
  readonly #leaks: string[] = [];

  /** @param words what the process was given: arguments, variables, standard input */
  constructor(words: readonly string[] = []) {
    for (const word of words) TicketWatch.#learn(word);
  }

  take(stream: "stdout" | "stderr", line: string): void {
    if (PLACES[stream].some((place) => place.test(line))) return TicketWatch.#learn(line);
    if (TICKET.test(line) || TicketWatch.#holdsSecret(line)) this.#leaks.push(`${stream}: ${line}`);
  }

  /** Fails when a ticket stood where none belongs. */
  assertNone(): void {
    assert.deepEqual(this.#leaks, [], "a ticket outside its place");
  }

  static #learn(text: string): void {
    for (const [ticket] of text.replaceAll(/\s/g, "").matchAll(/ultra1[a-z2-7]{70,}/gi)) {
      this.#known.add(ticket.toLowerCase());
    }
  }

  /** Finds a part of a known secret, also where the ticket was cut, wrapped or escaped. */
  static #holdsSecret(line: string): boolean {
    const text = line.toLowerCase();
    return [...this.#known].some((ticket) => {
      const isWhole = (LETTERS.indexOf(ticket[FLAGS.at] ?? "") & FLAGS.whole) !== 0;
      const { start, end } = isWhole ? SECRETS.whole : SECRETS.short;
      const secret = ticket.slice(start, end);
      for (let at = 0; at + WINDOW <= secret.length; at++) {
        if (text.includes(secret.slice(at, at + WINDOW))) return true;
      }
      return false;
    });
  }
}
