/**
 * Which addresses a ticket names: where other computers may reach this one.
 *
 * @module
 */

import type { Engine } from "../engine/engine.ts";
import { UltraError } from "../base/errors.ts";
import { parseIp } from "../base/addresses.ts";
import { PIN_LEN } from "../protocol/limits.ts";
import { handyTicket, hintsThatFit, type TicketHint } from "../protocol/ticket.ts";
import { distanceOf } from "../settings/distance.ts";
import type { AdvertisedHost, ListenEndpoint } from "../base/endpoints.ts";
import { networkTest } from "../base/networks.ts";

/** One address of one interface, as `Deno.networkInterfaces()` has it. */
export interface InterfaceAddress {
  readonly name: string;
  readonly address: string;
}

/**
 * Interfaces that exist for containers and virtual machines of this computer: their addresses cannot be reached from outside, and a dialer
 * would lose time with them. VPNs (tun, wg, tailscale, zt) are not among them: those lead somewhere.
 */
const INTERNAL_INTERFACES =
  /^(docker|br-|veth|virbr|vnet|cni|flannel|cali|cilium|kube|lxc|lxd|incus|podman|vmnet|vboxnet|vEthernet|bridge1\d\d$)/i;

/** Addresses that no other computer can dial: loopback, multicast, and link-local IPv6, whose zone is another on each machine. */
const isUseless = networkTest([
  "0.0.0.0/8",
  "127.0.0.0/8",
  "224.0.0.0/3",
  "::1/128",
  "fe80::/10",
  "ff00::/8",
]);

/** What a machine assigns to itself when no server assigns an address: it reaches what is on the same cable. */
const isSelfAssigned = networkTest(["169.254.0.0/16"]);

/** For a machine without any network: both sockets of all addresses answer here. */
const LOOPBACK = "127.0.0.1";

/** The addresses of this machine. */
export interface MachineAddresses {
  readonly interfaces: readonly InterfaceAddress[];
  /** Those from which it reaches everything that is not in a network of its own, IPv4 first. */
  readonly outward: readonly string[];
}

/**
 * The addresses of a ticket, best first. Of the machine's own there are few, so that the ticket stays short.
 *
 * @param advertise what the user named; when there is any, it stands alone
 * @param endpoint what is listened on, its port being the real one
 * @throws {UltraError} `usage` when the user named more than a ticket holds
 */
export function ticketHints(
  advertise: readonly AdvertisedHost[],
  endpoint: ListenEndpoint,
  machine: MachineAddresses,
  pinLength: number = PIN_LEN,
): TicketHint[] {
  const hints = advertise.map(({ type, host, port = endpoint.port }): TicketHint =>
    type === "name" ? { type, name: host, port } : { type, address: host, port }
  );
  if (hints.length > 0) {
    if (hintsThatFit(hints, pinLength).length < hints.length) {
      throw new UltraError("usage", "Too many addresses for one ticket", { reason: "too-many-addresses" });
    }
    return hints;
  }
  return hintsThatFit(
    reachableAddresses(endpoint.address, machine)
      .map((address) => ({ type: "address", address, port: endpoint.port })),
    pinLength,
    handyTicket(pinLength),
  );
}

/**
 * Addresses at which a peer may reach a socket, most likely first. Loopback only when there is nothing else.
 *
 * @param listening `::` is all addresses of both families, `0.0.0.0` all of IPv4; any other one is the only one
 */
export function reachableAddresses(listening: string, { interfaces, outward }: MachineAddresses): string[] {
  if (listening !== "::" && listening !== "0.0.0.0") return [listening];
  const fitting = interfaces
    .filter(({ address }) => parseIp(address) !== undefined && (listening === "::" || !address.includes(":")));
  const outside = fitting
    .filter(({ name, address }) => !INTERNAL_INTERFACES.test(name) && !isUseless(address));
  if (outside.length === 0) return [LOOPBACK];
  const addresses = [...new Set(outside.map(({ address }) => address))];
  return addresses.sort((a, b) => rank(a, outward) - rank(b, outward));
}

/** This machine's addresses; none when they cannot be read, which is no reason not to listen. */
export function systemAddresses(engine: Pick<Engine, "outward">): MachineAddresses {
  return { interfaces: systemInterfaces(), outward: engine.outward() };
}

/** The addresses that this machine has now. */
export function currentAddresses(): string[] {
  return systemInterfaces().map(({ address }) => address);
}

function systemInterfaces(): InterfaceAddress[] {
  try {
    return Deno.networkInterfaces().map(({ name, address }) => ({ name, address }));
  } catch {
    return [];
  }
}

/**
 * The lower, the more likely it is that the other computer gets there. First comes IPv4, which more networks carry; in it the address of
 * the default route, then others as near ones before far ones. Sorting is stable, so the system's order decides the rest.
 */
function rank(address: string, outward: readonly string[]): number {
  if (isSelfAssigned(address)) return 8;
  const family = address.includes(":") ? 4 : 0;
  if (outward.includes(address)) return family;
  return family + (distanceOf(address) === "far" ? 2 : 1);
}
