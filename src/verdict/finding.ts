/** What a verdict is made from and what it finds. How that reads is the business of `src/ui/`. @module */

import type { ReportNumbers } from "../protocol/report.ts";
import type { Role, Side } from "./side.ts";

export type SideName = "sender" | "receiver";

/** The part of the way that was the bottleneck, with the numbers that say so. Shares are parts of 1, rates are of a second. */
export type Finding =
  | { readonly limit: "too-short" }
  | { readonly limit: "rate-limit"; readonly bytesPerSecond: number }
  | { readonly limit: "sender-disk"; readonly bytesPerSecond: number }
  /** `filesPerSecond` is there when it was their number rather than their bytes. */
  | { readonly limit: "receiver-disk"; readonly bytesPerSecond: number; readonly filesPerSecond: number | undefined }
  /** One thread of this kind had a core of its own and used it up. */
  | { readonly limit: `${SideName}-core`; readonly role: Role }
  /** All of so many cores were busy, `used` of them with this transfer. */
  | { readonly limit: `${SideName}-cores`; readonly cores: number; readonly used: number }
  /** Datagrams did not fit into the receiver's socket. */
  | { readonly limit: "receiver-buffer"; readonly bytes: number; readonly loss: number }
  | { readonly limit: "acknowledgements"; readonly gaps: number; readonly seconds: number }
  /** The sender waited for the receiver's window (`receiver-window`) or for its own buffers (`sender-window`). */
  | { readonly limit: `${SideName}-window`; readonly bytes: number; readonly rttMicros: number }
  | { readonly limit: "path"; readonly loss: number; readonly rttMicros: number }
  /** Nothing stood out; the busiest stages come first. */
  | { readonly limit: "none"; readonly busiest: readonly BusyStage[] };

export type Limit = Finding["limit"];

/** A stage of the way of a byte, and how much of the time it was busy. */
export type BusyStage =
  & { readonly share: number }
  & (
    | { readonly stage: "thread"; readonly side: SideName; readonly role: Role }
    | { readonly stage: "sender-disk" | "receiver-disk" | "path" | "receiver-window" }
  );

/** What both sides counted; one is missing when the other side is of a version that does not tell. */
export interface Reports {
  readonly sender?: ReportNumbers | undefined;
  readonly receiver?: ReportNumbers | undefined;
}

/** What would make a transfer faster. */
export type Help =
  /** A larger buffer of the receiver's sockets than the `room` that overflowed. */
  | { readonly what: "receive-buffer"; readonly bytes: number; readonly room: number }
  /** More memory for windows or for what is under way. */
  | { readonly what: "memory"; readonly side: SideName; readonly mebibytes: number }
  /** Another connection: both sides have a core for it. */
  | { readonly what: "connections" }
  /** A sender's kernel that takes many datagrams in one call. */
  | { readonly what: "segmentation" }
  /** A receiver's kernel that gives many datagrams in one call. */
  | { readonly what: "coalescing" }
  | {
    readonly what: "other-programs";
    readonly side: SideName;
    /** Cores that they use, of so many. */
    readonly used: number;
    readonly cores: number;
  };

export interface Verdict {
  readonly finding: Finding;
  /** The one thing that would help, if there is one. */
  readonly help: Help | undefined;
  readonly reports: Reports;
}

export interface View {
  readonly sender: Side | undefined;
  readonly receiver: Side | undefined;
}
