/** The scenarios by name. @module */

import { manyFiles } from "./many_files.ts";
import { OLDER_FORMAT } from "./names.ts";
import { largeFile, memory, oneFile } from "./one_file.ts";
import { MIB, type Scenario } from "./scenario.ts";
import { sharing } from "./sharing.ts";
import { GIB, sparse } from "./sparse.ts";

export const SCENARIOS: readonly Scenario[] = [
  oneFile("one-file", "One file", 2048 * MIB),
  oneFile("600-mb", "One file of 600 MB", 600e6),
  largeFile("7-gb", "One file of 7 GB", 7e9),
  oneFile(OLDER_FORMAT, "One file in ULTRA and in the older format", 2048 * MIB),
  oneFile("10-kib", "One file of 10 KiB", 10 * 1024),
  manyFiles("16-files", "16 files of 128 MiB", 16, 128 * MIB),
  manyFiles("1k-files", "1,000 files of 10 KiB", 1000, 10 * 1024),
  manyFiles("10k-files", "10,000 files of 10 KiB", 10_000, 10 * 1024),
  manyFiles("10k-disk", "10,000 files of 10 KiB to a disk", 10_000, 10 * 1024, { results: "disk" }),
  manyFiles("100k-files", "100,000 files of 1 KiB", 100_000, 1024),
  manyFiles("100k-in-100", "100,000 files of 1 KiB in 100 folders", 100_000, 1024, { inFolder: 1000 }),
  manyFiles("100k-in-one", "100,000 files of 1 KiB in one folder", 100_000, 1024, { inFolder: 100_000 }),
  manyFiles("100k-again", "100,000 files of 1 KiB, unchanged since the run before", 100_000, 1024, {
    inFolder: 1000,
    again: true,
  }),
  manyFiles("1m-files", "1,000,000 files of 100 bytes in 1,000 folders", 1_000_000, 100, { inFolder: 1000, copies: 2 }),
  sparse("sparse", "A sparse image with 101 MB of data", 64 * GIB),
  sharing,
  memory,
];
