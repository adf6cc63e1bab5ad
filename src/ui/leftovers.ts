/** What earlier transfers left, in words. Pure. @module */

import { counted, formatAge, formatCount, formatSize } from "../base/text.ts";
import type { Leftover } from "../link/hub.ts";
import type { CleanedFolder } from "../session/events.ts";
import { escapeText } from "./escape.ts";

/** Folders that could not be searched, of which a line tells. */
const UNREAD_LINES = 10;

/** `   1.2 GB   3 days  part of movie.mkv: .ultra-0123456789abcdef.part (in use)` */
export function leftoverLine(leftover: Leftover, ageSeconds: number): string {
  return `${formatSize(leftover.bytes).padStart(9)} ${formatAge(ageSeconds).padStart(9)}  ${leftoverText(leftover)}`;
}

export function leftoverText(leftover: Leftover): string {
  return `${whatText(leftover)}: ${escapeText(leftover.path)}${stateText(leftover)}`;
}

export function cleanedLines({ folder, remove, count, removed, bytes, unread }: CleanedFolder): string[] {
  const place = escapeText(folder);
  const lines = unread.slice(0, UNREAD_LINES).map((text) => `Warning: ${escapeText(text)}`);
  const more = unread.length - lines.length;
  if (more > 0) lines.push(`Warning: ${counted(more, "more folder")} could not be searched`);
  if (count === 0) return [...lines, `Nothing is left of earlier transfers in ${place}`];
  if (remove) return [...lines, `Removed ${formatCount(removed)} of ${formatCount(count)}, ${formatSize(bytes)}`];
  return [
    ...lines,
    `${counted(count, "thing")}, ${formatSize(bytes)}; ultra clean --remove removes what is not in use`,
  ];
}

function whatText({ kind, name, count }: Leftover): string {
  switch (kind) {
    case "part":
      return name === "" ? "part of a file" : `part of ${escapeText(name)}`;
    case "small-parts":
      return count === 1 ? "part of a small file" : `${counted(count, "part")} of small files, the first`;
    case "journal":
      return "journal without its part";
    case "previous-version":
      return name === "" ? "previous version of a file that is gone" : `the previous version of ${escapeText(name)}`;
    case "run":
      return "record of a transfer";
    case "trials":
      return "folder in which names were tried";
  }
}

function stateText({ state, why }: Leftover): string {
  switch (state) {
    case "idle":
      return "";
    case "in-use":
      return " (in use)";
    case "only-copy":
      return " (stays: no file has its name)";
    case "removed":
      return " (removed)";
    case "failed":
      return ` (cannot be removed: ${escapeText(why)})`;
  }
}
