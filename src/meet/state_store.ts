/**
 * Where a process leaves what the next one is to take up: files in the folder for state, each of which one process has at a time.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import { appendState, keepState, removeState, removeStatesAlike, takeState } from "../engine/surroundings.ts";
import { MAX_FIELDS_BYTES } from "./fields.ts";

/** What became of something that was to be kept. `in-use`: another process has its place. `unwritable`: the folder for state takes nothing. */
export type Kept = "kept" | "in-use" | "unwritable";

export interface StateStore {
  /** Takes over what an earlier process left under a name; `undefined`: nothing, or another process has it. */
  take(name: string): Promise<string | undefined>;
  /** Replaces what this process leaves. */
  keep(name: string, text: string): Promise<Kept>;
  remove(name: string): Promise<void>;
  /** Removes what earlier processes left under names that begin so. What a process has stays. */
  removeAlike(start: string): Promise<void>;
  /** A record under a name, for what outlasts transfers. */
  record(name: string): RecordStore;
}

/** A file that grows at its end; one process has it at a time. Each operation may fail, and then what it was to keep is gone with this process. */
export interface RecordStore {
  /** What earlier processes have left, at most so many bytes; `undefined`: another process has it, or it cannot be read. */
  load(most: number): Promise<Uint8Array | undefined>;
  /** Adds to its end, durably; false: it cannot be kept. */
  append(bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
  /** Replaces all of it. */
  replace(bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** Variables of the system that say where state belongs. */
export interface StatePlaces {
  readonly stateHome: string | undefined;
  readonly home: string | undefined;
  /** Windows's folder for what stays on this computer. */
  readonly localAppData: string | undefined;
}

/**
 * Files in `$XDG_STATE_HOME/ultra`, `%LOCALAPPDATA%\ultra\state`, on macOS `~/Library/Application Support/ultra`, elsewhere
 * `~/.local/state/ultra`. Without any of them nothing is kept.
 */
export function systemStates(places: StatePlaces): StateStore {
  const folder = stateFolder(places);
  if (folder === undefined) {
    return {
      take: () => Promise.resolve(undefined),
      keep: () => Promise.resolve("unwritable"),
      remove: () => Promise.resolve(),
      removeAlike: () => Promise.resolve(),
      record: () => NOTHING_KEPT,
    };
  }
  const pathOf = (name: string) => join(folder, `${name}.state`);
  return {
    async take(name) {
      const found = await takeState(pathOf(name), MAX_FIELDS_BYTES);
      return typeof found === "string" ? undefined : new TextDecoder().decode(found);
    },
    async keep(name, text) {
      const fault = await keepState(pathOf(name), new TextEncoder().encode(text));
      if (fault === undefined) return "kept";
      return fault === "exists" ? "in-use" : "unwritable";
    },
    remove: (name) => removeState(pathOf(name)),
    removeAlike: (start) => removeStatesAlike(join(folder, start)),
    record: (name) => recordAt(join(folder, `${name}.confirmed`)),
  };
}

const NOTHING_KEPT: RecordStore = {
  load: () => Promise.resolve(new Uint8Array(0)),
  append: () => Promise.resolve(false),
  replace: () => Promise.resolve(false),
};

function recordAt(path: string): RecordStore {
  return {
    async load(most) {
      const found = await takeState(path, most);
      if (typeof found !== "string") return found;
      return found === "not-found" ? new Uint8Array(0) : undefined;
    },
    append: async (bytes) => await appendState(path, bytes) === undefined,
    replace: async (bytes) => await keepState(path, bytes) === undefined,
  };
}

/** As the XDG specification has it, a relative path is none; and a name that is not UTF-8 would lead elsewhere. */
export function stateFolder(
  { stateHome, home, localAppData }: StatePlaces,
  system: string = Deno.build.os,
): string | undefined {
  const usable = (path = "") => isAbsolute(path) && !path.includes("\u{fffd}") ? path : undefined;
  const [own, local, user] = [usable(stateHome), usable(localAppData), usable(home)];
  if (own !== undefined) return join(own, "ultra");
  // (The launcher unpacks beside it, into folders whose names are numbers, and removes nothing else.)
  if (local !== undefined) return join(local, "ultra", "state");
  if (user === undefined) return undefined;
  return system === "darwin"
    ? join(user, "Library", "Application Support", "ultra")
    : join(user, ".local", "state", "ultra");
}
