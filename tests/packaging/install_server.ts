/** A release on a server of this machine, for the tests of the install scripts. @module */

import assert from "node:assert/strict";
import { createServer } from "node:http";

/** In place of an executable; longer than what a server sends at once. */
export const PROGRAM = new TextEncoder().encode(`#!/bin/sh\necho ultra 0.1.0\n${"#".repeat(300_000)}\n`);

async function sumOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** A server with these files; the first answer with the one that is `cut` ends in its middle, and then it is gone. */
export async function serve(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>, cut?: string) {
  let isGone = false;
  const server = createServer((request, response) => {
    const name = (request.url ?? "").replace("/releases/", "");
    const bytes = files.get(name);
    if (bytes === undefined || (name === cut && isGone)) {
      response.writeHead(404).end("nothing here");
      return;
    }
    response.writeHead(200, { "content-length": bytes.length });
    if (name !== cut) {
      response.end(bytes);
      return;
    }
    isGone = true;
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    address: `http://127.0.0.1:${address.port}/releases/`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** The files of a release with one executable, and sums that fit it unless another one is given. */
export async function releaseOf(name: string, program = PROGRAM, sum?: string) {
  const sums = new TextEncoder().encode(`${sum ?? await sumOf(program)}  ${name}\n`);
  return new Map([[name, program], ["SHA256SUMS", sums]]);
}
