import assert from "node:assert/strict";
import { childrenSeconds, listens, Watched } from "../../bench/measure.ts";

const linux = Deno.build.os === "linux";

Deno.test("the times of children are read behind a program name that holds anything", () => {
  const stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 200 0 0 11 12 250 50 20 0 1 0 99";
  assert.equal(childrenSeconds(stat), 3);
});

Deno.test({ name: "what a program's children use is measured with it", ignore: !linux }, async () => {
  // (dd holds its whole block in memory; `cat` keeps it alive for some polls.)
  await using watched = new Watched("dd", ["sh", [
    "-c",
    "dd if=/dev/zero bs=96M count=8 2>/dev/null | cat >/dev/null",
  ]]);
  const { cpuSeconds, peakBytes } = await watched.finished();
  assert.ok(cpuSeconds > 0.01 && cpuSeconds < 60, `${cpuSeconds} s`);
  assert.ok(peakBytes > 96e6 && peakBytes < 200e6, `${peakBytes} bytes`);
});

Deno.test({ name: "a program that fails is named with its code and its words", ignore: !linux }, async () => {
  await using watched = new Watched("the program", ["sh", ["-c", "echo why >&2; exit 3"]]);
  await assert.rejects(watched.finished(), /^Failure: the program ended with exit code 3\nwhy/);
});

Deno.test({ name: "leaving early ends the program and all below it", ignore: !linux }, async () => {
  const start = performance.now();
  {
    await using watched = new Watched("sleeper", ["sh", ["-c", "echo not yet; echo ready >&2; sleep 60; true"]]);
    assert.equal((await watched.line(/^re(.*)/))[1], "ady");
  }
  assert.ok(performance.now() - start < 30_000);
});

Deno.test("a listening socket is found in the kernel's table, a connected one is not", () => {
  const table = `  sl  local_address rem_address   st tx_queue
   0: 0100007F:A3D4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0100007F:A3D5 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 2
   2: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0
`;
  assert.deepEqual([0xa3d4, 0xa3d5, 80, 81].map((port) => listens(table, port)), [true, false, true, false]);
});

Deno.test({ name: "a server's cost of one transfer is measured while it goes on", ignore: !linux }, async () => {
  // (Each line that it reads is a transfer: it computes for a moment.)
  const pipe = await Deno.makeTempFile({ prefix: "ultra-bench-" });
  const work = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
  const script = `tail -n +1 -f "$0" | { echo up; while read -r line; do ${work}; echo done; done; }`;
  await using server = new Watched("server", ["sh", ["-c", script, pipe]]);
  await server.line(/^up/);
  const watch = server.watch();
  await Deno.writeTextFile(pipe, "go\n");
  await server.line(/^done/);
  const { cpuSeconds, peakBytes } = await watch.finished();
  assert.ok(cpuSeconds > 0.02 && cpuSeconds < 30, `${cpuSeconds} s`);
  assert.ok(peakBytes > 0 && server.soFar().cpuSeconds >= cpuSeconds);
  await Deno.remove(pipe);
});
