/** A command that the engine refuses ends the events with its error; the commands around it are run. @module */

import { demand, Loop } from "./loop.ts";

const BLOCKS = 96;
const loop = new Loop();
const { engine } = loop;
const { dialer } = await loop.connect();
const { source, sink } = await loop.transfer(BLOCKS);
loop.openLanes(dialer, source, 1, 1);
// Nobody takes frames, so neither grant is read to its end.
engine.grant(1, 10, 0, 0, 48);
engine.expect(sink, 0, 10, 999);
engine.grant(1, 11, 0, 48, 48);
demand(engine.shrink(10, 40) === 40, "the command before the refused one was run");
demand(engine.shrink(11, 60) === 60, "the command behind the refused one was run");
// What is gone is no mistake.
engine.send(999, new Uint8Array(8));
const error = await loop.next("fault").catch((failure: unknown) => failure);
demand(
  error instanceof Error && error.message === 'The engine refused "expect" (22)',
  `the events ended with ${error}`,
);
engine.stop();
Deno.exit(0);
