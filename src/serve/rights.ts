/**
 * What a client may do, by the ticket that it has proved. The listener asks for it once for each client, behind the proof.
 *
 * @module
 */

import type { ProvedLink } from "../meet/prove.ts";
import type { DialerHello, ListenerHello } from "../protocol/messages.ts";

export interface Rights {
  /** It may list and fetch. */
  readonly read: boolean;
  /** It may send, where the listener takes anything at all. */
  readonly write: boolean;
  /** The path, which begins with a shared name, that it may read and what is below; `undefined`: all of it. */
  readonly under: string | undefined;
}

export type RightsOf = (met: ProvedLink<DialerHello | ListenerHello>) => Rights;

/** Those of a listener's own ticket. */
export const EVERYTHING: Rights = { read: true, write: true, under: undefined };

/**
 * Whether a request stays within what may be read. Only what a path says counts, and patterns mean nothing here: what is above or beside is
 * not there for this client.
 */
export function mayRead({ read, under }: Rights, path: string): boolean {
  if (!read) return false;
  if (under === undefined) return true;
  const asked = path.split("/").filter((part) => part !== "");
  const allowed = under.split("/").filter((part) => part !== "");
  const climbs = asked.some((part) => part === "." || part === "..");
  return !climbs && allowed.every((part, index) => asked[index] === part);
}
