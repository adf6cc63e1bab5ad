/** Datagram sockets for tests. @module */

import { createSocket } from "node:dgram";

export interface DatagramSocket extends AsyncDisposable {
  readonly port: number;
  send(bytes: Uint8Array, port: number): Promise<void>;
}

/** A socket on loopback that takes everything and never answers. */
export async function silentSocket(): Promise<DatagramSocket> {
  const socket = createSocket("udp4");
  await new Promise<void>((bound) => socket.bind(0, "127.0.0.1", bound));
  return {
    port: socket.address().port,
    send: (bytes, port) =>
      new Promise((sent, failed) =>
        socket.send(bytes, port, "127.0.0.1", (error) => error === null ? sent() : failed(error))
      ),
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => socket.close(() => closed())),
  };
}

export interface CountedSocket extends AsyncDisposable {
  /** Resolved when datagrams have come over so long a time. */
  heardFor(milliseconds: number): Promise<void>;
}

/** A socket on a port of loopback that hears everything and never answers. */
export async function countedSocket(port: number): Promise<CountedSocket> {
  const socket = createSocket("udp4");
  await new Promise<void>((bound) => socket.bind(port, "127.0.0.1", bound));
  let since: number | undefined;
  return {
    heardFor: (milliseconds) =>
      new Promise((heard) =>
        socket.on("message", () => {
          since ??= performance.now();
          if (performance.now() - since >= milliseconds) heard();
        })
      ),
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => socket.close(() => closed())),
  };
}

/** A way to a port on loopback that can be stopped in one direction. */
export interface Relay extends AsyncDisposable {
  /** Where a dialer finds it. */
  readonly port: number;
}

/**
 * Hands datagrams on between one dialer and the port behind it.
 *
 * @param holdAfter so many datagrams of the dialer, and the answers are held back
 * @param holdMs until the dialer sends something at least so much later; then they are handed on, in their order
 */
export async function relayTo(port: number, holdAfter = Infinity, holdMs = 0): Promise<Relay> {
  const [front, back] = [createSocket("udp4"), createSocket("udp4")];
  for (const socket of [front, back]) await new Promise<void>((bound) => socket.bind(0, "127.0.0.1", bound));
  let dialer = 0;
  let count = 0;
  let heldSince: number | undefined;
  let held: Uint8Array[] = [];
  front.on("message", (bytes, from) => {
    dialer = from.port;
    count += 1;
    if (count === holdAfter) heldSince = performance.now();
    if (heldSince !== undefined && performance.now() - heldSince > holdMs) {
      heldSince = undefined;
      for (const answer of held) front.send(answer, dialer, "127.0.0.1");
      held = [];
    }
    back.send(bytes, port, "127.0.0.1");
  });
  back.on("message", (bytes) => {
    if (heldSince === undefined) front.send(bytes, dialer, "127.0.0.1");
    else held.push(bytes);
  });
  return {
    port: front.address().port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of [front, back]) await new Promise<void>((closed) => socket.close(() => closed()));
    },
  };
}
