/** Unpredictable bytes: nonces, tokens, decoys. @module */

import type { RandomBytes } from "../auth/handshake.ts";

export const systemRandom: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));
