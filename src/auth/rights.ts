/**
 * What a proved ticket opens. Pure: which ticket was proved is known to the listener, what lies at a path to whoever serves it.
 *
 * @module
 */

import type { TicketUse } from "../protocol/ticket.ts";
import { parseSafePath, type SafePath } from "../protocol/safe_path.ts";
import { UltraError } from "../base/errors.ts";

/** What the holder of a ticket may do, and where. */
export interface Rights {
  /** To fetch what is served. */
  readonly read: boolean;
  /** To bring files. */
  readonly write: boolean;
  /** Only this path of what is served, and what is below it; `undefined`: all of it. */
  readonly under: SafePath | undefined;
}

/** Those of a listener's own ticket. */
export const ALL_RIGHTS: Rights = { read: true, write: true, under: undefined };

/** Those of whoever was let in without a ticket, which nobody is. */
export const NO_RIGHTS: Rights = { read: false, write: false, under: undefined };

export function rightsOf(use: TicketUse | undefined, under: SafePath | undefined): Rights {
  return { read: use !== "write", write: use !== "read", under };
}

/**
 * Whether a path of what is served is open for an act. Names decide, so whoever looks the path up must follow no link on the way: a link
 * below an open folder may lead out of it.
 */
export function opens(rights: Rights, act: TicketUse, path: SafePath): boolean {
  if (!rights[act]) return false;
  return rights.under?.every((name, depth) => path[depth] === name) ?? true;
}

/** Whether a path leads to what is open, or is it: its folders are shown, and of what they hold nothing else. */
export function leadsTo(rights: Rights, act: TicketUse, path: readonly string[]): boolean {
  if (!rights[act]) return false;
  const { under } = rights;
  return under === undefined || path.every((name, depth) => depth >= under.length || under[depth] === name);
}

/**
 * A path of what is served, as a user names it: `photos/2026`, also with a slash at its end.
 *
 * @throws {UltraError} `usage`: one that leads out of it, or is none
 */
export function parseUnder(text: string): SafePath {
  try {
    return parseSafePath(text.replace(/\/+$/, ""));
  } catch (error) {
    if (!(error instanceof UltraError)) throw error;
    throw new UltraError(
      "usage",
      "A ticket is for a folder by its path in what is served, as in photos/2026: no absolute path, and no . or ..",
      { subject: text, cause: error },
    );
  }
}
