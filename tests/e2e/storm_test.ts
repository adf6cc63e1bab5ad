import assert from "node:assert/strict";
import { assertOnlyParts, assertSameFile, largeFolder, MIB, namesIn, writeFile } from "./files.ts";
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
      // Every fifth before anything is known to have begun, the others from the beginning to after the end.
      if (run % 5 !== 4) await victim.says(/^⚡ Starting/);
      await moment(run * 12, victim.gone);
      const sent = run % 3 === 0 ? "SIGTERM" : "SIGINT";
      victim.end(sent);
      const { code, signal } = await victim.ending();
      // A signal that comes before the program has begun to listen for it ends it as signals do.
      const isEarly = signal === sent && victim.stderr.lines.length === 0;
      assert.ok(isEarly || signal === null && INTERRUPTED.includes(code), `${signal} ${code}\n${victim.transcript()}`);
      if (other.stderr.lines.some((line) => line.startsWith("⚡ Starting"))) {
        const otherCode = await other.exit();
        assert.ok(LEFT_ALONE.includes(otherCode), other.transcript());
      } else {
        other.end("SIGINT"); // it waits for somebody who never came
        const { signal } = await other.ending();
        assert.ok(signal === null || signal === "SIGINT", `${signal}\n${other.transcript()}`);
      }
      await assertOnlyParts(into);
      if (namesIn(into).includes("source.bin")) await assertSameFile(`${into}/source.bin`, source);
    }
  }, await largeFolder()));

/** After some milliseconds (what is tested is the moment), or before when there is nobody left to wait for. */
async function moment(milliseconds: number, gone: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([promise, gone]);
  clearTimeout(timer);
}
