/** What two builds have to be able to do with each other, whichever of them sends and whichever of them waits. @module */

import assert from "node:assert/strict";
import { parseTicket } from "../../src/protocol/ticket.ts";
import { assertNoLeftovers, assertSameFile, MIB, namesIn, writeFile } from "../e2e/files.ts";
import { flipped, forged } from "../e2e/forged.ts";
import { inWorkspace, type StartOptions, type Ultra, type Workspace } from "../e2e/harness.ts";
import { diskBytes, snapshot } from "../e2e/snapshot.ts";
import { testOn } from "./built.ts";
import { HOLES, makeHardTree } from "./tree.ts";

/** Emulation on a busy machine takes its time; only a hang reaches this. */
const SLOW_MS = 400_000;

/** A killed process says no goodbye: the other side has to find out by itself. */
const SILENCE_MS = 60_000;

const LARGE = 300 * MIB + 12_345;

/** Who sends and who receives, each as the harness starts it. */
export interface Couple {
  /** Such as "x64 to arm64". */
  readonly name: string;
  readonly sends: StartOptions;
  readonly receives: StartOptions;
}

type Role = "sender" | "receiver";
type Pair = Readonly<Record<Role, Ultra>>;

/** Declares the tests of one direction. */
export function testCouple(missing: string | undefined, prefix: string, couple: Couple): void {
  const test = (name: string, body: (workspace: Workspace) => Promise<void>) =>
    testOn(missing, `${prefix}: ${couple.name}: ${name}`, () => inWorkspace(body));

  for (const waits of ["receiver", "sender"] as const) {
    test(`200 files with awkward names, links and holes arrive identical, the ${waits} waiting`, async (workspace) => {
      const source = await workspace.make("tree");
      await makeHardTree(source);
      const into = await workspace.make("into");
      await finish(await start(workspace, couple, waits, source, into));
      assert.deepEqual(snapshot(`${into}/tree`), snapshot(source));
      const holes = `${into}/tree/${HOLES.name}`;
      assert.ok(diskBytes(holes) <= HOLES.data + MIB, `${diskBytes(holes)} bytes of ${HOLES.data} on the disk`);
      await assertNoLeftovers(into);
    });
  }

  // The one that waits is killed: over both directions each build is killed and waits in each role.
  for (const killed of ["receiver", "sender"] as const) {
    test(`300 MB: the ${killed} waits and is killed in the middle, then the same commands go on`, async (workspace) => {
      const source = await writeFile(workspace.path("movie.mkv"), LARGE);
      const into = await workspace.make("into");
      const flags = ["--retry-for", "0"];
      const first = await start(workspace, couple, killed, source, into, flags);
      await first.receiver.event("progress", ({ bytes }) => Number(bytes) >= LARGE / 4);
      first[killed].kill("SIGKILL");
      await Promise.all([first[killed].ending(), first[other(killed)].exits(5, SILENCE_MS)]);
      assert.ok(!namesIn(into).includes("movie.mkv"), "it has its name before it is complete");
      const second = await start(workspace, couple, killed, source, into, flags);
      await finish(second);
      const [sent, received] = await Promise.all([
        second.sender.event("complete"),
        second.receiver.event("complete"),
      ]);
      assert.ok(Number(received["resumedBytes"]) > LARGE / 8, `${received["resumedBytes"]} bytes were there`);
      assert.equal(sent["resumedBytes"], received["resumedBytes"]);
      await assertSameFile(`${into}/movie.mkv`, source);
      await assertNoLeftovers(into);
    });
  }

  test("Ctrl-C at the receiver ends both, with 130 there and 5 here", async (workspace) => {
    const source = await writeFile(workspace.path("movie.mkv"), LARGE);
    const into = await workspace.make("into");
    const pair = await start(workspace, couple, "receiver", source, into, ["--retry-for", "0"]);
    await pair.receiver.midway();
    pair.receiver.kill("SIGINT");
    await Promise.all([pair.receiver.exits(130), pair.sender.exits(5)]);
  });

  test("what is there and differs is refused with 4 on both sides, and stays", async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 2 * MIB + 5);
    const into = await workspace.make("into");
    const before = await writeFile(workspace.path("before"), 2 * MIB + 5);
    await Deno.copyFile(before, `${into}/source.bin`);
    await refused(await start(workspace, couple, "receiver", source, into));
    await assertSameFile(`${into}/source.bin`, before);
    assert.deepEqual(namesIn(into), ["source.bin"]);
  });

  test("a folder that is a link to outside is refused with 4, and nothing appears there", async (workspace) => {
    const [source, outside, into] = [
      await workspace.make("tree"),
      await workspace.make("outside"),
      await workspace.make("into"),
    ];
    await writeFile(`${source}/file`, 10);
    await Deno.symlink(outside, `${into}/tree`);
    await refused(await start(workspace, couple, "receiver", source, into));
    assert.deepEqual(namesIn(outside), []);
  });

  test("a hidden name alone is left out with 4 on both sides", async (workspace) => {
    const source = await writeFile(workspace.path(".profile"), 10);
    const into = await workspace.make("into");
    await refused(await start(workspace, couple, "sender", source, into));
    assert.deepEqual(namesIn(into), []);
  });

  test("a wrong secret and a wrong certificate are refused with 6, and the right ticket still serves", async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 12_345);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into], couple.receives);
    const ticket = await receiver.ticket();
    const { token, pin } = parseTicket(ticket);
    for (const wrong of [{ token: flipped(token) }, { pin: flipped(pin) }]) {
      await workspace.start(["send", source, forged(ticket, wrong)], couple.sends).exits(6, SLOW_MS);
    }
    assert.deepEqual(namesIn(into), [], "a stranger left something");
    const sender = workspace.start(["send", source, ticket], couple.sends);
    await finish({ sender, receiver });
    await assertSameFile(`${into}/source.bin`, source);
    const late = workspace.start(["send", source, ticket], couple.sends);
    await late.exits(5, SLOW_MS);
  });
}

async function start(
  workspace: Workspace,
  { sends, receives }: Couple,
  waits: Role,
  source: string,
  into: string,
  flags: readonly string[] = [],
): Promise<Pair> {
  const [sendArgs, recvArgs] = [["--json", ...flags, source], ["--json", ...flags, "--into", into]];
  if (waits === "receiver") {
    const receiver = workspace.recv(recvArgs, receives);
    return { receiver, sender: workspace.start(["send", ...sendArgs, await receiver.ticket()], sends) };
  }
  const sender = workspace.sendWaiting(sendArgs, sends);
  return { sender, receiver: workspace.start(["recv", ...recvArgs, await sender.ticket()], receives) };
}

async function finish({ sender, receiver }: Pair): Promise<void> {
  await Promise.all([sender.exits(0, SLOW_MS), receiver.exits(0, SLOW_MS)]);
}

async function refused({ sender, receiver }: Pair): Promise<void> {
  await Promise.all([sender.exits(4, SLOW_MS), receiver.exits(4, SLOW_MS)]);
}

function other(role: Role): Role {
  return role === "sender" ? "receiver" : "sender";
}
