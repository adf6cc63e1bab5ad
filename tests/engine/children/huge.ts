/** A file of more blocks than there is memory for is read where it is granted: what is kept of it grows with what was read. @module */

import { demand, Loop } from "./loop.ts";

const loop = new Loop();
const { dialer } = await loop.connect();
const source = loop.engine.memorySource(2 ** 53 - 1);
loop.openLanes(dialer, source, 1, 1);
loop.engine.grant(1, 1, 0, 0, 1);
loop.engine.grant(1, 2, 0, 2 ** 33 - 1, 1);
for (const grant of [1, 2]) await loop.next("grant-read", (event) => event.grant === grant);
demand(!loop.has("read-failed"), "a block could not be read");
demand(!loop.has("sealed"), "a file of which two blocks were read was sealed");
await loop.stop();
