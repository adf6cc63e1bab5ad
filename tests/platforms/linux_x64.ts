/** The released file for Linux on x86-64: with the other build at the other end, and on a system that lacks what it needs. */

import assert from "node:assert/strict";
import { assertNoLeftovers } from "../e2e/files.ts";
import { inWorkspace } from "../e2e/harness.ts";
import { snapshot } from "../e2e/snapshot.ts";
import { missingRelease, released, testOn } from "./built.ts";
import { makeHardTree } from "./tree.ts";

const X64 = "ultra-linux-x64";
const missing = Deno.build.os === "linux" && Deno.build.arch === "x86_64"
  ? await missingRelease(X64, "linux-x64")
  : "it takes Linux on x86-64";

for (const sends of ["the release", "the build"] as const) {
  testOn(
    missing,
    `linux-x64: 200 files between the release and the build of \`deno task build\`, ${sends} sending`,
    () =>
      inWorkspace(async (workspace) => {
        const source = await workspace.make("tree");
        await makeHardTree(source);
        const into = await workspace.make("into");
        const release = { program: [released(X64)], env: { ULTRA_CACHE_DIR: await workspace.make("cache") } };
        const [sending, receiving] = sends === "the release" ? [release, {}] : [{}, release];
        const receiver = workspace.recv(["--into", into], receiving);
        const sender = workspace.start(["send", source, await receiver.ticket()], sending);
        await Promise.all([sender.exits(0), receiver.exits(0)]);
        assert.deepEqual(snapshot(`${into}/tree`), snapshot(source));
        await assertNoLeftovers(into);
      }),
  );
}

const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;

testOn(
  missing ?? (isRoot ? undefined : "it takes root, for a system in a folder"),
  "linux-x64: on a system without glibc it says so in one line, with exit code 4",
  () =>
    inWorkspace(async (workspace) => {
      const root = await workspace.make("system");
      for (const folder of ["tmp", "proc", "dev"]) await Deno.mkdir(`${root}/${folder}`);
      await Deno.copyFile(released(X64), `${root}/ultra`);
      const ultra = workspace.start(["recv"], {
        program: [
          "unshare",
          "--mount",
          "sh",
          "-c",
          `mount -t proc none "$0/proc" && exec chroot "$0" /ultra "$@"`,
          root,
        ],
        env: { HOME: "/tmp" },
      });
      await ultra.exits(4);
      assert.match(
        ultra.stderr.text,
        /^ultra: this Linux has no glibc, which ultra needs \(2\.28 or newer\); musl, .*$/,
      );
    }),
);
