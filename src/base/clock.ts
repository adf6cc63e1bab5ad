/**
 * Time that only moves forward. Rates, timeouts and forecasts use nothing else: the wall clock jumps.
 *
 * @module
 */

export interface Clock {
  /** Milliseconds since some fixed moment. */
  now(): number;
}

export const monotonicClock: Clock = { now: () => performance.now() };
