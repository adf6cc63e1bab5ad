/**
 * What Deno allows each command, and which variables the launcher hands on: `deno task build` writes both into the executable.
 *
 * No command may run programs or use Deno's network. A word that is missing here (`help`, `licenses`, a mistake) gets nothing.
 *
 * @module
 */

import type { Command } from "./flags.ts";

/** Calls of the one library, whose path the launcher adds. All files that travel, tickets in files and state are the library's work. */
const ENGINE = "--allow-ffi";

/** What a ticket and the greeting of a peer tell. */
const ADDRESSES = "--allow-sys=hostname,networkInterfaces";

/** Absolute paths without a command, as desktops pass what is dropped on a program: whether they are there is looked at, at nothing else. */
export const DROPPED = "PATH...";

export const PERMISSIONS: Readonly<Record<Command | typeof DROPPED, readonly string[]>> = {
  [DROPPED]: [ENGINE, ADDRESSES, `--allow-read=${DROPPED}`],
  send: [ENGINE, ADDRESSES],
  /** Whether what `-o` names is a folder. */
  recv: [ENGINE, ADDRESSES, "--allow-read"],
  get: [ENGINE, ADDRESSES, "--allow-read"],
  ls: [ENGINE, ADDRESSES],
  serve: [ENGINE, ADDRESSES],
  /** The folder whose disk it measures is made and removed here. */
  test: [ENGINE, ADDRESSES, "--allow-read", "--allow-write"],
  /** The folder is looked at, and what has arrived is moved or removed, here. */
  watch: [ENGINE, ADDRESSES, "--allow-read", "--allow-write"],
  clean: [ENGINE],
  ticket: [ENGINE, ADDRESSES],
};

/** Read openly. Nothing else of the environment reaches the control plane. */
export const VARIABLES: readonly string[] = ["TERM", "XDG_STATE_HOME", "HOME", "LOCALAPPDATA"];

/** Taken out of the environment, and handed on where other processes do not see them. */
export const SECRET_VARIABLES: readonly string[] = ["ULTRA_TICKET", "ULTRA_IDENTITY"];
