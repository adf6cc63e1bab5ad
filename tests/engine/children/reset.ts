/** A connection that dies in the middle: its lanes are told as closed, and by then their claims are free for others. @module */

import { demand, Loop, TRANSFER } from "./loop.ts";

const BLOCKS = 256;
const LANES = 4;

const loop = new Loop();
const { engine } = loop;
const { source, sink } = await loop.transfer(BLOCKS);
const first = await loop.connect();
engine.attach(first.listener, sink, TRANSFER);
loop.openLanes(first.dialer, source, 1, LANES);
for (let lane = 0; lane < LANES; lane++) engine.grant(1 + lane, 1 + lane, 0, lane * BLOCKS / LANES, BLOCKS / LANES);
for (let lane = 0; lane < LANES; lane++) {
  await loop.next("lane-opened", ({ connection }) => connection === first.listener);
}
const progress = await loop.next("verified");
engine.close(first.dialer, 5);
// Twice: without waiting for what is queued.
engine.close(first.dialer, 5);
for (let lane = 0; lane < LANES; lane++) {
  const { finished } = await loop.next("lane-closed", ({ connection }) => connection === first.listener);
  demand(!finished, "a lane that was cut off did not finish");
  await loop.next("lane-closed", ({ connection }) => connection === first.dialer);
}
const { cause, code } = await loop.next("closed", ({ connection }) => connection === first.listener);
demand(cause === "peer" && code === 5, `closed by ${cause} ${code}`);
// Grants of a lane that is gone are gone, too.
for (let lane = 0; lane < LANES; lane++) demand(engine.shrink(1 + lane, 0) === undefined, "a grant outlived its lane");

const second = await loop.connect();
engine.attach(second.listener, sink, TRANSFER);
loop.openLanes(second.dialer, source, 11, LANES);
// Everything once more: what is verified is dropped, what was claimed by the dead lanes is taken.
for (let lane = 0; lane < LANES; lane++) engine.grant(11 + lane, 11 + lane, 0, lane * BLOCKS / LANES, BLOCKS / LANES);
await loop.verified(BLOCKS - progress.count);
await loop.commit(source, sink);
demand(!loop.has("mismatch"), "a block was damaged");
// An end in good order.
for (let lane = 0; lane < LANES; lane++) engine.finishLane(11 + lane);
for (let lane = 0; lane < LANES; lane++) {
  const { finished } = await loop.next("lane-closed", ({ connection }) => connection === second.listener);
  demand(finished, "a lane that was finished was told as cut off");
}
await loop.stop();
