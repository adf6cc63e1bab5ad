/** Places of a lasting listener, as real processes: nobody with one ticket keeps out somebody with another. */

import assert from "node:assert/strict";
import { MIB, writeFile } from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";
import { silentSocket } from "./udp.ts";

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  await using socket = await silentSocket();
  return socket.port;
}

/** `serve` with two places, and two tickets for it. */
async function serving(workspace: Workspace) {
  const photos = await workspace.make("photos");
  await writeFile(`${photos}/large`, 48 * MIB);
  const port = await freePort();
  const identity = workspace.path("identity");
  const make = async (label: string) => {
    const flags = ["--identity", identity, "--advertise", `127.0.0.1:${port}`, "--label", label];
    const made = workspace.start(["ticket", ...flags]);
    await made.exits(0);
    return await made.ticket();
  };
  const [one, other] = [await make("one"), await make("other")];
  const flags = ["--listen", "127.0.0.1", "--identity", identity, "--max-clients", "2", "--rate-limit", "2M", "--json"];
  const server = workspace.start(["serve", ...flags, photos]);
  await server.ticket();
  const client = (ticket: string, ...args: readonly string[]) =>
    workspace.start(args, { env: { ULTRA_TICKET: ticket } });
  return { one, other, server, client };
}

Deno.test("T13: H3: serve: one ticket has all places and does nothing with them: another ticket gets one, and the same one is refused politely", () =>
  inWorkspace(async (workspace) => {
    const { one, other, server, client } = await serving(workspace);
    const getting = [];
    for (const name of ["a", "b"]) {
      const get = client(one, "get", "--json", "--into", await workspace.make(name), "photos");
      await get.midway();
      get.kill("SIGSTOP");
      getting.push(get);
    }
    const same = client(one, "ls");
    await same.exits(5);
    assert.match(same.stderr.text, /as many clients as it takes at the same time \(2\); try again/);
    await client(other, "ls").exits(0);
    const left = await server.event("client", ({ isLetIn, code }) => isLetIn === true && code === 5);
    assert.match(String(left["why"]), /place of this client went to another one/);
    assert.equal(server.events.filter(({ type, code }) => type === "client" && code === 5).length, 2, "one gave way");
    await client(other, "ls").exits(0);
    await client(one, "ls").exits(0);
    for (const get of getting) get.kill("SIGCONT");
    const codes = await Promise.all(getting.map((get) => {
      get.kill("SIGTERM");
      return get.exit();
    }));
    assert.ok(codes.every((code) => code === 5 || code === 143), codes.join());
    server.kill("SIGINT");
    await server.exits(130);
  }));
