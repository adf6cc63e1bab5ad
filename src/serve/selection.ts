/**
 * Which entries of an offer a receiver takes that asked for some paths of a sender which offers all of its own. Pure.
 *
 * @module
 */

import { fits, isPattern } from "../base/patterns.ts";
import type { EntryKind } from "../protocol/messages.ts";

export class Selection {
  readonly #wanted: readonly { readonly path: string; readonly parts: readonly string[] }[];
  readonly #met = new Set<string>();

  constructor(paths: readonly string[]) {
    this.#wanted = paths.map((path) => ({ path, parts: path.split("/").filter((part) => part !== "") }));
  }

  /** An entry is taken if it is what a path means, or lies in it; so are folders on the way to one. */
  takes(path: string, kind: EntryKind): boolean {
    const parts = path.split("/");
    let isTaken = false;
    for (const { path: wanted, parts: meant } of this.#wanted) {
      const common = Math.min(parts.length, meant.length);
      const isOnWay = parts.slice(0, common).every((part, index) => fitsPart(meant[index] ?? "", part));
      if (!isOnWay) continue;
      if (parts.length >= meant.length) this.#met.add(wanted);
      isTaken ||= parts.length >= meant.length || (kind === "folder" && !meant.some(isPattern));
    }
    return isTaken;
  }

  /** Paths that meant nothing of what was offered so far. */
  get missing(): readonly string[] {
    return this.#wanted.map(({ path }) => path).filter((path) => !this.#met.has(path));
  }
}

function fitsPart(meant: string, part: string): boolean {
  return meant === part || (isPattern(meant) && fits(meant, part));
}
