/**
 * Whether an address is in the same building or anywhere, judged before anything could be measured.
 *
 * @module
 */

import { networkTest } from "../base/networks.ts";

/** `loopback`: this machine; `near`: private and link-local addresses; `far`: all others, and whatever is not an address. */
export type Distance = "loopback" | "near" | "far";

const isLoopback = networkTest(["127.0.0.0/8", "::1/128"]);

/** Networks that routers do not carry beyond their owner. 100.64.0.0/10 is not among them: overlay VPNs span continents with it. */
const isNear = networkTest([
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
]);

/** @param address an IP address without port */
export function distanceOf(address: string): Distance {
  if (isLoopback(address)) return "loopback";
  return isNear(address) ? "near" : "far";
}
