/**
 * What can be broken on purpose, to prove that the oracle sees it: engines that break their rules, and machines that do not hear what
 * theirs is to hear.
 *
 * @module
 */

import type { EntryId, EntryRun, TransferMessage } from "../../src/protocol/messages.ts";
import type { Disk, DiskFlaw } from "./disk.ts";
import type { Side } from "./network.ts";
import type { Source, SourceFlaw } from "./source.ts";

export interface Flaws {
  readonly disk?: DiskFlaw;
  readonly source?: SourceFlaw;
  /** The sender never hears of lost lanes. */
  readonly deafToLanes?: boolean;
  /** The receiver believes that the pages end as soon as the first one is there. */
  readonly hasty?: boolean;
  /** The receiver does not hear seals of files whose last block is verified. */
  readonly deafToLateSeals?: boolean;
  /** The receiver does not hear of failures of files that are sealed. */
  readonly deafToLateFailures?: boolean;
  /** The sender does not hear of commits of files that it has failed. */
  readonly deafToLateCommits?: boolean;
  /** The sender does not hear needs of blocks of files that are sealed. */
  readonly deafToLateNeeds?: boolean;
  /** The receiver commits links with the first other entries. */
  readonly hastyLinks?: boolean;
  /** Runs of entries to expect, or to send, do not end before a small file that is not needed. */
  readonly uncutExpects?: boolean;
  readonly uncutGrants?: boolean;
  /** The receiver asks for blocks of files that are sealed more often than it may. */
  readonly asksOverAndOver?: boolean;
}

/** How often all of a file may be asked for on one connection. */
const MOST_ASKS = 4;

/** What flaws have to know of their world. */
interface World {
  readonly flaws: Flaws;
  readonly disk: Disk;
  readonly source: Source;
  /** Entries of which the sender has said that they failed. */
  readonly failedThere: ReadonlySet<EntryId>;
}

/** What a side hears of a message; `undefined`: nothing. */
export function deafened(world: World, side: Side, message: TransferMessage): TransferMessage | undefined {
  const { flaws, disk, source, failedThere } = world;
  if (side === "receiver") {
    if (message.type === "seal" && flaws.deafToLateSeals) {
      return some({ ...message, items: message.items.filter(({ entry }) => !disk.isWhole(entry)) });
    }
    const isLate = message.type === "fail" && flaws.deafToLateFailures && source.sealed.has(message.entry);
    return isLate ? undefined : message;
  }
  if (message.type === "need" && flaws.deafToLateNeeds) {
    return some({
      ...message,
      items: message.items.filter(({ what, entry }) => what !== "blocks" || !source.sealed.has(entry)),
    });
  }
  if (message.type === "committed" && flaws.deafToLateCommits) {
    const entries = message.runs.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i));
    const heard = entries.filter((entry) => !failedThere.has(entry));
    return heard.length === 0 ? undefined : { ...message, runs: heard.map((first) => ({ first, count: 1 })) };
  }
  return message;
}

/** What a receiver says instead of a message. */
export function repeated({ flaws, disk, source }: World, message: TransferMessage): readonly TransferMessage[] {
  if (message.type !== "need" || !flaws.asksOverAndOver) return [message];
  const sealed = message.items.filter(({ what, entry }) => what === "blocks" && source.sealed.has(entry));
  const times = sealed.map(({ entry }) => MOST_ASKS * disk.blocks(entry));
  return [message, ...Array.from({ length: Math.max(0, ...times) }, () => ({ ...message, items: sealed }))];
}

/** A run of entries as a machine would make it that does not cut it. */
export function uncut(world: World, flaw: "uncutExpects" | "uncutGrants", run: EntryRun): EntryRun {
  if (!world.flaws[flaw]) return run;
  return { first: run.first, count: world.disk.checkedEntries - run.first };
}

function some<Message extends { readonly items: readonly unknown[] }>(message: Message): Message | undefined {
  return message.items.length === 0 ? undefined : message;
}
