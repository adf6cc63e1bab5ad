/**
 * C5 with a disk that takes minutes for what it was given: the kernel lets nobody go who waits for it.
 *
 * The disk is a loop device that a control group limits to 1 MB/s. How long the receiver takes to end is printed beside its bound; the test fails at
 * five times the bound.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MIB } from "../../e2e/files.ts";
import { measured } from "../measured.ts";
import { inScene, oneFile } from "../scene.ts";

const SIZE = 192 * MIB;

const BOUND_MS = 1000;

/** What limits disks: the first version of control groups, where it is mounted. */
const GROUPS = "/sys/fs/cgroup/blkio";

Deno.test({
  name:
    "C5: a receiver whose disk takes minutes for a sync ends within a second of SIGINT, and the same command goes on",
  ignore: !await canLimit(),
  fn: () =>
    inScene(oneFile(SIZE), async (scene) => {
      const { into } = scene.places;
      const image = scene.workspace.path("image");
      await run("truncate", "-s", "512M", image);
      await run("mkfs.ext4", "-q", "-F", image);
      await run("mount", "-o", "loop", image, into);
      const group = `${GROUPS}/ultra-faults-${Deno.pid}`;
      await Deno.mkdir(group);
      try {
        await Deno.remove(`${into}/lost+found`);
        const device = await output("findmnt", "-n", "-o", "MAJ:MIN", into);
        const limit = (rate: number) =>
          Deno.writeTextFile(`${group}/blkio.throttle.write_bps_device`, `${device} ${rate}`);
        await limit(1e6);
        const { sender, receiver } = await scene.startDirectly({
          sendArgs: ["--rate-limit", "32M"],
          receiver: { limits: `echo $$ > ${group}/cgroup.procs` },
        });
        await receiver.event("progress", ({ bytes }) => Number(bytes) > SIZE / 2);
        const startMs = performance.now();
        receiver.kill("SIGINT");
        await receiver.exits(130, 5 * BOUND_MS);
        const tookMs = performance.now() - startMs;
        measured("C5: a receiver whose disk takes minutes for a sync", {
          value: tookMs / 1000,
          bound: BOUND_MS / 1000,
          unit: "s",
          what: "from SIGINT to the end",
        });
        await sender.exits(5);
        await scene.ends([130, 5]);
        await limit(0);
        const again = await scene.startDirectly();
        await scene.ends([0]);
        const { resumedBytes } = await again.receiver.event("complete");
        assert.ok(Number(resumedBytes) > 0.4 * SIZE, `${resumedBytes} bytes did not travel again`);
      } finally {
        await run("umount", "-l", into);
        await Deno.remove(group).catch(() => {}); // (A process of it may wait for the disk until the image is gone.)
      }
    }),
});

async function output(program: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  assert.ok(success, `${program}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}

async function run(program: string, ...args: readonly string[]): Promise<void> {
  await output(program, ...args);
}

async function canLimit(): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const script = `test -e ${GROUPS}/blkio.throttle.write_bps_device && test -e /dev/loop-control && ` +
    "command -v mkfs.ext4 && command -v findmnt";
  const found = await new Deno.Command("sh", { args: ["-c", script] }).output().catch(() => undefined);
  return found?.success === true;
}
