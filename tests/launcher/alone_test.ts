/** The executable alone, on a system with nothing but what a glibc program needs. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { LIBRARY, PAYLOAD, ULTRA } from "../../scripts/paths.ts";
import { assertVersion, IS_ROOT, ran } from "./support.ts";

/** Makes a bare root: glibc's libraries, /proc, two devices, /tmp, and an empty home. No shell, no Deno, no Node. */
async function makeRoot(): Promise<string> {
  const root = await Deno.makeTempDir({ prefix: "ultra-root-" });
  for (const folder of ["proc", "dev", "tmp", "home"]) await Deno.mkdir(join(root, folder));
  await Deno.chmod(join(root, "tmp"), 0o1777);
  for (const device of ["null", "urandom"]) await Deno.writeTextFile(join(root, "dev", device), "");
  for (const path of await librariesOf([ULTRA, join(PAYLOAD, "deno"), LIBRARY])) {
    await Deno.mkdir(join(root, dirname(path)), { recursive: true });
    await Deno.copyFile(path, join(root, path));
  }
  await Deno.copyFile(ULTRA, join(root, "ultra"));
  return root;
}

async function librariesOf(programs: readonly string[]): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const program of programs) {
    const { stdout } = await ran("ldd", [program]);
    for (const [path] of stdout.matchAll(/\/\S+/g)) paths.add(path);
  }
  return paths;
}

/** Mounts what has to be mounted, in a namespace that ends with the script; `U` runs the executable in the root. */
const MOUNTS = `
  mount -t proc none "$ROOT/proc"
  for device in null urandom; do mount --bind "/dev/$device" "$ROOT/dev/$device"; done
  ip link set lo up
  U() { env -i HOME=/home "$(command -v chroot)" "$ROOT" /ultra "$@"; }`;

Deno.test({
  name: "T49: the executable alone in a bare root shows its version, its help, and transfers",
  ignore: !IS_ROOT,
  async fn() {
    const root = await makeRoot();
    try {
      const inRoot = (script: string) =>
        ran("unshare", ["--mount", "--net", "sh", "-ec", `${MOUNTS}\n${script}`], { env: { ROOT: root } });
      assertVersion(await inRoot("U --version"));
      assert.match((await inRoot("U help send")).stdout, /^Usage: ultra send/);
      const { code, stderr } = await inRoot(`
        head -c 5000000 /dev/urandom >"$ROOT/home/f"
        mkdir "$ROOT/home/in"
        mkfifo "$ROOT/tickets"
        U recv --listen 127.0.0.1:0 --into /home/in >"$ROOT/tickets" &
        read ticket <"$ROOT/tickets"
        U send /home/f "$ticket"
        wait $!
        cmp "$ROOT/home/f" "$ROOT/home/in/f"`);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /⚡ ULTRA transfer complete: 5\.0 MB/);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});
