/**
 * The process behind `hostile_peer.ts`: does what a line of JSON on standard input says, and tells what happens as lines of JSON.
 *
 * A process of its own, because an engine exists once in a process and `deno test` runs all files in one. It speaks QUIC in two
 * ways: through the engine's door, and with Deno's own QUIC (quinn), which lets a peer do to streams what the door never would.
 *
 * @module
 */

import { eachEvent } from "../support/each_event.ts";
import { TextLineStream } from "./lines.ts";
import { startEngine } from "../../src/engine/native.ts";
import type { ConnectionSettings, Identity } from "../../src/engine/engine.ts";
import { connectionSettings } from "../../src/settings/connection_settings.ts";
import type { SpeakerCommand, SpeakerEvent } from "./speaker_protocol.ts";

const MIB = 1024 * 1024;

const engine = startEngine({
  readers: 1,
  writers: 2,
  buffers: 24,
  executionProfile: "low-latency",
  networkThreads: 1,
  outstandingBytes: 8 * MIB,
  keptBuffers: 0,
});
const ids = new Map<string, number>();
const keys = new Map<number, string>();
const identities = new Map<string, Identity>();
const foreign = new Map<string, Foreign>();
let incoming = 0;

interface Foreign {
  readonly connection: Deno.QuicConn;
  readonly control: WritableStreamDefaultWriter<Uint8Array>;
  readonly lanes: WritableStreamDefaultWriter<Uint8Array>[];
}

function tell(event: SpeakerEvent): void {
  const line = JSON.stringify(event) + "\n";
  Deno.stdout.writeSync(new TextEncoder().encode(line));
}

function settings(side: "dialer" | "listener"): ConnectionSettings {
  return connectionSettings({ distance: "near", side });
}

async function act(command: SpeakerCommand): Promise<void> {
  switch (command.op) {
    case "connect": {
      const { key, address, alpns, pin } = command;
      const id = engine.connect({
        settings: settings("dialer"),
        alpns,
        address,
        pin: pin === undefined ? "report" : fromHex(pin),
        partition: 0,
        controlLimit: 4096,
      });
      return remember(key, id);
    }
    case "listen": {
      const identity = engine.identity();
      identities.set(command.key, identity);
      const id = engine.listen({
        settings: settings("listener"),
        plainSettings: settings("listener"),
        identity,
        alpns: command.alpns,
        address: "127.0.0.1:0",
        maxUnvalidated: 16,
        maxUnproved: 64,
        maxUnprovedPerAddress: 64,
        controlLimit: 1 << 20,
      });
      return remember(command.key, id);
    }
    case "send":
      return await send(command.key, fromHex(command.hex));
    case "close": {
      foreign.get(command.key)?.connection.close({ closeCode: command.code, reason: "" });
      if (ids.has(command.key)) engine.close(idOf(command.key), command.code);
      return;
    }
    case "admit":
      return engine.admit(idOf(command.key), command.lanes);
    case "lanes": {
      const source = engine.memorySource(command.blocks * MIB);
      engine.openLanes({
        ...{ connection: idOf(command.key), source, firstLane: 1, firstNumber: 0, count: 1 },
        transfer: 1,
      });
      return engine.grant(1, 1, 0, 0, command.blocks);
    }
    case "foreign":
      return await connectForeign(command.key, command.port, command.alpn);
    case "foreign-open":
      return await openAnother(command.key, command.direction);
    case "foreign-lane":
      return await sendLane(command.key, fromHex(command.hex), command.end);
    case "foreign-end": {
      const control = foreign.get(command.key)?.control;
      return command.how === "fin" ? await control?.close() : await control?.abort("reset");
    }
  }
}

function remember(key: string, id: number): void {
  ids.set(key, id);
  keys.set(id, key);
}

function idOf(key: string): number {
  const id = ids.get(key);
  if (id === undefined) throw new Error(`no connection ${key}`);
  return id;
}

async function send(key: string, bytes: Uint8Array): Promise<void> {
  const peer = foreign.get(key);
  if (peer === undefined) engine.send(idOf(key), bytes);
  else await peer.control.write(bytes);
}

async function connectForeign(key: string, port: number, alpn: string): Promise<void> {
  const connection = await Deno.connectQuic({ hostname: "127.0.0.1", port, alpnProtocols: [alpn] });
  const stream = await connection.createBidirectionalStream();
  foreign.set(key, { connection, control: stream.writable.getWriter(), lanes: [] });
  tell({ type: "connected", key, alpn, certificate: "" });
  connection.closed.then(
    ({ closeCode }) => tell({ type: "closed", key, cause: "peer", code: closeCode ?? 0, text: "" }),
    (error) => tell({ type: "closed", key, cause: "transport", code: 0, text: String(error) }),
  );
  read(key, stream.readable).catch(() => {}); // its end is told by `closed`
}

async function read(key: string, stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const bytes of stream) tell({ type: "control", key, hex: bytes.toHex() });
}

async function openAnother(key: string, direction: "bidi" | "uni"): Promise<void> {
  const connection = foreign.get(key)?.connection;
  const options = { waitUntilAvailable: false };
  try {
    if (direction === "uni") await connection?.createUnidirectionalStream(options);
    else await connection?.createBidirectionalStream(options);
    tell({ type: "answer", key, text: "opened" });
  } catch (error) {
    tell({ type: "answer", key, text: String(error) });
  }
}

async function sendLane(key: string, bytes: Uint8Array, end: boolean): Promise<void> {
  const peer = foreign.get(key);
  if (peer === undefined) return;
  const lane = await peer.connection.createUnidirectionalStream({ waitUntilAvailable: true });
  const writer = lane.getWriter();
  peer.lanes.push(writer);
  await writer.write(bytes);
  if (end) await writer.close();
}

async function tellEvents(): Promise<void> {
  for await (const event of eachEvent(engine)) {
    switch (event.type) {
      case "listening": {
        const key = keys.get(event.listener) ?? "";
        tell({ type: "listening", key, port: event.port, certificate: identities.get(key)?.hash.toHex() ?? "" });
        break;
      }
      case "incoming": {
        const key = `incoming-${++incoming}`;
        remember(key, event.connection);
        tell({ type: "incoming", listener: keys.get(event.listener) ?? "", key, alpn: event.alpn });
        break;
      }
      case "connected": {
        const key = keys.get(event.connection) ?? "";
        tell({ type: "connected", key, alpn: event.alpn, certificate: event.certificate.toHex() });
        break;
      }
      case "control":
        tell({ type: "control", key: keys.get(event.connection) ?? "", hex: event.bytes.toHex() });
        break;
      case "closed": {
        const { cause, code, text } = event;
        tell({ type: "closed", key: keys.get(event.connection) ?? "", cause, code, text });
        break;
      }
      case "grant-read":
        tell({ type: "grant-read", end: event.end });
        break;
    }
  }
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex);
}

const events = tellEvents();
for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
  const command = JSON.parse(line) as SpeakerCommand;
  // Not awaited: what one connection waits for must not hold up the others.
  act(command).catch((error) => tell({ type: "refused", key: command.key, text: String(error) }));
}
engine.stop();
await events;
Deno.exit(0);
