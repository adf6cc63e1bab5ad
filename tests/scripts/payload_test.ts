import assert from "node:assert/strict";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { hashFile } from "../../scripts/blake3.ts";
import { appendPayload, type Payload } from "../../scripts/payload.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ultra-payload-" });
  try {
    await Deno.writeTextFile(join(folder, "launcher"), "launcher");
    await Deno.writeTextFile(join(folder, "content"), "content of a file");
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function payloadIn(folder: string, flags: readonly string[]): Payload {
  return {
    files: [{ name: "deno", path: join(folder, "content"), mode: 0o500 }],
    permissions: { send: flags },
    variables: ["TERM"],
    secrets: ["ULTRA_TICKET"],
  };
}

Deno.test("payload: what the launcher reads stands where the manifest says", async () => {
  await inFolder(async (folder) => {
    const packing = { level: 3, store: join(folder, "store") };
    await appendPayload(join(folder, "launcher"), payloadIn(folder, ["--allow-read"]), join(folder, "out"), packing);
    const bytes = await Deno.readFile(join(folder, "out"));
    const text = new TextDecoder().decode(bytes.subarray(-1000));
    const hash = await hashFile(join(folder, "content"));
    const [, size, offset, packed] = new RegExp(`piece (\\d+) ${hash} (\\d+) (\\d+)\n`).exec(text) ?? [];
    assert.equal(size, "17");
    const piece = bytes.subarray(Number(offset), Number(offset) + Number(packed));
    assert.equal(new TextDecoder().decode(zstdDecompressSync(piece)), "content of a file");
    assert.match(text, /^part deno 500\n/m);
    assert.match(text, /^allow send --allow-read\nvariable TERM\nsecret ULTRA_TICKET\n/m);
    assert.match(text, /ULTRAPK1$/);
  });
});

Deno.test("payload: packed pieces are kept while they are used, and forgotten then", async () => {
  await inFolder(async (folder) => {
    const store = join(folder, "store");
    const pack = (level: number) =>
      appendPayload(join(folder, "launcher"), payloadIn(folder, []), join(folder, "out"), { level, store });
    const names = () => [...Deno.readDirSync(store)].map(({ name }) => name).sort();
    await pack(3);
    const first = names();
    await pack(19);
    assert.equal(names().length, 2);
    await Deno.writeTextFile(join(folder, "content"), "other content");
    await pack(3);
    assert.equal(names().length, 2, "the other level keeps its own");
    assert.ok(!names().some((name) => first.includes(name)));
  });
});

Deno.test("payload: a command that may run programs, or everything, is never packed", async () => {
  await inFolder(async (folder) => {
    const packing = { level: 3, store: join(folder, "store") };
    for (const flag of ["--allow-run", "--allow-run=ssh", "--allow-all", "-A", "--allow-net", "--allow-import"]) {
      const made = appendPayload(join(folder, "launcher"), payloadIn(folder, [flag]), join(folder, "out"), packing);
      await assert.rejects(made, /no command may have/);
    }
  });
});
