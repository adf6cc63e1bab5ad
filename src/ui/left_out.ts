/** What was left out of a transfer, in words. Pure. @module */

import type { LeftOutReason } from "../protocol/messages.ts";
import type { TransferFacts } from "../session/events.ts";
import { escapeText } from "./escape.ts";
import { missingText } from "./lines.ts";
import { UNNAMED } from "./messages.ts";

/** Why something was left out, and what helps where that is not plain. */
export const LEFT_OUT_REASONS: Readonly<Record<LeftOutReason, string>> = {
  "unreadable": "it cannot be read",
  "not-utf8": "its name is not valid UTF-8; rename it",
  "backslash": "its name holds a backslash, which separates folders there; rename it",
  "control-character": "its name holds a control character, which cannot be sent; rename it",
  "reserved": "its name is reserved (.ultra-..., or a drive letter); rename it",
  "too-long": "its name or path is too long",
  "special": "it is a pipe, socket or device",
  "link": "it is a symbolic link that leads out of the folder; --links all on both sides keeps it",
  "link-target": "it is a symbolic link whose target cannot be sent: it is not valid UTF-8, or too long",
  "link-nowhere": "it is a symbolic link that leads nowhere or around in a circle, so there is nothing to follow it to",
  "unsized": "its contents are made when it is read (/proc, /sys), and nobody knows their size before; copy it first",
  "vanished": "it was gone when its turn came",
  "hidden": "its name is hidden; recv --hidden takes it",
  "name-refused": "the receiver's system or disk does not take the name; rename it",
  "same-name": "to the receiver's disk it is the same name as another one, such as in upper and lower case; rename it",
  "not-found": "not found",
  "exists": "a file exists and differs; the receiver's --overwrite replaces it, and --existing knows more",
  "busy": "another ultra is receiving this file; send it again when that is done",
  "in-the-way":
    "something of another kind has its name there, such as a folder; move it, or receive into another folder",
  "no-folder": "a folder on the way to it is a link there, or no folder; receive into another folder",
  "unexaminable": "what has its name there cannot be looked at",
  "first-name": "it is a further name (hard link) of a file that is not taken; take that one as well",
  "other": "the other side left it out",
  "kept": "another file is there and stays, as chosen",
  "chosen": "as chosen",
};

/** Why a transfer that both sides finished is not complete, in one line; `undefined` when it is, or is taken for it. */
export function incompleteText(facts: TransferFacts): string | undefined {
  const { failedCount, leftOutCount, isLeftOutAccepted } = facts;
  if (failedCount === 0 && (leftOutCount === 0 || isLeftOutAccepted)) return undefined;
  return `incomplete: ${missingText(facts)}${firstOf(facts)}`;
}

function firstOf({ failed, leftOut }: TransferFacts): string {
  const [failure] = failed;
  const [name] = leftOut;
  if (failure !== undefined) return firstText(failure.path ?? UNNAMED, failure.text);
  return name === undefined ? "" : firstText(name.path, LEFT_OUT_REASONS[name.reason]);
}

function firstText(path: string, text: string): string {
  return `; first ${escapeText(path)}: ${escapeText(text)}`;
}
