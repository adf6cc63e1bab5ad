/**
 * How a transfer ends, and how far it has come: the same words on both sides.
 *
 * @module
 */

import type { FileFault } from "../protocol/words.ts";
import { type ErrorKind, UltraError } from "../base/errors.ts";
import { cutText } from "../protocol/bytes.ts";
import { MAX_TEXT_BYTES } from "../protocol/limits.ts";
import type { EntryId, LeftOut } from "../protocol/messages.ts";

/** Failures that are kept with their text: more than a user reads, and a bound on what a peer can make this side hold. */
export const MAX_FAILURES = 1000;

export type Outcome =
  /** From the start; to the other two. */
  | { readonly state: "running" }
  /** From `running`, when both sides agree on what became of every entry. Entries may have failed: see `exitKind`. */
  | { readonly state: "finished"; readonly summary: Summary }
  /** From `running`, when the whole transfer ended: by an error here, or (`fromPeer`) by the peer's `abort`. */
  | { readonly state: "failed"; readonly error: UltraError; readonly fromPeer: boolean };

/** What design.md 9 makes of a finished transfer. */
export type ExitKind = "done" | "some-failed" | ErrorKind;

/** One entry that did not arrive, while others may have. */
export interface EntryFailure {
  readonly entry: EntryId;
  readonly kind: ErrorKind;
  readonly text: string;
  /** Whether the peer found it. */
  readonly fromPeer: boolean;
}

/** What became of the entries; folders count like files. */
export interface Counts {
  readonly entries: number;
  readonly files: number;
  /** Files alone among `committed` and `present`. */
  readonly committedFiles: number;
  readonly presentFiles: number;
  readonly committed: number;
  readonly present: number;
  readonly skipped: number;
  readonly failed: number;
}

export interface Summary {
  readonly counts: Counts;
  /** The first {@linkcode MAX_FAILURES} failures; `counts.failed` is how many there were. */
  readonly failures: readonly EntryFailure[];
  /** Bytes of all files of the manifest. Holes do not count, here and below. */
  readonly totalBytes: number;
  /** Bytes of committed files. */
  readonly committedBytes: number;
  /** Bytes of files that the receiver had already. */
  readonly presentBytes: number;
  /** Bytes among the committed ones that the receiver had from an earlier run, block by block. */
  readonly resumedBytes: number;
  /**
   * Blocks that travelled, or may have, more than once, and their bytes. The sender counts blocks that it granted again (some of which a dead lane
   * may never have read), the receiver those that arrived damaged.
   */
  readonly resentBlocks: number;
  readonly resentBytes: number;
  /** 32 bytes, equal on both sides. */
  readonly transferRoot: Uint8Array;
  /** The file's own root (what `b3sum` prints) when the manifest has exactly one file and it was committed. */
  readonly fileRoot: Uint8Array | undefined;
  /** What neither arrived nor failed: both sides together. */
  readonly leftOut: LeftOut;
  readonly exitKind: ExitKind;
  /** The same for a user who accepts what is left out. */
  readonly exitKindIfAccepted: ExitKind;
}

/** What a transfer is busy with, for the status line. */
export type Phase = "listing" | "moving" | "committing" | "confirming" | "ended";

export interface Progress {
  readonly phase: Phase;
  /**
   * Bytes that the receiver has verified and written, or had already: the same number on both sides. Holes do not count: of a file that has
   * some, verified blocks count with the share that data has in the file.
   */
  readonly verifiedBytes: number;
  /** Bytes among them of files that were there before. */
  readonly presentBytes: number;
  /** Bytes among them of blocks that an earlier run received, in files that go on. */
  readonly resumedBytes: number;
  /** Bytes among them of files of several blocks that are not at their place: what stays of these when the transfer is interrupted. */
  readonly partBytes: number;
  /** Bytes of the files known so far; all of them once `listed`. */
  readonly totalBytes: number;
  /** Entries of which it is known what became of them. */
  readonly entriesDone: number;
  readonly entries: number;
  /** Files among the entries known so far. */
  readonly files: number;
  /** Those that are at their place, or were there before. */
  readonly filesArrived: number;
  /** Those of `filesArrived` that were there before. */
  readonly filesPresent: number;
  /** Whether the manifest is complete. */
  readonly listed: boolean;
  /** Whether both sides agree on what became of every entry: nothing is complete before. */
  readonly isConfirmed: boolean;
  /**
   * Whether the files of which blocks are missing have more bytes in holes than others. Nobody knows where the holes lie, and they take another
   * time than data, so that no time left can be reckoned.
   */
  readonly isMostlyHoles: boolean;
  /** Whether all that is missing are blocks of files of which nearly all is holes: then little travels, and both sides hash zeros. */
  readonly hashesHoles: boolean;
}

/** Ends that are nobody's judgement on what has arrived. Interruptions are of the kind `network`. */
export const LEAVES_PARTS: ReadonlySet<ErrorKind> = new Set(["network", "disk", "internal"]);

/** The kind of failure that a file's fault stands for. */
export function kindOfFault(fault: FileFault): ErrorKind {
  switch (fault) {
    case "changed":
      return "source-changed";
    case "integrity":
      return "integrity";
    case "protocol":
      return "protocol";
    case "too-much":
      return "usage";
    default:
      return "disk";
  }
}

/** A text as it fits `fail`, `failed` and `abort`. */
export function wireText(text: string): string {
  return cutText(text, MAX_TEXT_BYTES);
}

/** The engine broke its own rules. */
export function bug(what: string): UltraError {
  return new UltraError("internal", what);
}

/** An error of a peer that broke `docs/protocol.md`. */
export function violation(what: string): UltraError {
  return new UltraError("protocol", `The peer broke the protocol: ${what}`);
}

/** What the end of a transfer follows from: counts, never lists. */
export interface EndCounts {
  /** Names at the top level. */
  readonly tops: number;
  /** Entries that are at the receiver, from now or before. */
  readonly arrived: number;
  /** The most informative kind among the failures, if there were any. */
  readonly failure: ErrorKind | undefined;
  /** What is missing against the users' will: left out by the sender, and by the receiver. */
  readonly missing: { readonly sender: number; readonly receiver: number };
}

/** Design.md 9: one thing asked for of which nothing arrived has its own code, everything else has 3 when something is missing. */
export function exitKindOf({ tops, arrived, failure, missing }: EndCounts): ExitKind {
  const isMissing = missing.sender + missing.receiver > 0;
  if (!isMissing && failure === undefined) return "done";
  if (arrived > 0 || tops + missing.sender > 1) return "some-failed";
  return isMissing || failure === undefined ? moreInformative(failure, "disk") : failure;
}

/** The kind that tells the user more: what is wrong with data or a disk before what is wrong with the way to them. */
export function moreInformative(a: ErrorKind | undefined, b: ErrorKind): ErrorKind {
  return a === undefined || INFORMATIVE.indexOf(b) < INFORMATIVE.indexOf(a) ? b : a;
}

/** Most informative first. */
const INFORMATIVE: readonly ErrorKind[] = [
  "integrity",
  "disk",
  "source-changed",
  "usage",
  "authentication",
  "protocol",
  "network",
  "internal",
];
