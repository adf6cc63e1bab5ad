/**
 * The conversation of `ultra test`: the dialer says which phase comes, on a connection for each, and both run it. Both halves.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { EXIT_CODES } from "../protocol/codes.ts";
import type { TestPhase, TestSide } from "../protocol/messages.ts";
import type { Outcome } from "../transfer/outcome.ts";
import { type Measurement, testVerdicts } from "./verdict.ts";
import type { Peer } from "../meet/join.ts";
import type { ControlLink } from "../link/control_link.ts";
import { orEnded } from "../meet/meet.ts";
import { sendAbort } from "../meet/prove.ts";
import type { Context } from "../link/context.ts";
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
  context: Context,
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
  context: Context,
): Promise<Outcome | undefined> {
  const results = new Results(wayOf, context);
  for (let isFirst = true;; isFirst = false) {
    const peer = await (isFirst ? meet() : within(NEXT_PHASE_MS, meet(), context));
    const phase = await orEnded(phaseOf(peer.link, context), context);
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
  readonly #context: Context;
  readonly #measurements: Measurement[] = [];

  constructor(wayOf: WayOf, context: Context) {
    this.#wayOf = wayOf;
    this.#context = context;
  }

  begin({ sender, from, to, size }: Omit<TestPhase, "type">): void {
    this.#context.output.measuring({ way: this.#wayOf(sender), from, to, bytes: size });
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
      this.#context.output.measured(measurement);
    }
    return seconds;
  }

  tell(): void {
    this.#context.output.tested(testVerdicts(this.#measurements));
  }
}

/** The first word on a connection of a test. */
async function phaseOf(link: ControlLink, { timers }: Context): Promise<TestPhase> {
  const over = Promise.withResolvers<TestPhase>();
  let isOver = false;
  const fail = (error: UltraError) => {
    if (isOver) return;
    isOver = true;
    sendAbort(link, error);
    void link.close(EXIT_CODES[error.kind]).then(() => over.reject(error));
  };
  using _deadline = timers.after(PHASE_MS, () => {
    fail(new UltraError("network", "The other side did not say in time what to measure"));
  });
  link.handle({
    message(decoded) {
      // What follows belongs to the phase.
      if (isOver) return link.keep(decoded);
      const { message } = decoded;
      if (message === undefined) return;
      if (message.type === "abort") return fail(new UltraError(message.kind, message.text));
      if (message.type !== "test-phase") {
        return fail(new UltraError("protocol", `The other side sent "${message.type}" before its phase`));
      }
      isOver = true;
      over.resolve(message);
    },
    broken: fail,
    ended: (end) => {
      // (When it was closed from here, the reason is known better.)
      if (!isOver) over.reject(end.error);
    },
  });
  return await over.promise;
}

async function within<T>(ms: number, promise: Promise<T>, { timers }: Context): Promise<T> {
  const late = Promise.withResolvers<never>();
  using _late = timers.after(ms, () => {
    late.reject(new UltraError("network", "The other side did not go on with the test"));
  });
  // If it fails later, nobody waits for it any more.
  promise.catch(() => {});
  return await Promise.race([promise, late.promise]);
}
