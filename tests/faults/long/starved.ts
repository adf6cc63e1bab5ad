/** Processes that hardly get any time. @module */

import { inScene, smallTree } from "../scene.ts";

Deno.test("J5: with 32 processes that want the same cores, and the lowest priority, no deadline passes", async () => {
  const busy = Array.from(
    { length: 32 },
    () => new Deno.Command("nice", { args: ["-n", "10", "sh", "-c", "while :; do :; done"] }).spawn(),
  );
  try {
    await inScene(smallTree(), async (scene) => {
      const options = { before: "nice -n 19" };
      await scene.start({ sender: options, receiver: options });
      await scene.ends([0]);
    });
  } finally {
    for (const child of busy) child.kill("SIGKILL");
    await Promise.all(busy.map((child) => child.status));
  }
});
