/** Which way the bytes of a transfer go, from what a side is going to do and whether it dials or waits. @module */

import type { Direction } from "../protocol/messages.ts";

/** What a side is going to do. */
export type Role = "send" | "receive" | "serve" | "test";

/** Seen from the dialer, as its hello states it. */
export function directionOf(role: Role, side: "dialer" | "listener"): Direction {
  if (role === "test") return "test";
  return (role === "send" || role === "serve") === (side === "dialer") ? "dialer-sends" : "dialer-receives";
}
