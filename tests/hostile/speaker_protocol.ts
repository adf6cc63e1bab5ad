/** What a test and its hostile process say to each other. Keys name connections; the test chooses those that it starts. @module */

export type SpeakerCommand =
  | {
    readonly op: "connect";
    readonly key: string;
    readonly address: string;
    readonly alpns: string[];
    readonly pin?: string;
  }
  | { readonly op: "listen"; readonly key: string; readonly alpns: string[] }
  | { readonly op: "send"; readonly key: string; readonly hex: string }
  | { readonly op: "close"; readonly key: string; readonly code: number }
  | { readonly op: "admit"; readonly key: string; readonly lanes: number }
  /** Opens one lane and grants it all blocks of a source in memory. */
  | { readonly op: "lanes"; readonly key: string; readonly blocks: number }
  /** Through another implementation of QUIC; with a control stream. */
  | { readonly op: "foreign"; readonly key: string; readonly port: number; readonly alpn: string }
  /** Tries to open one more stream; `answer` follows. */
  | { readonly op: "foreign-open"; readonly key: string; readonly direction: "bidi" | "uni" }
  | { readonly op: "foreign-lane"; readonly key: string; readonly hex: string; readonly end: boolean }
  /** Ends the control stream alone. */
  | { readonly op: "foreign-end"; readonly key: string; readonly how: "fin" | "reset" };

export type SpeakerEvent =
  | { readonly type: "listening"; readonly key: string; readonly port: number; readonly certificate: string }
  | { readonly type: "incoming"; readonly listener: string; readonly key: string; readonly alpn: string }
  | { readonly type: "connected"; readonly key: string; readonly alpn: string; readonly certificate: string }
  | { readonly type: "control"; readonly key: string; readonly hex: string }
  | {
    readonly type: "closed";
    readonly key: string;
    readonly cause: "own" | "peer" | "transport";
    readonly code: number;
    readonly text: string;
  }
  | { readonly type: "grant-read"; readonly end: number }
  | { readonly type: "answer"; readonly key: string; readonly text: string }
  /** A command failed. */
  | { readonly type: "refused"; readonly key: string; readonly text: string };
