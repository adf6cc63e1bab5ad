/**
 * The conversation of `ultra test`: the dialer says which phase comes, on a connection for each, and both run it. Both halves.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { orEnded } from "../base/interrupted.ts";
import { atMost } from "../base/timers.ts";
import { type Heard, listenFor } from "../link/listen_for.ts";
import type { TestPhase, TestSide } from "../protocol/messages.ts";
import type { Outcome } from "../transfer/outcome.ts";
import { isTooShort, type Measurement, testVerdicts } from "./verdict.ts";
import type { Peer } from "../meet/join.ts";
import type { ControlLink } from "../link/control_link.ts";
import { sendAbort } from "../meet/prove.ts";
import type { MeasureContext } from "./events.ts";
import { type PhaseResult, runPhase, type TestSite } from "./phase.ts";

/** The next connection whose other end has proved itself. */
export type Meet = () => Promise<Peer>;

/** Which way a phase goes, as this side sees it. */
type WayOf = (sender: TestSide) => Measurement["way"];

/** The other side makes up its mind and dials: more than the ten seconds that dialing may take means that it is gone. */
const NEXT_PHASE_MS = 15_000;

/** How long the word for the phase may take behind the proof. */
const PHASE_MS = 5000;

/** Runs the phases of a plan, each over a connection of its own. The result is the first bad outcome, if there is one. */
export async function driveTest(
  plan: Generator<Omit<TestPhase, "type">, void, number>,
  meet: Meet,
  wayOf: WayOf,
  site: TestSite,
  context: MeasureContext,
): Promise<Outcome | undefined> {
  const results = new Results(wayOf, context);
  for (let step = plan.next(0); !step.done;) {
    const phase = step.value;
    const peer = await meet();
    results.begin(phase);
    peer.link.send({ type: "test-phase", ...phase });
    const result = await runPhase(peer, phase, phase.sender === "dialer", site, context);
    const seconds = results.end(phase, result);
    if (seconds === undefined) return result.outcome;
    step = plan.next(seconds);
  }
  results.tell();
  return undefined;
}

/** Runs the phases that the other side names. */
export async function answerTest(
  meet: Meet,
  wayOf: WayOf,
  site: TestSite,
  context: MeasureContext,
): Promise<Outcome | undefined> {
  const results = new Results(wayOf, context);
  for (let isFirst = true;; isFirst = false) {
    const peer = await (isFirst ? meet() : next(meet, context));
    const phase = await orEnded(phaseOf(peer.link, context), context.ended);
    results.begin(phase);
    const result = await runPhase(peer, phase, phase.sender === "listener", site, context);
    if (results.end(phase, result) === undefined) return result.outcome;
    if (phase.isLast) break;
  }
  results.tell();
  return undefined;
}

/** What the phases came to, as this side sees them. */
class Results {
  readonly #wayOf: WayOf;
  readonly #context: MeasureContext;
  readonly #measurements: Measurement[] = [];
  #isAgain = false;

  constructor(wayOf: WayOf, context: MeasureContext) {
    this.#wayOf = wayOf;
    this.#context = context;
  }

  begin({ sender, from, to, size }: Omit<TestPhase, "type">): void {
    const phase = { way: this.#wayOf(sender), from, to, bytes: size };
    this.#tellAgain(from);
    this.#context.tell({ type: "measuring", phase });
  }

  /** The first round ends with what goes from disk to disk. */
  #tellAgain(from: TestPhase["from"]): void {
    const isSecond = from === "memory" && this.#measurements.some((one) => one.from === "disk" && one.to === "disk");
    if (!isSecond || this.#isAgain) return;
    this.#isAgain = true;
    const why = this.#measurements.some(isTooShort) ? "too-short" : "chance";
    this.#context.tell({ type: "measuring-again", why });
  }

  /** The seconds of a good phase. */
  end(phase: Omit<TestPhase, "type">, { outcome, facts }: PhaseResult): number | undefined {
    const isGood = outcome.state === "finished" && outcome.summary.exitKind === "done";
    if (!isGood || facts === undefined) return undefined;
    const { sender, from, to, isProbe } = phase;
    // The receiver knows best how long it took, and both sides know what it knows.
    const { receiver } = facts.verdict.reports;
    const seconds = receiver === undefined ? facts.seconds : receiver.spanMicros / 1e6;
    if (!isProbe) {
      const { bytes, verdict } = facts;
      const measurement = { way: this.#wayOf(sender), from, to, bytes, seconds, verdict };
      this.#measurements.push(measurement);
      this.#context.tell({ type: "measured", measurement });
    }
    return seconds;
  }

  tell(): void {
    this.#context.tell({ type: "tested", verdicts: testVerdicts(this.#measurements) });
  }
}

/** The first word on a connection of a test. */
function phaseOf(link: ControlLink, { timers }: MeasureContext): Promise<TestPhase> {
  const fail = (error: UltraError): Heard<TestPhase> => {
    sendAbort(link, error);
    return { type: "failed", error };
  };
  return listenFor(link, {
    deadlineMs: PHASE_MS,
    late() {
      const error = new UltraError("network", "The other side did not say in time what to measure");
      sendAbort(link, error);
      return error;
    },
    hear({ message }) {
      if (message === undefined) return { type: "wait" };
      if (message.type === "abort") return fail(new UltraError(message.kind, message.text));
      if (message.type === "test-phase") return { type: "done", result: message };
      return fail(new UltraError("protocol", `The other side sent "${message.type}" before its phase`));
    },
  }, timers);
}

/** The other side's next connection, if it comes in time. */
async function next(meet: Meet, { timers }: MeasureContext): Promise<Peer> {
  const coming = meet();
  // A later failure is not awaited any more.
  coming.catch(() => {});
  const peer = await atMost(NEXT_PHASE_MS, coming, timers);
  if (peer === undefined) throw new UltraError("network", "The other side did not go on with the test");
  return peer;
}
