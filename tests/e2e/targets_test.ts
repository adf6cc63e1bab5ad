import assert from "node:assert/strict";
import { assertNoLeftovers, assertSameFile, largeFolder, MIB, namesIn, writeFile } from "./files.ts";
import { inWorkspace, type Workspace } from "./harness.ts";

const SIZE = 2 * MIB + 5;

/** A file to send, and a folder in which something else has its name. */
async function arrange(workspace: Workspace) {
  const source = await writeFile(workspace.path("source.bin"), SIZE);
  const into = await workspace.make("into");
  return { source, into, target: `${into}/source.bin` };
}

Deno.test("D17: a target that differs is refused with exit 4 on both sides and stays untouched", () =>
  inWorkspace(async (workspace) => {
    const { source, into, target } = await arrange(workspace);
    // Of the same size: the content decides.
    const before = await writeFile(workspace.path("before"), SIZE);
    await Deno.copyFile(before, target);
    const { sender, receiver } = await workspace.pair([source], ["--into", into]);
    await Promise.all([sender.exits(4), receiver.exits(4)]);
    await assertSameFile(target, before);
    assert.deepEqual(namesIn(into), ["source.bin"]);
    for (const { stderr } of [sender, receiver]) {
      assert.match(stderr.text, /^ {4}source\.bin: a file exists and differs; the receiver's --overwrite replaces it/m);
    }
  }));

Deno.test("D17: --overwrite replaces a target that differs, D21: and its other names keep the old content", () =>
  inWorkspace(async (workspace) => {
    const { source, into, target } = await arrange(workspace);
    await writeFile(target, 100);
    await Deno.link(target, `${into}/other name`);
    const { sender, receiver } = await workspace.pair([source], ["--into", into, "--overwrite"]);
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    await assertSameFile(target, source);
    assert.equal((await Deno.stat(`${into}/other name`)).size, 100);
    await assertNoLeftovers(into);
  }));

Deno.test("an identical target is done: exit 0, told as already there, and not touched", () =>
  inWorkspace(async (workspace) => {
    const { source, into, target } = await arrange(workspace);
    await new Deno.Command("cp", { args: ["-p", source, target] }).output();
    const { ino } = await Deno.stat(target);
    const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json");
    await Promise.all([sender.exits(0), receiver.exits(0)]);
    assert.equal((await Deno.stat(target)).ino, ino);
    for (const side of [sender, receiver]) {
      const facts = await side.event("complete");
      assert.deepEqual([facts["files"], facts["presentFiles"], facts["presentBytes"]], [0, 1, SIZE]);
    }
  }));

Deno.test("D16: a folder, a link or a FIFO with the name of a file is refused with exit 4, and nothing is followed", () =>
  inWorkspace(async (workspace) => {
    const { source, into, target } = await arrange(workspace);
    const canary = await writeFile(workspace.path("canary"), 50);
    const obstacles: (() => Promise<unknown>)[] = [
      () => Deno.mkdir(target),
      () => Deno.symlink(canary, target),
      () => Deno.symlink(workspace.path("does not exist"), target),
      () => new Deno.Command("mkfifo", { args: [target] }).output(),
    ];
    for (const obstacle of obstacles) {
      for (const flags of [[], ["--overwrite"]]) {
        await obstacle();
        const { sender, receiver } = await workspace.pair([source], ["--into", into, ...flags]);
        await Promise.all([sender.exits(4), receiver.exits(4)]);
        for (const { stderr } of [sender, receiver]) {
          assert.match(stderr.text, /^ {4}source\.bin: something of another kind has its name there/m);
        }
        assert.deepEqual(namesIn(into), ["source.bin"]);
        await Deno.remove(target);
      }
    }
    assert.equal((await Deno.stat(canary)).size, 50);
    assert.deepEqual(namesIn(workspace.folder), ["canary", "into", "source.bin"]);
  }));

Deno.test("D16: in a tree, what is in the way keeps out what has its name and what goes below it, and the rest arrives", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    for (const folder of ["a", "b"]) await workspace.make(`tree/${folder}`);
    for (const path of ["a/one", "b/two", "three", "four"]) await writeFile(`${tree}/${path}`, 10);
    const into = await workspace.make("into");
    for (const folder of ["tree", "tree/three"]) await workspace.make(`into/${folder}`);
    await writeFile(`${into}/tree/a`, 5);
    const { sender, receiver } = await workspace.pair([tree], ["--into", into, "--overwrite"]);
    await Promise.all([sender.exits(3), receiver.exits(3)]);
    for (const { stderr } of [sender, receiver]) {
      assert.match(stderr.text, /^ {4}tree\/a: something of another kind has its name there/m);
      assert.match(stderr.text, /^ {4}tree\/a\/one: a folder on the way to it is a link there, or no folder/m);
      assert.match(stderr.text, /^ {4}tree\/three: something of another kind/m);
    }
    assert.equal((await Deno.stat(`${into}/tree/a`)).size, 5);
    assert.deepEqual(namesIn(`${into}/tree`).sort(), ["a", "b", "four", "three"]);
    assert.deepEqual(namesIn(`${into}/tree/b`), ["two"]);
  }));

Deno.test("F18: a folder that is a link to outside is refused, and nothing appears there", () =>
  inWorkspace(async (workspace) => {
    const tree = await workspace.make("tree");
    await writeFile(`${tree}/file`, 10);
    const outside = await workspace.make("outside");
    const into = await workspace.make("into");
    await Deno.symlink(outside, `${into}/tree`);
    const { sender, receiver } = await workspace.pair([tree], ["--into", into]);
    await Promise.all([sender.exits(4), receiver.exits(4)]);
    assert.deepEqual(namesIn(outside), []);
    assert.deepEqual(namesIn(into), ["tree"]);
  }));

Deno.test("T6: a hidden name alone is left out with exit 4 on both sides, and taken with --hidden", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path(".bashrc"), 100);
    const into = await workspace.make("into");
    const refused = await workspace.pair([source], ["--into", into]);
    await Promise.all([refused.sender.exits(4), refused.receiver.exits(4)]);
    assert.deepEqual(namesIn(into), []);
    for (const { stderr } of [refused.sender, refused.receiver]) {
      assert.match(stderr.text, /^ {4}\.bashrc: its name is hidden; recv --hidden takes it$/m);
    }

    const taken = await workspace.pair([source], ["--into", into, "--hidden"]);
    await Promise.all([taken.sender.exits(0), taken.receiver.exits(0)]);
    assert.deepEqual(namesIn(into), [".bashrc"]);
  }));

Deno.test("F15: a name of ultra's own part files is not taken, also with --hidden", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path(".ultra-x.part"), 100);
    const into = await workspace.make("into");
    const receiver = workspace.recv(["--into", into, "--hidden"]);
    const sender = workspace.start(["send", source, await receiver.ticket()]);
    assert.ok([3, 4, 8].includes(await sender.exit()), sender.transcript());
    receiver.end();
    await receiver.gone;
    assert.deepEqual(namesIn(into), []);
  }));

Deno.test("T43: -o is read as cp reads it: a folder takes the file inside, anything else is its new name", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 100);
    const into = await workspace.make("into");
    await workspace.make("into", "there");
    await workspace.make("elsewhere");
    const ways = [
      ["there", "there/source.bin"],
      ["there/", "there/source.bin"],
      ["there/new.bin", "there/new.bin"],
      ["new.bin", "new.bin"],
      [workspace.path("elsewhere"), "../elsewhere/source.bin"],
      ["..", "../source.bin"],
    ] as const;
    for (const [target, path] of ways) {
      const arrived = `${into}/${path}`;
      if (target !== "..") await Deno.remove(arrived).catch(() => {});
      const { sender, receiver } = await workspace.pair([source], ["--into", into, "-o", target]);
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      await assertSameFile(arrived, source);
    }
    const missing = workspace.recv(["--into", into, "-o", "missing/deeper/"]);
    await missing.exits(4);
    assert.match(missing.stderr.text, /The folder does not exist.*missing/);
  }));

Deno.test("T43: a conflict names the target, and several items do not fit one name", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 100);
    const into = await workspace.make("into");
    await writeFile(`${into}/m3`, 50);
    const refused = await workspace.pair([source], ["--into", into, "-o", "m3"]);
    await Promise.all([refused.sender.exits(4), refused.receiver.exits(4)]);
    for (const { stderr } of [refused.sender, refused.receiver]) {
      assert.match(stderr.text, /^ {4}m3: a file exists and differs/m);
      assert.doesNotMatch(stderr.text, /source\.bin: a file exists/);
    }
    const several = await workspace.pair([source, `${into}/m3`], ["--into", into, "-o", "one"]);
    await Promise.all([several.sender.exits(2), several.receiver.exits(2)]);
  }));

Deno.test("D5: a folder to receive into that does not exist or is a file is told at once with exit 4", () =>
  inWorkspace(async (workspace) => {
    const file = await writeFile(workspace.path("file"), 1);
    for (const into of [workspace.path("missing/deeper"), file]) {
      const receiver = workspace.recv(["--into", into]);
      await receiver.exits(4);
      assert.equal(receiver.stdout.text, "", "a ticket was shown for a folder that cannot be used");
      assert.match(receiver.stderr.text, /^ultra: /m);
      assert.ok(receiver.stderr.text.includes(into), receiver.transcript());
    }
    const missing = workspace.recv(["--into", workspace.path("missing/deeper")]);
    await missing.exits(4);
    assert.match(
      missing.stderr.text,
      /does not exist, and neither does the one that it would be made in: .*deeper; create/,
    );
    assert.deepEqual(namesIn(workspace.folder), ["file"]);
  }));

Deno.test("--into makes its last folder, which is taken back when nothing arrives, and -o does so where it ends in a slash", () =>
  inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 100);
    for (
      const [flags, arrived] of [
        [["--into", "new"], "new/source.bin"],
        [["--into", "other", "-o", "name"], "other/name"],
        [["-o", "third/"], "third/source.bin"],
      ] as const
    ) {
      const { sender, receiver } = await workspace.pair([source], flags);
      await Promise.all([sender.exits(0), receiver.exits(0)]);
      await assertSameFile(workspace.path(arrived), source);
    }
    const names = namesIn(workspace.folder);
    for (const flags of [["--into", "unused"], ["--into", "unused", "--stay"]]) {
      const waiting = workspace.recv(flags);
      await waiting.ticket();
      assert.ok(namesIn(workspace.folder).includes("unused"));
      waiting.kill("SIGINT");
      await waiting.exits(130);
      assert.deepEqual(namesIn(workspace.folder), names, flags.join(" "));
    }
    const identity = ["ticket", "--identity", "id", "--advertise", "127.0.0.1:9"];
    const nobody = workspace.start(identity);
    await nobody.exits(0);
    const getting = workspace.start(["get", "--into", "unused", "x"], { env: { ULTRA_TICKET: nobody.stdout.text } });
    await getting.exits(5);
    const refused = workspace.recv(["-o", "missing/name"]);
    await refused.exits(4);
    assert.match(refused.stderr.text, /The folder does not exist.*missing/);
    assert.deepEqual(namesIn(workspace.folder), [...names, "id"].sort());
  }));

Deno.test("recv --stay into a folder that it made: a sender that fails takes it from no other, and it goes only when empty", () =>
  inWorkspace(async (workspace) => {
    const [source, hidden] = await Promise.all(["source", ".hidden"].map((name) => writeFile(workspace.path(name), 9)));
    const receiver = workspace.recv(["--stay", "--into", "new", "--json"]);
    const env = { ULTRA_TICKET: await receiver.ticket() };
    await workspace.start(["send", hidden ?? ""], { env }).exits(4);
    assert.ok(namesIn(workspace.folder).includes("new"));
    await workspace.start(["send", source ?? ""], { env }).exits(0);
    receiver.kill("SIGTERM");
    await receiver.exits(143);
    assert.deepEqual(namesIn(workspace.path("new")), ["source"]);
  }));

Deno.test("a source that does not exist is told at once with exit 4, also when others do", () =>
  inWorkspace(async (workspace) => {
    const there = await writeFile(workspace.path("there"), 1);
    for (const paths of [[workspace.path("missing")], [there, workspace.path("missing")]]) {
      const sender = workspace.sendWaiting(paths);
      await sender.exits(4);
      assert.match(sender.stderr.text, /^ultra: .*missing.*no such file/m);
    }
  }));

Deno.test("two sources with equal last names are told at once with exit 2, as get and serve do", () =>
  inWorkspace(async (workspace) => {
    const sources = await Promise.all(["a", "b"].map(async (name) => writeFile(`${await workspace.make(name)}/f`, 10)));
    const sender = workspace.sendWaiting(sources);
    await sender.exits(2);
    assert.match(sender.stderr.text, /^ultra: .*b\/f.*: another argument has the same name$/m);
    assert.equal(sender.stdout.text, "");
  }));

Deno.test("D18: a target that appears during the transfer is not replaced, and what has arrived stays for the same command again", async () =>
  await inWorkspace(async (workspace) => {
    const source = await writeFile(workspace.path("source.bin"), 400 * MIB);
    const into = await workspace.make("into");
    const { sender, receiver } = await workspace.pair([source], ["--into", into], "--json");
    await receiver.midway();
    await Deno.writeTextFile(`${into}/source.bin`, "mine");
    await Promise.all([sender.exits(4), receiver.exits(4)]);
    assert.equal(await Deno.readTextFile(`${into}/source.bin`), "mine");
    const [part = ""] = namesIn(into).filter((name) => name.endsWith(".part"));
    const why = "something with this name appeared during the transfer";
    const text = `cannot complete "source.bin": ${why}; what has arrived stays as "${part}"`;
    for (const side of [sender, receiver]) {
      assert.deepEqual((await side.event("complete"))["failed"], [{ path: "source.bin", kind: "disk", text }]);
    }

    await Deno.remove(`${into}/source.bin`);
    const again = await workspace.pair([source], ["--into", into], "--json");
    await Promise.all([again.sender.exits(0), again.receiver.exits(0)]);
    // It was complete: one block is asked for, so that there is something to finish with.
    assert.equal((await again.receiver.event("complete"))["resumedBytes"], 399 * MIB);
    await assertSameFile(`${into}/source.bin`, source);
    await assertNoLeftovers(into);
  }, await largeFolder()));

Deno.test("J6: two senders of the same name to one waiting receiver: one arrives, the other is refused", () =>
  inWorkspace(async (workspace) => {
    const into = await workspace.make("into");
    const sources = await Promise.all(["one", "two"].map(async (name) => {
      await workspace.make(name);
      return await writeFile(workspace.path(name, "same.bin"), 5 * MIB);
    }));
    const receiver = workspace.recv(["--into", into]);
    const ticket = await receiver.ticket();
    const senders = sources.map((source) => workspace.start(["send", source, ticket]));
    const codes = await Promise.all(senders.map((sender) => sender.exit()));
    await receiver.exits(0);
    const winner = codes.indexOf(0);
    assert.ok(winner >= 0 && [5, 6].includes(codes[1 - winner] ?? -1), `exit codes ${codes}`);
    await assertSameFile(`${into}/same.bin`, sources[winner] ?? "");
    assert.deepEqual(namesIn(into), ["same.bin"]);
  }));
