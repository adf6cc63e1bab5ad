/**
 * The settings of a QUIC connection: which ones `ultra` wants on which path. How msquic stores them is known to the engine alone.
 *
 * Settings freeze when a connection starts, so the profile is chosen by the address beforehand.
 *
 * @module
 */

import type { Distance } from "./distance.ts";
import { budgetOf } from "./budget.ts";
import { type ConnectionSettings, MAX_MTU } from "../engine/door.generated.ts";
import { DEFAULT_TUNING, type Tuning } from "./tuning.ts";
import { ULTRA } from "./ultra.ts";

export interface ConnectionProfile {
  readonly distance: Distance;
  /** Which side of the connection these settings are for. */
  readonly side: "dialer" | "listener";
  /** What the user asked for; nothing by default. */
  readonly tuning?: Tuning;
}

const KIB = 1024;

/** Lanes and control streams grow their buffer from here; larger ones measured no gain. A power of two, at most any window. */
const RECEIVE_BUFFER_BYTES = 64 * KIB;

/** Window of a control stream: one message of the largest size, and all that a stranger can make us hold. */
const CONTROL_WINDOW_BYTES = 64 * KIB;

/** Silence that ends a connection. Above two keep-alives, so that one lost packet is survived; a dead peer is to be noticed in 35 s. */
const IDLE_TIMEOUT_MS = 20_000;

/** Sending without any acknowledgement ends after this: msquic's default, enough for a change of Wi-Fi cells or routes. */
const DISCONNECT_TIMEOUT_MS = 16_000;

/** Packets before the first acknowledgement: 45 KB instead of 14, which saves a round trip or two of short transfers. */
const INITIAL_WINDOW_PACKETS = 32;

/** Streams that a dialer may open on a listener: the control stream. Lanes are admitted after proof. */
const LISTENER_BIDI_STREAMS = 1;

/** Before anything was measured. */
interface PathTimes {
  readonly handshakeIdleTimeoutMs: number;
  readonly initialRttMs: number;
}

const NEAR: PathTimes = {
  // Nothing in the same building answers later than this.
  handshakeIdleTimeoutMs: 5_000,
  // msquic's 333 ms would make the first lost packet cost a second.
  initialRttMs: 50,
};

const TIMES: Readonly<Record<Distance, PathTimes>> = {
  loopback: NEAR,
  near: NEAR,
  far: {
    // Three tries on a bad path.
    handshakeIdleTimeoutMs: 10_000,
    // A guess below the real one causes a needless repetition, so it lies above most paths.
    initialRttMs: 150,
  },
};

export function connectionSettings(profile: ConnectionProfile): ConnectionSettings {
  const { distance, side, tuning = DEFAULT_TUNING } = profile;
  const budget = budgetOf(tuning, distance);
  const { name } = tuning.profile;
  const times = TIMES[name === "near" || name === "far" ? name : distance];
  return {
    handshakeIdleTimeoutMs: times.handshakeIdleTimeoutMs,
    idleTimeoutMs: IDLE_TIMEOUT_MS,
    disconnectTimeoutMs: DISCONNECT_TIMEOUT_MS,
    // Only the dialer sends it: it sits behind the NAT. In the older format both sides do.
    keepAliveIntervalMs: side === "dialer" || tuning.format === "blazing" ? ULTRA.keepAliveMs : 0,
    connectionWindowBytes: budget.connectionWindowBytes,
    streamWindowUnidiBytes: budget.laneWindowBytes,
    streamWindowBidiLocalBytes: CONTROL_WINDOW_BYTES,
    streamWindowBidiRemoteBytes: CONTROL_WINDOW_BYTES,
    streamReceiveBufferBytes: RECEIVE_BUFFER_BYTES,
    initialWindowPackets: INITIAL_WINDOW_PACKETS,
    initialRttMs: times.initialRttMs,
    // The path is asked with probes, so this may be tried everywhere: 9,000 on networks with jumbo frames, all of it on loopback.
    maximumMtu: MAX_MTU,
    congestionControl: tuning.congestionControl,
    peerBidiStreams: side === "listener" ? LISTENER_BIDI_STREAMS : 0,
    peerUnidiStreams: 0,
    // The engine's own buffers are sent from; a copy inside msquic would cost a core at 10 Gbps.
    sendBuffering: false,
    // Without it shallow queues on the path overflow.
    pacing: true,
    // A dialer that changes its network or its NAT binding keeps its connection.
    migration: true,
  };
}
