/** `ultra send`. @module */

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
  const { tell } = context;
  const { offer, paths } = task.clipboard
    ? await offerClipboard(task, context)
    : { offer: () => Offering.ofPaths(task.paths, task, context), paths: task.paths };
  const offering = offer();
  await offering.begun(context);
  const keeping = await Keeping.begin({ ...task, paths }, context);
  const [peer] = await Promise.all([
    offering.orFailed(orEnded(meet(task, offering, keeping, context), context.ended)),
    offering.sized(context),
  ]);
  const outcome = await keeping.during(context, (own) => send(offering, peer, task, own, offer));
  await keeping.over(outcome, peer);
  return finish(outcome, task, tell);
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
