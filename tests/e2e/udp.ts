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
