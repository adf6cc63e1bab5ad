/**
 * Ticket files and files of state, wherever they are: the data plane reads and writes them, and need not be started for it.
 *
 * Deno keeps programs out of `/dev`, `/proc` and `/sys`, where tickets are handed over in scripts (`/dev/stdout`, `/dev/shm/t`).
 *
 * @module
 */

import type { FileFault } from "../protocol/words.ts";
import { fileFaultOf, FOLDER_FAULTS } from "./door.generated.ts";
import { loadLibrary } from "./library.ts";

/** How the file system guards a file: by a mode, by nothing, or not at all because it is a pipe or a terminal. */
export type Guard =
  | { readonly type: "mode"; readonly mode: number }
  | { readonly type: "no-modes" }
  | { readonly type: "stream" };

export type TicketRead =
  /** `bytes` has one byte more than was asked for when the file is longer. */
  | { readonly type: "read"; readonly bytes: Uint8Array; readonly guard: Guard }
  | { readonly type: "failed"; readonly fault: FileFault };

export type TicketWritten =
  | { readonly type: "written"; readonly guard: Guard }
  | { readonly type: "failed"; readonly fault: FileFault };

/** Answers of the library: a failed file operation as of `ultra_sink`, and these are guards without a mode. */
const NO_MODES = 0x1000;
const STREAM = 0x2000;

const utf8 = new TextEncoder();

/** Reads at most `most` bytes and one more. Waits for the writer of a pipe. */
export async function readTicketBytes(path: string, most: number): Promise<TicketRead> {
  const name = utf8.encode(path);
  // The guard comes first.
  const out = new Uint8Array(4 + most + 1);
  const length = await loadLibrary().ultra_read_ticket(name, name.length, out, out.length);
  if (length <= -FOLDER_FAULTS) return { type: "failed", fault: fileFaultOf(-length - FOLDER_FAULTS) };
  checkAnswer(length, "read a ticket");
  const guard = guardOf(new DataView(out.buffer).getUint32(0, true));
  return { type: "read", bytes: out.subarray(4, 4 + length), guard };
}

/** Writes a ticket, with mode 0600 where it makes a file. Waits for the reader of a pipe. */
export async function writeTicketBytes(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<TicketWritten> {
  const name = utf8.encode(path);
  const answer = await loadLibrary().ultra_write_ticket(name, name.length, bytes, bytes.length);
  if (answer <= -FOLDER_FAULTS) return { type: "failed", fault: fileFaultOf(-answer - FOLDER_FAULTS) };
  checkAnswer(answer, "write a ticket");
  return { type: "written", guard: guardOf(answer) };
}

const TAKE = 0;
const KEEP = 1;
const REMOVE = 2;
const REPLACE = 3;
const APPEND = 4;
const REMOVE_ALIKE = 5;

/** Takes a file of state over that an earlier process has left; `exists`: another process has it. */
export async function takeState(path: string, most: number): Promise<Uint8Array | FileFault> {
  const out = new Uint8Array(most);
  const length = await state(TAKE, path, NOTHING, out);
  return typeof length === "number" ? out.subarray(0, length) : length;
}

/** Writes a file of state, which this process has until it ends; why that is not possible. */
export async function keepState(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<FileFault | undefined> {
  const answer = await state(KEEP, path, bytes, NOTHING);
  return typeof answer === "number" ? undefined : answer;
}

/** Adds to a file of state, as {@linkcode keepState}; the disk has it then. */
export async function appendState(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<FileFault | undefined> {
  const answer = await state(APPEND, path, bytes, NOTHING);
  return typeof answer === "number" ? undefined : answer;
}

/** Removes a file of state, if this process has it. */
export async function removeState(path: string): Promise<void> {
  await state(REMOVE, path, NOTHING, NOTHING);
}

/** Removes the files of state whose paths begin so, but for those that a process has, this one too. */
export async function removeStatesAlike(start: string): Promise<void> {
  await state(REMOVE_ALIKE, start, NOTHING, NOTHING);
}

/**
 * Gives a small file other contents, if it still holds what is expected; `undefined`: if it is not there.
 *
 * @returns why that is not possible; `changed`: it holds something else, `exists`: another process is changing it
 */
export async function replaceIf(
  path: string,
  expected: Uint8Array | undefined,
  bytes: Uint8Array,
): Promise<FileFault | undefined> {
  const before = expected ?? NOTHING;
  const both = new Uint8Array(4 + before.length + bytes.length);
  new DataView(both.buffer).setUint32(0, before.length, true);
  both.set(before, 4);
  both.set(bytes, 4 + before.length);
  const answer = await state(REPLACE, path, both, NOTHING);
  return typeof answer === "number" ? undefined : answer;
}

const NOTHING = new Uint8Array(0);

async function state(
  act: number,
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  out: Uint8Array<ArrayBuffer>,
): Promise<number | FileFault> {
  const name = utf8.encode(path);
  const answer = await loadLibrary().ultra_state(act, name, name.length, bytes, bytes.length, out, out.length);
  if (answer <= -FOLDER_FAULTS) return fileFaultOf(-answer - FOLDER_FAULTS);
  checkAnswer(answer, "keep state");
  return answer;
}

function guardOf(number: number): Guard {
  if (number === NO_MODES) return { type: "no-modes" };
  return number === STREAM ? { type: "stream" } : { type: "mode", mode: number };
}

function checkAnswer(answer: number, what: string): void {
  if (answer < 0) throw new Error(`The data plane refused to ${what} (${-answer})`);
}
