/**
 * The queue of a watched folder as a pure state machine: which item is in which state, what is to be sent next, and when to look again.
 *
 * The folder itself is the queue: what lies there is not sent yet, or not known to be. Nothing is kept elsewhere, so a process that is killed has
 * lost nothing, and the next one begins with what it finds.
 *
 * @module
 */

/** What an item looks like from outside: two looks are equal when nothing about it has changed. */
export type Look = string;

export interface QueueTimes {
  /** An item is complete when it has looked the same for so long. */
  readonly quietMs: number;
  /** After a failure, and twice as long after each further one. */
  readonly retryMs: number;
  /** Where the other side was lost, and where a confirmed item could not be put away. */
  readonly mostRetryMs: number;
  /** Where an item fails by itself. */
  readonly mostItemRetryMs: number;
}

export type ItemState =
  /** From the start, and from every other one when the look has changed; to `due` when it has been the same for long enough. */
  | { readonly at: "settling"; readonly look: Look; readonly sinceMs: number }
  /** From `settling`, from `failed` in time, and from `sending` when the other side was lost; to `sending`. */
  | { readonly at: "due"; readonly look: Look; readonly tries: number }
  /** From `due`; to `confirmed`, `failed` or `due`. */
  | { readonly at: "sending"; readonly look: Look; readonly tries: number }
  /** From `sending`: the other side has it. Forgotten when it is put away; until then that is tried again. */
  | {
    readonly at: "confirmed";
    readonly look: Look;
    readonly tries: number;
    readonly againMs: number;
    readonly isWhole: boolean;
  }
  /** From `confirmed`, when confirmed items stay in the folder; final as long as it looks the same. */
  | { readonly at: "kept"; readonly look: Look }
  /** From `sending`; to `due` when its time has come. */
  | { readonly at: "failed"; readonly look: Look; readonly tries: number; readonly againMs: number };

/** What became of a batch. */
export type Delivery =
  /** The transfer came to its end. Everything arrived but for these names; `unknown`: some did not, and it is not known which. */
  | {
    readonly type: "finished";
    readonly missing: ReadonlySet<string> | "unknown";
    /** Something of it was left out, which the user accepts, or was there already by its size and time: it may be nowhere but here. */
    readonly isPartial?: boolean;
  }
  /** It did not, for a reason that lies in what was sent, or in where it was to go. */
  | { readonly type: "refused" }
  /** It did not, because there was no way to the other side. */
  | { readonly type: "lost" };

/** What became of an item that was to be put away. `changed`: there is another one in its place. */
export type PutAway = "done" | "changed" | "failed";

/** Items of a transfer at most: all of its failures have names then, and what an interruption leaves unconfirmed stays little. */
const MOST_ITEMS = 500;

export class Queue {
  readonly #times: QueueTimes;
  readonly #keep: boolean;
  /** In the order in which they were seen first. */
  readonly #items = new Map<string, ItemState>();
  /** The last look of items that are being sent, where it has changed. */
  readonly #changed = new Map<string, Look | undefined>();
  /** The other side was lost: nothing is sent before. */
  #pausedUntilMs = -Infinity;
  #lostTimes = 0;
  /** Whether what was taken last had not failed before. */
  #wasFresh = false;

  /** @param keep whether confirmed items stay in the folder */
  constructor(keep: boolean, times: QueueTimes) {
    this.#keep = keep;
    this.#times = times;
  }

  /** Takes in what is in the folder now: all of it. */
  see(seen: ReadonlyMap<string, Look>, nowMs: number): void {
    for (const [name, item] of this.#items) {
      const look = seen.get(name);
      if (look === item.look) {
        this.#changed.delete(name);
        continue;
      }
      if (item.at === "sending") this.#changed.set(name, look);
      else if (look === undefined) this.#items.delete(name);
      else this.#items.set(name, { at: "settling", look, sinceMs: nowMs });
    }
    for (const [name, look] of seen) {
      if (!this.#items.has(name)) this.#items.set(name, { at: "settling", look, sinceMs: nowMs });
    }
  }

  /** The names to send in one transfer now; none: nothing is due. */
  take(nowMs: number): readonly string[] {
    for (const [name, item] of this.#items) {
      const isQuiet = item.at === "settling" && nowMs - item.sinceMs >= this.#times.quietMs;
      const isAgain = item.at === "failed" && nowMs >= item.againMs;
      if (isQuiet || isAgain) this.#items.set(name, { at: "due", look: item.look, tries: isAgain ? item.tries : 0 });
    }
    if (nowMs < this.#pausedUntilMs) return [];
    const due = [...this.#items].flatMap(([name, item]) => item.at === "due" ? [{ name, ...item }] : []);
    // What has failed before goes alone, so that it takes no other item with it, and in turns with those that have not.
    const fresh = due.filter(({ tries }) => tries === 0).slice(0, MOST_ITEMS);
    const again = due.filter(({ tries }) => tries > 0).slice(0, 1);
    const batch = fresh.length === 0 || (this.#wasFresh && again.length > 0) ? again : fresh;
    this.#wasFresh = batch === fresh;
    for (const { name, look, tries } of batch) this.#items.set(name, { at: "sending", look, tries });
    return batch.map(({ name }) => name);
  }

  /** What was taken last has come to its end. */
  delivered(delivery: Delivery, nowMs: number): void {
    const sent = [...this.#items].flatMap(([name, item]) => item.at === "sending" ? [{ name, item }] : []);
    if (delivery.type === "lost") this.#pausedUntilMs = nowMs + this.#backOff(++this.#lostTimes);
    else this.#lostTimes = 0;
    const isWhole = delivery.type === "finished" && delivery.isPartial !== true;
    for (const { name, item } of sent) {
      const { look, tries } = item;
      if (delivery.type === "lost") this.#items.set(name, { at: "due", look, tries });
      else if (isMissing(name, delivery)) {
        this.#items.set(name, {
          at: "failed",
          look,
          tries: tries + 1,
          againMs: nowMs + this.#waitFor(tries + 1, sent.length),
        });
      } else {this.#items.set(
          name,
          this.#keep ? { at: "kept", look } : { at: "confirmed", look, tries: 0, againMs: nowMs, isWhole },
        );}
      if (!this.#changed.has(name)) continue;
      // Another look than the one that was sent: what lies there now is not what the other side has.
      const changed = this.#changed.get(name);
      if (changed === undefined) this.#items.delete(name);
      else this.#items.set(name, { at: "settling", look: changed, sinceMs: nowMs });
    }
    this.#changed.clear();
  }

  /** Confirmed items that are to be put away now, with the looks that they have to have. */
  toPutAway(nowMs: number): readonly { readonly name: string; readonly look: Look; readonly isWhole: boolean }[] {
    return [...this.#items].flatMap(([name, item]) =>
      item.at === "confirmed" && nowMs >= item.againMs ? [{ name, look: item.look, isWhole: item.isWhole }] : []
    );
  }

  wasPutAway(name: string, result: PutAway, nowMs: number): void {
    const item = this.#items.get(name);
    if (item?.at !== "confirmed") return;
    const tries = item.tries + 1;
    if (result === "failed") this.#items.set(name, { ...item, tries, againMs: nowMs + this.#backOff(tries) });
    else this.#items.delete(name);
  }

  /** When there is something to do although nothing changes; `undefined`: never. */
  wakeMs(nowMs: number): number | undefined {
    const times = [...this.#items.values()].flatMap((item) => {
      switch (item.at) {
        case "settling":
          return Math.max(item.sinceMs + this.#times.quietMs, this.#pausedUntilMs);
        case "failed":
          return Math.max(item.againMs, this.#pausedUntilMs);
        case "due":
          return Math.max(nowMs, this.#pausedUntilMs);
        case "confirmed":
          return item.againMs;
        case "sending":
        case "kept":
          return [];
      }
    });
    return times.length === 0 ? undefined : times.reduce((least, time) => Math.min(least, time));
  }

  /** When the first of these is tried again that has failed, or waits for the other side; `undefined`: none has. */
  againMs(names: readonly string[]): number | undefined {
    const times = names.flatMap((name) => {
      const item = this.#items.get(name);
      if (item?.at === "failed") return [Math.max(item.againMs, this.#pausedUntilMs)];
      return item?.at === "due" ? [this.#pausedUntilMs] : [];
    });
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** For tests and messages. */
  state(name: string): ItemState | undefined {
    return this.#items.get(name);
  }

  /** One of several may have failed for another one's sake: it is tried again at once, alone. */
  #waitFor(tries: number, batch: number): number {
    return tries === 1 && batch > 1 ? 0 : this.#backOff(tries, this.#times.mostItemRetryMs);
  }

  #backOff(tries: number, mostMs = this.#times.mostRetryMs): number {
    return Math.min(this.#times.retryMs * 2 ** (tries - 1), mostMs);
  }
}

function isMissing(name: string, delivery: Exclude<Delivery, { type: "lost" }>): boolean {
  if (delivery.type === "refused" || delivery.missing === "unknown") return true;
  return delivery.missing.has(name);
}
