/** `ultra test`. @module */

import type { Listener } from "../meet/listen.ts";
import { meetByTicket, nextPeer, startWaiting } from "../meet/meet.ts";
import type { Context } from "../link/context.ts";
import type { TestSite } from "../measure/phase.ts";
import { answerTest, driveTest, type Meet } from "../measure/conversation.ts";
import { systemAddresses } from "../meet/hints.ts";
import { makeTestFolder, type TestFolder } from "../measure/folder.ts";
import type { TestSide } from "../protocol/messages.ts";
import { parseTicket, type Ticket } from "../protocol/ticket.ts";
import type { Outcome } from "../transfer/outcome.ts";
import { testPlan } from "../measure/plan.ts";
import { SilentOutput } from "../ui/silent.ts";
import type { Peer, TestInvocation } from "./arguments.ts";
import { EXIT_DONE } from "./exit.ts";
import { finish } from "./finish.ts";
import { showTicket } from "./ticket.ts";

type Listening = Peer & { readonly type: "listen" };

/** Where a machine meets itself. */
const LOOPBACK: Listening = {
  type: "listen",
  endpoint: { address: "127.0.0.1", port: 0 },
  advertise: [],
  ticketOut: undefined,
};

/** @param makeFolder makes the folder for what goes to the disk; removed at the end, however that comes */
export async function testCommand(
  invocation: TestInvocation,
  ticket: Ticket | undefined,
  context: Context,
  makeFolder: (parent: string) => Promise<TestFolder> = makeTestFolder,
): Promise<number> {
  // Before anybody is met: a folder that cannot be used is told at once.
  const folder = await makeFolder(invocation.folder);
  // No `await using`: the bundler's minifier inlines a variable that is used once, and drops its disposal.
  try {
    const outcome = await runTest(invocation, ticket, { folder, tuning: invocation.tuning }, context);
    return outcome === undefined ? EXIT_DONE : finish(outcome, { allowLeftOut: false }, context.output);
  } finally {
    await folder[Symbol.asyncDispose]();
  }
}

async function runTest(
  invocation: TestInvocation,
  ticket: Ticket | undefined,
  site: TestSite,
  context: Context,
): Promise<Outcome | undefined> {
  const { peer, size } = invocation;
  switch (peer.type) {
    case "local":
      return await testLocally(invocation, site, context);
    case "dial": {
      if (ticket === undefined) throw new Error("A dialer has a ticket");
      const plan = testPlan({ size, isLocal: false });
      return await driveTest(plan, dialing(ticket, invocation, context), waysOf("dialer"), site, context);
    }
    case "listen": {
      const { listener, ticket: text } = await wait(invocation, peer, context);
      await showTicket(text, "test", peer.ticketOut, context.output);
      context.output.phase("waiting");
      return await answerTest(() => nextPeer(listener, context), waysOf("listener"), site, context);
    }
  }
}

/** Both sides in this process; the one that dials tells. */
async function testLocally(
  invocation: TestInvocation,
  site: TestSite,
  context: Context,
): Promise<Outcome | undefined> {
  const over = new AbortController();
  const ended = AbortSignal.any([context.ended, over.signal]);
  const there: Context = { ...context, output: new SilentOutput(), ended };
  const { listener, ticket } = await wait(invocation, LOOPBACK, there);
  const way = () => "local" as const;
  const answering = answerTest(() => nextPeer(listener, there), way, site, there);
  const plan = testPlan({ size: invocation.size, isLocal: true });
  const meet = dialing(parseTicket(ticket), invocation, context);
  const driving = driveTest(plan, meet, way, site, context);
  // Whichever fails first says why; the other one only notices.
  driving.catch(() => {});
  try {
    return await Promise.race([driving, failureOf(answering)]);
  } finally {
    over.abort("the end of the test");
    await answering.catch(() => {});
  }
}

function dialing(ticket: Ticket, { tuning }: TestInvocation, context: Context): Meet {
  // Only the first time it is worth a word.
  let { output } = context;
  return () => {
    const met = meetByTicket(ticket, "test", tuning, { ...context, output });
    output = new SilentOutput();
    return met;
  };
}

function wait(
  { tuning }: TestInvocation,
  { endpoint, advertise }: Listening,
  context: Context,
): Promise<{ readonly listener: Listener; readonly ticket: string }> {
  return startWaiting({
    role: "test",
    endpoint,
    advertise,
    machine: systemAddresses(context.hub.engine),
    // For each phase the other side comes again.
    longLived: true,
    tuning,
  }, context);
}

function waysOf(side: TestSide): (sender: TestSide) => "send" | "receive" {
  return (sender) => sender === side ? "send" : "receive";
}

/** Rejected with the promise; never resolved. */
function failureOf(promise: Promise<unknown>): Promise<never> {
  return promise.then(() => new Promise<never>(() => {}));
}
