/** `ultra watch`: looks at a folder, and sends what lies there until it is ended. @module */

import type { Clock } from "../base/clock.ts";
import { UltraError } from "../base/errors.ts";
import { orEnded } from "../base/interrupted.ts";
import { atMost, type Timers } from "../base/timers.ts";
import type { RunEvent } from "../session/events.ts";
import { type Changes, SENT, type WatchedFolder } from "./folder.ts";
import { type Delivery, Queue } from "./queue.ts";

export interface WatchContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ended: AbortSignal;
  readonly tell: (event: RunEvent) => void;
}

/** What the loop needs of a folder: the real one is in `folder.ts`. */
export type Watched = Pick<WatchedFolder, "list" | "putAway" | "goOn">;
export type Told = Pick<Changes, "areTold" | "next" | "clear">;

/** Sends items of the folder in one transfer. Failures have been told. */
export type Deliver = (names: readonly string[]) => Promise<Delivery>;

/** An item that has not changed for so long is complete. */
export const QUIET_MS = 2000;

/**
 * After a failure; twice as long after each further one. Five minutes at most for the way to the other side, which comes back by itself, and an
 * hour for an item that fails for its own sake: what mends it most often is a change of it, which is seen at once.
 */
const RETRY_MS = 1000;
const MOST_RETRY_MS = 300_000;
const MOST_ITEM_RETRY_MS = 3_600_000;

/** How often it is looked when nothing is told: events may be lost, and on some file systems there are none. */
const LOOK_MS = 10_000;
const LOOK_UNTOLD_MS = 2000;

/** Between two looks at least, however much happens. */
const LEAST_LOOK_MS = 200;

/** Looking takes this share of the time at most. */
const LOOK_SHARE = 10;

/**
 * Runs until it is interrupted, or until nothing can be delivered any more.
 *
 * @throws {Interrupted} when the user ends it
 * @throws what `deliver` throws
 */
export async function watch(
  folder: Watched,
  changes: Told,
  deliver: Deliver,
  options: { readonly keep: boolean },
  context: WatchContext,
): Promise<never> {
  const { clock, ended, tell } = context;
  const queue = new Queue(options.keep, {
    quietMs: QUIET_MS,
    retryMs: RETRY_MS,
    mostRetryMs: MOST_RETRY_MS,
    mostItemRetryMs: MOST_ITEM_RETRY_MS,
  });
  const told = new Set<string>();
  // Confirmed items of which it was told that they cannot leave the folder.
  const stuck = new Set<string>();
  while (true) {
    const beganMs = clock.now();
    changes.clear();
    const { items, others } = await orEnded(folder.list(), ended);
    for (const name of others.filter((name) => !told.has(name))) {
      told.add(name);
      tell({ type: "warning", warning: { about: name === SENT ? "no-place-for-sent" : "not-sent", name } });
    }
    queue.see(items, clock.now());
    for (const { name, why } of (await folder.goOn()).filter(({ name }) => !stuck.has(name))) {
      stuck.add(name);
      tell({ type: "warning", warning: { about: "not-put-away", name, why } });
    }
    await putAway(queue, folder, stuck, context);
    const batch = queue.take(clock.now());
    if (batch.length > 0) {
      const delivery = await deliver(batch);
      queue.delivered(delivery, clock.now());
      await putAway(queue, folder, stuck, context);
      tellRetry(queue.againMs(batch), context);
      tell({ type: "phase", phase: "watching" });
      continue;
    }
    const tookMs = clock.now() - beganMs;
    await rest(queue, changes, Math.max(LEAST_LOOK_MS, tookMs * LOOK_SHARE), context);
  }
}

async function putAway(
  queue: Queue,
  folder: Watched,
  stuck: Set<string>,
  { clock, tell }: WatchContext,
): Promise<void> {
  for (const { name, look, isWhole } of queue.toPutAway(clock.now())) {
    try {
      queue.wasPutAway(name, await folder.putAway(name, look, isWhole), clock.now());
      stuck.delete(name);
    } catch (error) {
      if (!(error instanceof UltraError)) throw error;
      queue.wasPutAway(name, "failed", clock.now());
      stuck.add(name);
      tell({ type: "warning", warning: { about: "not-put-away", name, why: error.message } });
    }
  }
}

function tellRetry(againMs: number | undefined, { clock, tell }: WatchContext): void {
  if (againMs === undefined) return;
  const afterMs = againMs - clock.now();
  // At once: of several that failed together each is tried alone.
  if (afterMs > 0) tell({ type: "retrying", afterMs });
}

/** Until something has happened, or it is time to look again. */
async function rest(
  queue: Queue,
  changes: Told,
  leastMs: number,
  { clock, timers, ended }: WatchContext,
): Promise<void> {
  const now = clock.now();
  const lookMs = now + (changes.areTold ? LOOK_MS : LOOK_UNTOLD_MS);
  const untilMs = Math.min(queue.wakeMs(now) ?? Infinity, lookMs);
  await atMost(Math.max(leastMs, untilMs - now), orEnded(changes.next, ended), timers);
  const restMs = leastMs - (clock.now() - now);
  if (restMs > 0) await atMost(restMs, orEnded(new Promise<never>(() => {}), ended), timers);
}
