/**
 * Ticket files, wherever they are: the data plane reads and writes them, and need not be started for it.
 *
 * Deno keeps programs out of `/dev`, `/proc` and `/sys`, where tickets are handed over in scripts (`/dev/stdout`, `/dev/shm/t`).
 *
 * @module
 */

import { Args } from "./args.ts";
import type { FileFault } from "../protocol/words.ts";
import { loadLibrary } from "./library.ts";
import { faultOf } from "./records.ts";

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

/** Answers of the library: `-(FAULTS + number)` is a failed file operation, and these are guards without a mode. */
const FAULTS = 1000;
const NO_MODES = 0x1000;
const STREAM = 0x2000;

/** Reads at most `most` bytes and one more. Waits for the writer of a pipe. */
export async function readTicketBytes(path: string, most: number): Promise<TicketRead> {
  const name = Args.text(path);
  // The guard comes first.
  const out = new Uint8Array(4 + most + 1);
  const length = await loadLibrary().ultra_read_ticket(name, name.length, out, out.length);
  if (length <= -FAULTS) return { type: "failed", fault: faultOf(-length - FAULTS) };
  checkAnswer(length, "read a ticket");
  const guard = guardOf(new DataView(out.buffer).getUint32(0, true));
  return { type: "read", bytes: out.subarray(4, 4 + length), guard };
}

/** Writes a ticket, with mode 0600 where it makes a file. Waits for the reader of a pipe. */
export async function writeTicketBytes(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<TicketWritten> {
  const name = Args.text(path);
  const answer = await loadLibrary().ultra_write_ticket(name, name.length, bytes, bytes.length);
  if (answer <= -FAULTS) return { type: "failed", fault: faultOf(-answer - FAULTS) };
  checkAnswer(answer, "write a ticket");
  return { type: "written", guard: guardOf(answer) };
}

function guardOf(number: number): Guard {
  if (number === NO_MODES) return { type: "no-modes" };
  return number === STREAM ? { type: "stream" } : { type: "mode", mode: number };
}

function checkAnswer(answer: number, what: string): void {
  if (answer < 0) throw new Error(`The data plane refused to ${what} (${-answer})`);
}
