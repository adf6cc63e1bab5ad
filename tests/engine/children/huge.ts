/** A file with more blocks than there is memory for fails to be read; it does not end the process. @module */

import { demand, Loop } from "./loop.ts";

const loop = new Loop();
const { dialer } = await loop.connect();
const source = loop.engine.memorySource(2 ** 53 - 1);
loop.openLanes(dialer, source, 1, 1);
loop.engine.grant(1, 1, 0, 0, 1);
const { fault, text } = await loop.next("read-failed");
demand(fault === "io" && /too much memory/.test(text), `${fault} ${text}`);
await loop.stop();
