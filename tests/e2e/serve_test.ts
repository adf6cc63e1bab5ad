/** `ultra serve`, `get` and `ls` as real processes: the usual ways, refusals, many clients at once, and deaths of either side. */

import assert from "node:assert/strict";
import { assertNoLeftovers, assertSameFile, KIB, MIB, namesIn, writeFile } from "./files.ts";
import { PROGRAM_VERSION } from "../../src/cli/version.ts";
import { inWorkspace, type Ultra, type Workspace } from "./harness.ts";

/** `photos` and `docs` are shared; `secret` lies beside them. */
async function serving(workspace: Workspace, ...flags: readonly string[]) {
  const photos = await workspace.make("shared", "photos");
  const docs = await workspace.make("shared", "docs");
  await workspace.make("shared", "photos", "2024");
  await writeFile(`${photos}/a.jpg`, 300 * KIB);
  await writeFile(`${photos}/b.jpg`, 5);
  await writeFile(`${photos}/2024/big`, 3 * MIB + 7);
  await writeFile(`${docs}/a.jpg`, 7);
  await writeFile(workspace.path("secret"), 100);
  await Deno.symlink("../../secret", `${photos}/out`);
  await Deno.symlink("../..", `${photos}/up`);
  const start = () => workspace.start(["serve", "--listen", "127.0.0.1", "--json", ...flags, photos, docs]);
  const server = start();
  const ticket = workspace.path("ticket");
  await Deno.writeTextFile(ticket, await server.ticket(), { mode: 0o600 });
  const client = (...args: readonly string[]) => {
    const [command = "", ...rest] = args;
    return workspace.start([command, "--ticket", ticket, ...rest]);
  };
  return { photos, docs, server, ticket, client, start };
}

async function stops(server: Ultra): Promise<void> {
  server.kill("SIGINT");
  await server.exits(130);
}

/** What `ls` prints, without sizes and times. */
async function list(client: Ultra): Promise<string[]> {
  await client.exits(0);
  return client.stdout.lines.map((line) => line.trim().split(/  +/).slice(2).join("  "));
}

Deno.test("serve: ls and get: shared names, folders, files and patterns, each under its last name", () =>
  inWorkspace(async (workspace) => {
    const { photos, server, client } = await serving(workspace);
    assert.deepEqual(await list(client("ls")), ["photos/", "docs/"]);
    assert.deepEqual(
      await list(client("ls", "photos/")),
      ["photos/2024/", "photos/a.jpg", "photos/b.jpg"],
    );
    assert.deepEqual(await list(client("ls", "./photos/*.jpg")), ["photos/a.jpg", "photos/b.jpg"]);
    for (const top of [".", "./", "/"]) assert.deepEqual(await list(client("ls", top)), ["photos/", "docs/"]);
    await Deno.symlink("a.jpg", `${photos}/same.jpg`);
    assert.deepEqual(await list(client("ls", "photos")), [
      "photos/2024/",
      "photos/a.jpg",
      "photos/b.jpg",
      "photos/same.jpg -> a.jpg",
    ]);
    await Deno.remove(`${photos}/same.jpg`);
    const shown = client("ls", "photos/a.jpg", "--json");
    await shown.exits(0);
    const { modified, ...entry } = shown.events[1] ?? assert.fail();
    assert.deepEqual(entry, { type: "entry", name: "a.jpg", path: "photos/a.jpg", kind: "file", size: 300 * KIB });
    assert.deepEqual(shown.events[0], { type: "version", schema: 1, program: PROGRAM_VERSION });
    const seconds = Math.floor(((await Deno.stat(`${photos}/a.jpg`)).mtime?.getTime() ?? 0) / 1000);
    assert.equal(Date.parse(String(modified)), seconds * 1000);

    const into = await workspace.make("into");
    await client("get", "--into", into, "photos/2024", "photos/*.jpg").exits(0);
    assert.deepEqual(namesIn(into), ["2024", "a.jpg", "b.jpg"]);
    await assertSameFile(`${into}/2024/big`, `${photos}/2024/big`);
    await assertSameFile(`${into}/a.jpg`, `${photos}/a.jpg`);
    const again = client("get", "--into", into, "photos/2024");
    await again.exits(0);
    assert.match(again.stderr.text, /nothing to do, .*2024/);
    await client("get", "--into", into, "-o", "renamed", "docs/a.jpg").exits(0);
    assert.equal((await Deno.stat(`${into}/renamed`)).size, 7);
    await stops(server);
    const asked = server.events.find(({ type, what }) => type === "request" && what === "paths");
    assert.deepEqual(asked?.["paths"], ["photos/2024", "photos/*.jpg"]);
    await assertNoLeftovers(into);
  }));

Deno.test("serve: whatever ls prints is what get takes: in folders, by patterns, and where several things have one name", () =>
  inWorkspace(async (workspace) => {
    const { photos, server, client } = await serving(workspace);
    await workspace.make("shared", "photos", "[2]");
    await writeFile(`${photos}/[2]/in brackets`, 9);
    const sizes = new Map<string, number>();
    for (
      const asked of [[], ["photos"], ["photos/2024/"], ["*/a.jpg"], ["p*/[[]2]"], ["photos/[2]"], ["photos/[2]/*"]]
    ) {
      for (const [index, path] of (await list(client("ls", ...asked))).entries()) {
        const into = await workspace.make("into", `${asked.join()}${index}`.replaceAll("/", "_"));
        // (The links of the scene lead out, and are left out.)
        await client("get", "--no-sync", "--allow-left-out", "--into", into, path).exits(0);
        const [name = ""] = namesIn(into);
        assert.equal(name, path.split("/").findLast((part) => part !== ""), path);
        sizes.set(path, (await Deno.stat(`${into}/${name}`)).size);
      }
    }
    assert.deepEqual([sizes.get("photos/a.jpg"), sizes.get("docs/a.jpg"), sizes.get("photos/[2]/in brackets")], [
      300 * KIB,
      7,
      9,
    ]);
    assert.ok(sizes.has("photos/[2]/") && sizes.has("photos/2024/big"), [...sizes.keys()].join());
    await stops(server);
  }));

Deno.test("H1: serve: what is outside, behind a link or not there is not found: 4 alone, 3 among others, on both sides told", () =>
  inWorkspace(async (workspace) => {
    const { server, client } = await serving(workspace);
    const into = await workspace.make("into");
    const outside = [
      "../secret",
      "secret",
      "photos/out",
      "photos/up/secret",
      "photos/../../secret",
      "nothing",
      "photos/*.gif",
    ];
    for (const path of outside) {
      const refused = client("get", "--into", into, path);
      await refused.exits(4);
      assert.match(refused.stderr.text, /not found/, path);
      assert.doesNotMatch(refused.stderr.text, /--allow-left-out/, path);
    }
    assert.deepEqual(namesIn(into), []);
    await client("get", "--into", into, workspace.path("secret")).exits(4);
    const some = client("get", "--into", into, "photos/b.jpg", "../secret");
    await some.exits(3);
    assert.deepEqual(namesIn(into), ["b.jpg"]);
    await client("get", "--into", into, "--allow-left-out", "photos/b.jpg", "../secret").exits(0);
    for (const path of ["../", "photos/up", "photos/nothing", "photos/out"]) {
      const refused = client("ls", path);
      await refused.exits(4);
      if (path !== "../") {
        assert.equal(refused.stderr.text.trim().split("\n").at(-1), `ultra: The other side: Not found: ${path}`);
      }
    }
    await server.event("complete", ({ leftOutCount }) => leftOutCount === 1);
    await stops(server);
  }));

Deno.test("serve: wrong commands are refused with 2 and what to type, and serve goes on", () =>
  inWorkspace(async (workspace) => {
    const { photos, server, client } = await serving(workspace);
    const cases: readonly [readonly string[], RegExp][] = [
      [["get"], /Name what to fetch/],
      [["get", "photos/a.jpg", "docs/a.jpg"], /Two paths end in "a.jpg"/],
      [["get", "*/a.jpg"], /several things of this name were asked for/],
      [["recv"], /choose: `ultra ls TICKET/],
      [["send", photos], /takes none/],
      [["ls", "a", "b"], /one path at most/],
      [["get", "--stay", "x"], /--stay is a flag of `ultra recv`/],
    ];
    for (const [args, text] of cases) {
      const refused = client(...args);
      await refused.exits(2);
      assert.match(refused.stderr.text, text, args.join(" "));
    }
    for (
      const [args, text] of [
        [["serve"], /Name the folders/],
        [["serve", photos, `${photos}/`], /Two of the folders have the same name/],
        [["serve", `${photos}/a.jpg`], /Only folders are served/],
        [["serve", "--overwrite", photos], /without --accept DIR nothing is taken/],
        [["serve", "--existing", "skip", photos], /without --accept DIR nothing is taken/],
        [["serve", "--max-clients", "0", photos], /from 1 to 1000/],
        [["ls"], /A ticket is needed/],
      ] as const
    ) {
      const refused = workspace.start(args);
      await refused.exits(2);
      assert.match(refused.stderr.text, text, args.join(" "));
    }
    await workspace.start(["serve", workspace.path("no such folder")]).exits(4);
    for (const accept of [`${photos}/a.jpg`, workspace.path("no such folder")]) {
      const refused = workspace.start(["serve", photos, "--accept", accept]);
      await refused.exits(4);
      assert.ok(refused.stderr.text.includes(accept), refused.transcript());
      assert.equal(refused.stdout.text, "", "a ticket was shown");
    }
    assert.deepEqual(await list(client("ls")), ["photos/", "docs/"]);

    await stops(server);
  }));

Deno.test("serve: 64 clients at once get other files each, identical, at a part of the rate each; a 65th is told to come again, with 5", () =>
  inWorkspace(async (workspace) => {
    const clients = 64;
    const many = await workspace.make("many");
    const names = Array.from({ length: clients }, (_, i) => `file ${i}`);
    for (const [i, name] of names.entries()) await writeFile(`${many}/${name}`, 600 * KIB - i);
    const args = ["--listen", "127.0.0.1", "--json", "--max-clients", "64", "--rate-limit", "1M"];
    const server = workspace.start(["serve", ...args, many]);
    const ticket = workspace.path("ticket");
    await Deno.writeTextFile(ticket, await server.ticket(), { mode: 0o600 });
    // It stands still until all clients have begun, so that none is done before the last one comes. (Its port stays its own meanwhile.)
    server.kill("SIGSTOP");
    const into = await workspace.make("into");
    const get = (name: string) =>
      workspace.start(["get", "--wait", "5m", "--ticket", ticket, "--no-sync", "--into", into, `many/${name}`]);
    const getting = names.map(get);
    await Promise.all(getting.map((client) => client.says(/^Connecting/)));
    server.kill("SIGCONT");
    let asked = 0;
    await server.event("request", () => ++asked === clients);
    assert.ok(server.events.every(({ type }) => type !== "client"), "all are there, and none has gone");
    const oneMore = workspace.start(["ls", "--ticket", ticket]);
    await oneMore.exits(5);
    assert.match(oneMore.stderr.text, /as many clients as it takes at the same time \(64\); try again/);
    await Promise.all(getting.map((client) => client.exits(0)));
    for (const name of names) await assertSameFile(`${into}/${name}`, `${many}/${name}`);
    const complete = server.events.filter(({ type }) => type === "complete");
    assert.equal(new Set(complete.map(({ client }) => client)).size, clients);
    const peak = await server.peakMemory() ?? Infinity;
    assert.ok(peak <= (256 + 4 * clients) * MIB, `${peak} bytes`);
    await stops(server);
  }));

Deno.test("serve: 1,000 paths in one request arrive, and one more is refused with 2", () =>
  inWorkspace(async (workspace) => {
    const { photos, server, client } = await serving(workspace);
    const names = Array.from({ length: 1001 }, (_, index) => `n${index}`);
    for (const name of names) await Deno.writeTextFile(`${photos}/${name}`, name);
    const into = await workspace.make("into");
    const paths = names.map((name) => `photos/${name}`);
    const refused = client("get", "--into", into, ...paths);
    await refused.exits(2);
    assert.match(refused.stderr.text, /takes 1000 paths at most/);
    await client("get", "--into", into, "--no-sync", ...paths.slice(0, 1000)).exits(0);
    assert.deepEqual(namesIn(into), names.slice(0, 1000).sort());
    await stops(server);
  }));

Deno.test("G8: serve: a client that is stopped holds up no other, also where a rate limit is shared", () =>
  inWorkspace(async (workspace) => {
    const { photos, server, client } = await serving(workspace, "--rate-limit", "20M");
    await writeFile(`${photos}/large`, 64 * MIB);
    await writeFile(`${photos}/other`, 16 * MIB);
    const stopped = client("get", "--json", "--into", await workspace.make("stopped"), "photos/large");
    await stopped.midway();
    stopped.kill("SIGSTOP");
    const into = await workspace.make("into");
    await client("get", "--into", into, "photos/other").exits(0);
    await assertSameFile(`${into}/other`, `${photos}/other`);
    await client("get", "--into", into, "photos/a.jpg").exits(0);
    stopped.kill("SIGCONT");
    await stopped.exits(0);
    await stops(server);
  }));

Deno.test("serve: with --max-clients 1 a second client is told to come again, with 5, and is served when the first has gone", () =>
  inWorkspace(async (workspace) => {
    const { server, client } = await serving(workspace, "--max-clients", "1", "--rate-limit", "1M");
    const into = await workspace.make("into");
    const first = client("get", "--json", "--into", into, "photos/2024");
    await first.midway();
    const second = client("ls");
    await second.exits(5);
    assert.match(second.stderr.text, /as many clients as it takes at the same time \(1\); try again/);
    await server.event("client", ({ isLetIn }) => isLetIn === false);
    first.kill("SIGTERM");
    await first.exits(143);
    await server.event("client", ({ isLetIn }) => isLetIn === true);
    assert.deepEqual(await list(client("ls")), ["photos/", "docs/"]);
    await stops(server);
  }));

Deno.test("serve: a client that is killed goes on with what it has, and so does one whose server was killed and started again", () =>
  inWorkspace(async (workspace) => {
    const { photos, server, client, start } = await serving(
      workspace,
      ...["--identity", workspace.path("identity"), "--rate-limit", "4M"],
    );
    await writeFile(`${photos}/large`, 16 * MIB);
    const into = await workspace.make("into");
    const get = () => client("get", "--json", "--into", into, "photos/large");
    const killed = get();
    await killed.midway();
    killed.kill("SIGKILL");
    await killed.gone;
    const stopped = get();
    await stopped.midway();
    stopped.kill("SIGINT");
    await stopped.exits(130);
    const { again: goesOn } = await stopped.event("exit");
    assert.match(String(goesOn), /^ultra get --ticket .*ticket --json --into .*into photos\/large$/);
    const next = get();
    await next.midway();
    server.kill("SIGKILL");
    await server.gone;
    const again = start();
    await again.ticket();
    await next.exits(0);
    await assertSameFile(`${into}/large`, `${photos}/large`);
    assert.ok(Number((await next.event("complete"))["resumedBytes"]) > 0);
    await stops(again);
    await assertNoLeftovers(into);
  }));

Deno.test("H7: serve: a file that is replaced while it is fetched is exit 9 at the client, and the server goes on", () =>
  inWorkspace(async (workspace) => {
    const { photos, server, client } = await serving(workspace, "--rate-limit", "2M");
    await writeFile(`${photos}/large`, 8 * MIB);
    const into = await workspace.make("into");
    const fetching = client("get", "--json", "--into", into, "photos/large");
    await fetching.midway();
    await Deno.writeTextFile(`${photos}/large`, "something else");
    await fetching.exits(9);
    assert.deepEqual(namesIn(into), []);
    await client("get", "--into", into, "photos/large").exits(0);
    await stops(server);
  }));

Deno.test("H7: serve: a file of which another takes the name is exit 9 alone and 3 among others; renames beside it change nothing", () =>
  inWorkspace(async (workspace) => {
    const { photos, server, client } = await serving(workspace, "--rate-limit", "8M");
    const large = await writeFile(`${photos}/large`, 40 * MIB);
    const into = await workspace.make("into");
    const during = async (change: () => Promise<unknown>, code: number, ...paths: readonly string[]) => {
      const fetching = client("get", "--json", "--into", into, ...paths);
      await fetching.midway();
      await change();
      await fetching.exits(code);
      return fetching;
    };
    const others = async () => {
      await Deno.rename(`${photos}/b.jpg`, `${photos}/c.jpg`);
      await Deno.rename(`${photos}/2024`, `${photos}/2025`);
    };
    await during(others, 0, "photos/large");
    await assertSameFile(`${into}/large`, large);
    await Deno.remove(`${into}/large`);

    const replace = async () => {
      await writeFile(`${photos}/new`, 40 * MIB + 1);
      await Deno.rename(`${photos}/new`, large);
    };
    const alone = await during(replace, 9, "photos/large");
    assert.match(String((await alone.event("exit"))["why"]), /"large": another file has taken its name/);
    assert.deepEqual(namesIn(into), []);
    await during(replace, 3, "photos/a.jpg", "photos/large");
    assert.deepEqual(namesIn(into), ["a.jpg"]);
    await client("get", "--into", into, "photos/large").exits(0);
    await assertSameFile(`${into}/large`, large);
    await stops(server);
    await assertNoLeftovers(into);
  }));

Deno.test("serve: a shared folder that was deleted is not found, and the others are served", () =>
  inWorkspace(async (workspace) => {
    const { docs, server, client } = await serving(workspace);
    await Deno.remove(docs, { recursive: true });
    assert.deepEqual(await list(client("ls")), ["photos/"]);
    const into = await workspace.make("into");
    for (const args of [["ls", "docs"], ["get", "--into", into, "docs"], ["get", "--into", into, "docs/a.jpg"]]) {
      const refused = client(...args);
      await refused.exits(4);
      assert.match(refused.stderr.text, /not found/i, args.join(" "));
    }
    await client("get", "--into", into, "photos/b.jpg", "docs").exits(3);
    assert.deepEqual(namesIn(into), ["b.jpg"]);
    await stops(server);
  }));

Deno.test("serve: --accept takes what others send, remembers it, and nothing reaches the shared folders", () =>
  inWorkspace(async (workspace) => {
    const incoming = await workspace.make("incoming");
    const { server, client } = await serving(workspace, "--accept", incoming);
    const source = await writeFile(workspace.path("upload.bin"), 2 * MIB);
    await client("send", source).exits(0);
    await assertSameFile(`${incoming}/upload.bin`, source);
    await Deno.remove(`${incoming}/upload.bin`);
    await client("send", source).exits(0);
    assert.deepEqual(namesIn(incoming), []);
    await Deno.writeTextFile(source, "another");
    await client("send", source).exits(0);
    assert.deepEqual(namesIn(incoming), ["upload.bin"]);
    await stops(server);
  }));

Deno.test("get with the ticket of a sender takes only what was asked for, and says what is not there", () =>
  inWorkspace(async (workspace) => {
    const source = await workspace.make("tree");
    await workspace.make("tree", "sub");
    for (const name of ["a", "b", "sub/c", "sub/d"]) await writeFile(`${source}/${name}`, 1000 + name.length);
    const into = await workspace.make("into");
    const fetch = async (paths: readonly string[], senderCode: number) => {
      const sender = workspace.sendWaiting([source]);
      const getter = workspace.start(["get", "--into", into, await sender.ticket(), ...paths]);
      const [code] = await Promise.all([getter.exit(), sender.exits(senderCode)]);
      return { code, text: getter.stderr.text };
    };
    assert.equal((await fetch(["tree/sub/c", "tree/a"], 0)).code, 0);
    assert.deepEqual([namesIn(`${into}/tree`), namesIn(`${into}/tree/sub`)], [["a", "sub"], ["c"]]);
    const { code, text } = await fetch(["tree/sub", "tree/nothing"], 0);
    assert.equal(code, 3);
    assert.match(text, /tree\/nothing: not found/);
    assert.deepEqual(namesIn(`${into}/tree/sub`), ["c", "d"]);
    assert.equal((await fetch(["nothing"], 0)).code, 4);
  }));
