/** Grants cut short while their lane stands still for want of a reader: every one of them is told as read, once. @module */

import { demand, Loop, TRANSFER } from "./loop.ts";

const BLOCKS = 96;
const loop = new Loop();
const { engine } = loop;
const { dialer, listener } = await loop.connect();
const { source, sink } = await loop.transfer(BLOCKS);
loop.openLanes(dialer, source, 1, 1);
// Nobody takes frames before the sink is attached, so windows and buffers end the reading somewhere below block 16.
engine.grant(1, 10, 0, 0, 48);
engine.grant(1, 11, 0, 48, 16);
engine.grant(1, 12, 0, 64, 32);
await loop.next("lane-opened", ({ connection }) => connection === listener);
demand(engine.shrink(10, 40) === 40, "a grant ends where it is told to");
demand(engine.shrink(10, 44) === 40, "a grant never grows");
demand(engine.shrink(11, 48) === 48, "a grant that has not begun may end where it begins");
demand(engine.shrink(12, 0) === 64, "a grant cannot end before it begins");
const cursor = engine.shrink(10, 0);
demand(cursor !== undefined && cursor < 40, `a grant ends at its cursor, not at ${cursor}`);
engine.attach(listener, sink, TRANSFER);
for (const [grant, end] of [[10, cursor], [11, 48], [12, 64]] as const) {
  const event = await loop.next("grant-read");
  demand(event.grant === grant && event.end === end, `grant ${event.grant} ended at ${event.end}, not at ${end}`);
  demand(event.lane === 1 && event.entry === 0, "it is told of its lane and entry");
  demand(engine.shrink(grant, 0) === undefined, "a grant that is read has no end to move");
}
demand(engine.shrink(999, 0) === undefined, "a grant that never was has no end");
// What was cut off goes out with other grants, and an id may be used again once its grant is read.
engine.grant(1, 10, 0, cursor, BLOCKS - cursor);
await loop.verified(BLOCKS);
await loop.next("grant-read", ({ grant, end }) => grant === 10 && end === BLOCKS);
await loop.commit(source, sink);
await loop.stop();
