/** The older format between real processes: who speaks what with whom, what it promises still, and what it does not. */

import assert from "node:assert/strict";
import { UdpRelay } from "../support/relay.ts";
import { assertSameFile, MIB, writeFile } from "./files.ts";
import { inWorkspace, type Ultra } from "./harness.ts";
import { snapshot } from "./snapshot.ts";

/** Nothing that two sides find out about their formats takes longer. */
const QUICK_MS = 5000;

const FORMATS = ["auto", "ultra", "blazing"] as const;
type Format = (typeof FORMATS)[number];

/** What two sides come to; `undefined`: nothing. */
function expected(sender: Format, receiver: Format): "ultra" | "blazing" | undefined {
  const both = [sender, receiver];
  if (!both.includes("blazing")) return "ultra";
  return both.includes("ultra") ? undefined : "blazing";
}

function completeOf({ events }: Ultra) {
  return events.find(({ type }) => type === "complete");
}

/** Both sides said that they speak the older format if they did, and whether they were asked to. */
function assertTold(ultra: Ultra, own: Format, spoken: "ultra" | "blazing"): void {
  assert.equal(completeOf(ultra)?.["format"], spoken, ultra.transcript());
  const told = ultra.events.filter(({ type }) => type === "format");
  assert.deepEqual(
    told.map(({ format, asked }) => [format, asked]),
    spoken === "ultra" ? [] : [["blazing", own === "blazing"]],
  );
}

for (const waits of ["receiver", "sender"] as const) {
  Deno.test(`formats: every sender meets every receiver where the ${waits} waits: they agree, or the dialer ends with 8`, async (t) => {
    await inWorkspace(async (workspace) => {
      const source = await writeFile(workspace.path("source.bin"), MIB + 77);
      for (const send of FORMATS) {
        for (const recv of FORMATS) {
          await t.step(`send --format ${send}, recv --format ${recv}`, async () => {
            const into = await workspace.make(`${waits}-${send}-${recv}`);
            const sending = ["send", "--json", "--format", send, source];
            const receiving = ["recv", "--json", "--format", recv, "--into", into];
            const [first, second] = waits === "receiver" ? [receiving, sending] : [sending, receiving];
            const listener = workspace.start([...first, "--listen", "127.0.0.1"]);
            const dialer = workspace.start([...second, await listener.ticket()]);
            const spoken = expected(send, recv);
            if (spoken === undefined) {
              await dialer.exits(8, QUICK_MS);
              assert.match(dialer.stderr.text, /does not speak .*--format auto speaks either format/);
              // Its own format comes first: that of the other side was taken only to say so.
              const { text } = await listener.event("warning");
              const [theirs, own] = (waits === "receiver" ? send : recv) === "ultra"
                ? ["ULTRA", "the older format"]
                : ["the older format", "ULTRA"];
              const sentence =
                `speaks only ${theirs}, and this side was told to speak only ${own}; --format auto speaks either`;
              assert.ok(
                String(text).startsWith("Somebody at 127.0.0.1:") && String(text).includes(sentence),
                String(text),
              );
              // Nobody has used the ticket up.
              return listener.end("SIGTERM");
            }
            await Promise.all([dialer.exits(0, QUICK_MS), listener.exits(0, QUICK_MS)]);
            await assertSameFile(`${into}/source.bin`, source);
            const [sender, receiver] = waits === "receiver" ? [dialer, listener] : [listener, dialer];
            assertTold(sender, send, spoken);
            assertTold(receiver, recv, spoken);
          });
        }
      }
    });
  });
}

Deno.test("formats: the older format says what it does not promise, on both sides", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 3 * MIB + 5);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["-v", "--format", "blazing", "--into", into]);
    const sender = workspace.start(["send", source, await receiver.ticket()]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    for (const { stderr } of [sender, receiver]) {
      assert.match(stderr.text, /^ +Format +older \(blazing\): not verified per block, no resume$/m);
      assert.match(stderr.text, /^ +BLAKE3 +[0-9a-f]{64}$/m);
    }
    assert.match(sender.stderr.text, /^Note: the other side speaks only the older format/m);
    assert.doesNotMatch(receiver.stderr.text, /^Note:/m);
    assert.match(receiver.stderr.text, /CUBIC, windows 16\.8 MB\/1\.0 MB, 16 streams in, keep-alive 10s/);
  }));

Deno.test("formats: a listener that speaks both has the windows, CUBIC and keep-alive of the older one with a side that speaks no other", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 3 * MIB + 5);
    const transfer = async (own: readonly string[], others: readonly string[]) => {
      const into = await workspace.make(`into ${own.join()}${others.join()}`);
      const receiver = workspace.recv(["-v", ...own, "--into", into]);
      const sender = workspace.start(["send", ...others, source, await receiver.ticket()]);
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      await assertSameFile(`${into}/source.bin`, source);
      return receiver.stderr.text;
    };
    const older = ["--format", "blazing"];
    assert.match(await transfer([], older), /CUBIC, windows 16\.8 MB\/1\.0 MB, 16 streams in, keep-alive 10s/);
    assert.match(
      await transfer(["--cc", "bbr"], older),
      /BBR, windows 16\.8 MB\/1\.0 MB, 16 streams in, keep-alive 10s/,
    );
    assert.match(await transfer([], []), /BBR, windows 4\.2 MB\/\d/);
    // A dialer states its windows before it knows the format.
    const into = await workspace.make("into dialer");
    const sender = workspace.sendWaiting([source, ...older]);
    const receiver = workspace.start(["recv", "-v", "--into", into, await sender.ticket()]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.match(receiver.stderr.text, /BBR, windows 4\.2 MB\/\d/);
  }));

Deno.test("formats: a path that carries nothing ends with 5, and no word of the older format: silence is no reason for it", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), MIB);
    const receiver = workspace.recv(["--into", await workspace.make("into")]);
    const { relay, ticket } = await UdpRelay.before(await receiver.ticket());
    await using _relay = relay;
    relay.goDark();
    const sender = workspace.start(["send", source, ticket]);
    await sender.exits(5);
    assert.doesNotMatch(sender.stderr.text, /older|blazing/);
  }));

Deno.test("formats: a tree with small, empty and sparse files, links and folders arrives the same in the older format", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    await workspace.make("tree", "folder", "inside");
    await writeFile(`${tree}/large`, 2 * MIB + 3);
    await Deno.writeFile(`${tree}/zeros`, new Uint8Array(MIB + 9));
    await Deno.writeFile(`${tree}/empty`, new Uint8Array(0));
    for (let at = 0; at < 40; at++) await Deno.writeTextFile(`${tree}/folder/${at}`, `small ${at}`);
    await Deno.symlink("large", `${tree}/link`);
    await Deno.link(`${tree}/large`, `${tree}/other-name`);
    await Deno.truncate(`${tree}/zeros`, 5 * MIB);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([tree], ["--into", into], "--format", "blazing");
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.deepEqual(snapshot(`${into}/tree`), snapshot(tree));
  }));
