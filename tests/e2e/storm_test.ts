import assert from "node:assert/strict";
import { assertNoLeftovers, assertSameFile, largeFolder, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace } from "./harness.ts";

const RUNS = 15;

/** What the table of docs/design.md 9 allows to a side that was interrupted, and to one whose peer was. */
const INTERRUPTED = [0, 130, 143];
const LEFT_ALONE = [0, 5];

Deno.test(`C1 C2 C5: ${RUNS} transfers, each interrupted at another moment, end with exit codes and never with a crash`, async () =>
  await inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 50 * MIB);
    for (let run = 0; run < RUNS; run++) {
      const into = await workspace.make(`into ${run}`);
      const { sender, receiver } = await workspace.pair([source], ["--into", into]);
      const [victim, other] = run % 2 === 0 ? [sender, receiver] : [receiver, sender];
      // From the first word to after the last: what is tested is the moment.
      const moment = new Promise((come) => setTimeout(come, 60 + run * 25));
      await Promise.race([moment, victim.gone]);
      victim.end(run % 3 === 0 ? "SIGTERM" : "SIGINT");
      const code = await victim.exit();
      assert.ok(INTERRUPTED.includes(code) || code > 0 && isBeforeTheStart(victim.stderr.lines), `${code}`);
      await assertNoLeftovers(into);
      if (other.stderr.lines.some((line) => line.startsWith("⚡ Starting"))) {
        const otherCode = await other.exit();
        assert.ok(LEFT_ALONE.includes(otherCode), other.transcript());
      } else {
        other.end("SIGINT"); // it waits for somebody who never came
        await other.exit();
      }
      await assertNoLeftovers(into);
      if (namesIn(into).length > 0) await assertSameFile(`${into}/source.bin`, source);
    }
  }, await largeFolder()));

/** A signal that comes before the program listens for it ends it as signals do. */
function isBeforeTheStart(lines: readonly string[]): boolean {
  return lines.length === 0;
}
