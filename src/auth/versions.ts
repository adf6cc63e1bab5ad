/**
 * Which versions of the protocol this `ultra` speaks, and what two sides have in common.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";

/** What an ALPN selects: the versions of the messages that are spoken there, most preferred first, and whether there are lanes. */
export interface Dialect {
  readonly alpn: string;
  readonly versions: readonly number[];
  /** How lanes are spoken stands in the engine's table of the same ALPNs, `native/engine/src/blocks/dialects.rs`. */
  readonly lanes: boolean;
}

/** In the order in which they are offered in TLS. */
export const DIALECTS: readonly Dialect[] = [
  { alpn: "ultra/2", versions: [2], lanes: true },
  // Offered last by every version, for hellos only: so that two sides without a common version can still say so.
  { alpn: "ultra", versions: [], lanes: false },
];

export const ALPNS: readonly string[] = DIALECTS.map(({ alpn }) => alpn);

/** All protocol versions that this `ultra` speaks. */
export const VERSIONS: readonly number[] = DIALECTS.flatMap(({ versions }) => versions);

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
