/**
 * Written by `native/engine/src/door/typescript.rs` from the declarations in `native/engine/src/core/`; do not edit.
 * `deno task generate` writes it anew.
 *
 * @module
 */

import type { CongestionControl, ExecutionProfile, Existing, LinkChoice, OriginKind } from "../../protocol/words.ts";
import { type EventRecords, OptionsBlock } from "../records.ts";
import {
  CONGESTION_CONTROL,
  congestionControlOf,
  EXECUTION_PROFILE,
  EXISTING,
  LINK_CHOICE,
  ORIGIN_KIND,
} from "./words.ts";

/** The sizes of the data plane. */
export interface StartBlock {
  /** Threads that read. */
  readonly readers: number;
  /** Most concurrent writes. */
  readonly writers: number;
  /** Buffers of one block that are read ahead. */
  readonly buffers: number;
  readonly executionProfile: ExecutionProfile;
  /** Threads of QUIC. */
  readonly networkThreads: number;
  /** Bytes of each connection that are sent and not acknowledged. */
  readonly outstandingBytes: number;
  /**
   * Buffers that are kept for connections which have none, where peers that have nothing to do with each other share them; 0: they do not.
   */
  readonly keptBuffers: number;
}

export function encodeStartBlock(block: StartBlock): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(28);
  into.u32(0, block.readers);
  into.u32(4, block.writers);
  into.u32(8, block.buffers);
  into.u32(12, EXECUTION_PROFILE[block.executionProfile]);
  into.u32(16, block.networkThreads);
  into.u32(20, block.outstandingBytes);
  into.u32(24, block.keptBuffers);
  return into.finish();
}

/**
 * The settings of a QUIC connection, by name. They freeze when it starts, but for the number of the peer's streams.
 */
export interface ConnectionSettings {
  readonly handshakeIdleTimeoutMs: number;
  /** Silence that ends the connection. */
  readonly idleTimeoutMs: number;
  /** Sending without any acknowledgement ends after this. */
  readonly disconnectTimeoutMs: number;
  /** 0: off. */
  readonly keepAliveIntervalMs: number;
  /** Bytes that the peer may send ahead on all streams: the bound of a connection's memory. */
  readonly connectionWindowBytes: number;
  /** The window that a lane starts with. */
  readonly streamWindowUnidiBytes: number;
  /** The window that a control stream opened here starts with. */
  readonly streamWindowBidiLocalBytes: number;
  /** The window that a control stream opened by the peer starts with. */
  readonly streamWindowBidiRemoteBytes: number;
  /** Buffer that a stream starts with; at most any window. */
  readonly streamReceiveBufferBytes: number;
  /** Packets before the first acknowledgement. */
  readonly initialWindowPackets: number;
  readonly initialRttMs: number;
  readonly congestionControl: CongestionControl;
  readonly peerBidiStreams: number;
  readonly peerUnidiStreams: number;
  /** Largest packet to look for, with its IP header. */
  readonly maximumMtu: number;
  readonly sendBuffering: boolean;
  readonly pacing: boolean;
  readonly migration: boolean;
}

export function encodeConnectionSettings(block: ConnectionSettings): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(72);
  into.u32(0, block.handshakeIdleTimeoutMs);
  into.u32(4, block.idleTimeoutMs);
  into.u32(8, block.disconnectTimeoutMs);
  into.u32(12, block.keepAliveIntervalMs);
  into.u32(16, block.connectionWindowBytes);
  into.u32(20, block.streamWindowUnidiBytes);
  into.u32(24, block.streamWindowBidiLocalBytes);
  into.u32(28, block.streamWindowBidiRemoteBytes);
  into.u32(32, block.streamReceiveBufferBytes);
  into.u32(36, block.initialWindowPackets);
  into.u32(40, block.initialRttMs);
  into.u32(44, CONGESTION_CONTROL[block.congestionControl]);
  into.u32(48, block.peerBidiStreams);
  into.u32(52, block.peerUnidiStreams);
  into.u32(56, block.maximumMtu);
  into.truth(60, block.sendBuffering);
  into.truth(64, block.pacing);
  into.truth(68, block.migration);
  return into.finish();
}

export interface ListenBlock {
  readonly settings: ConnectionSettings;
  /** Of dialers whose dialect has plain lanes. */
  readonly plainSettings: ConnectionSettings;
  /**
   * Most dialers that have not shown that they receive at their address. From as many handshakes on, QUIC demands it with a Retry.
   */
  readonly maxUnvalidated: number;
  /** Most dialers at a time that have not proved themselves. */
  readonly maxUnproved: number;
  readonly maxUnprovedPerAddress: number;
  /** Bytes that a dialer may send on its control stream before it is admitted. */
  readonly controlLimit: number;
  /** The certificate with its key. */
  readonly pkcs12: Uint8Array;
  readonly alpns: readonly string[];
  /** `[::]:0` is all addresses of both families and a free port. */
  readonly address: string;
}

export function encodeListenBlock(block: ListenBlock): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(36);
  into.bytes(0, encodeConnectionSettings(block.settings));
  into.bytes(4, encodeConnectionSettings(block.plainSettings));
  into.u32(8, block.maxUnvalidated);
  into.u32(12, block.maxUnproved);
  into.u32(16, block.maxUnprovedPerAddress);
  into.u32(20, block.controlLimit);
  into.bytes(24, block.pkcs12);
  into.texts(28, block.alpns);
  into.text(32, block.address);
  return into.finish();
}

export interface ConnectBlock {
  readonly settings: ConnectionSettings;
  /** The SHA-256 that the peer's certificate must have, or its first 16 bytes; none: any, reported in CONNECTED. */
  readonly pin: Uint8Array;
  /** Which of QUIC's partitions (cores) runs it. */
  readonly partition: number;
  readonly controlLimit: number;
  readonly alpns: readonly string[];
  readonly address: string;
}

export function encodeConnectBlock(block: ConnectBlock): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(24);
  into.bytes(0, encodeConnectionSettings(block.settings));
  into.bytes(4, block.pin);
  into.u32(8, block.partition);
  into.u32(12, block.controlLimit);
  into.texts(16, block.alpns);
  into.text(20, block.address);
  return into.finish();
}

export interface SourceBlock {
  readonly origin: OriginKind;
  /** Of a source in memory. */
  readonly size: number;
  readonly links: LinkChoice;
  /** Other names of a file are sent as such. */
  readonly hardlinks: boolean;
  /** Owners and groups are sent. */
  readonly owner: boolean;
  /** Extended attributes are sent. */
  readonly xattrs: boolean;
  /** POSIX ACLs are sent. */
  readonly acl: boolean;
  /** Files that become longer are sent up to the size that the walk saw. */
  readonly allowGrowing: boolean;
  /**
   * The source that was made of the folders in which a peer's paths are looked for, or that of the same things; 0: none.
   */
  readonly within: number;
  /** How many of the first components of a peer's paths are names, whatever they look like, and no patterns. */
  readonly literal: number;
  /** A peer's things are called by the paths that ask for them, in place of their last names. */
  readonly byPath: boolean;
  /** How many levels of folders are entered. */
  readonly depth: number;
  readonly paths: readonly string[];
}

export function encodeSourceBlock(block: SourceBlock): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(60);
  into.u32(0, ORIGIN_KIND[block.origin]);
  into.f64(8, block.size);
  into.u32(16, LINK_CHOICE[block.links]);
  into.truth(20, block.hardlinks);
  into.truth(24, block.owner);
  into.truth(28, block.xattrs);
  into.truth(32, block.acl);
  into.truth(36, block.allowGrowing);
  into.u32(40, block.within);
  into.u32(44, block.literal);
  into.truth(48, block.byPath);
  into.u32(52, block.depth);
  into.texts(56, block.paths);
  return into.finish();
}

export interface SinkBlock {
  /** What becomes of plain files and links in the way that differ. */
  readonly existing: Existing;
  /** Takes hidden names also into folders that were there before. */
  readonly hidden: boolean;
  /** Verifies but writes nothing: for measurements. */
  readonly discard: boolean;
  /** Creates the folder. */
  readonly create: boolean;
  /** Takes nothing up that an earlier run left of a file. */
  readonly restart: boolean;
  /** Commits without waiting for the disk. */
  readonly noSync: boolean;
  /** Which symbolic links are made, whatever the sender says. */
  readonly links: LinkChoice;
  /** Owners and groups are given, where the sender states them; likewise below. */
  readonly owner: boolean;
  readonly xattrs: boolean;
  readonly acl: boolean;
  readonly folder: string;
  /** Another name for the one top-level entry; empty: none. */
  readonly rename: string;
}

export function encodeSinkBlock(block: SinkBlock): Uint8Array<ArrayBuffer> {
  const into = new OptionsBlock(48);
  into.u32(0, EXISTING[block.existing]);
  into.truth(4, block.hidden);
  into.truth(8, block.discard);
  into.truth(12, block.create);
  into.truth(16, block.restart);
  into.truth(20, block.noSync);
  into.u32(24, LINK_CHOICE[block.links]);
  into.truth(28, block.owner);
  into.truth(32, block.xattrs);
  into.truth(36, block.acl);
  into.text(40, block.folder);
  into.text(44, block.rename);
  return into.finish();
}

/** A block of ConnectionSettings that the engine answered with. */
export function decodeConnectionSettings(record: EventRecords): ConnectionSettings {
  return {
    handshakeIdleTimeoutMs: record.u32(0),
    idleTimeoutMs: record.u32(4),
    disconnectTimeoutMs: record.u32(8),
    keepAliveIntervalMs: record.u32(12),
    connectionWindowBytes: record.u32(16),
    streamWindowUnidiBytes: record.u32(20),
    streamWindowBidiLocalBytes: record.u32(24),
    streamWindowBidiRemoteBytes: record.u32(28),
    streamReceiveBufferBytes: record.u32(32),
    initialWindowPackets: record.u32(36),
    initialRttMs: record.u32(40),
    congestionControl: congestionControlOf(record.u32(44)),
    peerBidiStreams: record.u32(48),
    peerUnidiStreams: record.u32(52),
    maximumMtu: record.u32(56),
    sendBuffering: record.truth(60),
    pacing: record.truth(64),
    migration: record.truth(68),
  };
}

/** What QUIC takes: the least, the most, and whether only powers of two. */
export const SETTING_RANGES = {
  handshakeIdleTimeoutMs: { least: 0, most: 4294967295, isPowerOfTwo: false },
  idleTimeoutMs: { least: 0, most: 4294967295, isPowerOfTwo: false },
  disconnectTimeoutMs: { least: 1, most: 600000, isPowerOfTwo: false },
  keepAliveIntervalMs: { least: 0, most: 4294967295, isPowerOfTwo: false },
  connectionWindowBytes: { least: 1, most: 2147483647, isPowerOfTwo: false },
  streamWindowUnidiBytes: { least: 1, most: 2147483647, isPowerOfTwo: true },
  streamWindowBidiLocalBytes: { least: 1, most: 2147483647, isPowerOfTwo: true },
  streamWindowBidiRemoteBytes: { least: 1, most: 2147483647, isPowerOfTwo: true },
  streamReceiveBufferBytes: { least: 4096, most: 2147483647, isPowerOfTwo: true },
  initialWindowPackets: { least: 1, most: 4294967295, isPowerOfTwo: false },
  initialRttMs: { least: 1, most: 4294967295, isPowerOfTwo: false },
  congestionControl: { least: 0, most: 1, isPowerOfTwo: false },
  peerBidiStreams: { least: 0, most: 65535, isPowerOfTwo: false },
  peerUnidiStreams: { least: 0, most: 65535, isPowerOfTwo: false },
  maximumMtu: { least: 1248, most: 16392, isPowerOfTwo: false },
  sendBuffering: { least: 0, most: 1, isPowerOfTwo: false },
  pacing: { least: 0, most: 1, isPowerOfTwo: false },
  migration: { least: 0, most: 1, isPowerOfTwo: false },
} as const satisfies Record<keyof ConnectionSettings, unknown>;
