/** Why a folder cannot be received into, as an error for the user. @module */

import { type Reason, UltraError } from "../base/errors.ts";
import type { FileFault } from "../protocol/words.ts";

const FOLDER_SENTENCES: Readonly<Record<FileFault, string>> = {
  "no-space": "The disk is full",
  permission: "You may not create files in the folder",
  "read-only": "The file system is read-only",
  exists: "Something else has the name of the folder",
  "not-found": "The folder does not exist",
  changed: "The folder was replaced",
  "not-a-file": "This is not a folder",
  io: "The folder cannot be used",
  integrity: "The folder cannot be used",
  unsendable: "The folder's name cannot be used",
  "too-much": "The folder cannot be used",
  protocol: "The folder cannot be used",
  "no-memory": "There is not enough memory for the folder",
};

const FOLDER_REASONS: Readonly<Partial<Record<FileFault, Reason>>> = {
  "not-found": "folder-missing",
  "not-a-file": "not-a-folder",
};

export function folderError(fault: FileFault, folder: string): UltraError {
  const reason = FOLDER_REASONS[fault];
  const text = fault === "not-a-file" ? `${folder} is not a folder` : FOLDER_SENTENCES[fault];
  return new UltraError("disk", text, { subject: folder, ...reason && { reason } });
}
