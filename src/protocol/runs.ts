/**
 * Lists of entries and blocks as runs, and their messages: as few as the limits allow.
 *
 * @module
 */

import {
  HASH_LEN,
  MAX_COMMITTED_RUNS,
  MAX_HELD_VALUES,
  MAX_NEED_ITEMS,
  MAX_SEAL_ITEMS,
  MAX_VERIFIED_ITEMS,
} from "./limits.ts";
import type {
  BlockIndex,
  BlockRun,
  Committed,
  EntryId,
  EntryRun,
  Held,
  Need,
  NeedItem,
  Seal,
  SealItem,
  Verified,
} from "./messages.ts";

/** The same blocks in as few runs as possible, by entry and first block. The runs may overlap and come in any order. */
export function mergeBlockRuns(runs: Iterable<BlockRun>): BlockRun[] {
  const merged: BlockRun[] = [];
  for (const run of [...runs].sort((a, b) => a.entry - b.entry || a.first - b.first)) {
    const last = merged.at(-1);
    if (last?.entry === run.entry && run.first <= last.first + last.count) {
      merged[merged.length - 1] = { ...last, count: unitedCount(last, run) };
    } else {
      merged.push(run);
    }
  }
  return merged;
}

/** The same entries in as few runs as possible, by first entry. The runs may overlap and come in any order. */
export function mergeEntryRuns(runs: Iterable<EntryRun>): EntryRun[] {
  const merged: EntryRun[] = [];
  for (const run of [...runs].sort((a, b) => a.first - b.first)) {
    const last = merged.at(-1);
    if (last !== undefined && run.first <= last.first + last.count) {
      merged[merged.length - 1] = { ...last, count: unitedCount(last, run) };
    } else {
      merged.push(run);
    }
  }
  return merged;
}

/** Needs with neighbours of the same kind united where one continues the other. Their order stays. */
export function mergeNeedItems(items: Iterable<NeedItem>): NeedItem[] {
  const merged: NeedItem[] = [];
  for (const item of items) {
    const last = merged.at(-1);
    const united = last === undefined ? undefined : unite(last, item);
    if (united === undefined) merged.push(item);
    else merged[merged.length - 1] = united;
  }
  return merged;
}

/** Merges needs and spreads them over messages, in their order. */
export function needMessages(items: Iterable<NeedItem>): Need[] {
  return paged(mergeNeedItems(items), MAX_NEED_ITEMS).map((items) => ({ type: "need", items }));
}

/**
 * The messages for the values of blocks that follow each other.
 *
 * @param values 32 bytes for each block, from block `first` on
 */
export function heldMessages(entry: EntryId, first: BlockIndex, values: Uint8Array): Held[] {
  const messages: Held[] = [];
  for (let at = 0; at < values.length; at += MAX_HELD_VALUES * HASH_LEN) {
    const part = values.subarray(at, at + MAX_HELD_VALUES * HASH_LEN);
    messages.push({ type: "held", entry, first: first + at / HASH_LEN, values: part });
  }
  return messages;
}

/** Merges runs of entries of which all blocks are verified, and of blocks of others, and spreads them over messages. */
export function verifiedMessages(entries: Iterable<EntryRun>, blocks: Iterable<BlockRun>): Verified[] {
  const items = [
    ...mergeEntryRuns(entries).map(({ first, count }) => ({ what: "all", entry: first, entries: count }) as const),
    ...mergeBlockRuns(blocks).map((run) => ({ what: "blocks", ...run }) as const),
  ];
  return paged(items, MAX_VERIFIED_ITEMS).map((items) => ({ type: "verified", items }));
}

/** Spreads seals over messages, in their order. */
export function sealMessages(items: Iterable<SealItem>): Seal[] {
  return paged([...items], MAX_SEAL_ITEMS).map((items) => ({ type: "seal", items }));
}

/** Merges runs of committed entries and spreads them over messages. */
export function committedMessages(runs: Iterable<EntryRun>): Committed[] {
  return paged(mergeEntryRuns(runs), MAX_COMMITTED_RUNS).map((runs) => ({ type: "committed", runs }));
}

/** The count that makes `last` reach to the end of whichever run ends later. */
function unitedCount(last: EntryRun, run: EntryRun): number {
  return Math.max(last.first + last.count, run.first + run.count) - last.first;
}

function unite(last: NeedItem, item: NeedItem): NeedItem | undefined {
  if (last.what === "blocks") {
    const continues = item.what === "blocks" && item.entry === last.entry && item.first === last.first + last.count;
    return continues ? { ...last, count: last.count + item.count } : undefined;
  }
  const continues = item.what === last.what && item.entry === last.entry + last.entries;
  return continues ? { ...last, entries: last.entries + item.entries } : undefined;
}

function paged<Item>(items: readonly Item[], size: number): Item[][] {
  const pages: Item[][] = [];
  for (let at = 0; at < items.length; at += size) pages.push(items.slice(at, at + size));
  return pages;
}
