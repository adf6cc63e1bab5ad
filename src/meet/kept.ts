/**
 * What a side keeps of a transfer, so that the same command, started again, takes it up: a file of state, which counts for 24 hours.
 *
 * @module
 */

import { Secret } from "../auth/secret.ts";
import type { Identity } from "../engine/engine.ts";
import { HASH_LEN, MAX_ENTRIES, SECRET_ID_LEN } from "../protocol/limits.ts";
import { type Fields, formatFields, hexField, numberField, parseFields } from "./fields.ts";
import { identityFields, identityOf } from "./identity.ts";

/** A transfer that an earlier process began. */
export interface KeptTransfer {
  /** Its session key. */
  readonly key: Secret;
  /** Where the other side was. */
  readonly peer: string;
  /** When it began, by the clock on the wall. */
  readonly beganMs: number;
  /** How the other side finds and knows this one; `undefined` on the side that dials. */
  readonly listener: { readonly identity: Identity; readonly port: number } | undefined;
  /** The id of the further ticket with which it began, if it was one: once that is taken back, so is this. */
  readonly ticket?: Uint8Array | undefined;
  /** How far it came, where the list was complete. */
  readonly came?: Came | undefined;
}

/** Files of a transfer, and those of them that had arrived. */
export interface Came {
  readonly files: number;
  readonly filesArrived: number;
  /** Whether anything of it is there; otherwise it had ended before, for want of space. */
  readonly hasMoved: boolean;
  /** It was noted while the transfer ran, and more may have arrived since: the process that kept it was killed. */
  readonly isAtLeast?: true | undefined;
}

/** Keys are not to lie around for longer, and nobody waits for so long. */
const LONGEST_MS = 24 * 3_600_000;

const MAX_PORT = 65_535;

export function formatKept({ key, peer, beganMs, listener, ticket, came }: KeptTransfer): string {
  return formatFields("ultra-state 1", {
    key: key.reveal().toHex(),
    peer,
    began: String(Math.round(beganMs)),
    ...(listener === undefined ? {} : { ...identityFields(listener.identity), port: String(listener.port) }),
    ...(ticket === undefined ? {} : { ticket: ticket.toHex() }),
    ...(came === undefined ? {} : cameFields(came)),
  });
}

/** `undefined`: it is damaged, or too old. */
export function parseKept(text: string, nowMs: number): KeptTransfer | undefined {
  const fields = parseFields("ultra-state 1", text);
  const key = hexField(fields?.["key"], HASH_LEN);
  const beganMs = numberField(fields?.["began"], Number.MAX_SAFE_INTEGER);
  const peer = fields?.["peer"];
  if (fields === undefined || key === undefined || beganMs === undefined || peer === undefined) return undefined;
  if (Math.abs(nowMs - beganMs) > LONGEST_MS) return undefined;
  const identity = identityOf(fields);
  const port = numberField(fields["port"], MAX_PORT);
  const listener = identity === undefined || port === undefined ? undefined : { identity, port };
  const ticket = hexField(fields["ticket"], SECRET_ID_LEN);
  if (fields["ticket"] !== undefined && ticket === undefined) return undefined;
  const came = cameOf(fields);
  return { key: new Secret(key), peer, beganMs, listener, ...ticket && { ticket }, ...came && { came } };
}

function cameFields({ files, filesArrived, hasMoved, isAtLeast }: Came): Fields {
  const counts = { files: String(files), arrived: String(filesArrived) };
  return { ...counts, ...hasMoved ? {} : { moved: "0" }, ...isAtLeast && { least: "1" } };
}

function cameOf(fields: Fields): Came | undefined {
  const files = numberField(fields["files"], MAX_ENTRIES);
  const filesArrived = numberField(fields["arrived"], MAX_ENTRIES);
  return files === undefined || filesArrived === undefined || filesArrived > files
    ? undefined
    : { files, filesArrived, hasMoved: fields["moved"] !== "0", ...fields["least"] === "1" && { isAtLeast: true } };
}
