import assert from "node:assert/strict";
import { join } from "node:path";
import { type ErrorKind, UltraError } from "../../src/errors.ts";
import { checkTicketFile, readTicketFile, readTicketStdin, writeTicketFile } from "../../src/platform/files.ts";

const unix = Deno.build.os !== "windows";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const isKind = (kind: ErrorKind) => (error: unknown) => error instanceof UltraError && error.kind === kind;

function input(...chunks: string[]) {
  return {
    read(buffer: Uint8Array): Promise<number | null> {
      const chunk = chunks.shift();
      if (chunk === undefined) return Promise.resolve(null);
      const { read, written } = new TextEncoder().encodeInto(chunk, buffer);
      if (read < chunk.length) chunks.unshift(chunk.slice(read));
      return Promise.resolve(written);
    },
  };
}

Deno.test({
  name: "I16 a written ticket is its owner's alone, complete, and leaves nothing beside it",
  ignore: !unix,
  async fn() {
    await inFolder(async (folder) => {
      const path = join(folder, "t");
      await writeTicketFile(path, "ultra1first");
      await Deno.chmod(path, 0o644);
      await writeTicketFile(path, "ultra1second");
      assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
      assert.deepEqual(await readTicketFile(path), { text: "ultra1second", warning: undefined });
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["t"]);
    });
  },
});

Deno.test({
  name: "I16 a link where the ticket is to be written is replaced, not followed",
  ignore: !unix,
  async fn() {
    await inFolder(async (folder) => {
      const [victim, path] = [join(folder, "victim"), join(folder, "t")];
      await Deno.writeTextFile(victim, "mine");
      await Deno.symlink(victim, path);
      await writeTicketFile(path, "ultra1x");
      assert.equal(await Deno.readTextFile(victim), "mine");
      assert.ok((await Deno.lstat(path)).isFile);
    });
  },
});

Deno.test("a ticket is never written over a folder or a device", async () => {
  await inFolder(async (folder) => {
    await assert.rejects(writeTicketFile(folder, "ultra1x"), isKind("usage"));
    await assert.rejects(writeTicketFile(join(folder, "no", "t"), "ultra1x"), isKind("disk"));
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  });
  if (unix) await assert.rejects(writeTicketFile("/dev/null", "ultra1x"), isKind("usage"));
});

Deno.test({
  name: "I16 a ticket file that others may change is refused, one that they may read gets a warning",
  ignore: !unix,
  async fn() {
    await inFolder(async (folder) => {
      const path = join(folder, "t");
      await Deno.writeTextFile(path, "  ultra1x\n");
      for (const mode of [0o620, 0o602, 0o666]) {
        await Deno.chmod(path, mode);
        await assert.rejects(readTicketFile(path), isKind("usage"));
      }
      for (const mode of [0o640, 0o604, 0o644]) {
        await Deno.chmod(path, mode);
        assert.match((await readTicketFile(path)).warning ?? "", /chmod 600/);
      }
      await Deno.chmod(path, 0o400);
      assert.deepEqual(await readTicketFile(path), { text: "ultra1x", warning: undefined });
    });
  },
});

Deno.test("pipes are read, folders and devices are not", () => {
  assert.equal(checkTicketFile("x", { isFile: false, isFifo: true, mode: 0o600 }), undefined);
  assert.equal(checkTicketFile("x", { isFile: true, isFifo: null, mode: null }), undefined);
  assert.throws(() => checkTicketFile("x", { isFile: false, isFifo: false, mode: 0o600 }), isKind("usage"));
});

Deno.test("a file that is missing, empty or too long for a ticket is refused by name", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "t");
    await assert.rejects(
      readTicketFile(path),
      (error) => isKind("disk")(error) && (error as UltraError).subject === path,
    );
    for (const content of ["", " \n", "x".repeat(4097)]) {
      await Deno.writeTextFile(path, content, { mode: 0o600 });
      await assert.rejects(readTicketFile(path), isKind("usage"));
    }
    await assert.rejects(readTicketFile(folder), isKind(unix ? "usage" : "disk"));
  });
});

Deno.test("standard input may come in pieces and has the same limit", async () => {
  assert.equal((await readTicketStdin(input("ult", "ra1", "x\n"))).text, "ultra1x");
  await assert.rejects(readTicketStdin(input("x".repeat(3000), "x".repeat(3000))), isKind("usage"));
  await assert.rejects(readTicketStdin(input()), isKind("usage"));
});
