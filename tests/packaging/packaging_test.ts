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

const HOMEBREW = ["macos-arm64", "macos-x64", "linux-arm64", "linux-x64"].map(executableName);

Deno.test("the formula names each executable of Homebrew's systems with the sum that the release has for it", async () => {
  const template = await Deno.readTextFile(join(ROOT, "packaging", "ultra.rb"));
  const sums = new Map(HOMEBREW.map((name, index) => [name, `${index}`.repeat(64)]));
  const text = formula(template, "0.1.0", "https://releases.example.org", sums) ?? "";
  const found = [...text.matchAll(/ url "https:\/\/releases\.example\.org\/(\S+)"\n +sha256 "([0-9]{64})"/g)];
  assert.deepEqual(found.map(([, name, sum]) => [name, sum]), [...sums]);
  assert.match(text, /^# Written by `task release`.*\nclass Ultra < Formula\n/);
  assert.match(text, / version "0\.1\.0"/);
  assert.doesNotMatch(text, /@/);
  assert.equal(
    text.match(/\bdo$/gm)?.length,
    (text.match(/^ +end$/gm) ?? []).length - 1,
    "each block has its end, and the method one",
  );
  sums.delete("ultra-macos-x64");
  assert.equal(formula(template, "0.1.0", "https://releases.example.org", sums), undefined);
});

Deno.test("a release has install scripts always, and a formula where it has all of Homebrew's systems", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const written = async (files: readonly string[]) => {
      await Deno.writeTextFile(join(folder, "SHA256SUMS"), files.map((file) => `${A}  ${file}\n`).join(""));
      await writePackaging(folder, "0.1.0", "https://releases.example.org");
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      for (const name of names) await Deno.remove(join(folder, name));
      return names;
    };
    const scripts = ["SHA256SUMS", "install.ps1", "install.sh"];
    assert.deepEqual(await written(["ultra-windows-x64.exe", "ultra-linux-x64"]), scripts);
    assert.deepEqual(await written(HOMEBREW), [...scripts, "ultra.rb"]);
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
