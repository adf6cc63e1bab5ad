/** The real engine behind the door, in processes of its own. */

import assert from "node:assert/strict";
import { LIBRARY } from "../../scripts/paths.ts";
import { assertChild, PERMISSIONS, runChild } from "./child.ts";

Deno.test("engine: a whole transfer needs the permission for this one library and nothing else", async () => {
  await assertChild("transfer.ts");
  const refused = await runChild("transfer.ts", { flags: PERMISSIONS.filter((flag) => !flag.includes("ffi")) });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Requires ffi access to "[^"]*libultra_engine|NotCapable/);
  const another = PERMISSIONS.map((flag) => flag.startsWith("--allow-ffi") ? "--allow-ffi=/lib" : flag);
  const elsewhere = await runChild("transfer.ts", { flags: another });
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.stderr, /Requires ffi access/);
});

Deno.test("engine: a transfer survives garbage collection at every event", async () => {
  await assertChild("transfer.ts", { flags: [...PERMISSIONS, "--v8-flags=--expose-gc"] });
});

Deno.test("engine: I1 a wrong pin fails closed: bad_certificate, and CONNECTED never comes", async () => {
  await assertChild("pin.ts");
});

Deno.test("engine: other settings of a listener are for dialers that come later", async () => {
  await assertChild("retune.ts");
});

Deno.test("engine: grants that are cut short are told as read, once, wherever they were cut", async () => {
  await assertChild("shrink.ts");
});

Deno.test("engine: a lane that is cut off is told as closed when its claims are free again", async () => {
  await assertChild("reset.ts");
});

Deno.test("T2: engine: a file of more blocks than there is memory for is read where it is granted", async () => {
  await assertChild("huge.ts");
});

Deno.test("engine: a command that is refused ends the events with its error, and those around it are run", async () => {
  await assertChild("refused.ts");
});

Deno.test("engine: settings that QUIC would bend are refused, and msquic reports those that it took", async () => {
  await assertChild("unfit.ts");
});

Deno.test("engine: a peer that floods the control stream fills one window and no more", async () => {
  await assertChild("flood.ts");
});

Deno.test("engine: nonsense in every function is refused with the door's numbers and breaks nothing", async () => {
  const seeds = ["1", String(crypto.getRandomValues(new Uint32Array(1))[0])];
  await Promise.all(seeds.map(async (seed) => {
    const exit = await runChild("fuzz.ts", { args: [seed, "3000"] });
    assert.deepEqual({ seed, code: exit.code, signal: exit.signal }, { seed, code: 0, signal: null }, exit.stderr);
    const { rounds } = JSON.parse(exit.stdout) as { rounds: number };
    assert.ok(rounds > 50, `only ${rounds} rounds with seed ${seed}`);
  }));
});

Deno.test("engine: a process that ends in the middle of a transfer ends by no signal, 20 times", async () => {
  const ways = ["exit", "stop", "error", "drain"];
  for (let round = 0; round < 10; round++) {
    await Promise.all([2 * round, 2 * round + 1].map(async (time) => {
      const how = ways[time % ways.length] ?? "exit";
      const { code, signal, stderr } = await runChild("exit.ts", { args: [how, String(1 + time)] });
      const wanted = how === "error" ? 1 : 7;
      assert.deepEqual({ how, time, code, signal }, { how, time, code: wanted, signal: null }, stderr);
    }));
  }
});

Deno.test("engine: a library that is not there is an error that names all places", async () => {
  const { code, stderr } = await runChild("transfer.ts", {
    flags: ["-A"],
    env: { ULTRA_NATIVE_LIB: "/nowhere/libultra_engine.so" },
  });
  assert.equal(code, 1);
  assert.match(stderr, /was not found.*deno task native.*\/nowhere\/libultra_engine\.so/);
  await assertChild("transfer.ts", { flags: ["-A"], env: { ULTRA_NATIVE_LIB: LIBRARY } });
});
