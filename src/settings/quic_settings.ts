/**
 * QUIC_SETTINGS of msquic 2.5 to 2.7 as bytes: 144 of them, little-endian, the same on every platform that `ultra` supports.
 *
 * msquic takes only fields whose bit is set in the first word; it checks some and silently bends others, so all are checked here.
 *
 * @module
 */

import { ULTRA } from "./ultra.ts";

/** The settings that `ultra` sets; whatever is left out keeps msquic's default. */
export interface QuicSettings {
  readonly handshakeIdleTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly disconnectTimeoutMs?: number;
  /** 0: off. */
  readonly keepAliveIntervalMs?: number;
  /** Bytes that the peer may send ahead on all streams: the bound of a connection's memory. */
  readonly connectionWindowBytes?: number;
  /** Window that a stream starts with: lanes, control streams opened here, control streams opened by the peer. */
  readonly streamWindowUnidiBytes?: number;
  readonly streamWindowBidiLocalBytes?: number;
  readonly streamWindowBidiRemoteBytes?: number;
  readonly streamReceiveBufferBytes?: number;
  readonly initialWindowPackets?: number;
  readonly initialRttMs?: number;
  /** 0 CUBIC, 1 BBR. */
  readonly congestionControl?: number;
  readonly peerBidiStreams?: number;
  readonly peerUnidiStreams?: number;
  /** Largest packet to look for, with its IP header: 1,500 when left out. */
  readonly maximumMtu?: number;
  readonly sendBuffering?: boolean;
  readonly pacing?: boolean;
  readonly migration?: boolean;
}

/** Bytes of QUIC_SETTINGS. */
export const QUIC_SETTINGS_LEN = 144;

type NumberName = Exclude<keyof QuicSettings, FlagName>;
type FlagName = "sendBuffering" | "pacing" | "migration";

interface NumberField {
  readonly offset: number;
  readonly size: 2 | 4 | 8;
  /** Its bit in IsSetFlags. */
  readonly bit: number;
  readonly min: number;
  readonly max: number;
  /** msquic asserts this in debug builds only. */
  readonly powerOfTwo?: true;
}

const U32 = 0xffff_ffff;

const MAX_WINDOW = ULTRA.connectionWindowBytes;

/** Largest packet of the msquic that `ultra` builds (native/msquic-sys/edits); another one silently takes 1,500. */
export const MAX_MTU = 16_392;

/** Longest time: msquic could hold more, nobody waits longer than 49 days. */
const MAX_MS = U32;

const NUMBERS: Readonly<Record<NumberName, NumberField>> = {
  handshakeIdleTimeoutMs: { offset: 16, size: 8, bit: 1, min: 0, max: MAX_MS },
  idleTimeoutMs: { offset: 24, size: 8, bit: 2, min: 0, max: MAX_MS },
  streamReceiveBufferBytes: { offset: 52, size: 4, bit: 7, min: 4096, max: MAX_WINDOW, powerOfTwo: true },
  connectionWindowBytes: { offset: 56, size: 4, bit: 8, min: 1, max: MAX_WINDOW },
  initialWindowPackets: { offset: 68, size: 4, bit: 11, min: 1, max: U32 },
  initialRttMs: { offset: 76, size: 4, bit: 13, min: 1, max: U32 },
  disconnectTimeoutMs: { offset: 84, size: 4, bit: 15, min: 1, max: 600_000 },
  keepAliveIntervalMs: { offset: 88, size: 4, bit: 16, min: 0, max: U32 },
  congestionControl: { offset: 92, size: 2, bit: 17, min: 0, max: 1 },
  peerBidiStreams: { offset: 94, size: 2, bit: 18, min: 0, max: ULTRA.peerStreams },
  peerUnidiStreams: { offset: 96, size: 2, bit: 19, min: 0, max: ULTRA.peerStreams },
  maximumMtu: { offset: 104, size: 2, bit: 23, min: 1248, max: MAX_MTU },
  streamWindowBidiLocalBytes: { offset: 128, size: 4, bit: 35, min: 1, max: MAX_WINDOW, powerOfTwo: true },
  streamWindowBidiRemoteBytes: { offset: 132, size: 4, bit: 36, min: 1, max: MAX_WINDOW, powerOfTwo: true },
  streamWindowUnidiBytes: { offset: 136, size: 4, bit: 37, min: 1, max: MAX_WINDOW, powerOfTwo: true },
};

/** Where the one-bit settings share a byte. */
const FLAGS_OFFSET = 106;

const FLAGS: Readonly<Record<FlagName, { readonly mask: number; readonly bit: number }>> = {
  sendBuffering: { mask: 0x01, bit: 24 },
  pacing: { mask: 0x02, bit: 25 },
  migration: { mask: 0x04, bit: 26 },
};

/**
 * The bytes of QUIC_SETTINGS.
 *
 * @throws {RangeError} for a value that msquic would refuse or silently change: a mistake in a profile
 */
export function encodeSettings(settings: QuicSettings): Uint8Array {
  checkBufferFits(settings);
  const bytes = new Uint8Array(QUIC_SETTINGS_LEN);
  const view = new DataView(bytes.buffer);
  let isSet = 0n;
  for (const [name, field] of Object.entries(NUMBERS) as [NumberName, NumberField][]) {
    const value = settings[name];
    if (value === undefined) continue;
    checkNumber(name, field, value);
    writeNumber(view, field, value);
    isSet |= 1n << BigInt(field.bit);
  }
  for (const [name, { mask, bit }] of Object.entries(FLAGS) as [FlagName, { mask: number; bit: number }][]) {
    const value = settings[name];
    if (value === undefined) continue;
    if (value) view.setUint8(FLAGS_OFFSET, view.getUint8(FLAGS_OFFSET) | mask);
    isSet |= 1n << BigInt(bit);
  }
  view.setBigUint64(0, isSet, true);
  return bytes;
}

function writeNumber(view: DataView, { offset, size }: NumberField, value: number): void {
  if (size === 2) view.setUint16(offset, value, true);
  else if (size === 4) view.setUint32(offset, value, true);
  else view.setBigUint64(offset, BigInt(value), true);
}

function checkNumber(name: string, { min, max, powerOfTwo }: NumberField, value: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} is ${value}, outside of ${min} to ${max}`);
  }
  if (powerOfTwo && !Number.isInteger(Math.log2(value))) {
    throw new RangeError(`${name} is ${value}, not a power of two`);
  }
}

/** A receive buffer above its stream's window breaks msquic's arithmetic in release builds. */
function checkBufferFits(settings: QuicSettings): void {
  const buffer = settings.streamReceiveBufferBytes;
  const windows = [
    settings.streamWindowUnidiBytes,
    settings.streamWindowBidiLocalBytes,
    settings.streamWindowBidiRemoteBytes,
  ];
  if (buffer !== undefined && windows.some((window) => window !== undefined && window < buffer)) {
    throw new RangeError(`streamReceiveBufferBytes is ${buffer}, above a stream's window`);
  }
}
