/** Settings of a listener that change: dialers that come afterwards have the new ones, and who is there keeps what it had. @module */

import { connectionSettings } from "../../../src/settings/connection_settings.ts";
import { demand, Loop } from "./loop.ts";

const loop = new Loop();
const { dialer: early, listener } = await loop.connect();
// Nothing shows as soon as the silence after which a connection ends, which is the shorter one of both sides.
const impatient = { ...connectionSettings({ distance: "near", side: "listener" }), idleTimeoutMs: 300 };
loop.engine.retune(loop.listener, { settings: impatient, plainSettings: impatient });
const { dialer: late } = await loop.connect();
const { cause } = await loop.next("closed", ({ connection }) => connection === late);
demand(cause === "transport", `the later dialer was closed by ${cause}`);
loop.engine.send(early, new TextEncoder().encode("hello"));
await loop.next("control", ({ connection }) => connection === listener);
await loop.stop();
