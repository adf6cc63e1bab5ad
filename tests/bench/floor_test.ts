import assert from "node:assert/strict";
import { join } from "node:path";
import { buildC } from "../../bench/c_program.ts";
import { BUDGET_US, type FloorRound, floorTable, measureFloor } from "../../bench/floor.ts";
import { ROOT } from "../../scripts/paths.ts";

const linux = Deno.build.os === "linux";
const SENDER = ["folders", "open", "fstat", "read", "fstat again", "close"];
const RECEIVER = ["folders", "open", "write", "fchmod", "futimens", "close", "renameat2"];

Deno.test(
  { name: "the floor is measured call by call, for both sides and in each round", ignore: !linux },
  async () => {
    const rounds = await measureFloor({ files: 50, bytes: 1000, folders: 3 }, 2);
    assert.equal(rounds.length, 2);
    for (const { sender, receiver } of rounds) {
      assert.deepEqual(new Set(Object.keys(sender.calls)), new Set(SENDER));
      assert.deepEqual(new Set(Object.keys(receiver.calls)), new Set(RECEIVER));
      assert.ok(sender.all > 0 && receiver.all > 0);
    }
  },
);

Deno.test({ name: "the floor's program leaves a tree as a transfer would", ignore: !linux }, async () => {
  using program = await buildC(join(ROOT, "bench", "floor", "floor.c"));
  const folder = await Deno.makeTempDir({ prefix: "ultra-bench-" });
  const { success } = await new Deno.Command(program.path, { args: [folder, "7", "30", "3", "1"] }).output();
  assert.ok(success);
  const names = (path: string) => Array.from(Deno.readDirSync(join(folder, path)), ({ name }) => name).sort();
  assert.deepEqual(names("source"), ["folder-0000", "folder-0001", "folder-0002"]);
  assert.deepEqual(names("source/folder-0002"), ["file-4.bin", "file-5.bin", "file-6.bin"]);
  const { size, mode, mtime } = await Deno.stat(join(folder, "source/folder-0002/file-6.bin"));
  assert.deepEqual([size, (mode ?? 0) & 0o777, mtime?.getTime()], [30, 0o644, 1_700_000_000_000]);
  assert.deepEqual(names("result"), [], "what was received is taken away for the next round");
  const wrong = await new Deno.Command(program.path, { args: [folder, "7", "0", "3", "1"] }).output();
  assert.equal(wrong.code, 2);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the floor's table has the medians, and the seconds of the slower side with the budget", () => {
  const round = (us: number): FloorRound => ({
    sender: { all: us, calls: { open: 2, read: us - 2 } },
    receiver: { all: 2 * us, calls: { open: 4, renameat2: 2 * us - 4 } },
  });
  const text = floorTable({ files: 100_000, bytes: 1024, folders: 1 }, [round(5), round(9), round(6)]).join("\n");
  assert.match(text, /^100000 files of 1024 bytes in 1 folder$/m);
  assert.match(text, /^\| read +\| +4\.00 \| +\|$/m);
  assert.match(text, /^\| \*\*all calls\*\* \(range\) \| 6\.00 \(5\.00-9\.00\) \| 12\.00 \(10\.00-18\.00\) \|$/m);
  assert.equal(BUDGET_US, 2);
  assert.match(text, /1\.20 s for the calls, 1\.40 s with the budget\.$/);
});

Deno.test("a program in C without a compiler fails with one line that names it", async () => {
  const build = buildC("floor.c", "no-such-compiler -m64");
  await assert.rejects(build, /^Failure: floor\.c takes a C compiler, and no-such-compiler is not there/);
});
