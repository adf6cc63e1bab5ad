/**
 * Addresses with ports. Pure.
 *
 * @module
 */

/** Where to listen. */
export interface ListenEndpoint {
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
}

/** What a ticket is to say instead of the machine's own addresses. */
export interface AdvertisedHost {
  readonly type: "address" | "name";
  readonly host: string;
  /** `undefined`: the port that is listened on. */
  readonly port: number | undefined;
}

/** All addresses of both families, and a free port. */
export const LISTEN_EVERYWHERE: ListenEndpoint = { address: "::", port: 0 };

/** `ADDR:PORT`, or `[ADDR]:PORT` for IPv6. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The address in `ADDR:PORT` as the engine reports it. */
export function addressOf(endpoint: string): string {
  return /^\[(.*)\]:[0-9]+$/.exec(endpoint)?.[1] ?? /^([^:]*):[0-9]+$/.exec(endpoint)?.[1] ?? endpoint;
}
