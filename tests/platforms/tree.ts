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

/** Names that every system takes. */
const WINDOWS_NAMES: readonly string[] = [
  "plain.txt",
  "two  spaces",
  "-dash",
  "\u00fcn\u00efcode \u043a\u043e\u0442 \u6587 \u{1f600}",
  "e\u0301 in two, \u00e9 in one",
  "quote'$(x)`",
  "percent%20#&;=@!{}[]+,",
  "a.b.c..d",
  "CONfine",
  "nul-x.txt",
  "x".repeat(255),
];

/** 200 files that Windows takes too, some of them read-only, below folders that are deeper than 260 letters. */
export async function makeWindowsTree(root: string): Promise<void> {
  const deep = Array.from({ length: 12 }, (_, index) => `deep folder ${index} ${"y".repeat(20)}`).join("/");
  await Deno.mkdir(`${root}/empty folder`, { recursive: true });
  for (let index = 0; index < 200; index++) {
    const folder = `${root}/${["a", "a/b", "\u00fcn\u00ef/\u043a\u043e\u0442", deep][index % 4]}`;
    await Deno.mkdir(folder, { recursive: true });
    const name = WINDOWS_NAMES[index] ?? `file ${index}`;
    const path = await writeFile(`${folder}/${name}`, index % 10 === 0 ? 0 : index * 997);
    // What Windows keeps of a time are tenths of a microsecond.
    const time = 1_500_000_000.5 + index;
    await Deno.utime(path, time, time);
    if (index % 5 === 0) await Deno.chmod(path, 0o444);
  }
}
