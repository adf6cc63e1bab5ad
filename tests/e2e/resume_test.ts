import assert from "node:assert/strict";
import {
  assertNoLeftovers,
  assertSameFile,
  largeFolder,
  MIB,
  namesIn,
  treeOf,
  writeFile,
  writeSparse,
} from "./files.ts";
import { type Event, inWorkspace, type Ultra, type Workspace } from "./harness.ts";
import { UdpRelay } from "../support/relay.ts";
import { diskBytes } from "./snapshot.ts";

const SIZE = 400 * MIB + 12_345;

/** So that there is a middle on every machine. */
const LIMIT = ["--rate-limit", "200M"];

/** A killed process says no goodbye: the other side has to find out by itself. */
const SILENCE_MS = 35_000;

interface Pair {
  readonly sender: Ultra;
  readonly receiver: Ultra;
}

/** Starts both sides, whichever waits. */
async function start(
  workspace: Workspace,
  waits: "sender" | "receiver",
  paths: readonly string[],
  into: string,
  { send = [], recv = [] }: { readonly send?: readonly string[]; readonly recv?: readonly string[] } = {},
): Promise<Pair> {
  // Without waiting for each other in between: what is on the disk is what counts here.
  const recvArgs = ["--json", "--into", into, "--retry-for", "0", ...recv];
  const sendArgs = ["--json", "--retry-for", "0", ...send, ...paths];
  if (waits === "receiver") {
    const receiver = workspace.recv(recvArgs);
    return { receiver, sender: workspace.start(["send", ...sendArgs, await receiver.ticket()]) };
  }
  const sender = workspace.sendWaiting(sendArgs);
  return { sender, receiver: workspace.start(["recv", ...recvArgs, await sender.ticket()]) };
}

/** Runs until so much of the whole has arrived. */
async function until(share: number, { receiver }: Pair): Promise<void> {
  await receiver.event(
    "progress",
    ({ bytes, totalBytes }) => Number(bytes) > 0 && Number(bytes) >= share * Number(totalBytes),
  );
}

async function finish({ sender, receiver }: Pair): Promise<{ readonly sent: Event; readonly received: Event }> {
  await Promise.all([sender.exits(0), receiver.exits(0)]);
  return { sent: await sender.event("complete"), received: await receiver.event("complete") };
}

function movedBytes(facts: Event): number {
  return Number(facts["bytes"]) - Number(facts["resumedBytes"]);
}

/** Ends it in the middle: both sides are gone. */
async function interrupt(pair: Pair, who: keyof Pair, signal: "SIGINT" | "SIGKILL"): Promise<void> {
  pair[who].kill(signal);
  const other = who === "sender" ? pair.receiver : pair.sender;
  await Promise.all([pair[who].ending(), other.exits(5, SILENCE_MS)]);
}

for (const waits of ["sender", "receiver"] as const) {
  Deno.test(`C5: SIGINT at half of a file, the ${waits} waiting, then the same commands: at most 52 % moves again`, async () =>
    await inWorkspace(async (workspace) => {
      const source = await writeFile(workspace.path("movie.mkv"), SIZE);
      const into = await workspace.make("into");
      const first = await start(workspace, waits, [source], into, { send: LIMIT });
      await until(0.5, first);
      first.receiver.kill("SIGINT");
      await Promise.all([first.receiver.exits(130, 5000), first.sender.exits(5, 5000)]);
      assert.equal(namesIn(into).length, 2, "a part and its journal");
      const { sent, received } = await finish(await start(workspace, waits, [source], into));
      for (const facts of [sent, received]) assert.ok(movedBytes(facts) <= 0.52 * SIZE, `${movedBytes(facts)} moved`);
      assert.equal(sent["resumedBytes"], received["resumedBytes"]);
      await assertSameFile(`${into}/movie.mkv`, source);
      await assertNoLeftovers(into);
    }, await largeFolder()));
}

for (const who of ["receiver", "sender"] as const) {
  Deno.test(`C1 C2: the ${who} is killed in the middle, then the same commands: what was recorded is not sent again`, async () =>
    await inWorkspace(async (workspace) => {
      const source = await writeFile(workspace.path("movie.mkv"), SIZE);
      const into = await workspace.make("into");
      const first = await start(workspace, "receiver", [source], into, { send: LIMIT });
      await until(0.4, first);
      await interrupt(first, who, "SIGKILL");
      const { sent, received } = await finish(await start(workspace, "receiver", [source], into));
      for (const facts of [sent, received]) {
        assert.ok(movedBytes(facts) <= 0.62 * SIZE, `${movedBytes(facts)} moved`);
        assert.ok(Number(facts["resumedBytes"]) > 0.38 * SIZE);
      }
      await assertSameFile(`${into}/movie.mkv`, source);
      await assertNoLeftovers(into);
    }, await largeFolder()));
}

Deno.test("C3 D26 D29: both are killed, and the part is damaged where blocks were recorded: they are found and sent again", async () =>
  await inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("movie.mkv"), SIZE);
    const into = await workspace.make("into");
    const first = await start(workspace, "sender", [source], into, { send: LIMIT });
    await until(0.5, first);
    first.sender.kill("SIGKILL");
    first.receiver.kill("SIGKILL");
    await Promise.all([first.sender.ending(), first.receiver.ending()]);
    const part = namesIn(into).find((name) => name.endsWith(".part")) ?? "";
    {
      using file = await Deno.open(`${into}/${part}`, { write: true });
      await file.seek(5 * MIB + 77, Deno.SeekMode.Start);
      await file.write(new Uint8Array(2 * MIB));
    }
    const { received } = await finish(await start(workspace, "sender", [source], into));
    assert.ok(movedBytes(received) <= 0.55 * SIZE, `${movedBytes(received)} moved`);
    await assertSameFile(`${into}/movie.mkv`, source);
  }, await largeFolder()));

Deno.test("T31: a file with holes whose receiver is killed in the middle has its holes when the next run is over", async () =>
  await inWorkspace(async (workspace) => {
    const size = 400 * MIB;
    const places = Array.from({ length: size / (8 * MIB) }, (_, index) => index * 8 * MIB + 5000);
    const source = await writeSparse(workspace.path("image"), size, places);
    const into = await workspace.make("into");
    const first = await start(workspace, "receiver", [source], into, { send: ["--rate-limit", "50M"] });
    await until(0.4, first);
    await interrupt(first, "receiver", "SIGKILL");
    const { received } = await finish(await start(workspace, "receiver", [source], into));
    const [before, after] = [diskBytes(source), diskBytes(`${into}/image`)];
    assert.ok(
      Number(received["resumedBytes"]) > 0.3 * before,
      `${received["resumedBytes"]} of ${before} bytes were there`,
    );
    await assertSameFile(`${into}/image`, source);
    assert.ok(after <= before + 8 * MIB, `it takes ${after} bytes, before ${before}`);
  }, await largeFolder()));

/** A folder with a .git, whose modes and times are not those that new folders have. */
async function repository(workspace: Workspace): Promise<string> {
  const repo = await workspace.make("repo");
  await workspace.make("repo", ".git", "objects");
  await Promise.all([
    writeFile(`${repo}/readme`, 1000),
    writeFile(`${repo}/.git/HEAD`, 20),
    writeFile(`${repo}/.git/objects/pack`, 60 * MIB),
    ...Array.from({ length: 200 }, (_, i) => writeFile(`${repo}/.git/objects/${i}`, 100 + i)),
  ]);
  await Deno.chmod(`${repo}/.git/objects`, 0o750);
  for (const folder of [`${repo}/.git/objects`, `${repo}/.git`, repo]) await Deno.utime(folder, 1e9, 1e9);
  return repo;
}

/** Everything is there as it was sent, with the modes and times of its folders. */
async function assertRepository(into: string, repo: string): Promise<void> {
  assert.deepEqual(await treeOf(`${into}/repo`), await treeOf(repo));
  for (const folder of ["", "/.git", "/.git/objects"]) {
    assert.equal((await Deno.stat(`${into}/repo${folder}`)).mtime?.getTime(), 1e12, folder);
  }
  await assertNoLeftovers(into);
}

Deno.test("T20: an interrupted tree with a .git goes on without --hidden, and gets all modes and times", async () =>
  await inWorkspace(async (workspace) => {
    const repo = await repository(workspace);
    const into = await workspace.make("into");
    for (const [share, who, signal] of [[0.3, "receiver", "SIGINT"], [0.6, "receiver", "SIGKILL"]] as const) {
      const pair = await start(workspace, "receiver", [repo], into, { send: ["--rate-limit", "40M"] });
      await until(share, pair);
      await interrupt(pair, who, signal);
    }
    const { received } = await finish(await start(workspace, "receiver", [repo], into));
    assert.ok(Number(received["resumedBytes"]) >= 0.5 * 60 * MIB, `${received["resumedBytes"]}`);
    await assertRepository(into, repo);
  }, await largeFolder()));

for (const what of ["network is lost", "sender is killed"] as const) {
  Deno.test(`T20: a tree whose ${what} goes on without --hidden, and its folders get their modes and times in the next run`, async () =>
    await inWorkspace(async (workspace) => {
      const repo = await repository(workspace);
      const into = await workspace.make("into");
      const receiver = workspace.recv(["--json", "--into", into, "--retry-for", "0"]);
      const { relay, ticket } = await UdpRelay.before(await receiver.ticket());
      await using _relay = relay;
      const sender = workspace.start(["send", "--json", "--retry-for", "0", "--rate-limit", "40M", repo, ticket]);
      await until(0.4, { sender, receiver });
      if (what === "network is lost") relay.goDark();
      else sender.kill("SIGKILL");
      await Promise.all([sender.ending(), receiver.exits(5, SILENCE_MS)]);
      assert.notEqual((await Deno.stat(`${into}/repo/.git/objects`)).mtime?.getTime(), 1e12, "nothing was left to do");
      const { received } = await finish(await start(workspace, "receiver", [repo], into));
      assert.ok(Number(received["resumedBytes"]) >= 0.3 * 60 * MIB, `${received["resumedBytes"]}`);
      await assertRepository(into, repo);
    }, await largeFolder()));
}

Deno.test("E11 E12: a file that changed between the runs begins anew and is said to; the others go on, also in another list", async () =>
  await inWorkspace(async (workspace) => {
    const [one, two] = [workspace.path("one"), workspace.path("two")];
    await Promise.all([writeFile(one, 80 * MIB), writeFile(two, 80 * MIB)]);
    const into = await workspace.make("into");
    const first = await start(workspace, "receiver", [one, two], into, { send: ["--rate-limit", "40M"] });
    await until(0.4, first);
    await interrupt(first, "sender", "SIGINT");
    {
      using file = await Deno.open(one, { write: true });
      await file.write(new TextEncoder().encode("other"));
    }
    await writeFile(workspace.path("three"), 5 * MIB);
    const paths = [workspace.path("three"), one, two];
    const again = await start(workspace, "receiver", paths, into);
    const { received } = await finish(again);
    assert.ok(
      again.receiver.events.some(({ type, path, why }) =>
        type === "restarted" && path === "one" && why === "source-changed"
      ),
    );
    assert.ok(Number(received["resumedBytes"]) > 0);
    for (const path of paths) await assertSameFile(`${into}/${path.split("/").at(-1)}`, path);
    await assertNoLeftovers(into);
  }, await largeFolder()));

Deno.test("--restart begins anew and says so", async () =>
  await inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("movie.mkv"), 100 * MIB);
    const into = await workspace.make("into");
    const first = await start(workspace, "receiver", [source], into, { send: ["--rate-limit", "50M"] });
    await until(0.4, first);
    await interrupt(first, "receiver", "SIGINT");
    const again = await start(workspace, "receiver", [source], into, { recv: ["--restart"] });
    const { received } = await finish(again);
    assert.equal(received["resumedBytes"], 0);
    assert.equal((await again.receiver.event("restarted"))["why"], "chosen");
    await assertNoLeftovers(into);
  }, await largeFolder()));

Deno.test("D30: of two receivers of one file into one folder the second is refused, and the first is not harmed", async () =>
  await inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("movie.mkv"), 100 * MIB);
    const into = await workspace.make("into");
    const first = await start(workspace, "receiver", [source], into, { send: ["--rate-limit", "20M"] });
    await until(0.05, first);
    const second = await start(workspace, "receiver", [source], into);
    await Promise.all([second.receiver.exits(4), second.sender.exits(4)]);
    for (const side of [second.receiver, second.sender]) {
      assert.deepEqual((await side.event("complete"))["leftOut"], [{ reason: "busy", path: "movie.mkv" }]);
    }
    await finish(first);
    await assertSameFile(`${into}/movie.mkv`, source);
    await assertNoLeftovers(into);
  }, await largeFolder()));

Deno.test("T45: a receiver mentions the parts that another transfer left, and does not touch them", async () =>
  await inWorkspace(async (workspace) => {
    const [old, other] = [workspace.path("old"), workspace.path("other")];
    await Promise.all([writeFile(old, 100 * MIB), writeFile(other, 10)]);
    const into = await workspace.make("into");
    const first = await start(workspace, "receiver", [old], into, { send: ["--rate-limit", "50M"] });
    await until(0.3, first);
    await interrupt(first, "receiver", "SIGINT");
    const left = namesIn(into);
    const second = await start(workspace, "receiver", [other], into);
    await finish(second);
    assert.equal((await second.receiver.event("left-over"))["parts"], 1);
    assert.deepEqual(namesIn(into), [...left, "other"]);
  }, await largeFolder()));
