/**
 * Tickets in files: the way for scripts, where an argument would show the secret to every user of the machine.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { UltraError } from "../errors.ts";

/** The part of a file's status that decides who else may touch it. */
export interface FileStatus {
  readonly isFile: boolean;
  /** A pipe, as in `--ticket <(command)`; `null` where the system has none. */
  readonly isFifo: boolean | null;
  /** `null` where the system has no modes. */
  readonly mode: number | null;
}

export interface TicketText {
  readonly text: string;
  /** What the user may want to change about the file. */
  readonly warning: string | undefined;
}

/** A ticket has 512 characters at most; with comments of an editor or a mail it is still no ticket. */
const MAX_TICKET_FILE_BYTES = 4096;

/** Group and others may write: then the ticket may be somebody else's, and the files would go to them. */
const OTHERS_WRITE = 0o022;

const OTHERS_READ = 0o044;

/** Bytes of the random part of a temporary name: enough that nobody guesses it, and short. */
const SUFFIX_BYTES = 8;

/**
 * Reads a ticket from a file, opened once, so that what is checked is what is read.
 *
 * @throws {UltraError} `usage` for a file that is no ticket or that others may write, `disk` for one that cannot be read
 */
export async function readTicketFile(path: string): Promise<TicketText> {
  try {
    using file = await Deno.open(path);
    const warning = checkTicketFile(path, await file.stat());
    return { text: await readTicketText(file, path), warning };
  } catch (error) {
    throw asDiskError(error, "The ticket cannot be read", path);
  }
}

/** Reads a ticket from standard input, up to its end. */
export async function readTicketStdin(input: Reader = Deno.stdin): Promise<TicketText> {
  return { text: await readTicketText(input, "standard input"), warning: undefined };
}

/**
 * Writes a ticket so that only its owner can read it, and nobody ever sees half of it. A file that exists is replaced, also when it is
 * a link: then the link is, not what it points to.
 *
 * @throws {UltraError} `disk`
 */
export async function writeTicketFile(path: string, ticket: string): Promise<void> {
  const suffix = crypto.getRandomValues(new Uint8Array(SUFFIX_BYTES)).toHex();
  const temporary = join(dirname(path), `.${basename(path)}.${suffix}`);
  try {
    await checkReplaceable(path);
    await Deno.writeTextFile(temporary, `${ticket}\n`, { createNew: true, mode: 0o600 });
    try {
      await Deno.rename(temporary, path);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
  } catch (error) {
    throw asDiskError(error, "The ticket cannot be written", path);
  }
}

/**
 * Refuses a ticket file that others may change.
 *
 * @returns a warning when others may read it
 */
export function checkTicketFile(path: string, status: FileStatus): string | undefined {
  if (!status.isFile && !status.isFifo) {
    throw new UltraError("usage", "The ticket is to be read from a regular file or a pipe", { subject: path });
  }
  const mode = status.mode ?? 0;
  if ((mode & OTHERS_WRITE) !== 0) {
    throw new UltraError("usage", `Other users may change the ticket file; run chmod 600 on it and check the ticket`, {
      subject: path,
    });
  }
  return (mode & OTHERS_READ) === 0
    ? undefined
    : `Other users may read the ticket file ${path}: chmod 600 makes it private`;
}

/** Refuses what a rename would destroy: `/dev/stdout` is a link to a device, and root may replace it. */
async function checkReplaceable(path: string): Promise<void> {
  const status = await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (status === undefined || status.isFile) return;
  throw new UltraError("usage", "The ticket is to be written to a regular file", { subject: path });
}

/** What a ticket is read from. */
export interface Reader {
  read(buffer: Uint8Array): Promise<number | null>;
}

/** Reads at most {@linkcode MAX_TICKET_FILE_BYTES}, so that the wrong file does no harm. */
async function readTicketText(reader: Reader, name: string): Promise<string> {
  const buffer = new Uint8Array(MAX_TICKET_FILE_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const read = await reader.read(buffer.subarray(length));
    if (read === null) break;
    length += read;
  }
  if (length > MAX_TICKET_FILE_BYTES) throw new UltraError("usage", "Too long for a ticket", { subject: name });
  const text = new TextDecoder().decode(buffer.subarray(0, length)).trim();
  if (text === "") throw new UltraError("usage", "There is no ticket in it", { subject: name });
  return text;
}

function asDiskError(error: unknown, what: string, path: string): UltraError {
  if (error instanceof UltraError) return error;
  const reason = error instanceof Error ? reasonOf(error) : String(error);
  return new UltraError("disk", `${what} (${reason})`, { subject: path, cause: error });
}

/** The system's words without Deno's additions about the path, which is shown apart. */
function reasonOf(error: Error): string {
  if (error instanceof Deno.errors.NotFound) return "no such file or folder";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return error.message;
}
