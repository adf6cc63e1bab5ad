/** Settings that QUIC would refuse or silently change start no connection and no listener, and are a bug of this program. @module */

import { connectionSettings } from "../../../src/settings/connection_settings.ts";
import type { ConnectionSettings } from "../../../src/engine/engine.ts";
import { demand, Loop } from "./loop.ts";

const loop = new Loop();
const { engine } = loop;
const good = connectionSettings({ distance: "near", side: "dialer" });
const unfit: readonly Partial<ConnectionSettings>[] = [
  { streamWindowUnidiBytes: 3 * 2 ** 20 },
  { streamReceiveBufferBytes: 131_072, streamWindowUnidiBytes: 65_536 },
  { connectionWindowBytes: 2 ** 31 },
  { peerUnidiStreams: 65_536 },
  { initialRttMs: 0 },
  { maximumMtu: 16_393 },
];
for (const change of unfit) {
  const text = failureOf(() =>
    engine.connect({
      settings: { ...good, ...change },
      alpns: ["x"],
      address: "127.0.0.1:9",
      pin: "report",
      partition: 0,
      controlLimit: 4096,
    })
  );
  demand(/does not take the options of "connect"/.test(text), `${JSON.stringify(change)}: ${text}`);
}
const { dialer } = await loop.connect();
const { peerUnidiStreams, ...others } = engine.settings(dialer) ?? { peerUnidiStreams: undefined };
demand(peerUnidiStreams === 0, "nobody was admitted");
for (const [name, value] of Object.entries(others)) {
  demand(value === good[name as keyof ConnectionSettings], `msquic reports ${name} ${value}`);
}
demand(engine.settings(999) === undefined, "what is gone has none");
await loop.stop();

function failureOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return String(error);
  }
  return "no failure";
}
