/** The scenarios by name. @module */

import { manyFiles } from "./many_files.ts";
import { memory, oneFile } from "./one_file.ts";
import { MIB, type Scenario } from "./scenario.ts";
import { sharing } from "./sharing.ts";

export const SCENARIOS: readonly Scenario[] = [
  oneFile("one-file", "One file", 2048 * MIB),
  oneFile("600-mb", "One file of 600 MB", 600e6),
  manyFiles("16-files", "16 files of 128 MiB", 16, 128 * MIB),
  manyFiles("10k-files", "10,000 files of 10 KiB", 10_000, 10 * 1024),
  manyFiles("100k-files", "100,000 files of 1 KiB", 100_000, 1024),
  sharing,
  memory,
];
