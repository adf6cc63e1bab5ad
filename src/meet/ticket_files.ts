/**
 * Tickets in files: the way for scripts, where an argument would show the secret to every user of the machine.
 *
 * @module
 */

import { type Guard, readTicketBytes, writeTicketBytes } from "../engine/surroundings.ts";
import type { FileFault } from "../protocol/words.ts";
import { UltraError } from "../base/errors.ts";
import { parseTicket } from "../protocol/ticket.ts";
import type { TicketFileWarning } from "./events.ts";

export interface TicketText {
  readonly text: string;
  /** What the user may want to change about the file. */
  readonly warning: TicketFileWarning | undefined;
}

/** A ticket has 512 characters at most; with comments of an editor or a mail it is still no ticket. */
const MAX_TICKET_FILE_BYTES = 4096;

/** Group and others may write: another user could have replaced the ticket, and would receive the files. */
const OTHERS_WRITE = 0o022;

const OTHERS_READ = 0o044;

/**
 * Reads a ticket from a file or a pipe.
 *
 * @throws {UltraError} `usage` for a file that is no ticket or that others may write, `disk` for one that cannot be read
 */
export async function readTicketFile(path: string): Promise<TicketText> {
  const result = await readTicketBytes(path, MAX_TICKET_FILE_BYTES);
  if (result.type === "failed") throw fileError(result.fault, "read", path);
  const warning = checkGuard(path, result.guard);
  return { text: ticketText(result.bytes, path), warning };
}

/**
 * Reads a ticket from standard input: up to the end of the line that completes it. So the other end of a pipe may stay open, as in
 * `ultra recv | ssh host ultra send file --ticket -`.
 *
 * @throws {UltraError} `usage` when there is none
 */
export async function readTicketStdin(input: Reader = Deno.stdin): Promise<TicketText> {
  const buffer = new Uint8Array(MAX_TICKET_FILE_BYTES + 1);
  let length = 0;
  while (length < buffer.length && !isEnough(decode(buffer.subarray(0, length)))) {
    const read = await input.read(buffer.subarray(length));
    if (read === null) break;
    length += read;
  }
  return { text: ticketText(buffer.subarray(0, length), "standard input"), warning: undefined };
}

/**
 * Writes a ticket so that only its owner can read it. A regular file is never seen half written; one that exists is replaced, also
 * when it is a link: then the link is, not what it points to. Pipes and open descriptors (`/dev/stdout`) are written into.
 *
 * @returns a warning when others may read it all the same
 * @throws {UltraError} `disk`, or `usage` for a device or a folder
 */
export async function writeTicketFile(path: string, ticket: string): Promise<TicketFileWarning | undefined> {
  const result = await writeTicketBytes(path, new TextEncoder().encode(`${ticket}\n`));
  if (result.type === "failed") throw fileError(result.fault, "written", path);
  return result.guard.type === "no-modes" ? { about: "ticket-file-unprotected", path } : undefined;
}

/**
 * Refuses a ticket file that others may change. On a disk without modes that right cannot be taken away, so there it is a
 * warning.
 *
 * @returns a warning when others may read it
 */
export function checkGuard(path: string, guard: Guard): TicketFileWarning | undefined {
  if (guard.type === "stream") return undefined;
  if (guard.type === "no-modes") return { about: "ticket-file-unprotected", path };
  if ((guard.mode & OTHERS_WRITE) !== 0) {
    throw new UltraError("usage", `Other users may change the ticket file; run chmod 600 on it and check the ticket`, {
      subject: path,
    });
  }
  return (guard.mode & OTHERS_READ) === 0 ? undefined : { about: "ticket-file-readable", path };
}

/** What a ticket is read from. */
export interface Reader {
  read(buffer: Uint8Array): Promise<number | null>;
}

/** Whether nothing that may follow could change what this is: a whole ticket, or a line that none begins with. */
function isEnough(text: string): boolean {
  const lines = text.trimStart().split("\n");
  const [first = ""] = lines;
  if (lines.length < 2) return false;
  return !/^ultra1[a-z2-7]*\s*$/i.test(first) || isTicket(lines.slice(0, -1).join(""));
}

function isTicket(text: string): boolean {
  try {
    parseTicket(text);
    return true;
  } catch (error) {
    if (error instanceof UltraError) return false;
    throw error;
  }
}

function ticketText(bytes: Uint8Array, name: string): string {
  if (bytes.length > MAX_TICKET_FILE_BYTES) throw new UltraError("usage", "Too long for a ticket", { subject: name });
  const text = decode(bytes).trim();
  if (text === "") throw new UltraError("usage", "There is no ticket in it", { subject: name });
  return text;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

const REASONS: Readonly<Partial<Record<FileFault, string>>> = {
  "no-space": "the disk is full",
  permission: "permission denied",
  "read-only": "the file system is read-only",
  "not-found": "no such file or folder",
};

function fileError(fault: FileFault, done: "read" | "written", path: string): UltraError {
  if (fault === "not-a-file") {
    const what = done === "read"
      ? "read from a regular file or a pipe"
      : "written to a regular file, a pipe or a terminal";
    return new UltraError("usage", `The ticket is to be ${what}`, { subject: path });
  }
  return new UltraError("disk", `The ticket cannot be ${done} (${REASONS[fault] ?? "input or output failed"})`, {
    subject: path,
  });
}
