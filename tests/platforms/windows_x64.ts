/** The Windows file: looked at, and run under wine. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { NATIVE } from "../../scripts/paths.ts";
import { PLATFORMS } from "../../scripts/release/platforms.ts";
import { toolchainOf } from "../../scripts/release/toolchain.ts";
import { print } from "../../scripts/shell.ts";
import { exists } from "../../scripts/tools.ts";
import { until } from "../e2e/dropping.ts";
import { assertNoLeftovers, assertSameFile, MIB, namesIn, randomBytes, writeFile, writeSparse } from "../e2e/files.ts";
import { inWorkspace } from "../e2e/harness.ts";
import { prove, Speaker } from "../hostile/hostile_peer.ts";
import { CODES, message, offer, page, pagesEnd, readTicket } from "../hostile/wire.ts";
import { judge, readCargo } from "../results.ts";
import { missingRelease, released, testOn } from "./built.ts";
import { makeWindowsTree } from "./tree.ts";
import {
  bothExit,
  LIMIT,
  missingToRun,
  onWindows,
  plain,
  type Scene,
  Sides,
  SLOW_MS,
  WAYS,
  wine,
} from "./windows_scene.ts";
import { BUILT, dos, RUNNER, USERS, WINDOWS } from "./wine.ts";

const OBJDUMP = "x86_64-w64-mingw32-objdump";
const missing = await missingRelease(WINDOWS, "windows-x64") ??
  (exists(OBJDUMP) ? undefined : `${OBJDUMP} is missing: scripts/prepare-cross.sh`);

/** What every Windows 10 has. */
const SYSTEM =
  /^(advapi32|api-ms-win-[\w-]+|bcrypt|bcryptprimitives|crypt32|gdi32|iphlpapi|kernel32|msvcrt|ntdll|ole32|powrprof|shell32|user32|userenv|wer|winmm|ws2_32)\.dll$/i;

for (
  const [what, path] of [
    ["the executable", released(WINDOWS)],
    ["the engine", join(BUILT, "ultra_engine.dll")],
  ] as const
) {
  testOn(missing, `windows-x64: ${what} takes what every Windows has`, async () => {
    const output = await new Deno.Command(OBJDUMP, { args: ["-p", path] }).output();
    const names = [...new TextDecoder().decode(output.stdout).matchAll(/DLL Name: (\S+)/g)].map(([, name]) =>
      name ?? ""
    );
    assert.ok(names.length > 0);
    for (const name of names) assert.match(name, SYSTEM);
  });
}

testOn(
  missingToRun,
  "windows-x64: the released file itself prints its licences",
  () =>
    inWorkspace(async (workspace) => {
      assert.ok(wine !== undefined);
      const ultra = workspace.start(["licenses"], { program: [wine.wine, released(WINDOWS)], env: wine.env });
      await ultra.exits(0);
      assert.match(ultra.stdout.text, /msquic/);
    }),
);

onWindows("it unpacks itself to %LOCALAPPDATA% and tells its version", async ({ workspace, windows }) => {
  const [user = ""] = namesIn(USERS).filter((name) => name !== "Public");
  const cache = join(USERS, user, "AppData", "Local", "ultra");
  await Deno.remove(cache, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const env = { ...windows.env, ULTRA_CACHE_DIR: "" };
  for (let start = 0; start < 2; start++) {
    const ultra = workspace.start(["--version"], { ...windows, env });
    await ultra.exits(0, SLOW_MS);
    assert.match(ultra.stdout.text, /^ultra \d[\s\S]*msquic 2/);
  }
  const [key = "", ...more] = namesIn(cache).filter((name) => !name.startsWith("."));
  assert.deepEqual(more, []);
  const files = namesIn(join(cache, key)).filter((name) => /\.(exe|dll|js)$/.test(name));
  assert.deepEqual(files, ["deno.exe", "ultra.js", "ultra_engine.dll"]);
});

onWindows("the exit code of the program is that of the file", async ({ workspace, windows }) => {
  const ultra = workspace.start(["send", "--no-such-flag"], windows);
  await ultra.exits(2, SLOW_MS);
  assert.match(ultra.stderr.text, /no-such-flag/);
});

for (const [from, to] of WAYS) {
  const way = `${from} to ${to}`;

  onWindows(`200 files with awkward names arrive with their names and times, ${way}`, async (scene) => {
    const { workspace } = scene;
    const source = await workspace.make("tree");
    await makeWindowsTree(source);
    const into = await workspace.make("into");
    await bothExit(await new Sides(scene, from, to).start(source, into), 0);
    assert.deepEqual(plain(`${into}/tree`), plain(source));
    await assertNoLeftovers(into);
    // Once more: all of it is there.
    const again = await new Sides(scene, from, to).start(source, into, { send: ["--json"] });
    await bothExit(again, 0);
    const complete = await again[0].event("complete");
    assert.equal(complete["presentFiles"], 200, JSON.stringify(complete));
  });

  onWindows(`the sender waits, ${way}`, async (scene) => {
    const { workspace } = scene;
    const source = await writeFile(workspace.path("file"), 3 * MIB + 1);
    const into = await workspace.make("into");
    await bothExit(await new Sides(scene, from, to).startWaiting(source, into), 0);
    await assertSameFile(`${into}/file`, source);
  });

  onWindows(`300 MB, and a file of holes, ${way}`, async (scene) => {
    const { workspace } = scene;
    const source = await workspace.make("large");
    await writeFile(`${source}/full`, 300 * MIB + 5);
    await writeSparse(`${source}/holes`, 60 * MIB, [0, 17 * MIB, 57 * MIB]);
    const into = await workspace.make("into");
    await bothExit(await new Sides(scene, from, to).start(source, into), 0);
    for (const name of ["full", "holes"]) await assertSameFile(`${into}/large/${name}`, `${source}/${name}`);
  });

  for (const killed of ["sender", "receiver"] as const) {
    onWindows(`the ${killed} is killed, and the next run goes on, ${way}`, async (scene) => {
      const { workspace } = scene;
      const source = await writeFile(workspace.path("file"), 96 * MIB);
      const into = await workspace.make("into");
      const sides = new Sides(scene, from, to);
      const flags = { send: ["--json", "--retry-for", "0"], recv: ["--json", "--retry-for", "0"] };
      const [sender, receiver] = await sides.start(source, into, {
        send: [...flags.send, ...LIMIT],
        recv: flags.recv,
      });
      await receiver.midway();
      const [lost, other] = killed === "sender" ? [sender, receiver] : [receiver, sender];
      lost.kill("SIGKILL");
      await other.exits(5, SLOW_MS);
      const next = await sides.start(source, into, flags);
      await bothExit(next, 0);
      await assertSameFile(`${into}/file`, source);
      if (killed === "receiver" && to === "windows") await cleanUp(scene, into);
      await assertNoLeftovers(into);
      const facts = await next[0].event("complete");
      assert.ok(Number(facts["resumedBytes"]) > 0, JSON.stringify(facts));
    });
  }
}

/** `ultra clean` removes the folder in which a run that was killed had tried names, and finds nothing else. */
async function cleanUp({ workspace, windows }: Scene, into: string): Promise<void> {
  const clean = workspace.start(["clean", "--remove", "--json", dos(into)], windows);
  await clean.exits(0, SLOW_MS);
  const left = clean.events.filter(({ type }) => type === "leftover");
  assert.deepEqual(left.map(({ kind, state }) => [kind, state]), [["trials", "removed"]]);
}

/** Names that Windows cannot hold, of which no byte is to be sent, and why they are left out. */
const REFUSED: Readonly<Record<string, string>> = {
  "CON": "name-refused",
  "nul.txt": "name-refused",
  "COM1": "name-refused",
  "lpt9.log": "name-refused",
  "trailing.": "name-refused",
  "trailing ": "name-refused",
  "stream:a": "name-refused",
  "a?b": "name-refused",
  "a*b": "name-refused",
  'a"b': "name-refused",
  "a<b": "name-refused",
  "a|b": "name-refused",
  "GIT~1": "name-refused",
  "aux": "name-refused",
  // As it would be read there: a drive, and a folder.
  "a:b": "reserved",
  "back\\slash": "backslash",
  // The later one of two.
  "case": "same-name",
};

onWindows(
  "F4 F5: names that Windows cannot hold are left out before their bytes travel, with the reason",
  async (scene) => {
    const { workspace } = scene;
    const source = await workspace.make("tree");
    await Deno.mkdir(`${source}/aux`);
    await Deno.writeFile(`${source}/aux/inside`, randomBytes(1000));
    for (const name of [...Object.keys(REFUSED), "fine", "Case"]) {
      if (name !== "aux") await Deno.writeFile(`${source}/${name}`, randomBytes(1000));
    }
    const into = await workspace.make("into");
    const sides = await new Sides(scene, "linux", "windows").start(source, into, {
      send: ["--json"],
      recv: ["--json"],
    });
    await bothExit(sides, 3);
    for (const side of sides) {
      const complete = await side.event("complete");
      const named = complete["leftOut"] as readonly { readonly path: string; readonly reason: string }[];
      const reasons = named.map(({ path, reason }) => [path.replace("tree/", ""), reason]);
      assert.deepEqual(Object.fromEntries(reasons), REFUSED);
      // What is in `aux` is counted, and not named again.
      assert.deepEqual([complete["leftOutCount"], complete["failedCount"]], [Object.keys(REFUSED).length + 1, 0]);
      assert.equal(complete["bytes"], 2000, JSON.stringify(complete));
    }
    assert.deepEqual(namesIn(`${into}/tree`), ["Case", "fine"]);
  },
);

onWindows("F4 F5: a name that Windows cannot hold is 4 when it is the only one", async (scene) => {
  const { workspace } = scene;
  const source = await writeFile(workspace.path("nul.txt"), 1000);
  const into = await workspace.make("into");
  const sides = await new Sides(scene, "linux", "windows").start(source, into);
  await bothExit(sides, 4);
  for (const side of sides) assert.match(side.stderr.text, /nul\.txt.*does not take the name/);
  assert.deepEqual(namesIn(into), []);
});

/** Paths of a hostile sender that no system takes. */
const BREACHES = [
  "../x",
  "a/../../x",
  "..",
  ".",
  "",
  "/x",
  "//server/share",
  "C:\\x",
  "C:x",
  "a/C:\\x",
  "a\0b",
  "a//b",
];

/** Paths that lead elsewhere on Windows alone, where each is a name that it cannot hold. */
const ATTACKS = [
  "..\\x",
  "a\\..\\..\\x",
  "\\x",
  "\\\\server\\share\\x",
  "\\\\?\\C:\\x",
  "\\??\\C:\\x",
  "fine:stream",
  "fine::$DATA",
  "CONIN$",
  "NUL.",
  ".. ",
  "...",
  "a/.. /x",
];

onWindows("a sender that knows the ticket writes nothing outside of the folder", async ({ workspace, windows }) => {
  const into = await workspace.make("box", "into");
  const names = () => [namesIn(workspace.path("box")), namesIn(into)];
  await using speaker = new Speaker();
  const receiver = workspace.recv(["--stay", "--into", dos(into)], windows);
  const ticket = readTicket(await receiver.ticket());
  for (const path of BREACHES) {
    const peer = await speaker.connect(ticket.port);
    await prove(peer, ticket);
    for (const said of [offer(), page(0, { path }), pagesEnd(1, 1)]) peer.send(said);
    assert.deepEqual({ path, code: (await peer.closed).code }, { path, code: 8 });
  }
  for (const path of ATTACKS) {
    const peer = await speaker.connect(ticket.port);
    await prove(peer, ticket);
    for (const said of [offer(), page(0, { path }), pagesEnd(1, 1)]) peer.send(said);
    await peer.nextOf(CODES["left-out"]);
    peer.send(message("bye"));
    await peer.closed;
  }
  assert.deepEqual(names(), [["into"], []]);
});

onWindows("a file that is there stays, and --overwrite replaces it", async (scene) => {
  const { workspace } = scene;
  const source = await writeFile(workspace.path("file"), 5000);
  const into = await workspace.make("into");
  await Deno.writeTextFile(`${into}/file`, "before");
  const sides = new Sides(scene, "linux", "windows");
  await bothExit(await sides.start(source, into), 4);
  assert.equal(await Deno.readTextFile(`${into}/file`), "before");
  await bothExit(await sides.start(source, into, { recv: ["--overwrite"] }), 0);
  await assertSameFile(`${into}/file`, source);
  await assertNoLeftovers(into);
});

onWindows("a ticket of another side is refused, and one that was used", async (scene) => {
  const { workspace, windows } = scene;
  const into = await workspace.make("into");
  const receiver = workspace.recv(["--into", dos(into)], windows);
  const ticket = await receiver.ticket();
  await workspace.start(["recv", ticket], windows).exits(2, SLOW_MS);
  const source = await writeFile(workspace.path("file"), 100);
  const send = () => workspace.start(["send", "--retry-for", "0", dos(source), ticket], windows);
  await bothExit([send(), receiver], 0);
  await send().exits(5, SLOW_MS);
});

onWindows("files that arrived are on the clipboard, and are sent from there", async ({ workspace, windows }) => {
  const source = await writeFile(workspace.path("a b #100% \u65e5\u672c\u8a9e"), 300_000);
  const into = await workspace.make("into");
  const receiver = workspace.recv(["--clipboard", "--into", dos(into)], windows);
  await bothExit([workspace.start(["send", source, await receiver.ticket()]), receiver], 0);
  const back = await workspace.make("back");
  const fetching = workspace.recv(["--into", back]);
  const sender = workspace.start(["send", "--clipboard", await fetching.ticket()], windows);
  await bothExit([sender, fetching], 0);
  assert.deepEqual(namesIn(back), namesIn(into));
  await assertSameFile(`${back}/${namesIn(back)[0]}`, source);
});

onWindows("serve, ls and get", async ({ workspace, windows }) => {
  const shared = await workspace.make("shared", "photos");
  const source = await writeFile(`${shared}/a.jpg`, 300_000);
  const into = await workspace.make("into");
  const server = workspace.start(["serve", "--listen", "127.0.0.1", dos(shared)], windows);
  const env = { ULTRA_TICKET: await server.ticket() };
  for (const client of [{ env }, { ...windows, env: { ...windows.env, ...env } }]) {
    const list = workspace.start(["ls", "photos"], client);
    await list.exits(0, SLOW_MS);
    assert.match(list.stdout.text, / photos\/a\.jpg$/);
    const place = "program" in client ? dos(into) : into;
    await workspace.start(["get", "photos/a.jpg", "--overwrite", "--into", place], client).exits(0, SLOW_MS);
    await assertSameFile(`${into}/a.jpg`, source);
    await Deno.remove(`${into}/a.jpg`);
  }
});

onWindows(
  "a watched folder sends what is dropped into it, to a receiver that stays",
  async ({ workspace, windows }) => {
    const [outbox, into] = [await workspace.make("outbox"), await workspace.make("into")];
    const receiver = workspace.recv(["--stay", "--json", "--into", dos(into)], windows);
    const env = { ...windows.env, ULTRA_TICKET: await receiver.ticket() };
    const watching = workspace.start(["watch", dos(outbox), "--json"], { ...windows, env });
    await watching.event("watching");
    const source = await writeFile(workspace.path("dropped.bin"), 100_000);
    await Deno.copyFile(source, `${outbox}/dropped.bin`);
    await receiver.event("complete");
    await assertSameFile(`${into}/dropped.bin`, source);
    // (On its way there it is in a folder of ultra's own.)
    const isSent = () => namesIn(outbox).includes("sent") && namesIn(`${outbox}/sent`).includes("dropped.bin");
    await until(outbox, isSent);
    assert.deepEqual(namesIn(outbox), [".ultra-watch", "sent"]);
  },
);

onWindows("files dropped on the executable are sent", async ({ workspace, windows }) => {
  const source = await writeFile(workspace.path("one, 100% #.bin"), 1000);
  const into = await workspace.make("into");
  const receiver = workspace.recv(["--into", into]);
  const env = { ...windows.env, ULTRA_TICKET: await receiver.ticket() };
  await bothExit([workspace.start([dos(source)], { ...windows, env }), receiver], 0);
  await assertSameFile(`${into}/one, 100% #.bin`, source);
});

onWindows("an identity, and a measurement with it", async ({ workspace, windows }) => {
  const identity = dos(workspace.path("identity"));
  const first = workspace.start(["ticket", "--identity", identity], windows);
  await first.exits(0, SLOW_MS);
  const second = workspace.start(["ticket", "--identity", identity], windows);
  await second.exits(0, SLOW_MS);
  assert.equal(second.stdout.text, first.stdout.text);
  const waiting = workspace.start(["test", "--listen", "127.0.0.1"], windows);
  const measures = workspace.start(["test", "--size", "8M", await waiting.ticket()], windows);
  await bothExit([measures, waiting], 0);
});

for (const crate of ["msquic-sys", "ultra-files", "ultra-engine", "ultra-launcher"]) {
  testOn(missingToRun, `windows-x64: the tests of ${crate} in Rust`, async () => {
    const platform = PLATFORMS.find(({ name }) => name === "windows-x64");
    assert.ok(wine !== undefined && platform !== undefined);
    const { cargo, args, env } = await toolchainOf(platform, "engine");
    const output = await new Deno.Command(cargo, {
      args: ["test", ...args, "--tests", "--no-fail-fast", "-p", crate],
      cwd: NATIVE,
      env: { ...env, ...wine.env, WINE: wine.wine, CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER: RUNNER },
    }).output();
    const text = new TextDecoder().decode(output.stdout);
    const results = judge(readCargo(text), output.code, "cargo test");
    for (const [line] of text.matchAll(/^skipped: .*$/gm)) print(line);
    assert.deepEqual(results.failures, [], `${text}\n${new TextDecoder().decode(output.stderr)}`);
    assert.ok(results.passed > 0);
  });
}

testOn(missing, "windows-x64: clippy finds nothing in what files and launcher have for Windows alone", async () => {
  const platform = PLATFORMS.find(({ name }) => name === "windows-x64");
  assert.ok(platform !== undefined);
  const { cargo, args, env } = await toolchainOf(platform, "engine");
  const crates = ["-p", "ultra-files", "-p", "ultra-launcher"];
  const output = await new Deno.Command(cargo, {
    args: ["clippy", ...args, "--tests", "--quiet", ...crates, "--", "-D", "warnings"],
    cwd: NATIVE,
    env: { ...env },
    stdin: "null",
  }).output();
  assert.ok(output.success, new TextDecoder().decode(output.stderr));
});
