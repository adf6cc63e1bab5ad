/**
 * Calls every function of the door with nonsense for some seconds. Lengths are those of the buffers, as `Deno.dlopen` cannot check
 * them and `native.ts` never states others; everything else is random. The process must survive it.
 *
 * @module
 */

import {
  type Command,
  type ConnectionSettings,
  decodeEvent,
  encodeCommand,
  encodeConnectBlock,
  encodeListenBlock,
  encodeSinkBlock,
  encodeSourceBlock,
  encodeStartBlock,
  type Question,
  RECORD_LEN,
} from "../../../src/engine/door.generated.ts";
import { loadLibrary } from "../../../src/engine/library.ts";
import { CommandBatch, EventRecords } from "../../../src/engine/records.ts";
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

const flip = () => random(2) === 0;
const anyLinks = () => (["inside", "all", "none", "follow"] as const)[random(4)] ?? "inside";
const anyPreserve = () => ({ owner: flip(), xattrs: flip(), acl: flip() });
const anyChoices = () => ({ links: anyLinks(), hardlinks: flip(), ...anyPreserve(), allowGrowing: flip() });

let batch: Uint8Array<ArrayBuffer> = new Uint8Array(0);
const refusals = new Set<number>();

function note(result: number): void {
  demand(Number.isInteger(result) || result === -1, `a result of ${result}`);
  if (result < 0) refusals.add(result);
}

// Before the start everything is refused, and nothing breaks.
for (const call of calls(new Uint8Array(0), new Uint8Array(0))) note(call());
demand(library.ultra_start(new Uint8Array(5), 5) === -22, "half a block of options starts nothing");

const loop = new Loop();
await loop.connect();
await loop.transfer(16);
const sizes = {
  readers: 1,
  writers: 1,
  buffers: 1,
  executionProfile: "low-latency",
  networkThreads: 1,
  outstandingBytes: 1,
  keptBuffers: 0,
} as const;
const startBlock = encodeStartBlock(sizes);
demand(library.ultra_start(startBlock, startBlock.length) === -22, "an engine starts once");

const address = "127.0.0.1:9";
const local = "127.0.0.1:0";
const connectBlock = encodeConnectBlock({
  settings: connectionSettings({ distance: "near", side: "dialer" }),
  pin: new Uint8Array(0),
  partition: 0,
  controlLimit: 4096,
  alpns: ["x"],
  address,
});
const listenBlock = encodeListenBlock({
  settings: connectionSettings({ distance: "near", side: "listener" }),
  plainSettings: connectionSettings({ distance: "near", side: "listener" }),
  maxUnvalidated: 16,
  maxUnproved: 64,
  maxUnprovedPerAddress: 8,
  controlLimit: 4096,
  pkcs12: loop.identity.pkcs12,
  alpns: ["x"],
  address: local,
});

function calls(connect: Uint8Array<ArrayBuffer>, listen: Uint8Array<ArrayBuffer>): (() => number)[] {
  const out = new Uint8Array(random(9000));
  const block = bytes(200);
  // None that creates a folder: a single bent byte cannot set that flag and name a folder at once.
  const sinkBlock = encodeSinkBlock({
    existing: random(2) === 0 ? "refuse" : "backup",
    hidden: random(2) === 0,
    discard: true,
    create: false,
    restart: random(2) === 0,
    noSync: random(2) === 0,
    links: anyLinks(),
    ...anyPreserve(),
    folder: "",
    rename: random(2) === 0 ? "" : "x",
  });
  // Sizes for which the engine has room: it keeps 33 bytes for each block of a source.
  const memory = encodeSourceBlock({
    origin: "memory",
    size: random(2) === 0 ? random(1000) * MIB : NaN,
    ...anyChoices(),
    within: 0,
    literal: 0,
    byPath: false,
    depth: random(2 ** 31),
    paths: [],
  });
  const files = encodeSourceBlock({
    origin: (["files", "requested", "same"] as const)[random(3)] ?? "files",
    size: number(),
    ...anyChoices(),
    within: random(2) === 0 ? 0 : id(),
    literal: random(3),
    byPath: random(2) === 0,
    depth: random(4),
    paths: [String.fromCharCode(...bytes(40))],
  });
  return [
    () => library.ultra_describe(out, out.length),
    () => library.ultra_take(id(), out, out.length),
    () => library.ultra_take(id(), null, 0),
    () => library.ultra_listen(block, block.length),
    () => library.ultra_connect(block, block.length),
    () => random(20) === 0 && connect.length > 0 ? library.ultra_connect(connect, connect.length) : 0,
    () => random(20) === 0 && listen.length > 0 ? library.ultra_listen(listen, listen.length) : 0,
    () => library.ultra_submit(block, block.length, out, out.length),
    () => library.ultra_submit(batch, batch.length, out, random(4) === 0 ? 0 : out.length),
    () => library.ultra_shrink(id(), number()),
    () => library.ultra_source(block, block.length),
    () => random(20) === 0 ? library.ultra_source(memory, memory.length) : 0,
    () => random(20) === 0 ? library.ultra_source(files, files.length) : 0,
    () => library.ultra_sink(block.fill(0, 0, 16), block.length),
    () => library.ultra_sink(sinkBlock, random(sinkBlock.length + 1)),
    () => library.ultra_sink(sinkBlock, sinkBlock.length),
    () => random(20) === 0 ? library.ultra_measure(random(3) === 0 ? 0 : id(), out, out.length) : 0,
    () => library.ultra_start(block, block.length),
  ];
}

/** Any command or question but `stop`, after which nothing would be left to test. */
function anyRequest(): Command | Question {
  const [connection, listener, lane, source, sink, transfer, entry] = [id(), id(), id(), id(), id(), id(), id()];
  const range = { first: number(), count: number() };
  const all: readonly (Command | Question)[] = [
    { type: "admit", connection, lanes: id() },
    { type: "attach", connection, sink, transfer: id() },
    {
      ...{ type: "open-lanes", connection, source, firstLane: lane } as const,
      ...{ firstNumber: random(70_000), count: random(300), transfer: id() },
    },
    { type: "grant", lane, grant: id(), entry, ...range },
    { type: "finish-lane", lane },
    { type: "expect", sink, entry, ...range },
    { type: "grant-entries", lane, grant: id(), first: entry, count: id() },
    { type: "expect-entries", sink, first: entry, count: id() },
    { type: "commit-entries", sink, first: entry, count: id() },
    { type: "release", source, first: entry, count: id() },
    { type: "entry-root", transfer, entry },
    { type: "commit", sink, entry, size: number(), root: bytes(32) },
    { type: "finish-folders", sink },
    { type: "abandon", sink, entry, leaving: random(2) === 0 ? "parts" : "nothing" },
    { type: "dispose", transfer, leaving: random(2) === 0 ? "parts" : "nothing" },
    { type: "begin", sink, resume: random(2) === 0, transfer: `${random(1000)}` },
    { type: "free-space", sink },
    { type: "close", id: id(), code: random(70_000) },
    { type: "send", connection, bytes: bytes(200) },
    { type: "page", sink, first: id(), count: id(), entries: bytes(200) },
    { type: "values", source, entry, first: number(), values: bytes(200) },
    { type: "resolve", request: id(), name: `\xff${random(1000)}` },
    ...(random(50) === 0 ? [{ type: "identity" } as const] : []),
    { type: "root", transfer, statuses: bytes(200) },
    { type: "name", transfer, entry },
    { type: "limit-rate", source, bytesPerSecond: number() },
    { type: "outward" },
    { type: "settings", connection },
    { type: "retune", listener, plain: random(2) === 0, settings: anySettings() },
  ];
  return all[random(all.length)] ?? { type: "outward" };
}

/** Settings of which some make no sense; QUIC takes few of them. */
function anySettings(): ConnectionSettings {
  const value = () => random(2) === 0 ? random(70_000) : 2 ** random(32);
  return {
    ...connectionSettings({ distance: "near", side: "listener" }),
    idleTimeoutMs: value(),
    connectionWindowBytes: value(),
    streamWindowUnidiBytes: value(),
    streamReceiveBufferBytes: value(),
    peerUnidiStreams: value(),
    maximumMtu: value(),
    congestionControl: random(2) === 0 ? "bbr" : "cubic",
  };
}

const STOP = 18;

/** Some commands, with a byte changed here and there. */
function bentBatch(): Uint8Array<ArrayBuffer> {
  const commands = new CommandBatch();
  for (let count = random(9); count > 0; count--) encodeCommand(anyRequest(), commands);
  const copy = commands.bytesFrom(0).slice();
  if (random(4) === 0 && copy.length > 0) copy[random(copy.length)] = random(256);
  // (A kind that became STOP would end the test; its payload cannot be mistaken for a record.)
  for (let at = 0; at < copy.length; at += 8) if (copy[at] === STOP) copy[at] = 0;
  return random(8) === 0 ? copy.slice(0, random(copy.length + 1)) : copy;
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

const records = new Uint8Array(64 * RECORD_LEN);
const end = performance.now() + Number(milliseconds);
let rounds = 0;
while (performance.now() < end) {
  batch = bentBatch();
  for (const call of calls(bent(connectBlock, address.length), bent(listenBlock, local.length))) note(call());
  // The wait is the only call that may block; it takes part now and then.
  if (random(4) === 0) {
    const count = await library.ultra_wait(records, random(65), 0);
    demand(count >= 0, `the wait ended with ${count}`);
    for (let at = 0; at < count; at++) {
      const event = decodeEvent(new EventRecords(records, take).moveTo(at));
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
