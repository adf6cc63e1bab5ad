/** `ultra test`. @module */

import { makeTestFolder, type TestFolder } from "../measure/folder.ts";
import type { TestSite } from "../measure/phase.ts";
import { measureAsked, measureByTicket, measureLocally } from "../measure/run.ts";
import { systemAddresses } from "../meet/hints.ts";
import { startWaiting } from "../meet/meet.ts";
import type { Outcome } from "../transfer/outcome.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE } from "./exit.ts";
import { finish } from "./finish.ts";
import type { TestTask } from "./resolve.ts";
import { showTicket } from "./ticket.ts";

/** @param makeFolder makes the folder for what goes to the disk; removed at the end, however that comes */
export async function testCommand(
  task: TestTask,
  context: CommandContext,
  makeFolder: (parent: string) => Promise<TestFolder> = makeTestFolder,
): Promise<number> {
  // Before the peer is met: a folder that cannot be used is reported at once.
  const folder = await makeFolder(task.folder);
  // No `await using`: the bundler's minifier inlines a variable that is used once, and drops its disposal.
  try {
    const outcome = await measure(task, { folder, tuning: task.tuning }, context);
    return outcome === undefined ? EXIT_DONE : finish(outcome, { allowLeftOut: false }, context.tell);
  } finally {
    await folder[Symbol.asyncDispose]();
  }
}

async function measure(
  { peer, size, tuning }: TestTask,
  site: TestSite,
  context: CommandContext,
): Promise<Outcome | undefined> {
  switch (peer.type) {
    case "local":
      return await measureLocally(size, site, context);
    case "dial":
      return await measureByTicket(peer.ticket, size, site, context);
    case "listen": {
      const { endpoint, advertise, ticketOut } = peer;
      const machine = systemAddresses(context.hub.engine);
      // For each phase the other side comes again.
      const request = { role: "test", endpoint, advertise, machine, longLived: true, tuning } as const;
      const { listener, ticket: text } = await startWaiting(request, context);
      await showTicket(text, "test", ticketOut, context.tell);
      context.tell({ type: "phase", phase: "waiting" });
      return await measureAsked(listener, site, context);
    }
  }
}
