/** The first datagram of a dialer, as an attacker records it: any `ultra` speaks it, and no secret of the listener is in it. @module */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { encodeTicket } from "../../src/protocol/ticket.ts";

/** Lets `program` dial a socket that never answers, with a ticket that nobody made. */
export async function firstDatagram(program: string, file: string): Promise<Uint8Array<ArrayBuffer>> {
  const socket = createSocket("udp4");
  try {
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const received = once(socket, "message");
    const ticket = encodeTicket({
      role: "receive",
      longLived: false,
      pin: new Uint8Array(16),
      token: new Uint8Array(16),
      hints: [{ type: "address", address: "127.0.0.1", port: socket.address().port }],
    });
    const dialer = new Deno.Command(program, {
      args: ["send", file, ticket],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    })
      .spawn();
    const [datagram]: Uint8Array<ArrayBuffer>[] = await Promise.race([received, endOf(dialer)]);
    if (datagram === undefined) throw new Error("the socket gave no datagram");
    dialer.kill("SIGINT");
    await dialer.status;
    return new Uint8Array(datagram);
  } finally {
    socket.close();
  }
}

async function endOf(dialer: Deno.ChildProcess): Promise<never> {
  const { code } = await dialer.status;
  throw new Error(`the dialer ended with ${code} before it sent anything`);
}
