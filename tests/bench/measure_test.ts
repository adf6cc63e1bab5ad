import assert from "node:assert/strict";
import { childrenSeconds, Watched } from "../../bench/measure.ts";

const linux = Deno.build.os === "linux";

Deno.test("the times of children are read behind a program name that holds anything", () => {
  const stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 200 0 0 11 12 250 50 20 0 1 0 99";
  assert.equal(childrenSeconds(stat), 3);
});

Deno.test({ name: "what a program's children use is measured with it", ignore: !linux }, async () => {
  // (dd holds its whole block in memory; `cat` keeps it alive for some polls.)
  await using watched = new Watched("dd", "sh", ["-c", "dd if=/dev/zero bs=96M count=8 2>/dev/null | cat >/dev/null"]);
  const { cpuSeconds, peakBytes } = await watched.finished();
  assert.ok(cpuSeconds > 0.01 && cpuSeconds < 60, `${cpuSeconds} s`);
  assert.ok(peakBytes > 96e6 && peakBytes < 200e6, `${peakBytes} bytes`);
});

Deno.test({ name: "a program that fails is named with its code and its words", ignore: !linux }, async () => {
  await using watched = new Watched("the program", "sh", ["-c", "echo why >&2; exit 3"]);
  await assert.rejects(watched.finished(), /^Failure: the program ended with exit code 3\nwhy/);
});

Deno.test({ name: "leaving early ends the program and all below it", ignore: !linux }, async () => {
  const start = performance.now();
  {
    await using watched = new Watched("sleeper", "sh", ["-c", "echo ready; sleep 60; true"]);
    assert.equal(await watched.firstLine(), "ready");
  }
  assert.ok(performance.now() - start < 30_000);
});
