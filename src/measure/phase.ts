/**
 * One phase of a test: a transfer whose ends may be memory, by the same sender and receiver as every other.
 *
 * @module
 */

import type { TestFolder } from "./folder.ts";
import type { TestPhase } from "../protocol/messages.ts";
import type { Outcome } from "../transfer/outcome.ts";
import { distanceOf } from "../settings/distance.ts";
import { grantedLanes } from "../settings/budget.ts";
import { senderPlan } from "../settings/connections.ts";
import type { Tuning } from "../settings/tuning.ts";
import { addressOf } from "../base/endpoints.ts";
import type { FactSheet, FileFailure, Output } from "../ui/output.ts";
import { SilentOutput } from "../ui/silent.ts";
import type { Peer } from "../meet/join.ts";
import { receive } from "../session/incoming.ts";
import { Offering, send } from "../session/outgoing.ts";
import type { Context } from "../link/context.ts";

/** What one side has for its phases. */
export interface TestSite {
  /** For what goes to the disk. */
  readonly folder: TestFolder;
  readonly tuning: Tuning;
}

export interface PhaseResult {
  readonly outcome: Outcome;
  /** There when the outcome is a good one. */
  readonly facts: FactSheet | undefined;
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
  context: Context,
): Promise<PhaseResult> {
  const output = new PhaseOutput(context.output);
  const inner = { ...context, output };
  const outcome = isSender ? await sendPhase(peer, phase, site, inner) : await receivePhase(peer, phase, site, inner);
  return { outcome, facts: output.facts };
}

async function sendPhase(
  peer: Peer,
  { from, size }: Pick<TestPhase, "from" | "size">,
  site: TestSite,
  context: Context,
): Promise<Outcome> {
  const offering = from === "memory"
    ? Offering.ofMemory(size, context)
    : Offering.ofDisk(site.folder.path(KEPT, MEMORY_NAME), context);
  try {
    await offering.started(context);
    const { tuning } = site;
    const path = distanceOf(addressOf(peer.link.remote));
    const plan = senderPlan({ path, cores: context.cores, tuning });
    const { chunkBlocks, bytesPerSecond } = tuning;
    const options = { plan, chunkBlocks, bytesPerSecond, allowLeftOut: false };
    return await send(offering, peer, options, context);
  } finally {
    context.hub.engine.dispose(offering.id);
  }
}

async function receivePhase(
  peer: Peer,
  { from, to, size }: Pick<TestPhase, "from" | "to" | "size">,
  site: TestSite,
  context: Context,
): Promise<Outcome> {
  const folder = to === "memory" ? "" : await site.folder.fresh(from === "memory" ? KEPT : ARRIVED);
  const common = { rename: undefined, overwrite: false, hidden: false };
  const sink = context.hub.engine.sink({ ...common, folder, create: to === "disk", discard: to === "memory" });
  const { tuning } = site;
  const options = {
    ...common,
    folder,
    allowLeftOut: false,
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

/** Keeps what a transfer tells, and lets through only what is worth to be told in the middle of a test. */
class PhaseOutput extends SilentOutput {
  facts: FactSheet | undefined;

  constructor(readonly outer: Output) {
    super();
  }

  override complete(facts: FactSheet): void {
    this.facts = facts;
  }

  override fileFailed(failure: FileFailure): void {
    this.outer.fileFailed(failure);
  }

  override warning(text: string): void {
    this.outer.warning(text);
  }
}
