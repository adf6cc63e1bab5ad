/**
 * One phase of a test: a transfer whose ends may be memory, by the same sender and receiver as every other.
 *
 * @module
 */

import type { TestFolder } from "../platform/test_folder.ts";
import type { TestPhase } from "../protocol/messages.ts";
import type { Outcome } from "../transfer/outcome.ts";
import { addressClass } from "../tuning/address_class.ts";
import { grantedLanes } from "../tuning/budget.ts";
import { senderPlan } from "../tuning/connections.ts";
import type { Tuning } from "../tuning/tuning.ts";
import { addressOf } from "../platform/endpoints.ts";
import type { FileFailure, Output, TransferFacts } from "../ui/output.ts";
import { SilentOutput } from "../ui/silent.ts";
import type { Met } from "./join.ts";
import { receive } from "./receive.ts";
import { Offering, send } from "./send.ts";
import type { Surroundings } from "./surroundings.ts";

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
  peer: Met,
  phase: Pick<TestPhase, "from" | "to" | "size">,
  isSender: boolean,
  site: TestSite,
  surroundings: Surroundings,
): Promise<PhaseResult> {
  const output = new PhaseOutput(surroundings.output);
  const inner = { ...surroundings, output };
  const outcome = isSender ? await sendPhase(peer, phase, site, inner) : await receivePhase(peer, phase, site, inner);
  return { outcome, facts: output.facts };
}

async function sendPhase(
  peer: Met,
  { from, size }: Pick<TestPhase, "from" | "size">,
  site: TestSite,
  surroundings: Surroundings,
): Promise<Outcome> {
  const offering = from === "memory"
    ? Offering.ofMemory(size, surroundings)
    : Offering.ofDisk(site.folder.path(KEPT, MEMORY_NAME), surroundings);
  try {
    await offering.started(surroundings);
    const { tuning } = site;
    const path = addressClass(addressOf(peer.link.remote));
    const plan = senderPlan({ path, cores: surroundings.cores, tuning });
    const { chunkBlocks, bytesPerSecond } = tuning;
    const options = { plan, chunkBlocks, bytesPerSecond, allowLeftOut: false };
    return await send(offering, peer, options, surroundings);
  } finally {
    surroundings.hub.engine.dispose(offering.id);
  }
}

async function receivePhase(
  peer: Met,
  { from, to, size }: Pick<TestPhase, "from" | "to" | "size">,
  site: TestSite,
  surroundings: Surroundings,
): Promise<Outcome> {
  const folder = to === "memory" ? "" : await site.folder.fresh(from === "memory" ? KEPT : ARRIVED);
  const common = { rename: undefined, overwrite: false, hidden: false };
  const sink = surroundings.hub.engine.sink({ ...common, folder, create: to === "disk", discard: to === "memory" });
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
  const outcome = await receive(sink, peer, options, surroundings);
  // It would only take room; what came from memory is still to be read.
  if (to === "disk" && from === "disk") await site.folder.fresh(ARRIVED);
  return outcome;
}

/** Keeps what a transfer tells, and lets through only what is worth to be told in the middle of a test. */
class PhaseOutput extends SilentOutput {
  facts: TransferFacts | undefined;

  constructor(readonly outer: Output) {
    super();
  }

  override complete(facts: TransferFacts): void {
    this.facts = facts;
  }

  override fileFailed(failure: FileFailure): void {
    this.outer.fileFailed(failure);
  }

  override warning(text: string): void {
    this.outer.warning(text);
  }
}
