/** A wrong pin fails closed: the connection ends by its certificate, and nobody is told that it was connected. @module */

import { demand, Loop } from "./loop.ts";

const loop = new Loop();
await loop.listen();
for (const at of [0, 7, 15]) {
  const pin = loop.identity.hash.slice(0, 16).map((byte, index) => index === at ? byte ^ 1 : byte);
  const dialer = loop.dial(pin);
  const { cause, text } = await loop.next("closed", ({ connection }) => connection === dialer);
  demand(cause === "transport" && text === "bad_certificate", `closed by ${cause} ${text}`);
  demand(!loop.has("connected"), "CONNECTED came in spite of the wrong certificate");
}
// The right one, and none: both show the whole hash.
for (const pin of [loop.identity.hash.slice(0, 16), "report"] as const) {
  const dialer = loop.dial(pin);
  const { certificate } = await loop.next("connected", ({ connection }) => connection === dialer);
  demand(certificate.toHex() === loop.identity.hash.toHex(), "CONNECTED carries another hash");
}
await loop.stop();
