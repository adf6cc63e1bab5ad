/**
 * What makes a listener the same one for its peers: certificate, key, token and port, in a file or a variable, for good.
 *
 * @module
 */

import { Secret } from "../auth/secret.ts";
import { UltraError } from "../base/errors.ts";
import type { Identity } from "../engine/engine.ts";
import { readTicketBytes, replaceIf } from "../engine/surroundings.ts";
import { HASH_LEN, TOKEN_LEN } from "../protocol/limits.ts";
import { pause, type Timers } from "../base/timers.ts";
import { type Fields, formatFields, hexField, MAX_IDENTITY_BYTES, numberField, parseFields } from "./fields.ts";
import { type FurtherTicket, ticketFields, ticketsOf, type TicketTable } from "./further_tickets.ts";

/** Who a listener is. */
export interface LastingIdentity {
  readonly identity: Identity;
  /** The secret of its tickets. */
  readonly token: Secret;
  readonly port: number;
}

/** An identity with the tickets that were made for it besides its own. */
export interface IdentityFile extends LastingIdentity {
  readonly tickets: readonly FurtherTicket[];
}

const MAX_PORT = 65_535;

const OTHERS = 0o077;

/**
 * Reads the file of an identity; `undefined` when there is none.
 *
 * @throws {UltraError} `usage` when others may read it or it holds something else, `disk` when it cannot be read
 */
export async function readIdentity(path: string): Promise<IdentityFile | undefined> {
  return (await read(path))?.identity;
}

interface Read {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly identity: IdentityFile;
}

async function read(path: string): Promise<Read | undefined> {
  const read = await readTicketBytes(path, MAX_IDENTITY_BYTES);
  if (read.type === "failed") {
    if (read.fault === "not-found") return undefined;
    throw new UltraError("disk", `The identity cannot be read (${read.fault})`, { subject: path });
  }
  // A disk that keeps no modes cannot be asked for one.
  if (read.guard.type === "mode" && (read.guard.mode & OTHERS) !== 0) {
    const text = `Other users may read or change the identity file ${path}: run chmod 600 on it`;
    throw new UltraError("usage", text, { subject: path });
  }
  const bytes = read.bytes.slice();
  const identity = parseIdentity(new TextDecoder().decode(bytes));
  if (identity === undefined) {
    throw new UltraError("usage", "There is no identity in it, or only a part of one", { subject: path });
  }
  return { bytes, identity };
}

/** Tries of one change, and what lies between two of them: others hold the file for the time of a write. */
const MOST_TRIES = 200;
const AGAIN_MS = 25;

/**
 * Changes the file of an identity, or makes it, in one step: what other processes change at the same time is never lost.
 *
 * @param change gets what is there, and gives what shall be there instead; it may be asked again
 * @returns what is there now
 * @throws {UltraError} `disk`, `usage`, and whatever `change` throws
 */
export async function changeIdentity(
  path: string,
  change: (found: IdentityFile | undefined) => IdentityFile,
  timers: Timers,
): Promise<IdentityFile> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const found = await read(path);
    const wanted = change(found?.identity);
    if (wanted === found?.identity) return wanted;
    const bytes = new TextEncoder().encode(formatIdentity(wanted));
    if (bytes.length > MAX_IDENTITY_BYTES) throw tooMany(path);
    const fault = await replaceIf(path, found?.bytes, bytes);
    if (fault === undefined) return wanted;
    // Nobody else makes the folder: to try again would be to wait for nothing. (A file that was there may have been taken away meanwhile.)
    if (fault === "not-found" && found === undefined) {
      throw new UltraError("disk", "The identity cannot be written (no such folder, or a link that leads nowhere)", {
        subject: path,
      });
    }
    if (fault !== "changed" && fault !== "exists" && fault !== "not-found") {
      throw new UltraError("disk", `The identity cannot be written (${fault})`, { subject: path });
    }
    await pause(AGAIN_MS, timers);
  }
  throw new UltraError("disk", "The identity cannot be written: other processes change it all the time", {
    subject: path,
  });
}

/** The refusal of a ticket for which there is no room. */
export function tooMany(path: string): UltraError {
  return new UltraError("usage", "There is no room for another ticket in this identity: take some back first", {
    subject: path,
  });
}

/** How soon a ticket that was taken back, or made, counts at a listener that runs. */
const REREAD_MS = 1000;

/**
 * Has a table follow the file of its identity, until the process ends. A file that cannot be read, or is another identity's, opens nothing
 * but the identity's own ticket: rather a ticket is refused than one taken that was taken back.
 */
export async function followIdentity(
  path: string,
  certificate: Uint8Array,
  table: TicketTable,
  timers: Timers,
): Promise<never> {
  while (true) {
    await pause(REREAD_MS, timers);
    const found = await readIdentity(path).catch((error) => {
      if (error instanceof UltraError) return undefined;
      throw error;
    });
    const isSame = found?.identity.hash.every((byte, index) => byte === certificate[index]) === true;
    if (isSame) table.replace(found.tickets);
    else table.suspend();
  }
}

export function formatIdentity(
  { identity, token, port, tickets = [] }: LastingIdentity & Partial<IdentityFile>,
): string {
  const fields = { ...identityFields(identity), token: token.reveal().toHex(), port: String(port) };
  return formatFields("ultra-identity 1", { ...fields, ...ticketFields(tickets) });
}

/** `undefined`: it is something else, or damaged. */
export function parseIdentity(text: string): IdentityFile | undefined {
  const fields = parseFields("ultra-identity 1", text);
  if (fields === undefined) return undefined;
  const identity = identityOf(fields);
  const token = hexField(fields["token"], TOKEN_LEN);
  const port = numberField(fields["port"], MAX_PORT);
  const tickets = ticketsOf(fields);
  if (identity === undefined || token === undefined || port === undefined || tickets === undefined) return undefined;
  return { identity, token: new Secret(token), port, tickets };
}

export function identityFields({ hash, pkcs12 }: Identity): Fields {
  return { certificate: hash.toHex(), pkcs12: pkcs12.toBase64() };
}

export function identityOf(fields: Fields): Identity | undefined {
  const hash = hexField(fields["certificate"], HASH_LEN);
  const pkcs12 = base64Field(fields["pkcs12"]);
  return hash === undefined || pkcs12 === undefined ? undefined : { hash, pkcs12 };
}

function base64Field(text: string | undefined): Uint8Array | undefined {
  try {
    return text === undefined ? undefined : Uint8Array.fromBase64(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
