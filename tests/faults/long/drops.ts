/**
 * Files that are dropped into a watched folder while `ultra watch` is killed again and again: each arrives exactly once, as it was.
 *
 *     ULTRA_FAULTS_DROPS=1000 deno task test:faults tests/faults/long/drops.ts
 *
 * @module
 */

import { dropWhileKilled } from "../../e2e/dropping.ts";
import { print } from "../../../scripts/shell.ts";
import { inView } from "../scene.ts";

const FILES = Number(Deno.env.get("ULTRA_FAULTS_DROPS") ?? 1000);
const KILLS = 10;
const LIMIT_MS = 10 * 60_000;

Deno.test(`watch: ${FILES} files dropped while it is killed ${KILLS} times arrive once each, though a consumer takes them away`, async () => {
  const start = performance.now();
  await inView(async (view) => {
    const dropping = { files: FILES, bytes: 20_000, kills: KILLS, rate: "2M", limitMs: LIMIT_MS };
    await dropWhileKilled(view.workspace, dropping);
    await view.ends([143, "SIGKILL"]);
  });
  print(`${FILES} files, ${KILLS} kills: ${((performance.now() - start) / 1000).toFixed(1)} s`);
});
