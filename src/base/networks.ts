/**
 * Whether an address lies in one of some networks. Pure.
 *
 * (`node:net` could tell, but it takes 10 ms of each start to load.)
 *
 * @module
 */

import { parseIp } from "./addresses.ts";

interface Network {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly bits: number;
}

/** @param networks as `10.0.0.0/8` */
export function networkTest(networks: readonly string[]): (address: string) => boolean {
  const parsed = networks.map(parseNetwork);
  return (text) => {
    // With or without a zone (`fe80::1%eth0`).
    const [written = ""] = text.split("%");
    const address = parseIp(written);
    return address !== undefined && parsed.some((network) => contains(network, unmapped(address)));
  };
}

function parseNetwork(text: string): Network {
  const [written = "", bits] = text.split("/");
  const address = parseIp(written);
  if (address === undefined) throw new RangeError(`${text} is no network`);
  return { address, bits: Number(bits) };
}

function contains({ address, bits }: Network, other: Uint8Array): boolean {
  if (address.length !== other.length) return false;
  const bytes = Math.floor(bits / 8);
  for (let at = 0; at < bytes; at++) if (address[at] !== other[at]) return false;
  const mask = 0xff00 >> bits % 8 & 0xff;
  return ((address[bytes] ?? 0) & mask) === ((other[bytes] ?? 0) & mask);
}

/** The IPv4 address that stands for an IPv6 one like `::ffff:10.0.0.1`. */
function unmapped(address: Uint8Array): Uint8Array {
  const isMapped = address.length === 16 && address[10] === 0xff && address[11] === 0xff &&
    address.subarray(0, 10).every((byte) => byte === 0);
  return isMapped ? address.subarray(12) : address;
}
