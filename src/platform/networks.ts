/**
 * Whether an address lies in one of some networks. Pure.
 *
 * @module
 */

import { BlockList, isIP } from "node:net";

/** @param networks as `10.0.0.0/8` */
export function networkTest(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return (text) => {
    // With or without a zone (`fe80::1%eth0`). BlockList takes `::ffff:10.0.0.1` for the IPv4 address that it is.
    const [address = ""] = text.split("%");
    return isIP(address) !== 0 && list.check(address, familyOf(address));
  };
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}
