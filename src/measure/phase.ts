/**
 * One phase of a test: a transfer whose ends may be memory, by the same sender and receiver as every other.
 *
 * @module
 */

import type { TestFolder } from "./folder.ts";
import type { TestPhase } from "../protocol/messages.ts";
import type { Outcome } from "../transfer/outcome.ts";
import { grantedLanes } from "../settings/budget.ts";
import type { Tuning } from "../settings/tuning.ts";
import type { TransferFacts } from "../session/events.ts";
import type { MeasureContext, UserEvent } from "./events.ts";
import type { Peer } from "../meet/join.ts";
import { Offering, USUAL_CHOICES } from "../session/offering.ts";
import { receive, send } from "../session/once.ts";

/** What one side has for its phases. */
export interface TestSite {
  /** For what goes to the disk. */
  readonly folder: TestFolder;
  readonly tuning: Tuning;
}

export interface PhaseResult {
  readonly outcome: Outcome;
  /** There when the outcome is a good one. */
  readonly facts: TransferFacts | undefined;
}

/** The name that a source in memory has on the other side's disk. */
const MEMORY_NAME = "memory";

/** Where what came from memory stays, to be read from there later; and where what came from a disk goes. */
const KEPT = "kept";
const ARRIVED = "arrived";

/** Runs a phase over a link whose other end has proved itself and knows the phase. */
export async function runPhase(
  peer: Peer,
  phase: Pick<TestPhase, "from" | "to" | "size">,
  isSender: boolean,
  site: TestSite,
  context: MeasureContext,
): Promise<PhaseResult> {
  let facts: TransferFacts | undefined;
  const tell = (event: UserEvent) => {
    if (event.type === "complete") facts = event.facts;
    if (event.type === "file-failed" || event.type === "wrong-proof") context.tell(event);
  };
  const inner = { ...context, tell };
  const outcome = isSender ? await sendPhase(peer, phase, site, inner) : await receivePhase(peer, phase, site, inner);
  return { outcome, facts };
}

async function sendPhase(
  peer: Peer,
  { from, size }: Pick<TestPhase, "from" | "size">,
  site: TestSite,
  context: MeasureContext,
): Promise<Outcome> {
  const offering = from === "memory"
    ? Offering.ofMemory(size, context)
    : Offering.ofDisk(site.folder.path(KEPT, MEMORY_NAME), context);
  try {
    await offering.sized(context);
    const { tuning } = site;
    const options = { tuning, allowLeftOut: false, allowSleep: true, retryForMs: 0 };
    return await send(offering, peer, options, context, () => offering);
  } finally {
    context.hub.engine.dispose(offering.id, "nothing");
  }
}

async function receivePhase(
  peer: Peer,
  { from, to, size }: Pick<TestPhase, "from" | "to" | "size">,
  site: TestSite,
  context: MeasureContext,
): Promise<Outcome> {
  const folder = to === "memory" ? "" : await site.folder.fresh(from === "memory" ? KEPT : ARRIVED);
  const common = {
    rename: undefined,
    create: to === "disk",
    existing: "refuse" as const,
    restart: false,
    hidden: false,
    noSync: false,
    ...USUAL_CHOICES,
  };
  const sink = context.hub.engine.sink({
    ...common,
    folder,
    discard: to === "memory",
  });
  const { tuning } = site;
  const options = {
    ...common,
    folder,
    allowLeftOut: false,
    allowSleep: true,
    retryForMs: 0,
    lanes: grantedLanes(tuning),
    connections: tuning.connections,
    // One file, and no more of it than both sides agreed on: what a test costs is known before.
    most: { entries: 1, bytes: size },
  };
  const outcome = await receive(sink, peer, options, context);
  // It would only take room; what came from memory is still to be read.
  if (to === "disk" && from === "disk") await site.folder.fresh(ARRIVED);
  return outcome;
}
