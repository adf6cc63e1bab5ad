/** The three ways to measure: over a network as the side that dials or the one that waits, or both sides in one process. @module */

import type { Listener } from "../meet/listen.ts";
import { meetByTicket, nextPeer, startWaiting } from "../meet/meet.ts";
import type { TestSide } from "../protocol/messages.ts";
import { parseTicket, type Ticket } from "../protocol/ticket.ts";
import type { Outcome } from "../transfer/outcome.ts";
import { answerTest, driveTest, type Meet } from "./conversation.ts";
import type { MeasureContext } from "./events.ts";
import type { TestSite } from "./phase.ts";
import { testPlan } from "./plan.ts";

/** Where a machine meets itself. */
const LOOPBACK = { address: "127.0.0.1", port: 0 } as const;

/** As the side that dials, which says what is measured. @param size bytes of each phase; `undefined`: what takes some seconds */
export async function measureByTicket(
  ticket: Ticket,
  size: number | undefined,
  site: TestSite,
  context: MeasureContext,
): Promise<Outcome | undefined> {
  const plan = testPlan({ size, isLocal: false });
  return await driveTest(plan, dialing(ticket, site, context), waysOf("dialer"), site, context);
}

/** As the side that waits. */
export async function measureAsked(
  listener: Listener,
  site: TestSite,
  context: MeasureContext,
): Promise<Outcome | undefined> {
  return await answerTest(() => nextPeer(listener, context), waysOf("listener"), site, context);
}

/** Both sides in this process; the one that dials tells. */
export async function measureLocally(
  size: number | undefined,
  site: TestSite,
  context: MeasureContext,
): Promise<Outcome | undefined> {
  const over = new AbortController();
  const ended = AbortSignal.any([context.ended, over.signal]);
  const there: MeasureContext = { ...context, tell: () => {}, ended };
  const { listener, ticket } = await startWaiting({
    role: "test",
    endpoint: LOOPBACK,
    advertise: [],
    // It listens on one address, and names it.
    machine: { interfaces: [], outward: [] },
    // For each phase the other side comes again.
    longLived: true,
    tuning: site.tuning,
  }, there);
  const way = () => "local" as const;
  const answering = answerTest(() => nextPeer(listener, there), way, site, there);
  const plan = testPlan({ size, isLocal: true });
  const driving = driveTest(plan, dialing(parseTicket(ticket), site, context), way, site, context);
  // Whichever fails first says why; the other one only notices.
  driving.catch(() => {});
  try {
    return await Promise.race([driving, failureOf(answering)]);
  } finally {
    over.abort("the end of the test");
    await answering.catch(() => {});
  }
}

function dialing(ticket: Ticket, { tuning }: TestSite, context: MeasureContext): Meet {
  // Only the first time it is worth a word.
  let { tell } = context;
  return () => {
    const met = meetByTicket(ticket, "test", tuning, { ...context, tell });
    tell = () => {};
    return met;
  };
}

function waysOf(side: TestSide): (sender: TestSide) => "send" | "receive" {
  return (sender) => sender === side ? "send" : "receive";
}

/** Rejected with the promise; never resolved. */
function failureOf(promise: Promise<unknown>): Promise<never> {
  return promise.then(() => new Promise<never>(() => {}));
}
