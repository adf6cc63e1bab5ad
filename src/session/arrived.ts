/** What has arrived, for those who do something with it. @module */

import type { Offer } from "../protocol/messages.ts";
import type { Counts } from "../transfer/outcome.ts";

export interface Arrived {
  readonly content: "files" | "text";
  /** Absolute, of everything at the top level. What of it failed may not be there. */
  readonly paths: readonly string[];
}

/**
 * Whether what an offer calls a text is treated as one: taken to the clipboard, and its file removed. Only one file that came in this transfer is; what
 * was there before is not the sender's to have removed.
 */
export function contentOf({ content }: Pick<Offer, "content">, counts: Counts): Arrived["content"] {
  return content === "text" && counts.entries === 1 && counts.committedFiles === 1 ? "text" : "files";
}

/**
 * The names at the top level of a transfer. What is below one of them follows it in one run, so few of the entries are looked at; a sender that
 * mixes them up makes some of its own names be missed.
 *
 * @param nameOf the path of an entry
 */
export function topNames(count: number, nameOf: (entry: number) => string | undefined): readonly string[] {
  const tops = new Set<string>();
  const topOf = (entry: number) => nameOf(entry)?.split("/")[0];
  for (let entry = 0; entry < count; entry = endOfRun(entry, count, topOf)) {
    const top = topOf(entry);
    if (top !== undefined) tops.add(top);
  }
  return [...tops];
}

/** The first entry behind `start` with another name at the top: steps of twice the length, then halves. */
function endOfRun(start: number, count: number, topOf: (entry: number) => string | undefined): number {
  const top = topOf(start);
  let step = 1;
  while (start + step < count && topOf(start + step) === top) step *= 2;
  let inside = start + Math.floor(step / 2);
  let outside = Math.min(start + step, count);
  while (inside + 1 < outside) {
    const middle = Math.floor((inside + outside) / 2);
    if (topOf(middle) === top) inside = middle;
    else outside = middle;
  }
  return outside;
}
