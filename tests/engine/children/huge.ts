/** A file of more blocks than there is memory for is read where it is granted: what is kept of it grows with what was read. @module */

import { demand, Loop } from "./loop.ts";

const loop = new Loop();
const { dialer } = await loop.connect();
const source = loop.engine.memorySource(2 ** 53 - 1);
loop.openLanes(dialer, source, 1, 1);
loop.engine.grant(1, 1, 0, 0, 1);
loop.engine.grant(1, 2, 0, 2 ** 33 - 1, 1);
for (const grant of [1, 2]) await loop.next("grant-read", (event) => event.grant === grant);
// It is not whole, which its seal finds.
loop.engine.seal(source, 0);
const { fault, text } = await loop.next("seal-failed");
demand(fault === "integrity" && /not all/.test(text), `${fault} ${text}`);
demand(!loop.has("read-failed"), "a block could not be read");
await loop.stop();
