/** The data plane in the process of a test's own program, with all that a command has of its machine. @module */

import { monotonicClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { systemTimers } from "../../src/base/timers.ts";
import { startEngine } from "../../src/engine/native.ts";
import type { Context } from "../../src/link/context.ts";
import { Hub } from "../../src/link/hub.ts";
import { engineSizes } from "../../src/settings/engine_sizes.ts";

/** Starts it; an engine exists once in a process. What happens is told to nobody. */
export function ownEngine() {
  const engine = startEngine(engineSizes(2, "loopback"));
  const hub = new Hub(engine);
  const context = {
    hub,
    clock: monotonicClock,
    timers: systemTimers,
    random: systemRandom,
    tell: () => {},
    addresses: () => [],
    describe: (error: Error) => error.message,
    host: "here",
    cores: 2,
    ended: new AbortController().signal,
  } satisfies Context;
  return { engine, hub, context };
}
