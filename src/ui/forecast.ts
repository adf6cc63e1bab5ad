/**
 * The time left, so calm that it can be read: it counts down like a clock and is corrected little by little. Pure; the time is an argument.
 *
 * @module
 */

/** Longest time left that is told: beyond a hundred hours it is no forecast. */
const MAX_SECONDS_LEFT = 360_000;

/** How fast a wrong forecast is corrected: this share of what is left brings it two thirds of the way, within these bounds in seconds. */
const CORRECTION_SHARE = 1 / 4;
const CORRECTION = { least: 0.5, most: 12 } as const;

interface Told {
  readonly at: number;
  readonly seconds: number;
}

/** A rate seen for less than this, in seconds, may still be far from what it becomes: a forecast of it that is off by such a share follows soon. */
const YOUNG = 10;
const FAR_OFF = 1 / 5;

export class Forecast {
  #told: Told | undefined;

  /**
   * @param now in milliseconds
   * @param expected seconds that are left by the rate of late; not finite while there is none
   * @param seenMs how long that rate has been seen
   * @returns seconds to tell; `undefined` while nothing is known
   */
  update(now: number, expected: number, seenMs = Infinity): number | undefined {
    const before = this.#told;
    if (!(expected >= 0 && expected <= MAX_SECONDS_LEFT)) {
      this.#told = undefined;
      return undefined;
    }
    // (When nothing is left there is nothing to be calm about.)
    const isPlain = before === undefined || expected === 0;
    const seconds = isPlain ? expected : corrected(before, now, expected, seenMs / 1000);
    this.#told = { at: now, seconds };
    return seconds;
  }
}

function corrected(before: Told, now: number, expected: number, seen: number): number {
  const passed = Math.max(0, now - before.at) / 1000;
  const clock = Math.max(0, before.seconds - passed);
  const isFarOff = seen < YOUNG && Math.abs(expected - clock) > expected * FAR_OFF;
  const basis = isFarOff ? Math.min(seen, expected) : expected;
  const span = Math.min(CORRECTION.most, Math.max(CORRECTION.least, basis * CORRECTION_SHARE));
  return clock + (expected - clock) * (1 - Math.exp(-passed / span));
}
