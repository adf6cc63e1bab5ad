/** A tree that is hard to keep: names, links, holes, modes and times. @module */

import { MIB, writeFile, writeSparse } from "../e2e/files.ts";

const NAMES: readonly string[] = [
  "plain.txt",
  "two  spaces ",
  "-dash",
  "ünïcode кот 文",
  "e\u0301 in two, é in one",
  "quote'\"$(x)`",
  "back\\slash",
  "percent%20?#&",
  "trailing.",
  "a.b.c..d",
  "x".repeat(255),
];

/** A file that is mostly holes: where it has data, and how much of that there is. */
export const HOLES = { name: "holes.img", size: 40 * MIB, places: [0, 17 * MIB, 37 * MIB], data: 9 * MIB } as const;

/** 200 files, with links and a file of holes. */
export async function makeHardTree(root: string): Promise<void> {
  await Deno.mkdir(`${root}/empty folder`, { recursive: true });
  for (let index = 0; index < 200; index++) {
    const folder = `${root}/${["a", "a/b", "ünï/кот", "d"][index % 4]}`;
    await Deno.mkdir(folder, { recursive: true });
    const name = NAMES[index] ?? `file ${index}`;
    const path = await writeFile(`${folder}/${name}`, index % 10 === 0 ? 0 : index * 997);
    await Deno.chmod(path, [0o644, 0o600, 0o755, 0o440][index % 4] ?? 0o644);
    await Deno.utime(path, 1_500_000_000 + index, 1_500_000_000 + index);
  }
  await Deno.symlink("../a/plain.txt", `${root}/d/link`);
  await Deno.link(`${root}/a/plain.txt`, `${root}/d/other name of it`);
  await writeSparse(`${root}/${HOLES.name}`, HOLES.size, HOLES.places);
}
