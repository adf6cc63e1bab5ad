/**
 * C5 at full size: 2 GiB that are interrupted at half, and the same command again.
 *
 * The time until the second run has verified its first block is printed beside its bound, from the dialer's start on; the test fails at five times the
 * bound, which only a hang or reading everything again reaches.
 *
 * @module
 */

import assert from "node:assert/strict";
import { largeFolder, MIB } from "../../e2e/files.ts";
import { measured } from "../measured.ts";
import { inScene, oneFile } from "../scene.ts";

const SIZE = 2048 * MIB;
const BOUND_MS = 500;

for (const waits of ["receiver", "sender"] as const) {
  for (const who of ["receiver", "sender"] as const) {
    Deno.test(
      `C5: SIGINT of the ${who} at half of 2 GiB (the ${waits} waits), and the same commands again: at most 52 % moves, and nothing is read again`,
      async () => {
        const root = await largeFolder();
        await inScene(oneFile(SIZE), async (scene) => {
          const first = await scene.startDirectly({
            waits,
            sendArgs: ["--retry-for", "0"],
            recvArgs: ["--retry-for", "0"],
          });
          await first.receiver.event("progress", ({ bytes }) => Number(bytes) >= SIZE / 2);
          first[who].end("SIGINT");
          await scene.ends([130, 5]);
          const second = await scene.startDirectly({ waits });
          const startedMs = performance.now();
          // (A process tells its progress every 200 ms.)
          await second.receiver.event("progress", ({ bytes, resumedBytes }) => Number(bytes) > Number(resumedBytes));
          const firstMs = performance.now() - startedMs;
          await Promise.all([second.sender.ending(), second.receiver.ending()]);
          await scene.ends([0]);
          const { bytes, resumedBytes } = await second.sender.event("complete");
          const share = (Number(bytes) - Number(resumedBytes)) / SIZE;
          measured(
            `C5: SIGINT of the ${who} at half of 2 GiB (the ${waits} waits)`,
            { value: 100 * share, bound: 52, unit: "%", what: "moved" },
            { value: firstMs, bound: BOUND_MS, unit: "ms", what: "from the dialer's start to the first block" },
          );
          assert.ok(share <= 0.52, `${share} moved`);
          assert.ok(firstMs < 5 * BOUND_MS, `${firstMs} ms until the first block`);
        }, root === undefined ? {} : { root });
      },
    );
  }
}
