/** A peer that floods its control stream fills one window and no more, until somebody takes what it said. @module */

import { decodeEvent, type EngineEvent, RECORD_LEN } from "../../../src/engine/door.generated.ts";
import { loadLibrary } from "../../../src/engine/library.ts";
import { EventRecords } from "../../../src/engine/records.ts";
import { demand, Loop, MIB } from "./loop.ts";

const WINDOW = 64 * 1024;
/** The kind of CONTROL. */
const CONTROL = 4;
/** The time in which nothing more must come. */
const QUIET_MS = 300;

const loop = new Loop();
const library = loadLibrary();
const { dialer, listener } = await loop.connect();

// From here on the events are taken by hand; nothing is left in the hands of `loop`.
loop.engine.send(dialer, new Uint8Array(1));
await loop.next("control", ({ connection }) => connection === listener);
const total = 4 * MIB;
for (let sent = 0; sent < total; sent += WINDOW) loop.engine.send(dialer, new Uint8Array(WINDOW).fill(sent / WINDOW));
await Promise.resolve(); // the commands go to the engine

const records = new Uint8Array(256 * RECORD_LEN);
const untaken: number[] = [];
let received = 0;

/** Waits for events; what they hold of the control stream stays where it is. */
async function wait(): Promise<EngineEvent[]> {
  const count = await library.ultra_wait(records, 256, QUIET_MS);
  const others: EngineEvent[] = [];
  for (let at = 0; at < count; at++) {
    const view = new DataView(records.buffer, at * RECORD_LEN, RECORD_LEN);
    const payload = view.getUint32(4, true);
    if (view.getUint32(0, true) === CONTROL) {
      untaken.push(payload);
      received += library.ultra_take(payload, new Uint8Array(0), 0);
    } else others.push(decodeEvent(new EventRecords(records, () => new Uint8Array(0)).moveTo(at)));
  }
  return others;
}

for (let before = -1; received === 0 || received > before;) {
  before = received;
  await wait();
}
demand(received > 0 && received <= WINDOW, `${received} bytes wait to be taken, more than a window of ${WINDOW}`);
// Every byte comes once it is welcome.
while (received < total) {
  for (const payload of untaken.splice(0)) {
    const length = library.ultra_take(payload, new Uint8Array(0), 0);
    demand(library.ultra_take(payload, new Uint8Array(length), length) === length, "a payload is taken once");
  }
  await wait();
}
demand(received === total, `${received} bytes came of ${total}`);
Deno.exit(0);
