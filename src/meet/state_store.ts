/**
 * Where a process leaves what the next one is to take up: files in the folder for state, each of which one process has at a time.
 *
 * @module
 */

import { join } from "node:path";
import { keepState, removeState, takeState } from "../engine/surroundings.ts";
import { MAX_FIELDS_BYTES } from "./fields.ts";

export interface StateStore {
  /** Takes over what an earlier process left under a name; `undefined`: nothing, or another process has it. */
  take(name: string): Promise<string | undefined>;
  /** Replaces what this process leaves; false: it cannot be kept here. */
  keep(name: string, text: string): Promise<boolean>;
  remove(name: string): Promise<void>;
}

/** Variables of the system that say where state belongs. */
export interface StatePlaces {
  readonly stateHome: string | undefined;
  readonly home: string | undefined;
}

/** Files in `$XDG_STATE_HOME/ultra` or `~/.local/state/ultra`. Without either nothing is kept. */
export function systemStates(places: StatePlaces): StateStore {
  const folder = stateFolder(places);
  if (folder === undefined) {
    return {
      take: () => Promise.resolve(undefined),
      keep: () => Promise.resolve(false),
      remove: () => Promise.resolve(),
    };
  }
  const pathOf = (name: string) => join(folder, `${name}.state`);
  return {
    async take(name) {
      const found = await takeState(pathOf(name), MAX_FIELDS_BYTES);
      return typeof found === "string" ? undefined : new TextDecoder().decode(found);
    },
    async keep(name, text) {
      return await keepState(pathOf(name), new TextEncoder().encode(text)) === undefined;
    },
    remove: (name) => removeState(pathOf(name)),
  };
}

/** As the XDG specification has it, a relative path is none; and a name that is not UTF-8 would lead elsewhere. */
export function stateFolder({ stateHome, home }: StatePlaces): string | undefined {
  const isUsable = (path: string | undefined) => path?.startsWith("/") === true && !path.includes("\u{fffd}");
  if (stateHome !== undefined && isUsable(stateHome)) return join(stateHome, "ultra");
  return home !== undefined && isUsable(home) ? join(home, ".local", "state", "ultra") : undefined;
}
