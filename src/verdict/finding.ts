/** What a verdict is made from and what it says. @module */

import type { ReportNumbers } from "../protocol/report.ts";
import type { Role, Side } from "./side.ts";

/** The part of the way that was the bottleneck. `none`: nothing stood out. */
export type Limit =
  | "too-short"
  | "rate-limit"
  | "sender-disk"
  | "sender-core"
  | "sender-cores"
  | "sender-window"
  | "path"
  | "receiver-buffer"
  | "acknowledgements"
  | "receiver-window"
  | "receiver-core"
  | "receiver-cores"
  | "receiver-disk"
  | "none";

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
  | { readonly what: "memory"; readonly side: "sender" | "receiver"; readonly mebibytes: number }
  /** Another connection: both sides have a core for it. */
  | { readonly what: "connections" }
  /** A sender's kernel that takes many datagrams in one call. */
  | { readonly what: "segmentation" }
  /** A receiver's kernel that gives many datagrams in one call. */
  | { readonly what: "coalescing" }
  | {
    readonly what: "other-programs";
    readonly side: "sender" | "receiver";
    /** Cores that they use, of so many. */
    readonly used: number;
    readonly cores: number;
  };

export interface Verdict {
  readonly limit: Limit;
  /** "limited by the path (0.4 % loss, 48 ms)" */
  readonly sentence: string;
  /** The one thing that would help, if there is one. */
  readonly help: Help | undefined;
  readonly reports: Reports;
}

export interface View {
  readonly sender: Side | undefined;
  readonly receiver: Side | undefined;
}

export interface Finding {
  readonly limit: Limit;
  readonly sentence: string;
  /** Whose threads of which kind, when one core was the limit. */
  readonly role?: Role;
}
