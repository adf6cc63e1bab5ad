/**
 * Things that happen later, or again and again. Disposing one stops it.
 *
 * @module
 */

export interface Timers {
  /** Once, after so many milliseconds. */
  after(milliseconds: number, act: () => void): Disposable;
  /** Again and again, so many milliseconds apart. */
  every(milliseconds: number, act: () => void): Disposable;
}

export const systemTimers: Timers = {
  after(milliseconds, act) {
    const timer = setTimeout(act, milliseconds);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
  every(milliseconds, act) {
    const timer = setInterval(act, milliseconds);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
};
