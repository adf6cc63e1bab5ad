/** What the pages say of limits is what the constants are. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../scripts/paths.ts";
import {
  BLOCK_LEN,
  MAX_COMPONENTS,
  MAX_ENTRIES,
  MAX_NAME_BYTES,
  MAX_TRANSFER_BLOCKS,
} from "../../src/protocol/limits.ts";
import { MAX_LARGE_UNDER_WAY, MAX_UNDER_WAY, MAX_UNDER_WAY_BYTES } from "../../src/transfer/under_way.ts";

/** As the pages write numbers. */
const grouped = (value: number) => value.toLocaleString("en-US");
const power = (value: number) => `2^${Math.log2(value)}`;
const mebibytes = (value: number) => `${value / 2 ** 20} MiB`;
const pebibytes = (value: number) => `${value / 2 ** 50} PiB`;

const entries = grouped(MAX_ENTRIES);
const names = mebibytes(MAX_NAME_BYTES);
const bytes = pebibytes(MAX_TRANSFER_BLOCKS * BLOCK_LEN);

/** Pages, and sentences or parts of them; line breaks count as blanks. */
const SAID: readonly (readonly [page: string, ...parts: string[]])[] = [
  ["README.md", `holds at most ${entries} files and folders, ${names} of names and ${bytes}.`],
  ["CHANGELOG.md", `may have ${entries} entries and ${names} of names`],
  ["docs/troubleshooting.md", `a transfer holds at most ${entries} files and folders`],
  [
    "docs/protocol.md",
    `${entries} (${power(MAX_ENTRIES)}) in a transfer`,
    `have at most ${power(MAX_TRANSFER_BLOCKS)} blocks (${bytes}) together`,
    `name at most ${grouped(MAX_COMPONENTS)} (${power(MAX_COMPONENTS)}) components`,
    `have at most ${grouped(MAX_NAME_BYTES)} bytes (${names}) together`,
    `every tree of ${power(MAX_ENTRIES)} entries fits`,
  ],
  [
    "docs/design.md",
    `at most ${power(MAX_ENTRIES)} entries and ${names} of names and targets`,
    `more than ${power(MAX_ENTRIES)} entries or ${names} of names`,
    `under way is bounded: ${grouped(MAX_UNDER_WAY)} files and ${mebibytes(MAX_UNDER_WAY_BYTES)}`,
    `there are ${MAX_LARGE_UNDER_WAY} of these at most`,
    `Larger files are committed up to ${MAX_LARGE_UNDER_WAY} at a time`,
  ],
  ["docs/reliability.md", `have an fsync each, up to ${MAX_LARGE_UNDER_WAY} of them at a time`],
  ["docs/threat-model.md", `the manifest's entries (${power(MAX_ENTRIES)})`],
  ["native/files/src/source.rs", `a transfer holds at most ${entries} files and folders`],
  ["native/files/src/page.rs", `more than ${entries} entries`],
];

for (const [page, ...parts] of SAID) {
  Deno.test(`docs: the limits in ${page} are those of the code`, async () => {
    const text = (await Deno.readTextFile(join(ROOT, page))).replaceAll(/\s+/g, " ");
    for (const part of parts) assert.ok(text.includes(part), `${page} does not say "${part}"`);
  });
}
