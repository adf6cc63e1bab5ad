/**
 * Addresses as people type them: `ADDR[:PORT]`, `[ADDR]:PORT`, `HOST[:PORT]`. Pure.
 *
 * @module
 */

import { formatIp, parseIp } from "../base/addresses.ts";
import type { AdvertisedHost, ListenEndpoint } from "../base/endpoints.ts";
import { UltraError } from "../base/errors.ts";

const MAX_PORT = 0xffff;

/** What a ticket can hold; names with other letters travel as punycode. */
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*\.?$/;

/** Longest host name in DNS. */
const MAX_HOST_NAME = 253;

/** @throws {UltraError} `usage` */
export function parseListen(text: string): ListenEndpoint {
  const { host, port } = split(text, "--listen");
  const bytes = parseIp(host);
  if (bytes === undefined) {
    throw new UltraError("usage", `--listen takes an IP address, as in 192.0.2.1:7000 or [::]:7000, not "${text}"`);
  }
  return { address: formatIp(bytes), port: port ?? 0 };
}

/** @throws {UltraError} `usage` */
export function parseAdvertise(text: string): AdvertisedHost {
  const { host, port } = split(text, "--advertise");
  if (port === 0) throw new UltraError("usage", `--advertise cannot name port 0: nobody could dial it`);
  const bytes = parseIp(host);
  if (bytes !== undefined) return { type: "address", host: formatIp(bytes), port };
  // Only digits and dots is an address mistyped: no top-level domain is a number.
  if (!HOST_NAME.test(host) || host.length > MAX_HOST_NAME || /^[0-9.]+$/.test(host)) {
    throw new UltraError("usage", `--advertise takes an address or a host name, with or without :PORT, not "${text}"`);
  }
  return { type: "name", host, port };
}

function split(text: string, flag: string): { host: string; port: number | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    const [, host = "", port] = bracketed;
    // Brackets are for IPv6 alone; anything else in them is left to the caller to refuse.
    return { host: host.includes(":") ? host : text, port: parsePort(port, flag) };
  }
  const parts = text.split(":");
  // Several colons without brackets are an IPv6 address without port.
  if (parts.length > 2) return { host: text, port: undefined };
  return { host: parts[0] ?? "", port: parsePort(parts[1], flag) };
}

function parsePort(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= MAX_PORT)) throw new UltraError("usage", `${flag}: "${text}" is no port; ports are 0 to ${MAX_PORT}`);
  return port;
}
