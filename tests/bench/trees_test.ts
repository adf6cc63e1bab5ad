/** What the scenarios for trees need besides: disks, sparse files, second runs, peers with a flag of their own. */

import assert from "node:assert/strict";
import { statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeDisk, missingDisk, settle } from "../../bench/disk.ts";
import type { Job, Peer } from "../../bench/peers/peer.ts";
import { tarSsh, tarSshSync } from "../../bench/peers/tar.ts";
import { ultra } from "../../bench/peers/ultra.ts";
import type { Places } from "../../bench/places.ts";
import { manyFiles } from "../../bench/scenarios/many_files.ts";
import { MIB } from "../../bench/scenarios/scenario.ts";
import { sparse } from "../../bench/scenarios/sparse.ts";
import { transferOnce } from "../../bench/transfer_once.ts";
import { NATIVE, ROOT } from "../../scripts/paths.ts";

const linux = Deno.build.os === "linux";
const EXT4 = 0xef53;

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ultra-bench-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const exists = (path: string) => Deno.lstat(path).then(() => true, () => false);

Deno.test({
  name: "a disk is an ext4 of its own, and leaves neither mount nor folder",
  ignore: missingDisk() !== undefined,
}, async () => {
  const mounts = () => Deno.readTextFile("/proc/self/mounts");
  let path: string;
  {
    using disk = await makeDisk(64 * MIB);
    path = disk.path;
    assert.equal((await statfs(path)).type, EXT4);
    await Deno.writeTextFile(join(path, "file"), "on it");
    await settle(path);
    assert.ok((await mounts()).includes(path));
    assert.deepEqual(
      Array.from(Deno.readDirSync(dirname(path)), ({ name }) => name),
      ["disk"],
      "its image is unlinked",
    );
  }
  assert.ok(!(await mounts()).includes(path));
  assert.ok(!await exists(dirname(path)));
});

Deno.test(
  { name: "a disk that cannot be made leaves nothing behind", ignore: missingDisk() !== undefined },
  async () => {
    await withFolder(async (folder) => {
      const before = Deno.env.get("TMPDIR");
      Deno.env.set("TMPDIR", folder);
      try {
        // (mkfs.ext4 refuses what has no room at all.)
        await assert.rejects(makeDisk(0), /^Failure: mkfs\.ext4 /);
      } finally {
        if (before === undefined) Deno.env.delete("TMPDIR");
        else Deno.env.set("TMPDIR", before);
      }
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    });
  },
);

Deno.test("a sparse result is compared by its data and by the room it takes", async () => {
  const scenario = sparse("sparse", "Sparse", 16 * MIB, 3);
  await withFolder(async (folder) => {
    const [source, into] = [join(folder, "source"), join(folder, "into")];
    for (const path of [source, into]) await Deno.mkdir(path);
    const load = await scenario.prepare(source, scenario.bytes);
    const { size, blocks } = await Deno.stat(load.path);
    assert.deepEqual([size, blocks], [16 * MIB, 3 * MIB / 512]);
    const result = join(into, "disk.img");
    const copy = (how: string) => new Deno.Command("cp", { args: [`--sparse=${how}`, load.path, result] }).output();
    const check = () => scenario.check?.(load, into) ?? Promise.reject(new Error("it has no check"));
    const change = async (at: number) => {
      using file = await Deno.open(result, { write: true });
      await file.seek(at, Deno.SeekMode.Start);
      await file.write(new Uint8Array([1, 2, 3]));
    };

    await assert.rejects(check(), /should hold disk\.img alone, but holds nothing/);
    await copy("always");
    await check();
    await change(2 * MIB);
    await assert.rejects(check(), /takes \d+ bytes, not the 3145728 of its data/);
    await copy("always");
    await change(5 * MIB + 70_000);
    await assert.rejects(check(), /differs from the source in the MiB at byte 5242880/);
    await copy("never");
    await assert.rejects(check(), /takes 16777216 bytes, not the 3145728 of its data/);
    await Deno.truncate(result, 15 * MIB);
    await assert.rejects(check(), /has 15728640 bytes, not 16777216/);
  });
});

/** Copies, and remembers what it was asked to do. */
function copying(jobs: Job[]): Peer {
  return {
    name: "copying",
    kind: "files",
    encrypted: false,
    underLoss: "copes",
    command: "cp",
    missing: () => undefined,
    version: () => Promise.resolve("1"),
    async transfer(job) {
      jobs.push(job);
      const { success } = await new Deno.Command("cp", { args: ["-r", job.load.path, job.into] }).output();
      assert.ok(success);
      return { seconds: jobs.length, bytes: job.load.bytes };
    },
  };
}

Deno.test(
  { name: "a second run finds what the first one left, and is the one that counts", ignore: !linux },
  async () => {
    await withFolder(async (folder) => {
      const scenario = manyFiles("again", "Again", 4, 100, { again: true, inFolder: 2 });
      const [own, results] = [join(folder, "own"), join(folder, "results")];
      for (const path of [own, results, join(own, "source")]) await Deno.mkdir(path);
      const load = await scenario.prepare(join(own, "source"), scenario.bytes);
      const jobs: Job[] = [];
      const places: Places = {
        folder: own,
        results,
        storage: "a test",
        [Symbol.dispose]: () => {},
      };
      const task = { peer: copying(jobs), scenario, load, pathName: "loopback", seed: 1 } as const;
      const { run, box } = await transferOnce(task, places);
      assert.deepEqual([run.seconds, box], [2, undefined]);
      const [first, second] = jobs;
      assert.ok(first && second && jobs.length === 2);
      assert.equal(first.into, second.into);
      assert.ok(first.into.startsWith(results) && first.scratch.startsWith(own));
      assert.notEqual(first.scratch, second.scratch, "keys of the first run are not in the way of the second");
      assert.deepEqual([...Deno.readDirSync(results)], []);
      assert.deepEqual(Array.from(Deno.readDirSync(own), ({ name }) => name), ["source"]);
    });
  },
);

Deno.test({ name: "a build whose help does not name a flag takes no part with it", ignore: !linux }, async () => {
  await withFolder(async (folder) => {
    const program = join(folder, "ultra");
    const script = (flags: string) => `#!/bin/sh\n[ "$*" = "recv --help" ] && printf '      ${flags}  words\\n'\n`;
    const missing = () => ultra("ultra-no-sync", { receiverFlags: ["--no-sync"], program }).missing();
    await Deno.writeTextFile(program, script("--no-sync-at-all, --into DIR"), { mode: 0o755 });
    assert.equal(missing(), "--no-sync, which `ultra recv --help` does not name");
    await Deno.writeTextFile(program, script("--no-sync"));
    assert.equal(missing(), undefined);
    assert.equal(
      ultra("ultra", { program: join(folder, "none") }).missing(),
      undefined,
      "without flags it is not asked",
    );
  });
});

Deno.test("a flag of the receiver stands in its command alone, one of both in both", () => {
  const { command } = ultra("ultra", { receiverFlags: ["--no-sync"], flags: ["--cc", "cubic"] });
  assert.equal(
    command,
    "ultra recv --listen ADDRESS --into DIR --no-sync --cc cubic; ultra send PATH TICKET --cc cubic",
  );
});

Deno.test("tar has a variant that is durable", () => {
  assert.match(tarSsh.command, /"tar xf - -C DIR"$/);
  assert.match(tarSshSync.command, /"tar xf - -C DIR && sync -f DIR"$/);
});

Deno.test("zeros are hashed by the code that hashes in the engine", async () => {
  const version = (lock: string) => /name = "blake3"\nversion = "([^"]+)"/.exec(lock)?.[1];
  const own = version(await Deno.readTextFile(join(ROOT, "bench", "zeros", "Cargo.lock")));
  assert.ok(own);
  assert.equal(own, version(await Deno.readTextFile(join(NATIVE, "Cargo.lock"))));
});
