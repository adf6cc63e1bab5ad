/**
 * What a transfer leaves out: counted exactly, because the counts decide how it ends; named only as far as people read.
 *
 * @module
 */

import { cutText } from "../protocol/bytes.ts";
import { codeOfReason, reasonOfCode } from "../protocol/codes.ts";
import { MAX_LEFT_OUT_COUNTS, MAX_LEFT_OUT_NAMES, MAX_TEXT_BYTES } from "../protocol/limits.ts";
import type { LeftOut, LeftOutMessage, LeftOutName, LeftOutReason } from "../protocol/messages.ts";

export const NOTHING_LEFT_OUT: LeftOut = { counts: [], names: [] };

/** Largest count on the wire. */
const MAX_COUNT = 0xffff_ffff;

/** How many things are missing against the users' will. */
export function missingCount({ counts }: LeftOut): number {
  return counts.reduce((sum, { reason, count }) => isChosen(reason) ? sum : sum + count, 0);
}

/** Whether a user wanted it so. */
export function isChosen(reason: LeftOutReason): boolean {
  return reason === "chosen" || reason === "kept";
}

/** Why a sender leaves out symbolic links. */
const LINKS: ReadonlySet<LeftOutReason> = new Set(["link", "link-target", "link-nowhere"]);

/** What the other side leaves out, for a user who wants no symbolic links: none of them is missing here. */
export function withLinksChosen({ counts, names }: LeftOut): LeftOut {
  const chosen = <Item extends { readonly reason: LeftOutReason }>(item: Item): Item =>
    LINKS.has(item.reason) ? { ...item, reason: "chosen" } : item;
  return { counts: counts.map(chosen), names: names.map(chosen) };
}

/** What two sides leave out together. */
export function joined(one: LeftOut, other: LeftOut): LeftOut {
  const counts = new Map<LeftOutReason, number>();
  for (const { reason, count } of [...one.counts, ...other.counts]) {
    counts.set(reason, (counts.get(reason) ?? 0) + count);
  }
  return {
    counts: [...counts].map(([reason, count]) => ({ reason, count })),
    names: [...one.names, ...other.names],
  };
}

/** The message for the other side; `undefined` when nothing is left out. */
export function leftOutMessage({ counts, names }: LeftOut): LeftOutMessage | undefined {
  if (counts.length === 0) return undefined;
  return {
    type: "left-out",
    counts: counts.slice(0, MAX_LEFT_OUT_COUNTS).map(({ reason, count }) => ({
      reason: codeOfReason(reason),
      count: Math.min(count, MAX_COUNT),
    })),
    names: names.slice(0, MAX_LEFT_OUT_NAMES).map(({ reason, path }) => ({
      reason: codeOfReason(reason),
      path: cutText(path, MAX_TEXT_BYTES),
    })),
  };
}

/** What the other side's message says. */
export function leftOutOf({ counts, names }: LeftOutMessage): LeftOut {
  return {
    counts: counts.map(({ reason, count }) => ({ reason: reasonOfCode(reason), count })),
    names: names.map(({ reason, path }) => ({ reason: reasonOfCode(reason), path })),
  };
}

/** Entries of a manifest that a receiver does not take, in the manifest's order. */
export class LeftOutEntries {
  readonly #counts = new Map<LeftOutReason, number>();
  readonly #roots: LeftOutName[] = [];

  /** Counts an entry. What lies in a folder that is named is counted, and not named again. */
  add(path: string, reason: LeftOutReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    const last = this.#roots.at(-1);
    const isNamed = last?.reason === reason && path.startsWith(`${last.path}/`);
    if (!isNamed && this.#roots.length < MAX_LEFT_OUT_NAMES) this.#roots.push({ reason, path });
  }

  get leftOut(): LeftOut {
    const counts = [...this.#counts].map(([reason, count]) => ({ reason, count }));
    return { counts, names: this.#roots };
  }
}
