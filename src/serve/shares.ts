/**
 * The folders that are shared, each under its own last name, held open from the start: whatever gets their names later is not shared.
 *
 * @module
 */

import { basename, resolve } from "node:path";
import { UltraError } from "../base/errors.ts";
import type { Context } from "../link/context.ts";
import { decodePage } from "../protocol/pages.ts";
import type { SourceId } from "../protocol/words.ts";
import { sentence, USUAL_CHOICES } from "../session/offering.ts";
import { kindOfFault } from "../transfer/outcome.ts";

export interface Shares {
  /** In which requests are looked for. */
  readonly id: SourceId;
  /** At least one, in the order of the command. */
  readonly names: readonly string[];
}

/** @throws {UltraError} when one of them is no folder, cannot be read, or has the name of another one */
export async function openShares(folders: readonly string[], { hub }: Context): Promise<Shares> {
  const names = folders.map((folder) => basename(resolve(folder)));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new UltraError("usage", "Two of the folders have the same name, by which they would be shared", {
      subject: twice,
    });
  }
  // No level is entered: the folders themselves are the list.
  const id = hub.engine.source({ paths: folders, cache: "allowed", ...USUAL_CHOICES, depth: 0 });
  await new Promise<void>((done, failed) => {
    hub.onSource(id, (event) => {
      switch (event.type) {
        case "page": {
          const { first, count } = event;
          const entries = decodePage({ type: "page", first, count, entries: event.take() });
          for (const { kind, path } of entries) {
            if (kind !== "folder") failed(new UltraError("usage", "Only folders are served", { subject: path }));
          }
          return;
        }
        case "walk-end":
          return done();
        case "walk-failed":
          return failed(new UltraError(kindOfFault(event.fault), sentence(event.text)));
      }
    });
  });
  return { id, names };
}
