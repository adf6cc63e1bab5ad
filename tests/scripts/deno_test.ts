import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fileInTar, type Pin, PINS, type Sources, takePinned } from "../../scripts/deno.ts";
import { ROOT } from "../../scripts/paths.ts";
import { Failure } from "../../scripts/shell.ts";

const CONTENT = new TextEncoder().encode("the right Deno");

function entry(name: string, content: Uint8Array): Uint8Array[] {
  const header = new Uint8Array(512);
  header.set(new TextEncoder().encode(name));
  header.set(new TextEncoder().encode(content.length.toString(8).padStart(11, "0")), 124);
  return [header, content, new Uint8Array((512 - content.length % 512) % 512)];
}

const TAR = Uint8Array.from(
  [...entry("package/README.md", new Uint8Array(700)), ...entry("package/deno", CONTENT), new Uint8Array(1024)]
    .flatMap((bytes) => [...bytes]),
);
const TARBALL = gzipSync(TAR);

const PIN: Pin = {
  package: "@deno/test",
  version: "1.0.0",
  file: "deno",
  integrity: `sha512-${createHash("sha512").update(TARBALL).digest("base64")}`,
  sha256: createHash("sha256").update(CONTENT).digest("hex"),
};

async function inFolder(body: (sources: Sources, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ultra-pin-" });
  try {
    const running = join(folder, "running");
    await Deno.writeTextFile(running, "another Deno");
    const download = async () => {
      const path = join(folder, "package.tgz");
      await Deno.writeFile(path, TARBALL);
      return path;
    };
    await body({ kept: join(folder, "kept", "deno"), running, download }, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const never = () => Promise.reject(new Error("nothing is to be fetched"));

Deno.test("T14: the Deno that runs is copied when it is the pinned one, and never linked", async () => {
  await inFolder(async (sources) => {
    await Deno.writeFile(sources.running, CONTENT);
    const kept = await takePinned(PIN, { ...sources, download: never });
    assert.deepEqual(await Deno.readFile(kept), CONTENT);
    assert.equal((await Deno.stat(sources.running)).nlink, 1);
    // It stays right when the one it came from changes.
    await Deno.writeTextFile(sources.running, "changed");
    assert.equal(await takePinned(PIN, { ...sources, download: never }), kept);
    assert.deepEqual(await Deno.readFile(kept), CONTENT);
  });
});

Deno.test("T14: another Deno that runs, and a kept one that was changed, are replaced by npm's", async () => {
  await inFolder(async (sources) => {
    const kept = await takePinned(PIN, sources);
    assert.deepEqual(await Deno.readFile(kept), CONTENT);
    await Deno.writeTextFile(kept, "changed Deno");
    await takePinned(PIN, sources);
    assert.deepEqual(await Deno.readFile(kept), CONTENT);
  });
});

Deno.test("T14: a package with another integrity value or another Deno in it is refused, and nothing is kept", async () => {
  await inFolder(async (sources) => {
    for (const wrong of [{ integrity: "sha512-AAAA" }, { sha256: "00" }]) {
      await assert.rejects(takePinned({ ...PIN, ...wrong }, sources), Failure);
      await assert.rejects(Deno.stat(sources.kept), Deno.errors.NotFound);
    }
  });
});

Deno.test("a file is found in a tar archive by its whole name", () => {
  assert.deepEqual(fileInTar(TAR, "package/deno"), CONTENT);
  assert.equal(fileInTar(TAR, "deno"), undefined);
  assert.equal(fileInTar(new Uint8Array(1024), "deno"), undefined);
});

Deno.test("the pins are for the version that builds", async () => {
  const version = (await Deno.readTextFile(join(ROOT, ".deno-version"))).trim();
  for (const pin of Object.values(PINS)) assert.equal(pin.version, version);
});
