/**
 * Runs the flights before proof over a link: `docs/protocol.md`, "Before proof". Both halves; the rules are in `src/auth/`.
 *
 * @module
 */

import {
  DialerHandshake,
  type DialerOptions,
  ListenerHandshake,
  type ListenerOptions,
  type Proved,
  type Received,
  type Step,
} from "../auth/handshake.ts";
import { ALL_RIGHTS, type Rights } from "../auth/rights.ts";
import { type Format, formatOf } from "../auth/versions.ts";
import { UltraError } from "../base/errors.ts";
import type { Timers } from "../base/timers.ts";
import { EXIT_CODES } from "../protocol/codes.ts";
import type { DialerHello, ListenerHello } from "../protocol/messages.ts";
import { wireText } from "../transfer/outcome.ts";
import type { ControlLink, LinkEnd } from "../link/control_link.ts";
import { type Heard, listenFor } from "../link/listen_for.ts";

/** A stranger gets this long, whatever it sends (CVE-2026-70464 is a deadline that began after the reads it was for). */
const LISTENER_DEADLINE_MS = 5000;

/** A listener that accepted the connection and then says nothing is not one of ours, or hangs. */
const DIALER_DEADLINE_MS = 10_000;

/** A peer that has proved the secret. */
export interface ProvedLink<PeerHello = DialerHello | ListenerHello> {
  readonly link: ControlLink;
  /** How files travel here. */
  readonly format: Format;
  readonly proved: Proved<PeerHello>;
  /** How a listener let it in; on a dialer absent. */
  readonly admission?: Admission;
}

/** What a dialer may do. */
export interface Admission {
  readonly rights: Rights;
  /** The id of the further ticket that it proved, at first; `undefined`: it was the listener's own. */
  readonly ticket: Uint8Array | undefined;
  /** What its owner calls that ticket. */
  readonly label: string | undefined;
  /** Whether its owner has taken that ticket back since. */
  readonly isTakenBack: () => boolean;
}

/** That of the listener's own ticket. */
export const OWN_TICKET: Admission = {
  rights: ALL_RIGHTS,
  ticket: undefined,
  label: undefined,
  isTakenBack: () => false,
};

/** @throws {UltraError} whatever went wrong; the link is closed then */
export function proveAsDialer(
  link: ControlLink,
  options: DialerOptions,
  timers: Timers,
): Promise<ProvedLink<ListenerHello>> {
  const handshake = new DialerHandshake(options);
  link.sendBytes(handshake.hello);
  const receive = (received: Received): Step<ListenerHello> => {
    const step = handshake.receive(received);
    // The listener has proved itself. Once it has this side's proof it sends its offer and pages, any number of them, and they may be here
    // before whoever takes them.
    if (step.type === "proved") link.admit(0);
    return step;
  };
  return run(link, options.alpn, receive, timers, DIALER_DEADLINE_MS);
}

/** @throws {UltraError} whatever the stranger did wrong; the link is closed then */
export function proveAsListener(
  link: ControlLink,
  options: ListenerOptions,
  timers: Timers,
): Promise<ProvedLink<DialerHello>> {
  const handshake = new ListenerHandshake(options);
  return run(link, options.alpn, (received) => handshake.receive(received), timers, LISTENER_DEADLINE_MS);
}

async function run<PeerHello>(
  link: ControlLink,
  alpn: string,
  receive: (received: Received) => Step<PeerHello>,
  timers: Timers,
  deadlineMs: number,
): Promise<ProvedLink<PeerHello>> {
  const late = () => new UltraError("network", "The other side did not prove the ticket's secret in time");
  const hear = (received: Received): Heard<Proved<PeerHello>> => {
    const step = receive(received);
    link.sendBytes(step.send);
    switch (step.type) {
      case "wait":
        return { type: "wait" };
      case "proved":
        return { type: "done", result: step.result };
      case "failed":
        if (step.peerProved) sendAbort(link, step.error);
        return { type: "failed", error: step.error };
    }
  };
  return { link, format: formatOf(alpn), proved: await listenFor(link, { deadlineMs, late, hear }, timers) };
}

/** Whether a link ended as one whose listener, full of strangers, made room for the next one before it had the dialer's proof. */
export function isTurnedAway({ cause, code }: LinkEnd): boolean {
  return cause === "peer" && code === EXIT_CODES.network;
}

/** Says why the conversation ends, on a link on which no transfer runs yet. */
export function sendAbort(link: ControlLink, error: UltraError): void {
  link.send({ type: "abort", kind: error.kind, text: wireText(error.message) });
}
