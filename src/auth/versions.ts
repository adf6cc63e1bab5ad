/**
 * Which versions of the protocol this `ultra` speaks, and what two sides have in common.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";

/** Protocol versions, most preferred first. */
export const VERSIONS: readonly number[] = [1];

/** What a transfer runs over. */
export const TRANSFER_ALPN = "ultra/1";

/** Offered last by every version, for hellos only: so that two sides without a common version can still say so. */
export const VERSION_ALPN = "ultra";

/** What to offer in TLS, in this order. */
export const ALPNS: readonly string[] = [TRANSFER_ALPN, VERSION_ALPN];

/** The version to speak: the dialer's favourite among those that both speak; 0 when there is none, or none for this ALPN. */
export function chooseVersion(alpn: string, dialer: readonly number[], listener: readonly number[]): number {
  if (alpn !== TRANSFER_ALPN) return 0;
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
