/** What a command line comes to, before anything is looked up: the commands, and where tickets and identities are. @module */

import type { AdvertisedHost, ListenEndpoint } from "../base/endpoints.ts";
import type { Existing, LinkChoice, Preserve } from "../protocol/words.ts";
import type { SafePath } from "../protocol/safe_path.ts";
import type { Ticket, TicketUse } from "../protocol/ticket.ts";
import type { Warning } from "../session/events.ts";
import type { Tuning } from "../settings/tuning.ts";
import type { Then } from "../watch/folder.ts";
import type { Patience } from "./duration.ts";
import type { Topic } from "./flags.ts";

export type Invocation =
  | { readonly command: "tour" }
  | { readonly command: "version" }
  | { readonly command: "licenses" }
  | { readonly command: "help"; readonly topic: Topic | undefined }
  | CleanInvocation
  | TicketInvocation
  | SendInvocation
  | ReceiveInvocation
  | GetInvocation
  | ListInvocation
  | ServeInvocation
  | TestInvocation
  | WatchInvocation;

export interface SendInvocation extends TransferInvocation, Patience {
  readonly command: "send";
  /** As typed: at least one, or none when the clipboard is sent. */
  readonly paths: readonly string[];
  /** What is sent is what is on the clipboard. */
  readonly clipboard: boolean;
  readonly links: LinkChoice;
  readonly preserve: Preserve;
  /** Whether what is left out is no reason for another exit code than 0. */
  readonly allowLeftOut: boolean;
  /** Whether files may become longer while they are sent. */
  readonly allowGrowing: boolean;
  /** Whether the machine may go to sleep meanwhile. */
  readonly allowSleep: boolean;
}

export interface WatchInvocation extends Omit<TransferInvocation, "peer">, Pick<Patience, "retryForMs"> {
  readonly command: "watch";
  /** It always dials. */
  readonly peer: Extract<Peer, { type: "dial" }>;
  /** The folder to watch, as typed. */
  readonly folder: string;
  /** What becomes of what the other side has. */
  readonly then: Then;
  readonly links: LinkChoice;
  readonly preserve: Preserve;
  readonly allowLeftOut: boolean;
  /** What becomes longer is not complete yet. */
  readonly allowGrowing: false;
  readonly allowSleep: boolean;
}

export interface ReceiveInvocation extends TransferInvocation, Patience {
  readonly command: "recv";
  /** The folder to receive into, as typed; `.` when none was. */
  readonly into: string;
  /** `-o`: below that folder, or absolute, a folder to receive into or the new name of what comes; the disk decides which. */
  readonly target: string | undefined;
  readonly existing: Existing;
  readonly restart: boolean;
  readonly hidden: boolean;
  readonly links: LinkChoice;
  readonly preserve: Preserve;
  /** Not to wait for the disk. */
  readonly noSync: boolean;
  readonly allowLeftOut: boolean;
  readonly allowSleep: boolean;
  /** What arrives goes to the clipboard as well. */
  readonly clipboard: boolean;
  /** A text that goes there keeps its control characters. */
  readonly raw: boolean;
  /** Accept further transfers; only while listening. */
  readonly stay: boolean;
}

export interface GetInvocation extends Omit<ReceiveInvocation, "command" | "stay" | "peer" | "clipboard" | "raw"> {
  readonly command: "get";
  readonly peer: DialingPeer;
  /** What is asked for; at least one. */
  readonly paths: readonly string[];
}

export interface ListInvocation extends Omit<TransferInvocation, "peer"> {
  readonly command: "ls";
  readonly peer: DialingPeer;
  /** `undefined`: the shared names. */
  readonly path: string | undefined;
  readonly waitMs: number | undefined;
}

export interface ServeInvocation extends Omit<TransferInvocation, "peer"> {
  readonly command: "serve";
  readonly peer: ListeningPeer;
  /** At least one, as typed. */
  readonly folders: readonly string[];
  /** Takes what others send, into this folder. */
  readonly accept: string | undefined;
  readonly maxClients: number;
  /** Of what others fetch and of what they send. */
  readonly links: LinkChoice;
  readonly preserve: Preserve;
  /** Of what others send. */
  readonly existing: Existing;
  readonly hidden: boolean;
  readonly noSync: boolean;
  readonly allowSleep: boolean;
  readonly retryForMs: number;
}

export interface TestInvocation extends Omit<TransferInvocation, "peer"> {
  readonly command: "test";
  /** `local`: this process is both sides. */
  readonly peer: Peer | { readonly type: "local" };
  /** Bytes of each phase; `undefined`: what takes some seconds. */
  readonly size: number | undefined;
  /** The folder whose disk is measured, as typed; `.` when none was. */
  readonly folder: string;
}

export interface CleanInvocation {
  readonly command: "clean";
  /** The folder to search, as typed; `.` when none was. */
  readonly folder: string;
  readonly remove: boolean;
  readonly output: OutputMode;
}

export interface TicketInvocation {
  readonly command: "ticket";
  /** The file of the identity, as typed. */
  readonly identity: string;
  readonly act: TicketAct;
  /** What the ticket names instead of the machine's own addresses; empty: those. */
  readonly advertise: readonly AdvertisedHost[];
  readonly output: OutputMode;
}

export type TicketAct =
  /** The identity's own ticket. */
  | { readonly type: "show" }
  | { readonly type: "list" }
  | { readonly type: "revoke"; readonly label: string }
  | NewTicket;

export interface NewTicket {
  readonly type: "make";
  /** `undefined`: one that is free. */
  readonly label: string | undefined;
  /** `undefined`: for both. */
  readonly use: TicketUse | undefined;
  readonly under: SafePath | undefined;
  /** `undefined`: for ever. */
  readonly expiresInMs: number | undefined;
}

export interface TransferInvocation {
  readonly peer: Peer;
  readonly tuning: Tuning;
  readonly output: OutputMode;
  readonly verbose: boolean;
  /** To be shown before anything happens. */
  readonly warnings: readonly Warning[];
}

export type OutputMode = "human" | "json" | "quiet";

/** How to meet the other side. */
export type Peer = DialingPeer | ListeningPeer;

export interface DialingPeer {
  readonly type: "dial";
  readonly ticket: TicketSource;
}

export interface ListeningPeer {
  readonly type: "listen";
  readonly endpoint: ListenEndpoint;
  /** What the ticket names instead of the machine's own addresses; empty: those. */
  readonly advertise: readonly AdvertisedHost[];
  readonly ticketOut: string | undefined;
  /** Who it is for good; `undefined`: somebody else in each run. */
  readonly identity: IdentitySource | undefined;
}

/** Where the identity of a side that waits is. */
export type IdentitySource =
  | { readonly from: "file"; readonly path: string }
  | { readonly from: "environment"; readonly text: string };

/** Where the ticket is. What is read from a file or standard input goes through {@linkcode ticketFor}. */
export type TicketSource =
  | { readonly from: "argument" | "environment"; readonly ticket: Ticket }
  | { readonly from: "file"; readonly path: string }
  | { readonly from: "stdin" };
