/** How long a receiver waits for `bye` when everything is done: it has its files, whatever the sender says. @module */

export const BYE_MS = 5000;

/** From the loss of the link on: the sender has to find its way back first, or it cannot know that it has succeeded. */
const BYE_WITHOUT_LINK_MS = 30_000;

/** In all: a sender that comes back again and again without a `bye` holds nobody's place for longer (T13). */
const MOST_BYE_MS = BYE_MS + BYE_WITHOUT_LINK_MS;

export class ByeWait {
  readonly #latestMs: number;
  #untilMs: number;

  constructor(nowMs: number) {
    this.#latestMs = nowMs + MOST_BYE_MS;
    this.#untilMs = nowMs + BYE_MS;
  }

  lost(nowMs: number): void {
    this.#untilMs = Math.min(nowMs + BYE_WITHOUT_LINK_MS, this.#latestMs);
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#untilMs;
  }
}
