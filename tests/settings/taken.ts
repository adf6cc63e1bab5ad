/** Whether QUIC takes settings as they are. @module */

import assert from "node:assert/strict";
import { type ConnectionSettings, SETTING_RANGES } from "../../src/engine/door.generated.ts";

/** Everything that the engine checks: ranges, powers of two, and that a stream's first buffer fits into its window. */
export function assertTaken(settings: ConnectionSettings): void {
  for (const [name, { least, most, isPowerOfTwo }] of Object.entries(SETTING_RANGES)) {
    const value = settings[name as keyof ConnectionSettings];
    if (typeof value !== "number") continue;
    assert.ok(Number.isInteger(value) && value >= least && value <= most, `${name} is ${value}`);
    assert.ok(!isPowerOfTwo || Number.isInteger(Math.log2(value)), `${name} is ${value}`);
  }
  const { streamReceiveBufferBytes, streamWindowUnidiBytes } = settings;
  const windows = [streamWindowUnidiBytes, settings.streamWindowBidiLocalBytes, settings.streamWindowBidiRemoteBytes];
  assert.ok(windows.every((window) => window >= streamReceiveBufferBytes), `${windows} ${streamReceiveBufferBytes}`);
}
