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

/** The promise's result, or `undefined` when so many milliseconds have passed before. */
export async function atMost<T>(milliseconds: number, promise: Promise<T>, timers: Timers): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  using _late = timers.after(milliseconds, () => late.resolve(undefined));
  return await Promise.race([promise, late.promise]);
}

/** Resolved after so many milliseconds. */
export async function pause(milliseconds: number, timers: Timers): Promise<void> {
  await atMost(milliseconds, new Promise<never>(() => {}), timers);
}
