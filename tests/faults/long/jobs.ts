/** Two jobs that start by themselves, up to a minute apart, with a ticket that was made before. @module */

import { MIB } from "../../e2e/files.ts";
import { silentSocket } from "../../e2e/udp.ts";
import { inScene, oneFile } from "../scene.ts";

/** What `--wait` bounds is longer than the jobs are apart. */
const WAIT = ["--wait", "3m"];

for (const seconds of [1, 20, 60]) {
  for (const first of ["recv", "send"] as const) {
    Deno.test(`two jobs, ${first} first and the other one ${seconds} s later, find each other and end with 0`, () =>
      inScene(oneFile(3 * MIB + 1), async ({ workspace, places }) => {
        const identity = workspace.path("identity");
        // A port that was free a moment ago.
        const socket = await silentSocket();
        const { port } = socket;
        await socket[Symbol.asyncDispose]();
        const made = workspace.start(["ticket", "--identity", identity, "--advertise", `127.0.0.1:${port}`]);
        const ticket = await made.ticket();
        await made.exits(0);
        const jobs = {
          recv: () => workspace.recv(["--identity", identity, ...WAIT, "--into", places.into]),
          send: () => workspace.start(["send", ...WAIT, `${places.from}/file.bin`], { env: { ULTRA_TICKET: ticket } }),
        };
        const one = jobs[first]();
        await new Promise((over) => setTimeout(over, seconds * 1000)); // what is tested is the time
        const other = jobs[first === "recv" ? "send" : "recv"]();
        await Promise.all([one.exits(0), other.exits(0)]);
      }));
  }
}
