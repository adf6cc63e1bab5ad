/** One end of a simulated QUIC connection: its control stream, its lanes, and how it ends. @module */

import type { ConnectionSettings, EngineEvent } from "../../src/engine/engine.ts";
import type { ConnectionId, LaneId } from "../../src/protocol/words.ts";
import type { Frame, LaneEnd, SimulatedSource } from "./simulated_source.ts";
import type { SimulatedSink } from "./simulated_sink.ts";
import type { SimulatedNetwork } from "./simulated_network.ts";

/** Ids of a peer's lanes start here, as in `native/engine/src/engine.rs`. */
const FIRST_PEER_LANE = 2 ** 31;

/** The exit code of a peer that breaks the protocol. */
const PROTOCOL = 8;

let nextPeerLane = FIRST_PEER_LANE;

/** A lane from end to end. */
class Lane implements LaneEnd {
  readonly arrived: { readonly frame: Frame; readonly taken: () => void }[] = [];
  isOpen = true;
  isWriting = false;
  /** The receiver's id, once it knows of the lane. */
  receiverId: LaneId | undefined;
  #arrivesMs = 0;

  constructor(
    readonly id: LaneId,
    readonly number: number,
    /** The number of its transfer on the link. */
    readonly transfer: number,
    readonly way: SimulatedNetwork,
    readonly to: ConnectionEnd,
  ) {}

  /** In order within the lane, and in no order with other lanes or control bytes. */
  put(frame: Frame, taken: () => void): void {
    const { time, latencyMs } = this.way;
    this.#arrivesMs = Math.max(this.#arrivesMs, time.now() + latencyMs + this.way.jitter());
    time.later(this.#arrivesMs - time.now(), () => {
      if (!this.isOpen || this.to.isDeaf) return;
      this.to.packets++;
      this.arrived.push({ frame, taken });
      this.to.write(this);
    });
  }
}

export interface EndOptions {
  readonly id: ConnectionId;
  /** Where the other end is, as `ADDR:PORT`. */
  readonly remote: string;
  /** Bytes that the peer may send before it is admitted. */
  readonly controlLimit: number;
  readonly settings: ConnectionSettings;
  readonly network: SimulatedNetwork;
  readonly tell: (event: EngineEvent) => void;
}

export class ConnectionEnd {
  readonly id: ConnectionId;
  readonly remote: string;
  /** Set when the handshake is through. */
  peer: ConnectionEnd | undefined;
  isClosed = false;
  /** Nothing arrives any more: the network is gone, and this end has not noticed. */
  isDeaf = false;
  /** What has arrived here, acknowledgements included. */
  packets = 0;
  /** Whether its other end has proved itself. */
  isAdmitted = false;
  /** Gives back the place among the unproved. */
  leavePlace = () => {};
  readonly #options: EndOptions;
  readonly #lanes = new Set<Lane>();
  readonly #blockedLanes: Lane[] = [];
  #sink: SimulatedSink | undefined;
  /** That of the frames for the sink. */
  #transfer = 0;
  #lanesAllowed = 0;
  #received = 0;
  #unacknowledged = 0;
  #closeCode: number | undefined;
  #arrivesMs = 0;
  #clump: { bytes: Uint8Array; acknowledge: () => void }[] | undefined;

  constructor(options: EndOptions) {
    this.#options = options;
    this.id = options.id;
    this.remote = options.remote;
  }

  /** The dialer's end: the handshake is through. */
  connected(alpn: string, certificate: Uint8Array): void {
    this.#options.tell({ type: "connected", connection: this.id, alpn, remote: this.remote, certificate });
  }

  send(bytes: Uint8Array): void {
    const { network } = this.#options;
    const { peer } = this;
    if (this.isClosed || peer === undefined) return;
    this.#unacknowledged++;
    const copy = bytes.slice();
    peer.#carry(copy, () => {
      network.time.later(network.latencyMs, () => {
        if (this.isDeaf) return;
        this.packets++;
        this.#unacknowledged--;
        if (this.#unacknowledged === 0 && this.#closeCode !== undefined) this.closeNow(this.#closeCode);
      });
    });
  }

  get settings(): ConnectionSettings {
    return { ...this.#options.settings, peerUnidiStreams: this.#lanesAllowed };
  }

  admit(lanes: number): void {
    this.isAdmitted = true;
    this.#lanesAllowed = lanes;
    this.leavePlace();
    for (const lane of this.#blockedLanes.splice(0)) this.#introduce(lane);
  }

  attach(sink: SimulatedSink, transfer: number): void {
    this.#sink = sink;
    this.#transfer = transfer;
    for (const lane of this.#lanes) this.write(lane);
  }

  openLane(id: LaneId, number: number, source: SimulatedSource, transfer: number): void {
    const { network, tell } = this.#options;
    const { peer } = this;
    if (this.isClosed || peer === undefined) return;
    const lane = new Lane(id, number, transfer, network, peer);
    this.#lanes.add(lane);
    source.addLane(lane);
    tell({ type: "lane-opened", lane: id, connection: this.id, number });
    network.time.later(network.latencyMs, () => {
      if (lane.isOpen && !peer.isDeaf) peer.#introduce(lane);
    });
  }

  /** Resets a lane, which a bad path may do. Both ends hear of it. */
  resetLane(id: LaneId, finished = false): void {
    for (const lane of this.#lanes) if (lane.id === id) this.#dropLane(lane, finished);
  }

  get laneIds(): LaneId[] {
    return [...this.#lanes].map((lane) => lane.id);
  }

  /** Lets the next frame of a lane in; one writer is in a lane at a time. */
  write(lane: Lane): void {
    const sink = this.#sink;
    if (lane.isWriting || lane.receiverId === undefined || sink === undefined) return;
    const next = lane.arrived.shift();
    if (next === undefined || !lane.isOpen) return;
    const what = this.#claim(lane, sink, next.frame);
    if (what === "drop") {
      next.taken();
      return this.write(lane);
    }
    if (what !== "write") {
      return this.#options.tell({ type: "lane-broke", connection: this.id, lane: lane.receiverId, text: what });
    }
    lane.isWriting = true;
    this.#options.network.time.later(sink.disk.writeMs, () => {
      lane.isWriting = false;
      sink.written(next.frame, lane.isOpen);
      next.taken();
      this.write(lane);
    });
  }

  /** Frames of a transfer that is over are dropped, those of one that was not offered break the protocol. */
  #claim({ transfer }: Lane, sink: SimulatedSink, frame: Frame): "write" | "drop" | string {
    if (transfer > this.#transfer) return "a lane of a transfer that was not offered";
    return transfer < this.#transfer ? "drop" : sink.claim(frame);
  }

  /** Closes when the peer has what was sent; a second call closes at once. */
  close(code: number): void {
    const isAgain = this.#closeCode !== undefined;
    this.#closeCode = code;
    if (isAgain || this.#unacknowledged === 0 || this.peer === undefined) this.closeNow(code);
  }

  closeNow(code: number, text = ""): void {
    if (this.isClosed) return;
    const { peer } = this;
    const { time, latencyMs } = this.#options.network;
    this.#end({ cause: "own", code, text });
    if (peer === undefined) return;
    // What is still under way comes first.
    const delayMs = Math.max(latencyMs, peer.#arrivesMs - time.now());
    time.later(delayMs, () => {
      if (!peer.isDeaf) peer.#end({ cause: "peer", code, text: "" });
    });
  }

  /** QUIC gives up. */
  fail(status: string): void {
    this.#end({ cause: "transport", code: 1, text: status });
  }

  /** The process is gone: nothing of it is told or sent any more. */
  vanish(): void {
    this.isDeaf = true;
    this.isClosed = true;
    if (this.peer !== undefined) this.peer.isDeaf = true;
    this.#closeLanes(() => {});
  }

  #end({ cause, code, text }: { cause: "own" | "peer" | "transport"; code: number; text: string }): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.leavePlace();
    this.#options.network.closed(this);
    const { tell, network } = this.#options;
    network.time.later(0.1, () => {
      this.#closeLanes((lane) => tell({ type: "lane-closed", lane, connection: this.id, finished: false }));
      tell({ type: "closed", connection: this.id, cause, code, text });
    });
  }

  #closeLanes(tell: (lane: LaneId) => void): void {
    for (const lane of this.#lanes) {
      lane.isOpen = false;
      const id = lane.to === this ? lane.receiverId : lane.id;
      if (id !== undefined) tell(id);
    }
    this.#lanes.clear();
  }

  #dropLane(lane: Lane, finished: boolean): void {
    const { network } = this.#options;
    lane.isOpen = false;
    for (const end of [this, this.peer]) {
      if (end === undefined || !end.#lanes.delete(lane)) continue;
      const id = lane.to === end ? lane.receiverId : lane.id;
      if (id === undefined) continue;
      network.time.later(network.latencyMs, () => {
        end.#options.tell({ type: "lane-closed", lane: id, connection: end.id, finished });
      });
    }
  }

  /** QUIC holds back lanes that the peer may not open yet. */
  #introduce(lane: Lane): void {
    if (this.isClosed) return;
    if (this.#lanes.size >= this.#lanesAllowed) return void this.#blockedLanes.push(lane);
    lane.receiverId = nextPeerLane++;
    this.#lanes.add(lane);
    const { tell } = this.#options;
    tell({ type: "lane-opened", lane: lane.receiverId, connection: this.id, number: lane.number });
    this.write(lane);
  }

  /** Brings control bytes to this end, in order; sends that come close to each other may arrive together. */
  #carry(bytes: Uint8Array, acknowledge: () => void): void {
    const { network } = this.#options;
    const { time, latencyMs, clumpMs } = network;
    if (this.#clump !== undefined) return void this.#clump.push({ bytes, acknowledge });
    const clump = [{ bytes, acknowledge }];
    if (clumpMs > 0) this.#clump = clump;
    this.#arrivesMs = Math.max(this.#arrivesMs, time.now() + latencyMs + clumpMs + network.jitter());
    time.later(this.#arrivesMs - time.now(), () => {
      if (this.#clump === clump) this.#clump = undefined;
      if (this.isDeaf) return;
      this.packets++;
      this.#arrive(joined(clump.map((part) => part.bytes)));
      for (const part of clump) part.acknowledge();
    });
  }

  #arrive(bytes: Uint8Array): void {
    const { tell, controlLimit, network } = this.#options;
    if (this.isClosed) return;
    this.#received += bytes.length;
    if (!this.isAdmitted && this.#received > controlLimit) {
      return this.closeNow(PROTOCOL, "the peer sent too much before its proof");
    }
    for (let at = 0; at < bytes.length; at += network.pieceBytes) {
      tell({ type: "control", connection: this.id, bytes: bytes.slice(at, at + network.pieceBytes) });
    }
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
