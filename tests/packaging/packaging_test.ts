import assert from "node:assert/strict";
import { join } from "node:path";
import {
  executableName,
  formula,
  installer,
  parseAddress,
  readSums,
  releaseAddress,
  RELEASES,
  writePackaging,
} from "../../scripts/packaging.ts";
import { ROOT } from "../../scripts/paths.ts";

const [A, B] = ["a".repeat(64), "b".repeat(64)];

Deno.test("sums are read as sha256sum writes them, and anything else is refused", () => {
  assert.deepEqual([...readSums(`${A}  ultra-linux-x64\n${B} *ultra-macos-x64\n`)], [
    ["ultra-linux-x64", A],
    ["ultra-macos-x64", B],
  ]);
  assert.throws(() => readSums("abc  ultra\n"), /SHA256SUMS: not a sum and a name: abc {2}ultra/);
});

Deno.test("the address of the releases is one that no script can read as anything else", () => {
  assert.equal(parseAddress("https://releases.example.org/ultra/"), "https://releases.example.org/ultra");
  for (const wrong of ["", "ultra", "ftp://x.example", "http://x.example", "https://x.example/$(id)", "https://x/'"]) {
    assert.throws(() => parseAddress(wrong), /ULTRA_RELEASES: .* is not an https:\/\/ address/, wrong);
  }
});

Deno.test("without ULTRA_RELEASES a release knows the one address that stands in the project, with its version", () => {
  assert.equal(parseAddress(RELEASES), RELEASES);
  assert.equal(releaseAddress("0.1.0", undefined), `${RELEASES}/v0.1.0`);
  assert.equal(releaseAddress("0.1.0", "https://releases.example.org/"), "https://releases.example.org");
  assert.throws(() => releaseAddress("0.1.0", ""), /ULTRA_RELEASES/);
});

Deno.test("an install script has the address once", async () => {
  for (const name of ["install.sh", "install.ps1"]) {
    const text = await Deno.readTextFile(join(ROOT, "packaging", name));
    assert.match(installer(text, "https://releases.example.org"), /eleases *= *'https:\/\/releases\.example\.org'/i);
  }
  assert.throws(() => installer("no mark", "https://releases.example.org"), /not exactly once/);
});

Deno.test("the formula names what the release has, by system and processor", () => {
  const sums = new Map([[executableName("macos-arm64"), A], [executableName("linux-x64"), B]]);
  const text = formula("0.1.0", "https://releases.example.org", sums);
  assert.match(
    text,
    /on_macos do\n {4}on_arm do\n {6}url "https:\/\/releases\.example\.org\/ultra-macos-arm64"\n {6}sha256 "a+"/,
  );
  assert.match(
    text,
    /on_linux do\n {4}on_intel do\n {6}url "https:\/\/releases\.example\.org\/ultra-linux-x64"\n {6}sha256 "b+"/,
  );
  assert.doesNotMatch(text, /macos-x64|linux-arm64|windows/);
  assert.equal(
    text.match(/\bdo$/gm)?.length,
    (text.match(/^ +end$/gm) ?? []).length - 1,
    "each block has its end, and the method one",
  );
  assert.throws(() => formula("0.1.0", "https://x.example", new Map([["ultra-windows-x64.exe", A]])), /no executable/);
});

Deno.test("a release has install scripts always, and a formula where it has a system of Homebrew's", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const written = async (file: string) => {
      await Deno.writeTextFile(join(folder, "SHA256SUMS"), `${A}  ${file}\n`);
      await writePackaging(folder, "0.1.0", "https://releases.example.org");
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      for (const name of names) await Deno.remove(join(folder, name));
      return names;
    };
    const scripts = ["SHA256SUMS", "install.ps1", "install.sh"];
    assert.deepEqual(await written("ultra-windows-x64.exe"), scripts);
    assert.deepEqual(await written("ultra-linux-x64"), [...scripts, "ultra.rb"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the workflows run the Deno that the project is pinned to, and release all that install scripts ask for", async () => {
  const version = (await Deno.readTextFile(join(ROOT, ".deno-version"))).trim();
  const [test, release] = await Promise.all(
    ["test", "release"].map((name) => Deno.readTextFile(join(ROOT, ".github", "workflows", `${name}.yml`))),
  );
  for (const text of [test, release]) {
    const named = [...(text ?? "").matchAll(/deno@(\S+)/g)].map(([, one]) => one);
    assert.ok(named.length > 0 && named.every((one) => one === version), named.join(" "));
  }
  for (const platform of ["linux-x64", "linux-arm64", "macos-arm64", "macos-x64", "windows-x64"]) {
    assert.ok(test?.includes(`platform: ${platform},`), platform);
    assert.ok(release?.includes(`file: ${executableName(platform)},`), platform);
    assert.match(release ?? "", new RegExp(`task release .*\\b${platform}\\b`));
  }
});
