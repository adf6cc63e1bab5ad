/**
 * The engine's own memory-to-memory rate: everything but the disk (frames, BLAKE3 on both sides, QUIC), between two processes.
 *
 *     deno run -A bench/memory_rate.ts RUNS [bbr|cubic] [MiB]
 *
 * Each run is a new pair of processes. The last line on standard output is a JSON array: bytes per second of each run; without a congestion
 * control both are measured in turn, and the faster one counts for each run.
 *
 * @module
 */

import type { ConnectionSettings, Engine, EngineEvent } from "../src/engine/engine.ts";
import { eachEvent } from "../tests/support/each_event.ts";
import { print } from "../scripts/shell.ts";
import { startEngine } from "../src/engine/native.ts";
import { budgetOf } from "../src/settings/budget.ts";
import { engineSizes } from "../src/settings/engine_sizes.ts";
import { connectionSettings } from "../src/settings/connection_settings.ts";
import type { CongestionControl } from "../src/protocol/words.ts";
import { DEFAULT_TUNING } from "../src/settings/tuning.ts";
import { NOWHERE } from "../tests/support/nowhere.ts";

const MIB = 1024 * 1024;
const DEFAULT_MIB = 2048;
const ALPNS = ["ultra/2"];
const CONTROL_LIMIT = 4096;
const LANES = budgetOf(DEFAULT_TUNING, "loopback").lanes;

/** The number of the one transfer on the link. */
const TRANSFER = 1;

/** Tells the sender that everything has arrived. */
const DONE = new TextEncoder().encode("done");

function start(): Engine {
  return startEngine(engineSizes(navigator.hardwareConcurrency, "loopback"));
}

function settings(side: "dialer" | "listener", congestionControl: CongestionControl): ConnectionSettings {
  return connectionSettings({ distance: "loopback", side, tuning: { ...DEFAULT_TUNING, congestionControl } });
}

/** The child: listens, receives one transfer into nothing, says so. */
async function receive(congestionControl: CongestionControl): Promise<void> {
  const engine = start();
  const identity = engine.identity();
  engine.listen({
    settings: settings("listener", congestionControl),
    plainSettings: settings("listener", congestionControl),
    identity,
    alpns: ALPNS,
    address: "127.0.0.1:0",
    maxUnvalidated: 16,
    maxUnproved: 1,
    maxUnprovedPerAddress: 1,
    controlLimit: CONTROL_LIMIT,
  });
  const sink = engine.sink(NOWHERE);
  let peer = 0;
  let missing = Infinity;
  for await (const event of eachEvent(engine)) {
    if (event.type === "listening") print(String(event.port));
    if (event.type === "incoming") {
      peer = event.connection;
      engine.admit(peer, LANES);
      engine.attach(peer, sink, TRANSFER);
    }
    if (event.type === "control") {
      // The sender's only message is its page: the count of blocks, then the entries.
      missing = new DataView(event.bytes.buffer).getUint32(0, true);
      engine.page(sink, 0, 1, event.bytes.slice(4));
    }
    if (event.type === "checked") {
      engine.expect(sink, 0, 0, missing);
      engine.send(peer, DONE);
    }
    if (event.type === "verified") {
      missing -= event.count;
      if (missing === 0) engine.send(peer, DONE);
    }
    if (event.type === "closed") engine.stop();
  }
}

/** Sends `mib` MiB of memory to a new child; the result is in bytes per second. */
async function send(
  congestionControl: CongestionControl,
  mib: number,
  engine: Engine,
  events: Events,
): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", import.meta.filename ?? "", "--receive", congestionControl],
    stdout: "piped",
  }).spawn();
  const port = await firstLine(child.stdout);
  const source = engine.memorySource(mib * MIB);
  const connection = engine.connect({
    settings: settings("dialer", congestionControl),
    alpns: ALPNS,
    address: `127.0.0.1:${port}`,
    pin: "report",
    partition: 0,
    controlLimit: CONTROL_LIMIT,
  });
  let page: Uint8Array | undefined;
  let startedMs = 0;
  let rate = 0;
  for (let event = await events.next(); !event.done; event = await events.next()) {
    const { value } = event;
    if (value.type === "page") page = value.take();
    if (value.type === "connected" && page !== undefined) engine.send(connection, withCount(mib, page));
    if (value.type === "control" && startedMs === 0) {
      startedMs = performance.now();
      grantAll(engine, connection, source, mib);
    } else if (value.type === "control") {
      rate = mib * MIB / ((performance.now() - startedMs) / 1000);
      engine.dispose(source, "nothing");
      engine.close(connection, 0);
    }
    if (value.type === "closed") break;
  }
  await child.status;
  return rate;
}

type Events = AsyncIterator<EngineEvent>;

let nextLane = 1;

function grantAll(engine: Engine, connection: number, source: number, blocks: number): void {
  engine.openLanes({ connection, source, firstLane: nextLane, firstNumber: 0, count: LANES, transfer: TRANSFER });
  let first = 0;
  for (let index = 0; index < LANES; index++, nextLane++) {
    const end = Math.floor(blocks * (index + 1) / LANES);
    engine.grant(nextLane, nextLane, 0, first, end - first);
    first = end;
  }
}

function withCount(blocks: number, page: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + page.length);
  new DataView(bytes.buffer).setUint32(0, blocks, true);
  bytes.set(page, 4);
  return bytes;
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  await stream.cancel();
  return new TextDecoder().decode(value).trim();
}

function congestionControlOf(text: string | undefined): CongestionControl | undefined {
  return text === "bbr" || text === "cubic" ? text : undefined;
}

if (Deno.args[0] === "--receive") {
  await receive(congestionControlOf(Deno.args[1]) ?? "bbr");
} else {
  const [runs = "5", only, mib = String(DEFAULT_MIB)] = Deno.args;
  const wanted = congestionControlOf(only);
  const engine = start();
  const events = eachEvent(engine);
  const rates: number[] = [];
  for (let run = 0; run < Number(runs); run++) {
    const both: number[] = [];
    for (const control of wanted === undefined ? ["bbr", "cubic"] as const : [wanted]) {
      both.push(await send(control, Number(mib), engine, events));
    }
    rates.push(Math.max(...both));
  }
  print(JSON.stringify(rates));
  Deno.exit(0);
}
