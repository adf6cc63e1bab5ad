/** Events as the tests of the outputs tell them. @module */

import { ALL_KEPT } from "../support/made_up.ts";
import type { UserEvent } from "../../src/measure/events.ts";
import type {
  FileFailure,
  RunPhase,
  TicketNotice,
  TransferConfig,
  TransferFacts,
  TransferStart,
} from "../../src/session/events.ts";
import type { Progress } from "../../src/transfer/outcome.ts";
import type { EventOf } from "../../src/ui/output.ts";

export const TRANSFER = 7;

export function phase(phase: RunPhase): UserEvent {
  switch (phase) {
    case "waiting":
    case "watching":
      return { type: "phase", phase };
    case "connecting":
    case "proving":
      return { type: "phase", phase };
    default:
      return { type: "phase", phase, transfer: TRANSFER };
  }
}

export function ticket(ticket: TicketNotice): UserEvent {
  return { type: "ticket", ticket };
}

export function started(start: TransferStart): UserEvent {
  return { type: "started", start, transfer: TRANSFER };
}

export function config(config: TransferConfig): UserEvent {
  return { type: "config", config, transfer: TRANSFER };
}

export function opened(streams: number): UserEvent {
  return { type: "opened", streams, transfer: TRANSFER };
}

export function added(connection: number, streams: number): UserEvent {
  return { type: "added", added: { connection, streams }, transfer: TRANSFER };
}

export function progress(part: Partial<Progress>): UserEvent {
  const none = {
    ...{
      phase: "moving",
      verifiedBytes: 0,
      presentBytes: 0,
      resumedBytes: 0,
      partBytes: 0,
      totalBytes: 0,
      listed: true,
    } as const,
    ...{ entriesDone: 0, entries: 0, files: 0, filesArrived: 0, filesPresent: 0, hashesHoles: false },
    ...{ isMostlyHoles: false, isConfirmed: false },
  };
  return { type: "progress", progress: { ...none, ...part }, transfer: TRANSFER };
}

export function fileFailed(failure: FileFailure): UserEvent {
  return { type: "file-failed", failure, transfer: TRANSFER };
}

export function nameLost(path: string | undefined): UserEvent {
  return { type: "name-lost", path, transfer: TRANSFER };
}

/** A warning that holds a foreign text. */
export function unkept(folder: string): UserEvent {
  return { type: "unkept", unkept: { ...ALL_KEPT, mode: true }, folder, transfer: TRANSFER };
}

export function complete(facts: TransferFacts): EventOf<"complete"> {
  return { type: "complete", facts, transfer: TRANSFER };
}

export function failed(error: unknown, fromPeer = false): UserEvent {
  return { type: "error", error, fromPeer };
}

export function exit(code: number): UserEvent {
  return { type: "exit", code };
}
