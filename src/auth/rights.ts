/**
 * What a proved ticket opens. Pure: which ticket was proved is known to the listener, what lies at a path to whoever serves it.
 *
 * @module
 */

import type { TicketUse } from "../protocol/ticket.ts";
import { MAX_COMPONENT_BYTES, MAX_PATH_BYTES } from "../protocol/limits.ts";
import { parseSafePath, type SafePath } from "../protocol/safe_path.ts";
import { UltraError } from "../base/errors.ts";

/** What the holder of a ticket may do, and where. */
export interface Rights {
  /** To fetch what is served. */
  readonly read: boolean;
  /** To bring files; never together with `under`. */
  readonly write: boolean;
  /** Only this path of what is served, and what is below it; `undefined`: all of it. */
  readonly under: SafePath | undefined;
}

/** Those of a listener's own ticket. */
export const ALL_RIGHTS: Rights = { read: true, write: true, under: undefined };

/** Those of whoever was let in without a ticket, which nobody is. */
export const NO_RIGHTS: Rights = { read: false, write: false, under: undefined };

/** A place is one in what is served, and files that are brought have none there: whoever may read one place alone brings nothing. */
export function rightsOf(use: TicketUse | undefined, under: SafePath | undefined): Rights {
  return { read: use !== "write", write: use !== "read" && under === undefined, under };
}

/**
 * Whether a path that a client asks for stays within what may be read: what is above or beside is not there for this client. Names decide, so
 * whoever looks the path up must follow no link on the way, and must take its first {@linkcode namesOf} components for names: one that looks
 * like a pattern would else open whatever fits it.
 */
export function mayRead({ read, under }: Rights, path: string): boolean {
  if (!read) return false;
  if (under === undefined) return true;
  const asked = path.split("/");
  return !asked.some(isDots) && under.every((name, depth) => asked[depth] === name);
}

/** How many of the first components of a path that may be read are names. */
export function namesOf({ under }: Rights): number {
  return under?.length ?? 0;
}

function isDots(component: string): boolean {
  return component === "." || component === "..";
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
    if (isTooLong(text)) {
      throw new UltraError(
        "usage",
        `The path of a ticket's folder is too long: ${MAX_PATH_BYTES} bytes at most, and ${MAX_COMPONENT_BYTES} in each of its names`,
        { cause: error },
      );
    }
    throw new UltraError(
      "usage",
      "A ticket is for a folder by its path in what is served, as in photos/2026: no absolute path, and no . or ..",
      { subject: text, cause: error },
    );
  }
}

function isTooLong(text: string): boolean {
  const bytes = (part: string) => new TextEncoder().encode(part).length;
  return bytes(text) > MAX_PATH_BYTES || text.split("/").some((name) => bytes(name) > MAX_COMPONENT_BYTES);
}
