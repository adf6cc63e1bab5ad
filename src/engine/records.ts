/**
 * The 64-byte records that go through the door: commands out, events in. Pure; the numbers are Rust's (`layout.generated.ts`).
 *
 * @module
 */

import type { LeftOut } from "../protocol/messages.ts";
import type { EngineEvent, Unkept } from "./engine.ts";
import type { FileFault, TargetStatus } from "../protocol/words.ts";
import { Command, EventKind, FaultClass, LEFT_OUT, Offset, RECORD_LEN } from "./layout.generated.ts";

/** Gives the bytes that belong to an event, once. */
export type TakePayload = (payload: number) => Uint8Array<ArrayBuffer>;

export interface CommandFields {
  readonly id: number;
  readonly entry?: number;
  readonly payload?: number;
  readonly first?: number;
  readonly count?: number;
  readonly bytes?: Uint8Array;
}

const utf8 = new TextDecoder();

/** In the order of the numbers in docs/engine.md. */
const STATUSES: readonly TargetStatus[] = [
  "absent",
  "identical",
  "different",
  "in-the-way",
  "duplicate",
  "conflict",
  "folder-exists",
  "unexaminable",
  "unsafe-parent",
  "cannot-rename",
  "hidden",
];

const FAULTS: ReadonlyMap<number, FileFault> = new Map<number, FileFault>([
  [FaultClass.noSpace, "no-space"],
  [FaultClass.permission, "permission"],
  [FaultClass.readOnly, "read-only"],
  [FaultClass.exists, "exists"],
  [FaultClass.notFound, "not-found"],
  [FaultClass.changed, "changed"],
  [FaultClass.notAFile, "not-a-file"],
  [FaultClass.io, "io"],
  [FaultClass.integrity, "integrity"],
  [FaultClass.unsendable, "unsendable"],
  [FaultClass.protocol, "protocol"],
  [FaultClass.noMemory, "no-memory"],
]);

const CAUSES = ["own", "peer", "transport"] as const;

/** @param into at least {@linkcode RECORD_LEN} bytes */
export function encodeCommand(into: Uint8Array, command: keyof typeof Command, fields: CommandFields): void {
  const view = new DataView(into.buffer, into.byteOffset, RECORD_LEN);
  view.setUint32(Offset.kind, Command[command], true);
  view.setUint32(Offset.id, fields.id, true);
  view.setUint32(Offset.entry, fields.entry ?? 0, true);
  view.setUint32(Offset.payload, fields.payload ?? 0, true);
  view.setFloat64(Offset.first, fields.first ?? 0, true);
  view.setFloat64(Offset.count, fields.count ?? 0, true);
  into.fill(0, Offset.bytes, RECORD_LEN);
  if (fields.bytes !== undefined) into.set(fields.bytes.subarray(0, RECORD_LEN - Offset.bytes), Offset.bytes);
}

/** The kind of failure behind a number of the door. */
export function faultOf(number: number): FileFault {
  return FAULTS.get(number) ?? "io";
}

/** Decodes one event. A number that Rust does not send is a bug, not an event. */
export function decodeEvent(record: Uint8Array, take: TakePayload): EngineEvent {
  const view = new DataView(record.buffer, record.byteOffset, RECORD_LEN);
  const fields: Fields = {
    id: view.getUint32(Offset.id, true),
    entry: view.getUint32(Offset.entry, true),
    payload: view.getUint32(Offset.payload, true),
    first: view.getFloat64(Offset.first, true),
    count: view.getFloat64(Offset.count, true),
    bytes: record.slice(Offset.bytes, RECORD_LEN),
    take,
    text: () => fields.payload === 0 ? "" : utf8.decode(take(fields.payload)),
  };
  const kind = view.getUint32(Offset.kind, true);
  const decode = DECODERS.get(kind);
  if (decode === undefined) throw new Error(`The engine sent an event of unknown kind ${kind}`);
  return decode(fields);
}

interface Fields {
  readonly id: number;
  readonly entry: number;
  readonly payload: number;
  readonly first: number;
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly take: TakePayload;
  /** Takes the payload as text; at most once. */
  readonly text: () => string;
}

const connectionEvents: [number, (fields: Fields) => EngineEvent][] = [
  [EventKind.listening, ({ id, first, text }) => ({ type: "listening", listener: id, port: first, address: text() })],
  [EventKind.incoming, ({ id, entry, text }) => ({
    type: "incoming",
    listener: entry,
    connection: id,
    ...alpnAndRemote(text()),
  })],
  [EventKind.connected, ({ id, bytes, text }) => ({
    type: "connected",
    connection: id,
    certificate: bytes,
    ...alpnAndRemote(text()),
  })],
  [EventKind.control, ({ id, payload, take }) => ({ type: "control", connection: id, bytes: take(payload) })],
  [EventKind.closed, ({ id, entry, first, text }) => ({
    type: "closed",
    connection: id,
    cause: CAUSES[entry] ?? "transport",
    code: first,
    text: text(),
  })],
  [
    EventKind.laneOpened,
    ({ id, entry, first }) => ({ type: "lane-opened", lane: id, connection: entry, number: first }),
  ],
  [EventKind.laneClosed, ({ id, entry, first }) => ({
    type: "lane-closed",
    lane: id,
    connection: entry,
    finished: first === 0,
  })],
  [EventKind.laneBroke, ({ id, text }) => ({ type: "lane-broke", connection: id, text: text() })],
  [EventKind.resolved, ({ id, text }) => ({
    type: "resolved",
    request: id,
    addresses: text().split("\n").filter((line) => line !== ""),
  })],
  [EventKind.fault, ({ text }) => ({ type: "fault", text: text() })],
];

const sourceEvents: [number, (fields: Fields) => EngineEvent][] = [
  [EventKind.grantRead, ({ id, entry, payload, first }) => ({
    type: "grant-read",
    lane: id,
    grant: payload,
    entry,
    end: first,
  })],
  [EventKind.readFailed, ({ id, entry, first, text }) => ({
    type: "read-failed",
    source: id,
    entry,
    fault: faultOf(first),
    text: text(),
  })],
  [EventKind.page, ({ id, entry, payload, first, count, take }) => ({
    type: "page",
    source: id,
    first: entry,
    count: first,
    size: count,
    take: () => take(payload),
  })],
  [EventKind.walkEnd, ({ id, entry, payload, first, count, take }) => ({
    type: "walk-end",
    source: id,
    entries: entry,
    files: first,
    size: count,
    leftOut: leftOutOf(take(payload)),
  })],
  [EventKind.walkFailed, ({ id, first, text }) => ({
    type: "walk-failed",
    source: id,
    fault: faultOf(first),
    text: text(),
  })],
  [
    EventKind.sealed,
    ({ id, entry, first, bytes }) => ({ type: "sealed", source: id, entry, size: first, root: bytes }),
  ],
  [EventKind.sealFailed, ({ id, entry, first, text }) => ({
    type: "seal-failed",
    source: id,
    entry,
    fault: faultOf(first),
    text: text(),
  })],
];

const sinkEvents: [number, (fields: Fields) => EngineEvent][] = [
  [EventKind.checked, ({ id, entry, payload, count, take }) => ({
    type: "checked",
    sink: id,
    first: entry,
    statuses: Array.from(take(payload), statusOf),
    freeSpace: count,
  })],
  [EventKind.pageRefused, ({ id, first, text }) => ({
    type: "page-refused",
    sink: id,
    fault: faultOf(first),
    text: text(),
  })],
  [EventKind.verified, ({ id, entry, first, count }) => ({ type: "verified", sink: id, entry, first, count })],
  [EventKind.mismatch, ({ id, entry, first }) => ({ type: "mismatch", sink: id, entry, block: first })],
  [EventKind.committed, ({ id, entry, first, count }) => ({
    type: "committed",
    sink: id,
    entry,
    durable: first === 1,
    unkept: unkeptOf(count),
  })],
  [EventKind.entryFailed, ({ id, entry, first, text }) => ({
    type: "entry-failed",
    sink: id,
    entry,
    fault: faultOf(first),
    text: text(),
  })],
  [EventKind.foldersFinished, ({ id, first, count, text }) => ({
    type: "folders-finished",
    sink: id,
    failure: first === 0 ? undefined : { fault: faultOf(first), text: text() },
    unkept: unkeptOf(count),
  })],
  [EventKind.disposed, ({ id }) => ({ type: "disposed", transfer: id })],
];

const DECODERS = new Map([...connectionEvents, ...sourceEvents, ...sinkEvents]);

function statusOf(number: number): TargetStatus {
  const status = STATUSES[number];
  if (status === undefined) throw new Error(`The engine sent an unknown status ${number}`);
  return status;
}

function unkeptOf(bits: number): Unkept {
  return { mode: (bits & 1) !== 0, time: (bits & 2) !== 0 };
}

/** A `u32` for each of {@linkcode LEFT_OUT}, then the first names. */
function leftOutOf(payload: Uint8Array): LeftOut {
  if (payload.length < LEFT_OUT.length * 4) throw new Error("The engine sent an unknown form of what was left out");
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const counts = LEFT_OUT.map((reason, i) => ({ reason, count: view.getUint32(i * 4, true) }));
  const lines = utf8.decode(payload.subarray(LEFT_OUT.length * 4)).split("\0").filter((line) => line !== "");
  return { counts: counts.filter(({ count }) => count > 0), names: lines.map(leftOutName) };
}

function leftOutName(line: string): LeftOut["names"][number] {
  const tab = line.indexOf("\t");
  return { reason: LEFT_OUT.find((reason) => reason === line.slice(0, tab)) ?? "other", path: line.slice(tab + 1) };
}

function alpnAndRemote(text: string): { alpn: string; remote: string } {
  const [alpn = "", remote = ""] = text.split("\n");
  return { alpn, remote };
}
