/**
 * What a client may ask for, by the rights of the ticket that it has proved.
 *
 * @module
 */

import type { Rights } from "../auth/rights.ts";

/**
 * Whether a request stays within what may be read. Only what a path says counts, and patterns mean nothing here: what is above or beside is
 * not there for this client.
 */
export function mayRead({ read, under }: Rights, path: string): boolean {
  if (!read) return false;
  if (under === undefined) return true;
  const asked = path.split("/").filter((part) => part !== "");
  const climbs = asked.some((part) => part === "." || part === "..");
  return !climbs && under.every((part, index) => asked[index] === part);
}
