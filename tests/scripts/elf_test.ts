import assert from "node:assert/strict";
import { needsOf, newestGlibc } from "../../scripts/release/elf.ts";
import { LIBRARY } from "../../scripts/paths.ts";
import { Failure } from "../../scripts/shell.ts";

const ignore = Deno.build.os !== "linux";

Deno.test({ name: "elf: Deno has a loader, and asks for a glibc from 2.27 on", ignore }, async () => {
  const needs = needsOf(await Deno.readFile(Deno.execPath()), "deno");
  assert.match(needs.loader ?? "", /^\/lib.*\/ld-linux-/);
  const [major, minor] = newestGlibc(needs);
  assert.equal(major, 2);
  assert.ok(minor >= 27 && minor <= 28, `${minor}`);
});

Deno.test({ name: "elf: a library has no loader, and its versions are those that readelf shows", ignore }, async () => {
  const needs = needsOf(await Deno.readFile(LIBRARY), "engine");
  assert.equal(needs.loader, undefined);
  assert.ok(needs.versions.includes("GLIBC_2.14"), needs.versions.join(" ")); // memcpy's
});

Deno.test("elf: the newest version is found by its numbers", () => {
  const versions = ["GLIBC_2.9", "GLIBC_2.17", "GLIBC_2.2.5", "GCC_3.0", "GLIBC_PRIVATE"];
  assert.deepEqual(newestGlibc({ loader: undefined, versions }), [2, 17]);
  assert.deepEqual(newestGlibc({ loader: undefined, versions: [] }), [0, 0]);
});

Deno.test("elf: other files, and one that is cut off, are refused in one line", async () => {
  assert.throws(() => needsOf(new TextEncoder().encode("#!/bin/sh\n".repeat(20)), "x"), Failure);
  if (Deno.build.os !== "linux") return;
  const cut = (await Deno.readFile(LIBRARY)).subarray(0, 4096);
  assert.throws(() => needsOf(cut, "x"), (error) => error instanceof Failure && error.message === "x is cut off");
});
