/** Why nothing can be listened on, or received into a folder: numbers of the engine as sentences. @module */

import { type Reason, UltraError } from "../base/errors.ts";
import type { FileFault } from "../protocol/words.ts";
import { REFUSAL } from "./door.generated.ts";
import { ListenError } from "./engine.ts";

export function listenError(refusal: number, address: string): ListenError {
  switch (refusal) {
    case REFUSAL["address-in-use"]:
      return new ListenError("port-in-use", "Something else already listens there", address);
    case REFUSAL["no-family"]:
      return new ListenError("no-family", "This system does not speak that family of addresses", address);
    case REFUSAL["address-unusable"]: {
      const message = "That address is not this machine's, or its port needs more rights";
      return new ListenError("listen-address", message, address);
    }
    default:
      return new ListenError("listen-address", `It is not possible to listen there (${refusal})`, address);
  }
}

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

const NO_PARENT = "The folder does not exist, and neither does the one that it would be made in";

const FOLDER_REASONS: Readonly<Partial<Record<FileFault, Reason>>> = {
  "not-found": "folder-missing",
  "not-a-file": "not-a-folder",
};

/** @param create whether it was to be made */
export function folderError(fault: FileFault, folder: string, create: boolean): UltraError {
  const reason = FOLDER_REASONS[fault];
  const text = fault === "not-a-file"
    ? `${folder} is not a folder`
    : create && fault === "not-found"
    ? NO_PARENT
    : FOLDER_SENTENCES[fault];
  return new UltraError("disk", text, { subject: folder, ...reason && { reason } });
}
