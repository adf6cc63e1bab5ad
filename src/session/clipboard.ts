/** The user's clipboard: what is taken from it, what is put there, and why that does not work. @module */

import { type ErrorKind, UltraError } from "../base/errors.ts";
import type { ClipboardFailed } from "../link/hub.ts";
import type { Context } from "../link/context.ts";
import type { ClipboardFault } from "../protocol/words.ts";
import type { Arrived } from "./arrived.ts";

/** What is sent of a clipboard. A text stays in the engine. */
export type Clipping =
  | { readonly form: "files"; readonly paths: readonly string[] }
  | { readonly form: "text" };

/** @throws {UltraError} `usage` when there is nothing that can be sent, or no way to the clipboard */
export async function takeClipping({ hub }: Context): Promise<Clipping> {
  const read = await hub.readClipboard();
  if (read.type === "clipboard-failed") throw errorOf(read, "sent");
  switch (read.form) {
    case "files":
      return { form: "files", paths: read.paths };
    case "text":
      return { form: "text" };
    case "nothing":
      throw new UltraError("usage", "The clipboard is empty: copy files or text first");
  }
}

/** @throws {UltraError} `usage` when nothing could be put on the clipboard */
export async function checkClipboard({ hub }: Context): Promise<void> {
  const failed = await hub.writeClipboard({ form: "nothing", paths: [], raw: false });
  if (failed !== undefined) throw errorOf(failed, "used");
}

/**
 * Puts what has arrived on the clipboard. The file of a text is gone then.
 *
 * @param raw a text with all its control characters
 * @throws {UltraError} `disk`; what has arrived stays where it is
 */
export async function putArrived({ content, paths }: Arrived, raw: boolean, { hub }: Context): Promise<void> {
  const failed = await hub.writeClipboard({ form: content, paths, raw });
  if (failed === undefined) return;
  const [path, ...more] = paths;
  const subject = path !== undefined && more.length === 0 ? { subject: path } : {};
  throw new UltraError(
    "disk",
    `What arrived is not on the clipboard: ${textOf(failed)}. It stays where it is`,
    subject,
  );
}

/** Those that the user can do something about before anything is sent. */
const KINDS: Readonly<Record<ClipboardFault, ErrorKind>> = {
  "no-display": "usage",
  missing: "usage",
  elsewhere: "usage",
  "too-much": "usage",
  "not-text": "disk",
  failed: "disk",
};

function errorOf(failed: ClipboardFailed, done: "sent" | "used"): UltraError {
  return new UltraError(KINDS[failed.why], `The clipboard cannot be ${done}: ${textOf(failed)}`);
}

function textOf({ why, text }: ClipboardFailed): string {
  return why === "missing" ? `install ${text}` : text;
}
