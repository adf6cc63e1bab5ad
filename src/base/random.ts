/** Unpredictable bytes: nonces, tokens, decoys. @module */

/** So many unpredictable bytes. */
export type RandomBytes = (length: number) => Uint8Array;

export const systemRandom: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));
