/** One transfer from memory to nowhere; with `--expose-gc` garbage is collected at every event. @module */

import { demand, Loop, TRANSFER } from "./loop.ts";

const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});
const BLOCKS = 64;
const LANES = 4;

const loop = new Loop(collect);
const { dialer, listener } = await loop.connect();
const { source, sink } = await loop.transfer(BLOCKS);
for (const transfer of [source, sink]) demand(loop.engine.name(transfer, 0) === "memory", "the entry has its name");
demand(loop.engine.name(dialer, 0) === undefined, "a connection has no entries");
for (const address of loop.engine.outward()) demand(/^[0-9a-f.:]+$/.test(address), "only addresses lead out");
loop.engine.attach(listener, sink, TRANSFER);
loop.openLanes(dialer, source, 1, LANES);
for (let lane = 0; lane < LANES; lane++) {
  loop.engine.grant(1 + lane, 1 + lane, 0, lane * BLOCKS / LANES, BLOCKS / LANES);
}
await loop.verified(BLOCKS);
await loop.commit(source, sink);
loop.engine.send(dialer, new TextEncoder().encode("hello"));
const { bytes } = await loop.next("control");
if (new TextDecoder().decode(bytes) !== "hello") throw new Error("the message changed on its way");
loop.engine.close(dialer, 0);
await loop.next("closed", ({ connection }) => connection === listener);
await loop.stop();
