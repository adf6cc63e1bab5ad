/**
 * Base32 of RFC 4648 in lower case and without padding: nothing in it that a shell or a double click would split.
 *
 * @module
 */

import { base32nopad } from "@scure/base";

/** No letter of another alphabet whose upper case is one of these: it would be a second text for the same bytes. */
const TEXT = /^[a-z2-7]*$/;

/** Encodes bytes, unused bits of the last character being 0. */
export function encodeBase32(bytes: Uint8Array): string {
  return base32nopad.encode(bytes).toLowerCase();
}

/** Decodes what {@linkcode encodeBase32} makes, and nothing else: `undefined` for any other text. */
export function decodeBase32(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!TEXT.test(text)) return undefined;
  try {
    return new Uint8Array(base32nopad.decode(text.toUpperCase()));
  } catch {
    return undefined; // a whole character left over, or unused bits that are set
  }
}
