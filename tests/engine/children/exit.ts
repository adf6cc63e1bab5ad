/** Ends the process in the middle of a transfer, in one of the ways in which a process ends. @module */

import { Loop, TRANSFER } from "./loop.ts";

const [how = "exit", events = "1"] = Deno.args;
const BLOCKS = 2048;

const loop = new Loop();
const { dialer, listener } = await loop.connect();
const { source, sink } = await loop.transfer(BLOCKS);
loop.engine.attach(listener, sink, TRANSFER);
loop.openLanes(dialer, source, 1, 4);
for (let lane = 0; lane < 4; lane++) loop.engine.grant(1 + lane, 1 + lane, 0, lane * BLOCKS / 4, BLOCKS / 4);
for (let left = Number(events); left > 0; left--) await loop.next("verified");
switch (how) {
  case "exit":
    Deno.exit(7);
    break;
  case "stop":
    loop.engine.stop();
    Deno.exit(7);
    break;
  case "error":
    throw new Error("on purpose");
  case "drain":
    await loop.stop();
    Deno.exitCode = 7;
}
