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

export class Forecast {
  #told: { readonly at: number; readonly seconds: number } | undefined;

  /**
   * @param now in milliseconds
   * @param expected seconds that are left by the rate of late; not finite while there is none
   * @returns seconds to tell; `undefined` while nothing is known
   */
  update(now: number, expected: number): number | undefined {
    const before = this.#told;
    if (!(expected >= 0 && expected <= MAX_SECONDS_LEFT)) {
      this.#told = undefined;
      return undefined;
    }
    const seconds = before === undefined
      ? expected
      : corrected(before.seconds, Math.max(0, now - before.at) / 1000, expected);
    this.#told = { at: now, seconds };
    return seconds;
  }
}

function corrected(told: number, passed: number, expected: number): number {
  const clock = Math.max(0, told - passed);
  const span = Math.min(CORRECTION.most, Math.max(CORRECTION.least, expected * CORRECTION_SHARE));
  return clock + (expected - clock) * (1 - Math.exp(-passed / span));
}
