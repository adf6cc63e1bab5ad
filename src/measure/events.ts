/** What a measurement tells the user besides what its transfers tell. @module */

import type { Context } from "../link/context.ts";
import type { RunEvent } from "../session/events.ts";
import type { Measurement, TestVerdict } from "./verdict.ts";

/** Everything that a run may tell its user. */
export type UserEvent = RunEvent | MeasureEvent;

/** What measurements need of the world. */
export type MeasureContext = Context<UserEvent>;

export type MeasureEvent =
  /** A phase begins. */
  | { readonly type: "measuring"; readonly phase: Pick<Measurement, "way" | "from" | "to" | "bytes"> }
  /** A second round begins: some of the first one was too short to tell, or it is to be seen whether it was chance. */
  | { readonly type: "measuring-again"; readonly why: "too-short" | "chance" }
  /** A phase is over. */
  | { readonly type: "measured"; readonly measurement: Measurement }
  /** All phases are over. */
  | { readonly type: "tested"; readonly verdicts: readonly TestVerdict[] };
