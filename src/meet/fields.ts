/**
 * The one format of files that hold keys: identities and what a process leaves for the next one. Lines of a name and a value, with a
 * check at the end, so that half a file is none. `docs/protocol.md`, "Files with keys".
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";

/** What a file is for; its first line says so, with the version. */
export type FieldsKind = "ultra-identity 1" | "ultra-state 1";

export type Fields = Readonly<Record<string, string>>;

/** Bytes of the check, which finds accidents: whoever may write the file may also make it. */
const CHECK_LEN = 8;

/** Longest file of state that is read: a certificate with its key takes two thirds of it. */
export const MAX_FIELDS_BYTES = 4096;

/** Longest file of an identity: with as many tickets as it may have, some of them for long paths. As a variable it still fits where secrets go. */
export const MAX_IDENTITY_BYTES = 24_576;

const utf8 = new TextEncoder();

export function formatFields(kind: FieldsKind, fields: Fields): string {
  const lines = [kind, ...Object.entries(fields).map(([name, value]) => `${name} ${value}`)];
  const body = lines.map((line) => `${line}\n`).join("");
  return `${body}check ${checkOf(body)}\n`;
}

/** `undefined`: it is no whole file of that kind. Line ends and blanks around it may be those of an editor or a variable. */
export function parseFields(kind: FieldsKind, text: string): Fields | undefined {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const check = lines.pop();
  const body = lines.map((line) => `${line}\n`).join("");
  if (lines[0] !== kind || check !== `check ${checkOf(body)}`) return undefined;
  const pairs = lines.slice(1).map((line): [string, string] => {
    const end = line.indexOf(" ");
    return [line.slice(0, end), line.slice(end + 1)];
  });
  return Object.fromEntries(pairs);
}

function checkOf(body: string): string {
  return sha256(utf8.encode(body)).slice(0, CHECK_LEN).toHex();
}

/** Bytes in hex, of exactly that length. */
export function hexField(text: string | undefined, length: number): Uint8Array | undefined {
  if (text === undefined || !/^(?:[0-9a-f]{2})*$/.test(text) || text.length !== 2 * length) return undefined;
  return Uint8Array.fromHex(text);
}

/** A whole number from 0 to `most`. */
export function numberField(text: string | undefined, most: number): number | undefined {
  if (text === undefined || !/^[0-9]{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= most ? number : undefined;
}
