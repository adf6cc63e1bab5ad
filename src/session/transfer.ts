/**
 * What sending and receiving have in common once both sides have proved themselves: heartbeats, progress, and the end.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { EXIT_CODES, isHandshake } from "../protocol/codes.ts";
import type { Decoded } from "../protocol/decode.ts";
import type { Accept, TransferMessage } from "../protocol/messages.ts";
import type { Outcome, Progress } from "../transfer/outcome.ts";
import { Interrupted, interruption } from "../base/interrupted.ts";
import { ExtraLinks } from "./extra_connections.ts";
import type { Peer } from "../meet/join.ts";
import type { ControlLink, LinkEnd } from "../link/control_link.ts";
import type { Context } from "../link/context.ts";

/** What a session needs of either machine. */
export interface Machine {
  readonly outcome: Outcome;
  readonly progress: Progress;
  receive(message: TransferMessage): void;
  linkLost(): void;
  cancel(error: UltraError): void;
  tick(nowMs: number): void;
}

/** Acknowledgements that are not urgent leave 20 times a second; the machine's clock needs no finer step. */
const TICK_MS = 50;

/** So that a peer whose user pressed nothing still knows that this side lives; QUIC's idle time is twenty of them. */
const HEARTBEAT_MS = 1000;

/** How long a finished sender waits for the receiver to hang up, so that `bye` is not lost. */
const HANG_UP_MS = 2000;

export interface SessionHooks {
  readonly role: "sender" | "receiver";
  /** Connections that this side takes part in, the first one included. */
  readonly mostConnections: number;
  /** Whether the other side has taken up this transfer. Before, it takes few bytes, and hours of heartbeats would be too many. */
  readonly hasBegun: boolean;
  /** Called first: `poke` is to be called after every event of the engine that the machine was told of. */
  begin(poke: () => void): void;
  /** After every event: to feed the machine and to tell the user. */
  step(): void;
  /** Before the machine gets it; `true`: it is not for the machine. */
  message?(message: TransferMessage): boolean;
  /** The other side asked for so many connections. */
  asked(connections: number): void;
  /** A further connection is there; `false`: there is no room for its lanes. */
  joined(link: ControlLink): boolean;
  /** The receiver has taken a further connection; `false`: it should not have said so. */
  accepted?(link: ControlLink, accept: Accept): boolean;
  /** A further connection is gone. */
  left(link: ControlLink): void;
  laneOpened?(lane: number, link: ControlLink): void;
  laneClosed?(lane: number): void;
}

/**
 * Runs a machine over a link until it has an outcome and the connection is closed.
 *
 * @throws {Interrupted} when the user ended the run
 */
export async function runSession(
  { link, extra }: Peer,
  machine: Machine,
  hooks: SessionHooks,
  context: Context,
): Promise<Outcome> {
  const { clock, timers, ended, output } = context;
  const done = Promise.withResolvers<void>();
  const act = (what: () => void) => {
    what();
    // Seals and acknowledgements leave with the clock.
    machine.tick(clock.now());
    hooks.step();
    output.progress(machine.progress);
    if (machine.outcome.state !== "running") done.resolve();
  };
  const further = new ExtraLinks(machine, hooks, act);
  let interrupted: Interrupted | undefined;
  const onEnded = () =>
    act(() => {
      interrupted = new Interrupted(String(ended.reason));
      machine.cancel(interruption());
      done.resolve();
    });
  if (ended.aborted) onEnded();
  ended.addEventListener("abort", onEnded);
  using _tick = timers.every(TICK_MS, () => act(() => {}));
  using _heart = timers.every(HEARTBEAT_MS, () => {
    if (hooks.hasBegun) link.send({ type: "heartbeat" });
  });
  hooks.begin(() => act(() => {}));
  link.handle({
    message: (decoded) => act(() => deliver(decoded, machine, hooks)),
    broken: (error) => act(() => machine.cancel(error)),
    ended: (end) => act(() => lost(machine, end)),
    laneOpened: (lane) => act(() => hooks.laneOpened?.(lane, link)),
    laneClosed: (lane) => act(() => hooks.laneClosed?.(lane)),
  });
  extra.begin(hooks.mostConnections, (link) => further.take(link));
  try {
    await done.promise;
  } finally {
    ended.removeEventListener("abort", onEnded);
    extra.end();
  }
  await Promise.all([
    hangUp(link, machine.outcome, hooks.role, context),
    further.close(codeOf(machine.outcome)),
  ]);
  if (interrupted !== undefined) throw interrupted;
  return machine.outcome;
}

function deliver({ message }: Decoded, machine: Machine, hooks: SessionHooks): void {
  // Unknown, but not critical: from a later version.
  if (message === undefined) return;
  if (isHandshake(message)) {
    return machine.cancel(new UltraError("protocol", `The other side sent "${message.type}" after its proof`));
  }
  if (hooks.message?.(message)) return;
  if (message.type === "want-connections") return askedFor(message.connections, machine, hooks);
  machine.receive(message);
}

function askedFor(connections: number, machine: Machine, hooks: SessionHooks): void {
  if (hooks.hasBegun) hooks.asked(connections);
  else machine.cancel(new UltraError("protocol", "The other side asked for connections before it accepted the offer"));
}

/** The connection ended. Without reconnection (a later version has it) that ends a transfer that still runs. */
function lost(machine: Machine, end: LinkEnd): void {
  machine.linkLost();
  machine.cancel(end.error);
}

async function hangUp(
  link: ControlLink,
  outcome: Outcome,
  role: SessionHooks["role"],
  { timers }: Context,
): Promise<void> {
  // The receiver hangs up when it has `bye`; the sender waits for that, so that `bye` is not lost.
  if (outcome.state === "finished" && role === "sender") {
    const enough = Promise.withResolvers<void>();
    using _enough = timers.after(HANG_UP_MS, () => enough.resolve());
    await Promise.race([link.over, enough.promise]);
    return await link.close(0);
  }
  await link.close(codeOf(outcome));
}

function codeOf(outcome: Outcome): number {
  if (outcome.state === "finished") return 0;
  return outcome.state === "failed" ? EXIT_CODES[outcome.error.kind] : EXIT_CODES.network;
}
