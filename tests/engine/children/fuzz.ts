/**
 * Calls every function of the door with nonsense for some seconds. Lengths are those of the buffers, as `Deno.dlopen` cannot check
 * them and `native.ts` never states others; everything else is random. The process must survive it.
 *
 * @module
 */

import { Command, RECORD_LEN } from "../../../src/engine/layout.generated.ts";
import { loadLibrary } from "../../../src/engine/library.ts";
import type { EngineEvent } from "../../../src/engine/engine.ts";
import { decodeEvent, encodeCommand } from "../../../src/engine/records.ts";
import { connectionSettings } from "../../../src/settings/connection_settings.ts";
import { demand, Loop, MIB } from "./loop.ts";

const [seed = "1", milliseconds = "3000"] = Deno.args;
const library = loadLibrary();

let state = Number(seed) >>> 0;

function random(below: number): number {
  // mulberry32
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

function bytes(most: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: random(most + 1) }, () => random(256));
}

const id = () => random(4) === 0 ? random(2 ** 31) * 2 + random(2) : random(24);

function number(): number {
  const odd = [0, 1, -1, 0.5, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e308];
  return random(3) === 0 ? odd[random(odd.length)] ?? 0 : random(64);
}

/** A right argument block with some bytes changed, but for its last `kept`, which say where to. */
function bent(block: Uint8Array<ArrayBuffer>, kept: number): Uint8Array<ArrayBuffer> {
  const copy = block.slice();
  for (let times = random(4); times > 0; times--) copy[random(copy.length - kept)] = random(256);
  return random(4) === 0 ? copy.slice(0, random(copy.length + 1)) : copy;
}

const NAMES = Object.keys(Command) as (keyof typeof Command)[];
const commands = new Uint8Array(8 * RECORD_LEN);
const refusals = new Set<number>();

function note(result: number): void {
  demand(Number.isInteger(result) || result === -1, `a result of ${result}`);
  if (result < 0) refusals.add(result);
}

// Before the start everything is refused, and nothing breaks.
for (const call of calls(new Uint8Array(0), new Uint8Array(0))) note(call());
demand(library.ultra_start(new Uint8Array(5), 5) === -22, "half an argument block starts nothing");

const loop = new Loop();
await loop.connect();
await loop.transfer(16);
demand(library.ultra_start(new Uint8Array(24), 24) === -22, "an engine starts once");

const address = new TextEncoder().encode("127.0.0.1:9");
const connectArgs = join(
  connectionSettings({ distance: "near", side: "dialer" }),
  words(1, 0, 0, 0, 0, 0, 4096, 1, address.length),
  Uint8Array.of(0x78),
  address,
);
const local = new TextEncoder().encode("127.0.0.1:0");
const { hash, pkcs12 } = loop.identity;
const listenArgs = join(
  connectionSettings({ distance: "near", side: "listener" }),
  words(64, 8, 4096, hash.length, pkcs12.length, 1, local.length),
  hash,
  pkcs12,
  Uint8Array.of(0x78),
  local,
);

function words(...values: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array(values).buffer);
}

function join(...pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

function calls(connect: Uint8Array<ArrayBuffer>, listen: Uint8Array<ArrayBuffer>): (() => number)[] {
  const out = new Uint8Array(random(9000));
  const block = bytes(200);
  // No flag that creates a folder.
  const sink = join(words(random(4)), bytes(40));
  // Sizes for which the engine has room: it keeps 33 bytes for each block of a source.
  const memory = join(words(1), new Uint8Array(Float64Array.of(random(2) === 0 ? random(1000) * MIB : NaN).buffer));
  return [
    () => library.ultra_layout(out, out.length),
    () => library.ultra_take(id(), out, out.length),
    () => library.ultra_take(id(), null, 0),
    () => random(50) === 0 ? library.ultra_identity(out, out.length) : 0,
    () => library.ultra_listen(block, block.length),
    () => library.ultra_connect(block, block.length),
    () => random(20) === 0 && connect.length > 0 ? library.ultra_connect(connect, connect.length) : 0,
    () => random(20) === 0 && listen.length > 0 ? library.ultra_listen(listen, listen.length) : 0,
    () => library.ultra_retune(id(), block, random(2) === 0 ? 144 : block.length),
    () => library.ultra_resolve(id(), Uint8Array.of(0xff, ...block), block.length + 1),
    () => library.ultra_send(id(), block, block.length),
    () => library.ultra_submit(commands, random(commands.length / RECORD_LEN + 1)),
    () => library.ultra_shrink(id(), number()),
    () => library.ultra_source(block, block.length),
    () => random(20) === 0 ? library.ultra_source(memory, memory.length) : 0,
    () => library.ultra_sink(block.fill(0, 0, 4), block.length),
    () => library.ultra_sink(sink, sink.length),
    () => library.ultra_page(id(), id(), id(), block, block.length),
    () => library.ultra_values(id(), id(), number(), block, block.length),
    () => library.ultra_root(id(), block, block.length, new Uint8Array(32)),
    () => library.ultra_stats(out, out.length),
    () => random(20) === 0 ? library.ultra_load(out, out.length) : 0,
    () => library.ultra_path(id(), out, out.length),
    () => library.ultra_start(block, Math.min(block.length, 23)),
  ];
}

function bendCommands(): void {
  for (let at = 0; at < 8; at++) {
    const record = commands.subarray(at * RECORD_LEN, (at + 1) * RECORD_LEN);
    const name = NAMES[random(NAMES.length)] ?? "admit";
    encodeCommand(record, name, {
      id: id(),
      entry: id(),
      payload: id(),
      first: number(),
      count: number(),
      bytes: bytes(32),
    });
    if (random(8) === 0) record[random(RECORD_LEN)] = random(256);
  }
}

const faults = new Set<string>();
const nothing = new Uint8Array(0);

/** Payloads are often gone already: taken by a random call. */
function take(payload: number): Uint8Array<ArrayBuffer> {
  const length = library.ultra_take(payload, nothing, 0);
  const out = new Uint8Array(Math.max(0, length));
  library.ultra_take(payload, out, out.length);
  return out;
}

/** An event; `undefined` for the end of a walk whose counts a random call has taken before. */
function decoded(record: Uint8Array): EngineEvent | undefined {
  try {
    return decodeEvent(record, take);
  } catch (error) {
    if (error instanceof Error && /unknown form/.test(error.message)) return undefined;
    throw error;
  }
}

const records = new Uint8Array(64 * RECORD_LEN);
const end = performance.now() + Number(milliseconds);
let rounds = 0;
while (performance.now() < end) {
  bendCommands();
  for (const call of calls(bent(connectArgs, address.length), bent(listenArgs, local.length))) note(call());
  // The wait is the only call that may block; it takes part now and then.
  if (random(4) === 0) {
    const count = await library.ultra_wait(records, random(65), 0);
    demand(count >= 0, `the wait ended with ${count}`);
    for (let at = 0; at < count; at++) {
      const event = decoded(records.slice(at * RECORD_LEN, (at + 1) * RECORD_LEN));
      if (event === undefined) continue;
      // Pages of nonsense are a disagreement between two decoders, which is told in this way. A panic has other words;
      // what a random call has taken before has none.
      const isPanic = event.type === "fault" && !/^(|(a page|an entry|a path) .*)$/.test(event.text);
      demand(!isPanic, `a panic behind the door: ${JSON.stringify(event)}`);
      if (event.type === "fault") faults.add(event.text);
    }
  }
  rounds++;
}
for (const refusal of refusals) {
  demand([-22, -2, -12, -1, -5, -97, -98, -99].includes(refusal) || refusal <= -1000, `a refusal of ${refusal}`);
}
Deno.stdout.writeSync(
  new TextEncoder().encode(JSON.stringify({ rounds, refusals: [...refusals], faults: [...faults] })),
);
Deno.exit(0);
