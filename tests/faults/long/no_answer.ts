/** B12 on a real network: packets leave a network namespace and come to nothing, without a word. (QUIC waits longer for what is far than for a neighbour.) @module */

import assert from "node:assert/strict";
import { missingNetpath, NetPath } from "../../../bench/paths/netpath.ts";
import { encodeTicket } from "../../../src/protocol/ticket.ts";
import { randomBytes } from "../../e2e/files.ts";
import { measured } from "../measured.ts";
import { inside, ip } from "../namespaces.ts";
import { inScene, oneFile } from "../scene.ts";

/** An address beyond this network, to which packets leave and from which none comes back. */
const FAR = "203.0.113.1";

/** From the start of the process to its end. */
const NO_ANSWER_BOUND_MS = 10_000;

Deno.test({
  name: "B12: an address far away that never answers is told in less than 10 s, with exit 5 and its port",
  ignore: missingNetpath() !== undefined,
  fn: () =>
    inScene(oneFile(1000), async (scene) => {
      const { workspace, places } = scene;
      await using path = await NetPath.start("metro");
      await ip(path.a.namespace, "route", "add", `${FAR}/32`, "via", path.b.address);
      const hints = [{ type: "address" as const, address: FAR, port: 7000 }];
      const ticket = encodeTicket({
        role: "receive",
        longLived: false,
        pin: randomBytes(16),
        token: randomBytes(16),
        hints,
      });
      const startMs = performance.now();
      const options = { ...inside(path.a.namespace), env: { ULTRA_TICKET: ticket } };
      const sender = workspace.start(["send", `${places.from}/file.bin`], options);
      await sender.exits(5, NO_ANSWER_BOUND_MS);
      measured("B12: an address far away that never answers", {
        value: (performance.now() - startMs) / 1000,
        bound: NO_ANSWER_BOUND_MS / 1000,
        unit: "s",
        what: "until it was told",
      });
      await scene.ends([5]);
      assert.match(sender.stderr.text, /^ultra: No answer on UDP; a firewall may block it.*: 203\.0\.113\.1:7000$/m);
    }),
});
