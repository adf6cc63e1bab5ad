/**
 * The tickets of an identity besides its own: a table of what each of them opens, and for how long. `docs/protocol.md`, "Files with keys".
 *
 * The table holds the tokens themselves, not hashes of them: a proof is an HMAC with a key that is derived from the token, so whatever is
 * stored to check it is as good as the token.
 *
 * @module
 */

import { secretId } from "../auth/keys.ts";
import { type Rights, rightsOf } from "../auth/rights.ts";
import { Secret } from "../auth/secret.ts";
import { TOKEN_LEN } from "../protocol/limits.ts";
import { formatSafePath, parseSafePath, type SafePath } from "../protocol/safe_path.ts";
import type { TicketUse } from "../protocol/ticket.ts";
import { UltraError } from "../base/errors.ts";
import { type Fields, hexField, numberField } from "./fields.ts";

export interface FurtherTicket {
  /** What its owner calls it, and takes it back by. */
  readonly label: string;
  readonly token: Secret;
  /** Absent: to read and to write. */
  readonly use: TicketUse | undefined;
  readonly under: SafePath | undefined;
  /** By the clock on the wall, in milliseconds; `undefined`: never. */
  readonly expiresMs: number | undefined;
}

/** Rows of a table: each of them is looked at for each dialer. */
export const MAX_TICKETS = 128;

/** A label is a word in the file and on the command line. */
const LABEL = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

export function isExpired({ expiresMs }: Pick<FurtherTicket, "expiresMs">, nowMs: number): boolean {
  return expiresMs !== undefined && nowMs >= expiresMs;
}

/** Of the line of a ticket: behind it stands its label. */
const NAME = "ticket-";

/** In place of what a ticket has not. */
const NONE = "-";

/** A line for each ticket: its label, token, use, end and folder, which may hold blanks and stands last. */
export function ticketFields(tickets: readonly FurtherTicket[]): Fields {
  return Object.fromEntries(tickets.map(({ label, token, use, under, expiresMs }) => {
    const place = under === undefined ? NONE : `/${formatSafePath(under)}`;
    const words = [token.reveal().toHex(), use ?? NONE, expiresMs === undefined ? NONE : String(expiresMs), place];
    return [NAME + label, words.join(" ")];
  }));
}

/** `undefined`: one of them is none, or there are too many. */
export function ticketsOf(fields: Fields): FurtherTicket[] | undefined {
  const tickets: FurtherTicket[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (!name.startsWith(NAME)) continue;
    const ticket = ticketOf(name.slice(NAME.length), value);
    if (ticket === undefined || tickets.length === MAX_TICKETS) return undefined;
    tickets.push(ticket);
  }
  return tickets;
}

const ROW = /^([0-9a-f]+) (read|write|-) ([0-9]+|-) (\/.+|-)$/;

function ticketOf(label: string, value: string): FurtherTicket | undefined {
  const [, hex, use, end, place = NONE] = ROW.exec(value) ?? [];
  const token = hexField(hex, TOKEN_LEN);
  const expiresMs = end === NONE ? undefined : numberField(end, Number.MAX_SAFE_INTEGER);
  const under = place === NONE ? undefined : pathOf(place.slice(1));
  // What was written as a limit and cannot be read must never count as none.
  const isWhole = (end === NONE || expiresMs !== undefined) && (place === NONE || under !== undefined);
  if (!isLabel(label) || token === undefined || !isWhole) return undefined;
  const isUse = use === "read" || use === "write";
  return { label, token: new Secret(token), use: isUse ? use : undefined, under, expiresMs };
}

function pathOf(text: string): SafePath | undefined {
  try {
    return parseSafePath(text);
  } catch (error) {
    if (error instanceof UltraError) return undefined;
    throw error;
  }
}

/** A ticket that a dialer proves, as far as it is valid. */
export interface FoundTicket {
  readonly secret: Secret;
  readonly rights: Rights;
  readonly label: string;
}

/** The further tickets that a listener takes. They may change while it runs. */
export class TicketTable {
  readonly #nowMs: () => number;
  #rows: readonly { readonly id: Uint8Array; readonly ticket: FurtherTicket }[] = [];
  /** Labels of the last table that could be read, by id. */
  #known: ReadonlyMap<string, string> = new Map();
  /** Labels of tickets that were taken back while this process ran, as many as a table has. */
  readonly #former = new Map<string, string>();

  /** @param nowMs the clock on the wall */
  constructor(tickets: readonly FurtherTicket[], nowMs: () => number) {
    this.#nowMs = nowMs;
    this.replace(tickets);
  }

  replace(tickets: readonly FurtherTicket[]): void {
    this.#rows = tickets.slice(0, MAX_TICKETS).map((ticket) => ({ id: secretId(ticket.token), ticket }));
    const known = new Map(this.#rows.map(({ id, ticket }) => [id.toHex(), ticket.label]));
    for (const [id, label] of this.#known) if (!known.has(id)) this.#former.set(id, label);
    for (const id of this.#former.keys()) {
      if (known.has(id) || this.#former.size > MAX_TICKETS) this.#former.delete(id);
    }
    this.#known = known;
  }

  /** The table cannot be read: its tickets open nothing, and what they have opened goes on. */
  suspend(): void {
    this.#rows = [];
  }

  /** Whether a ticket that has opened something stands in the table no more. One that has expired does. */
  isTakenBack(id: Uint8Array): boolean {
    return !this.#known.has(id.toHex());
  }

  /**
   * The ticket that an id names, unless it has expired: then it is as unknown as one that was taken back. Each row takes the same time,
   * whether it is the one or not, so that the time tells nothing of the ids that there are.
   */
  find(id: Uint8Array): FoundTicket | undefined {
    let found: FurtherTicket | undefined;
    for (const row of this.#rows) {
      if (isSame(row.id, id)) found = row.ticket;
    }
    if (found === undefined || isExpired(found, this.#nowMs())) return undefined;
    return { secret: found.token, rights: rightsOf(found.use, found.under), label: found.label };
  }

  /** The label of a ticket that has expired, or was taken back while this process ran: only those know its id who have, or had, the ticket. */
  formerLabel(id: Uint8Array): string | undefined {
    const hex = id.toHex();
    const row = this.#rows.find((row) => row.id.toHex() === hex);
    if (row === undefined) return this.#former.get(hex);
    return isExpired(row.ticket, this.#nowMs()) ? row.ticket.label : undefined;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) difference |= (one[at] ?? 0) ^ (other[at] ?? 0);
  return difference === 0;
}
