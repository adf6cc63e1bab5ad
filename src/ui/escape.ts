/**
 * Foreign text made harmless: names and messages of peers and file systems, before they reach a terminal or a log.
 *
 * @module
 */

import { withoutTickets } from "../protocol/ticket.ts";

/** Longest text of a peer that is shown, in characters. */
const MAX_PEER_TEXT = 200;

/**
 * Whatever commands a terminal, reorders a line, or cannot be seen: C0, DEL and C1 controls (Cc), bidi and zero-width characters
 * (Cf, Default_Ignorable), line and paragraph separators (Zl, Zp) and lone surrogates (Cs).
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Makes every unsafe character visible: `\x1b`, `\u{202e}`. Escaping twice changes nothing more. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return code <= 0xff ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
  });
}

/** A text as it may be shown: escaped, and without a ticket, which has places of its own. */
export function shownText(text: string): string {
  return withoutTickets(escapeText(text));
}

/** Text inside JSON made harmless, where it stays the same text for a parser. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (character) =>
    Array.from({ length: character.length }, (_, unit) => {
      return `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`;
    }).join(""));
}

/** What a peer said, escaped and cut. */
export function peerText(text: string): string {
  const characters = [...escapeText(text)];
  return characters.length > MAX_PEER_TEXT ? characters.slice(0, MAX_PEER_TEXT).join("") + "…" : characters.join("");
}

/** Columns that a text takes on a terminal; it must be escaped already. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Cuts a text to a number of columns, with `…` in place of what is missing. */
export function truncate(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const character of text) {
    width += characterWidth(character);
    // One column is for the dots.
    if (width > columns - 1) break;
    kept += character;
  }
  return columns < 1 ? "" : kept + "…";
}

/** Marks that stand on the character before them. */
const COMBINING = /^[\p{Mn}\p{Me}]$/u;

/** Scripts and pictures that terminals give two columns, as in Unicode's EastAsianWidth (W and F). */
const WIDE =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]$/u;

function characterWidth(character: string): number {
  // Nearly all of it.
  if (character < "\u0300") return 1;
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
