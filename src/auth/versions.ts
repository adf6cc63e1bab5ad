/**
 * Which versions of the protocol this `ultra` speaks, and what two sides have in common.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";

/** How files travel: in the frames of ULTRA, or in the pieces of the older format. */
export type Format = "ultra" | "blazing";

/** `auto`: the older format with a peer that speaks no other. */
export const FORMAT_CHOICES = ["auto", "ultra", "blazing"] as const;

export type FormatChoice = (typeof FORMAT_CHOICES)[number];

/**
 * What an ALPN selects: the format, the versions of the messages that are spoken there, most preferred first, and whether there are
 * lanes.
 */
export interface Dialect {
  readonly alpn: string;
  readonly format: Format;
  readonly versions: readonly number[];
  /** How lanes are spoken stands in the engine's table of the same ALPNs, `native/engine/src/blocks/dialects.rs`. */
  readonly lanes: boolean;
}

/**
 * In the order in which they are offered in TLS, and in which a listener chooses. The older format comes behind all that any version of ULTRA
 * offers, so that it is spoken only with a peer that offers none of it. The choice is part of a handshake with the pinned certificate:
 * nobody on the way can take ULTRA out of it.
 */
export const DIALECTS: readonly Dialect[] = [
  { alpn: "ultra/2", format: "ultra", versions: [2], lanes: true },
  // Offered by every version behind its own, for hellos only: so that two sides without a common version can still say so.
  { alpn: "ultra", format: "ultra", versions: [], lanes: false },
  // Its messages are those of version 2.
  { alpn: "blazing/1", format: "blazing", versions: [2], lanes: true },
];

/** What is offered in TLS, and spoken. */
export function alpnsOf(choice: FormatChoice): readonly string[] {
  return DIALECTS.filter(({ format }) => choice === "auto" || choice === format).map(({ alpn }) => alpn);
}

/**
 * What a listener takes in TLS, which chooses in this order: first what it speaks, then all else. Whoever speaks nothing of the former is
 * turned away, and the listener's user hears of it; TLS alone would refuse without a word here.
 */
export function takenAlpns(choice: FormatChoice): readonly string[] {
  return [...new Set([...alpnsOf(choice), ...alpnsOf("auto")])];
}

/** Those of ULTRA. */
export const ALPNS: readonly string[] = alpnsOf("ultra");

/** The format of a connection, by the ALPN that its handshake chose. */
export function formatOf(alpn: string): Format {
  return DIALECTS.find((dialect) => dialect.alpn === alpn)?.format ?? "ultra";
}

/** All protocol versions that this `ultra` speaks. */
export const VERSIONS: readonly number[] = [...new Set(DIALECTS.flatMap(({ versions }) => versions))];

/** The version to speak: the dialer's favourite among those that both speak; 0 when there is none, or the ALPN's dialect has no lanes. */
export function chooseVersion(alpn: string, dialer: readonly number[], listener: readonly number[]): number {
  if (!DIALECTS.some((dialect) => dialect.alpn === alpn && dialect.lanes)) return 0;
  return dialer.find((version) => version !== 0 && listener.includes(version)) ?? 0;
}

/** The same sentence on both sides, each with its own versions first. */
export function noCommonVersion(own: readonly number[], other: readonly number[]): UltraError {
  return new UltraError(
    "protocol",
    `No common version: this ultra speaks ${own.join(", ")}, the other side speaks ${other.join(", ")}. ` +
      "Install the same version of ultra on both computers.",
  );
}
