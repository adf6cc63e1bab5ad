/**
 * What a receiver lets in: names, collisions, policy and space of a manifest, page by page.
 *
 * Nothing gets a final name before all of it has passed; what is refused here ends the whole transfer. Hidden names that nobody gave leave
 * for, names that the disk does not take, and files in whose place others are or come, are left out alone.
 *
 * @module
 */

import type { Existing, TargetStatus } from "../protocol/words.ts";
import { type Reason, UltraError } from "../base/errors.ts";
import { MAX_TRANSFER_BLOCKS, SIZE_LIMIT } from "../protocol/limits.ts";
import type { EntryId, EntryKind, LeftOut, LeftOutReason, PageMessage, PagesEnd } from "../protocol/messages.ts";
import { decodePage, PageCursor } from "../protocol/pages.ts";
import { checkSafePath } from "../protocol/safe_path.ts";
import { type Entries, EntryState } from "./entries.ts";
import { type Found, FurtherNames } from "./further_names.ts";
import { LeftOutEntries } from "./left_out.ts";
import { bug, violation } from "./outcome.ts";
import type { ReceiverQueries } from "./turns.ts";
import { formatBytes } from "../base/sizes.ts";

/** Pages that may wait for the disk: as many as a sender may have under way, so that more is a breach and memory is bounded. */
const MAX_UNCHECKED_PAGES = 64;

/** What a file takes on the disk is a multiple of this on nearly every file system. */
const ALLOCATION = 4096;

/** Bytes that stay free: journals and folders have to go somewhere. */
const SPARE_BYTES = 1 << 20;

export interface Policy {
  /** What becomes of files that are there and differ. */
  readonly existing: Existing;
  /** Whether an entry is to be taken. */
  readonly isWanted?: ((path: string, kind: EntryKind) => boolean) | undefined;
  /** Whether a file was confirmed in an earlier transfer. */
  readonly wasConfirmed?: (entry: EntryId) => boolean;
  /** What was announced before the offer, where something was; more of it is a breach. */
  readonly most?: { readonly entries: number; readonly bytes: number } | undefined;
}

export class Admission {
  readonly #entries: Entries;
  readonly #policy: Policy;
  readonly #queries: Pick<ReceiverQueries, "name">;
  readonly #leftOut = new LeftOutEntries();
  readonly #furtherNames: FurtherNames;
  #unchecked: PageMessage[] = [];
  #checkedEntries = 0;
  #end: PagesEnd | undefined;
  #neededBytes = 0;
  /** What parts of earlier runs occupy: space that their files have already, or that becomes free. */
  readonly #occupied = new Map<EntryId, number>();
  /** Free space before the transfer wrote anything: what it writes is in `#neededBytes` already. */
  #freeSpace: number | undefined;

  /** @param queries where an entry goes (under `-o` it is not called as its sender calls it), and what is there */
  constructor(entries: Entries, policy: Policy, queries: Pick<ReceiverQueries, "name">) {
    this.#entries = entries;
    this.#queries = queries;
    this.#policy = policy;
    this.#furtherNames = new FurtherNames(entries);
  }

  /** Whether all pages are here. */
  get isListed(): boolean {
    return this.#end !== undefined;
  }

  /** Whether all pages are here and none was refused. */
  get hasPassed(): boolean {
    return this.isListed && this.#unchecked.length === 0;
  }

  /** Entries from 0 that were compared with the disk. */
  get checkedEntries(): number {
    return this.#checkedEntries;
  }

  /** What of the manifest is not taken. */
  get leftOut(): LeftOut {
    return this.#leftOut.leftOut;
  }

  /**
   * Takes a page; the result is a copy of it that stays, or `undefined` for one that was taken before.
   *
   * @throws {UltraError} `protocol` when its names are not safe
   */
  page(page: PageMessage): PageMessage | undefined {
    const end = page.first + page.count;
    if (end <= this.#entries.count) return undefined;
    if (page.first !== this.#entries.count) throw violation(`a page from entry ${page.first} on, out of order`);
    if (this.isListed) throw violation("a page after the last");
    if (this.#unchecked.length === MAX_UNCHECKED_PAGES) throw violation("more pages than it may have under way");
    const cursor = new PageCursor(page);
    while (cursor.next()) this.#take(cursor);
    if (this.#entries.totalSize >= SIZE_LIMIT) throw violation("files of more bytes than can be counted");
    if (this.#entries.totalBlocks > MAX_TRANSFER_BLOCKS) {
      throw violation("files of more blocks than a transfer may have");
    }
    const { most } = this.#policy;
    if (most !== undefined && (this.#entries.count > most.entries || this.#entries.totalSize > most.bytes)) {
      throw violation("more than was announced");
    }
    // A copy: a message's bytes are a view of memory that the next one may use again.
    const kept = { ...page, entries: page.entries.slice() };
    this.#unchecked.push(kept);
    return kept;
  }

  pagesEnd(end: PagesEnd): void {
    if (end.entries !== this.#entries.count || end.bytes !== this.#entries.totalSize) {
      throw violation("an end of the pages that does not fit them");
    }
    this.#end = end;
  }

  /** An earlier run has left so many bytes of an entry that is to be checked. */
  occupied(entry: EntryId, bytes: number): void {
    this.#occupied.set(entry, bytes);
  }

  /** Moves the entries of the oldest unchecked page to what the disk and the policy make of them. */
  checked(first: EntryId, found: readonly TargetStatus[], freeSpace: number): void {
    const page = this.#unchecked.shift();
    if (page === undefined || page.first !== first || page.count !== found.length) {
      throw new UltraError("internal", "a page was checked out of turn");
    }
    const { states, leftOutAs } = RULES[this.#policy.existing];
    const wanted = this.#wanted(page, this.#withConfirmed(first, found));
    wanted.forEach((status, index) => leftOutAs[status] === "kept" && this.#furtherNames.keep(first + index));
    const statuses = this.#furtherNames.judged(page, wanted, (found) => states[found]);
    this.#freeSpace ??= freeSpace;
    const end = first + page.count;
    for (let at = first; at < end;) {
      const status = statuses[at - first] ?? "absent";
      const refusal = this.#refusal(status);
      if (refusal !== undefined) throw refusal(this.#queries.name(at) ?? pathOf(page, at - first));
      let runEnd = at + 1;
      while (runEnd < end && statuses[runEnd - first] === status) runEnd++;
      this.#settle(at, runEnd, states[status]);
      at = runEnd;
    }
    if (statuses.some((status) => leftOutAs[status] !== undefined)) this.#leaveOut(page, statuses, leftOutAs);
    this.#checkedEntries = end;
    this.#occupied.clear();
    this.#checkSpace(this.#freeSpace);
  }

  /** What was confirmed before is present: somebody may have taken it away, or put something else in its place. */
  #withConfirmed(first: EntryId, statuses: readonly TargetStatus[]): readonly TargetStatus[] {
    const { wasConfirmed } = this.#policy;
    if (wasConfirmed === undefined) return statuses;
    return statuses.map((status, index) => {
      const isGone = status === "absent" || status === "different" || status === "in-the-way";
      return isGone && wasConfirmed(first + index) ? "identical" : status;
    });
  }

  /** What the user does not want is not looked at any further. What breaks the protocol does so all the same. */
  #wanted(page: PageMessage, statuses: readonly TargetStatus[]): readonly TargetStatus[] {
    const { isWanted } = this.#policy;
    if (isWanted === undefined) return statuses;
    const wanted = [...decodePage(page)].map(({ path, kind }) => isWanted(path, kind));
    return statuses.map((status, index) => wanted[index] === true || BREACHES.has(status) ? status : "unwanted");
  }

  #take(cursor: PageCursor): void {
    const { kind, size, dataBytes, bytes, pathStart, pathEnd } = cursor;
    checkSafePath(bytes, pathStart, pathEnd, () => cursor.entry().path);
    if (size === undefined) throw violation("files of unknown size are not supported by this version");
    this.#entries.append(kind, size, dataBytes, bytes, pathStart, pathEnd);
  }

  #settle(first: EntryId, end: EntryId, state: EntryState | undefined): void {
    if (state === undefined) throw bug("a status that is refused was not");
    const entries = this.#entries;
    entries.move(first, end - first, EntryState.listed, state);
    if (state !== EntryState.needed) return;
    for (let entry = first; entry < end; entry++) {
      const bytes = Math.ceil(entries.dataBytes(entry) / ALLOCATION) * ALLOCATION;
      this.#neededBytes += bytes - Math.min(bytes, this.#occupied.get(entry) ?? 0);
    }
  }

  /** Reads the page's paths again, once: they are not kept. */
  #leaveOut(page: PageMessage, statuses: readonly Found[], leftOutAs: Rules["leftOutAs"]): void {
    let i = 0;
    for (const { path } of decodePage(page)) {
      const entry = page.first + i;
      const status = statuses[i++] ?? "absent";
      const reason = status === "bad-name" && path.includes("\\") ? "backslash" : leftOutAs[status];
      if (reason === undefined) continue;
      // What is in the way has the name that the receiver's user gave.
      this.#leftOut.add(reason === "exists" || reason === "kept" ? this.#queries.name(entry) ?? path : path, reason);
    }
  }

  /** Why an entry cannot be taken, or `undefined`. */
  #refusal(status: Found): ((path: string) => UltraError) | undefined {
    switch (status) {
      case "absent":
      case "identical":
      case "different":
      case "not-older":
      case "busy":
      case "folder-exists":
      case "hidden":
      case "outside-link":
      case "unwanted":
      case "bad-name":
      case "name-refused":
      case "same-name":
      case "in-the-way":
      case "unsafe-parent":
      case "unexaminable":
      case "first-kept":
      case "first-left-out":
        return undefined;
      case "cannot-rename":
        return refusal("usage", "Several were offered, and they cannot have one name", "one-name-for-several");
      case "duplicate":
        return refusal("protocol", "The sender offered a path twice");
      case "conflict":
        return refusal("protocol", "The sender offered a path below a file");
    }
  }

  #checkSpace(freeSpace: number): void {
    if (this.#neededBytes === 0 || this.#neededBytes + SPARE_BYTES <= freeSpace) return;
    const needs = this.hasPassed ? "needs" : "needs at least";
    throw new UltraError(
      "disk",
      `Not enough space: ${needs} ${formatBytes(this.#neededBytes + SPARE_BYTES)}, ${formatBytes(freeSpace)} free`,
    );
  }
}

/** What no sender may offer. */
const BREACHES: ReadonlySet<TargetStatus> = new Set(["duplicate", "conflict"]);

/** What becomes of entries by what is in their place. */
interface Rules {
  /** `undefined` for statuses that are always refused. */
  readonly states: Readonly<Record<Found, EntryState | undefined>>;
  /** Why an entry that is skipped is left out. */
  readonly leftOutAs: Readonly<Partial<Record<Found, LeftOutReason>>>;
}

/** Of an entry that is not refused, where files that differ are replaced, or make way. */
const STATE_OF: Readonly<Record<Found, EntryState | undefined>> = {
  "absent": EntryState.needed,
  "different": EntryState.needed,
  "not-older": EntryState.skipped,
  "identical": EntryState.present,
  "folder-exists": EntryState.present,
  "hidden": EntryState.skipped,
  "outside-link": EntryState.skipped,
  "unwanted": EntryState.skipped,
  "bad-name": EntryState.skipped,
  "name-refused": EntryState.skipped,
  "same-name": EntryState.skipped,
  "in-the-way": EntryState.skipped,
  "unsafe-parent": EntryState.skipped,
  "unexaminable": EntryState.skipped,
  "cannot-rename": undefined,
  "duplicate": undefined,
  "conflict": undefined,
  "busy": EntryState.skipped,
  "first-kept": EntryState.skipped,
  "first-left-out": EntryState.skipped,
};

const LEFT_OUT_AS: Readonly<Partial<Record<Found, LeftOutReason>>> = {
  "hidden": "hidden",
  "outside-link": "link",
  "unwanted": "chosen",
  "bad-name": "name-refused",
  "name-refused": "name-refused",
  "same-name": "same-name",
  "not-older": "kept",
  "busy": "busy",
  "in-the-way": "in-the-way",
  "unsafe-parent": "no-folder",
  "unexaminable": "unexaminable",
  "first-kept": "kept",
  "first-left-out": "first-name",
};

const REPLACING: Rules = { states: STATE_OF, leftOutAs: LEFT_OUT_AS };

/** What is there stays: by choice, or so that what arrives is missing. */
function keeping(reason: "kept" | "exists"): Rules {
  return {
    states: { ...STATE_OF, different: EntryState.skipped },
    leftOutAs: { ...LEFT_OUT_AS, different: reason },
  };
}

/** With `rename` only what found no other name differs still. */
const RULES: Readonly<Record<Existing, Rules>> = {
  refuse: keeping("exists"),
  skip: keeping("kept"),
  rename: keeping("exists"),
  update: REPLACING,
  replace: REPLACING,
  backup: REPLACING,
};

function refusal(
  kind: "disk" | "usage" | "protocol",
  text: string,
  reason?: Reason,
): (path: string) => UltraError {
  return (subject) => new UltraError(kind, text, { subject, ...reason && { reason } });
}

/** The path of a page's entry: read again, for pages are kept as bytes and paths are only needed for refusals. */
function pathOf(page: PageMessage, index: number): string {
  let left = index;
  for (const entry of decodePage(page)) if (left-- === 0) return entry.path;
  return "";
}
