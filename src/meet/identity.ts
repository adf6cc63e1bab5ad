/**
 * What makes a listener the same one for its peers: certificate, key, token and port, in a file or a variable, for good.
 *
 * @module
 */

import { Secret } from "../auth/secret.ts";
import { UltraError } from "../base/errors.ts";
import type { Identity } from "../engine/engine.ts";
import { readTicketBytes, writeTicketBytes } from "../engine/surroundings.ts";
import { HASH_LEN, TOKEN_LEN } from "../protocol/limits.ts";
import { type Fields, formatFields, hexField, MAX_FIELDS_BYTES, numberField, parseFields } from "./fields.ts";

/** Who a listener is. */
export interface LastingIdentity {
  readonly identity: Identity;
  /** The secret of its tickets. */
  readonly token: Secret;
  readonly port: number;
}

const MAX_PORT = 65_535;

const OTHERS = 0o077;

/**
 * Reads the file of an identity; `undefined` when there is none.
 *
 * @throws {UltraError} `usage` when others may read it or it holds something else, `disk` when it cannot be read
 */
export async function readIdentity(path: string): Promise<LastingIdentity | undefined> {
  const read = await readTicketBytes(path, MAX_FIELDS_BYTES);
  if (read.type === "failed") {
    if (read.fault === "not-found") return undefined;
    throw new UltraError("disk", `The identity cannot be read (${read.fault})`, { subject: path });
  }
  // A disk that keeps no modes cannot be asked for one.
  if (read.guard.type === "mode" && (read.guard.mode & OTHERS) !== 0) {
    throw new UltraError(
      "usage",
      "Other users may read or change the identity file: run chmod 600 on it, if they have not",
      {
        subject: path,
      },
    );
  }
  const found = parseIdentity(new TextDecoder().decode(read.bytes));
  if (found === undefined) {
    throw new UltraError("usage", "There is no identity in it, or only a part of one", { subject: path });
  }
  return found;
}

/** @throws {UltraError} `disk` */
export async function writeIdentity(path: string, identity: LastingIdentity): Promise<void> {
  const written = await writeTicketBytes(path, new TextEncoder().encode(formatIdentity(identity)));
  if (written.type === "written") return;
  throw new UltraError("disk", `The identity cannot be written (${written.fault})`, { subject: path });
}

export function formatIdentity({ identity, token, port }: LastingIdentity): string {
  const fields = { ...identityFields(identity), token: token.reveal().toHex(), port: String(port) };
  return formatFields("ultra-identity 1", fields);
}

/** `undefined`: it is something else, or damaged. */
export function parseIdentity(text: string): LastingIdentity | undefined {
  const fields = parseFields("ultra-identity 1", text);
  if (fields === undefined) return undefined;
  const identity = identityOf(fields);
  const token = hexField(fields["token"], TOKEN_LEN);
  const port = numberField(fields["port"], MAX_PORT);
  if (identity === undefined || token === undefined || port === undefined) return undefined;
  return { identity, token: new Secret(token), port };
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
