import assert from "node:assert/strict";
import { LIBRARY_NAME } from "../../scripts/paths.ts";
import { PINS } from "../../scripts/deno.ts";
import { platformsIn } from "../../scripts/release.ts";
import { exportsOf, loadsOf, processorOf, signatureOf } from "../../scripts/release/macho.ts";
import { PLATFORMS } from "../../scripts/release/platforms.ts";
import { sbomOf } from "../../scripts/release/sbom.ts";
import { Failure } from "../../scripts/shell.ts";

Deno.test("release: platforms are taken by name, each once, and other words are refused with the names", () => {
  assert.deepEqual(platformsIn(["linux-arm64", "linux-x64", "linux-arm64"]).map(({ name }) => name), [
    "linux-arm64",
    "linux-x64",
  ]);
  const all = "linux-x64 linux-arm64 macos-arm64 macos-x64 windows-x64";
  const refused = (words: readonly string[], text: string) =>
    assert.throws(() => platformsIn(words), (error) => error instanceof Failure && error.message === text);
  refused([], `name the platforms to build, of: ${all}`);
  refused(["linux-x64", "--all"], `"--all" is no platform; there are: ${all}`);
});

Deno.test("release: each platform has a pinned Deno, and this one's library is the one of `deno task native`", () => {
  for (const { target, name } of PLATFORMS) assert.ok(PINS[target] !== undefined, name);
  const here = PLATFORMS.find(({ target }) => target === Deno.build.target);
  if (here !== undefined) assert.equal(here.library, LIBRARY_NAME);
});

Deno.test("release: the list of parts is CycloneDX, with the executable's sum and a licence for each part", () => {
  const item = (name: string, license: string) => ({
    name,
    version: "1",
    purl: `pkg:cargo/${name}@1`,
    license,
    texts: [],
  });
  const text = sbomOf([item("ultra", "MIT"), item("a", "MIT/Apache-2.0"), item("b", "see the text")], "file", "00ff");
  const bom = JSON.parse(text);
  assert.equal(`${bom.bomFormat} ${bom.specVersion}`, "CycloneDX 1.5");
  assert.deepEqual(bom.metadata.component.hashes, [{ alg: "SHA-256", content: "00ff" }]);
  assert.deepEqual(bom.components.map(({ licenses }: { licenses: unknown }) => licenses), [
    [{ expression: "MIT OR Apache-2.0" }],
    [{ license: { name: "see the text" } }],
  ]);
  assert.deepEqual(bom.dependencies, [{ ref: "pkg:cargo/ultra@1", dependsOn: ["pkg:cargo/a@1", "pkg:cargo/b@1"] }]);
});

/** A file of two pages of 4,096 bytes, with a signature behind them; the hashes are those of pages of zeros with the header in the first. */
async function signedFile(): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(8192 + 200);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of [[0, 0xfeedfacf], [16, 1], [32, 0x1d], [36, 16], [40, 8192], [44, 200]] as const) {
    view.setUint32(at, value, true);
  }
  const directory = 8192 + 20;
  // Magic, length, number of blobs, and the one blob's type and place; then the list of hashes.
  for (const [at, value] of [[0, 0xfade0cc0], [4, 200], [8, 1], [12, 0], [16, 20]] as const) {
    view.setUint32(8192 + at, value);
  }
  for (const [at, value] of [[0, 0xfade0c02], [12, 2], [16, 48], [28, 2], [32, 8192]] as const) {
    view.setUint32(directory + at, value);
  }
  bytes.set([32, 2, 0, 12], directory + 36);
  for (const page of [0, 1]) {
    const hash = await crypto.subtle.digest("SHA-256", bytes.slice(page * 4096, (page + 1) * 4096));
    bytes.set(new Uint8Array(hash), directory + 48 + 32 * page);
  }
  return bytes;
}

Deno.test("release: a changed page of a signed macOS file is seen", async () => {
  const bytes = await signedFile();
  assert.deepEqual(signatureOf(bytes, "x"), { isAdHoc: true, pages: 2, wrongPages: 0 });
  bytes[5000] = 1;
  assert.deepEqual(signatureOf(bytes, "x"), { isAdHoc: true, pages: 2, wrongPages: 1 });
});

Deno.test("release: a macOS file without a signature, a cut one and other files are refused in one line", async () => {
  const bytes = await signedFile();
  const refused = (bytes: Uint8Array, text: string) =>
    assert.throws(() => signatureOf(bytes, "x"), (error) => error instanceof Failure && error.message === text);
  refused(bytes.subarray(0, 8200), "x is cut off");
  refused(new Uint8Array(64), "x is no Mach-O file of 64 bits");
  bytes[32] = 0x1e;
  refused(bytes, "x is not signed");
});

/** A library for arm64 with a section, a name of its own, one library that it needs, and one exported symbol of two. */
function library(): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const text = (value: string, room: number) => {
    const bytes = new Uint8Array(room);
    new TextEncoder().encodeInto(value, bytes);
    return bytes;
  };
  const numbers = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
  const command = (kind: number, ...rest: Uint8Array[]) => {
    const size = rest.reduce((sum, { length }) => sum + length, 8);
    parts.push(numbers(kind, size), ...rest);
  };
  const segment = [text("__ULTRA", 16), numbers(...Array(8).fill(0)), numbers(0, 0, 1, 0)];
  command(0x19, ...segment, text("__payload", 16), text("__ULTRA", 16), numbers(...Array(12).fill(0)));
  command(0xd, numbers(24, 0, 0, 0), text("@rpath/x.dylib", 16));
  command(0xc, numbers(24, 0, 0, 0), text("/usr/lib/y.dylib", 24));
  command(0x32, numbers(1, 12 << 16 | 3 << 8, 0, 0));
  const table = 32 + parts.reduce((sum, { length }) => sum + length, 0) + 24 + 80;
  command(0x2, numbers(table, 2, table + 32, 32));
  command(0xb, numbers(0, 1, 1, 1), numbers(...Array(14).fill(0)));
  const symbols = numbers(1, 0, 0, 0, 8, 0, 0, 0);
  const header = numbers(0xfeedfacf, 0x0100000c, 0, 6, 6, 0, 0, 0);
  return Uint8Array.from([header, ...parts, symbols, text("\0_local\0_ultra_x\0", 32)].flatMap((part) => [...part]));
}

Deno.test("release: what a macOS library needs, exports and calls itself is read from its commands", () => {
  const bytes = library();
  assert.deepEqual(loadsOf(bytes, "x"), {
    libraries: ["/usr/lib/y.dylib"],
    oldest: "12.3",
    name: "@rpath/x.dylib",
    sections: ["__ULTRA,__payload"],
  });
  assert.deepEqual(exportsOf(bytes, "x"), ["ultra_x"]);
  assert.equal(processorOf(bytes, "x"), "arm64");
  assert.throws(() => exportsOf(bytes.subarray(0, 300), "x"), Failure);
  assert.throws(() => processorOf(new Uint8Array(64), "x"), /x is no Mach-O file of 64 bits/);
});
