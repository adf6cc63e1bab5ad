/** `ultra send`. @module */

import { UltraError } from "../base/errors.ts";
import { orEnded } from "../base/interrupted.ts";
import type { Peer } from "../meet/join.ts";
import { Offering } from "../session/offering.ts";
import { send } from "../session/once.ts";
import { offerClipboard } from "./clipboard.ts";
import type { CommandContext } from "./context.ts";
import { finish } from "./finish.ts";
import { Keeping } from "./keeping.ts";
import type { SendTask } from "./resolve.ts";
import { dialFor, wait } from "./waiting.ts";

export async function sendCommand(
  task: SendTask,
  context: CommandContext,
): Promise<number> {
  const { offer, paths } = task.clipboard
    ? await offerClipboard(task, context)
    : { offer: () => Offering.ofPaths(task.paths, task, context), paths: task.paths };
  const offering = offer();
  try {
    return await sendOffering(offering, { ...task, paths }, offer, context);
  } catch (error) {
    throw offering.isMissing && error instanceof UltraError ? likelyTicket(paths, error) ?? error : error;
  }
}

async function sendOffering(
  offering: Offering,
  task: SendTask,
  offer: () => Offering,
  context: CommandContext,
): Promise<number> {
  const { tell } = context;
  await offering.begun(context);
  const keeping = await Keeping.begin(task, context);
  const [peer] = await Promise.all([
    offering.orFailed(orEnded(meet(task, offering, keeping, context), context.ended)),
    offering.sized(context),
  ]);
  const outcome = await keeping.during(context, (own) => send(offering, peer, task, own, offer));
  await keeping.over(outcome, peer);
  return finish(outcome, task, tell);
}

/** Too short for a ticket, and no file: what was to be sent, or a ticket that is not whole. */
function likelyTicket(paths: readonly string[], { message }: UltraError): UltraError | undefined {
  const path = paths.find((path) => /^ultra[1-9][a-z0-9]*$/i.test(path) && message.includes(`"${path}"`));
  if (path === undefined) return undefined;
  const text = `"${path}" is no file, and as a ticket it is mistyped or cut off; copy the whole of it again`;
  return new UltraError("usage", text);
}

async function meet(
  task: SendTask,
  offering: Offering,
  keeping: Keeping,
  context: CommandContext,
): Promise<Peer> {
  const { peer } = task;
  if (peer.type === "dial") return await dialFor(task, peer, keeping, context);
  const { tell } = context;
  const waiting = await wait(task, peer, keeping, context);
  const showOffer = () => {
    const { offered } = offering;
    if (offered !== undefined) tell({ type: "offering", offered });
  };
  showOffer();
  tell({ type: "phase", phase: "waiting" });
  const met = waiting.next();
  // A long walk is reported when it ends, unless a receiver has come by then.
  if (offering.offered === undefined) await Promise.race([offering.known.then(showOffer), met]);
  return await met;
}
