/**
 * Whether an address is in the same building or anywhere, judged before anything could be measured.
 *
 * @module
 */

import { BlockList, isIP } from "node:net";

/** `near`: loopback, private and link-local addresses; `far`: all others, and whatever is not an address. */
export type AddressClass = "near" | "far";

/** Networks that routers do not carry beyond their owner. 100.64.0.0/10 is not among them: overlay VPNs span continents with it. */
const NEAR_NETWORKS: readonly (readonly [string, number, "ipv4" | "ipv6"])[] = [
  ["127.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["::1", 128, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
];

const near = new BlockList();
for (const [network, prefix, family] of NEAR_NETWORKS) near.addSubnet(network, prefix, family);

/** @param address an IP address without port; with or without a zone (`%eth0`), IPv4 also as a socket of both families has it */
export function addressClass(address: string): AddressClass {
  const [plain = ""] = address.split("%");
  const family = isIP(plain);
  if (family === 0) return "far";
  // BlockList takes `::ffff:10.0.0.1` for the IPv4 address that it is.
  return near.check(plain, family === 4 ? "ipv4" : "ipv6") ? "near" : "far";
}
