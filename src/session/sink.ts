/** The folder to receive into, before a transfer has it. @module */

import { atMost } from "../base/timers.ts";
import type { Context } from "../link/context.ts";
import type { SinkId } from "../protocol/words.ts";
import { DISPOSE_MS, type ReceiveOptions } from "./incoming.ts";

/** Opens the folder. Done before any peer is admitted, so that a wrong one is reported at once. */
export function openSink(options: ReceiveOptions, { hub }: Context): SinkId {
  const { folder, create, existing, restart, hidden, rename, links, preserve, noSync } = options;
  const decided = { existing, restart, hidden, rename, links, preserve, noSync };
  return hub.engine.sink({ folder, create, discard: false, ...decided });
}

/** Takes back what opening it has made; resolved when that is done. No transfer may have the sink. */
export async function closeSink(sink: SinkId, { hub, timers }: Context): Promise<void> {
  const gone = Promise.withResolvers<void>();
  hub.onSink(sink, ({ type }) => type === "disposed" && gone.resolve());
  hub.engine.dispose(sink, "nothing");
  await atMost(DISPOSE_MS, gone.promise, timers);
}
