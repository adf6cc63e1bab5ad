import assert from "node:assert/strict";
import { join } from "node:path";
import { loadLibrary } from "../../src/engine/library.ts";
import { type ErrorKind, UltraError } from "../../src/base/errors.ts";
import { encodeTicket } from "../../src/protocol/ticket.ts";
import { checkGuard, readTicketFile, readTicketStdin, writeTicketFile } from "../../src/meet/ticket_files.ts";
import { warningText } from "../../src/ui/messages.ts";

// Never unloaded, so no test may be the one that loads it.
loadLibrary();

const TICKET = encodeTicket({
  role: "receive",
  longLived: false,
  pin: new Uint8Array(16),
  token: new Uint8Array(16).fill(7),
  hints: [{ type: "address", address: "192.0.2.1", port: 7000 }],
});

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
        const { warning } = await readTicketFile(path);
        assert.deepEqual(warning, { about: "ticket-file-readable", path });
        assert.match(warningText(warning), /chmod 600/);
      }
      await Deno.chmod(path, 0o400);
      assert.deepEqual(await readTicketFile(path), { text: "ultra1x", warning: undefined });
    });
  },
});

Deno.test("T28 on a disk without modes a ticket file is read with a warning that asks for nothing impossible", () => {
  const warning = checkGuard("/media/stick/t", { type: "no-modes" });
  assert.deepEqual(warning, { about: "ticket-file-unprotected", path: "/media/stick/t" });
  assert.match(warningText(warning), /\/media\/stick\/t keeps no permissions/);
  assert.doesNotMatch(warningText(warning), /chmod/);
  assert.equal(checkGuard("x", { type: "stream" }), undefined);
  assert.throws(() => checkGuard("x", { type: "mode", mode: 0o777 }), isKind("usage"));
});

Deno.test({
  name: "T30 a ticket is handed over in /dev/shm and through a named pipe, as between any two programs",
  ignore: !unix,
  async fn() {
    const folder = await Deno.makeTempDir({ dir: "/dev/shm" });
    try {
      const path = join(folder, "t");
      assert.equal(await writeTicketFile(path, "ultra1x"), undefined);
      assert.deepEqual(await readTicketFile(path), { text: "ultra1x", warning: undefined });
      const shell = new Deno.Command("sh", { args: ["-c", `mkfifo ${folder}/pipe`] });
      assert.ok((await shell.output()).success);
      const [read] = await Promise.all([
        readTicketFile(join(folder, "pipe")),
        writeTicketFile(join(folder, "pipe"), "ultra1y"),
      ]);
      assert.equal(read.text, "ultra1y");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
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

Deno.test("T40 one line on standard input is enough: the pipe may stay open", async () => {
  const open = (...lines: string[]) => ({
    read(buffer: Uint8Array): Promise<number | null> {
      const line = lines.shift();
      if (line === undefined) throw new Error("it waits for more");
      return Promise.resolve(new TextEncoder().encodeInto(line, buffer).written);
    },
  });
  const halves = [TICKET.slice(0, 60), TICKET.slice(60)];
  assert.equal((await readTicketStdin(open(`${TICKET}\n`))).text, TICKET);
  assert.equal((await readTicketStdin(open("\n", ...halves, "\r\n"))).text, TICKET);
  assert.equal((await readTicketStdin(open(`${halves.join("\n")}\n`))).text, halves.join("\n"));
  // What cannot become a ticket is not waited for either.
  assert.match((await readTicketStdin(open("no such host\n"))).text, /no such host/);
});
