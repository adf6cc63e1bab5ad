/** The scenarios by name. @module */

import { oneFile } from "./one_file.ts";
import type { Scenario } from "./scenario.ts";

export const SCENARIOS: readonly Scenario[] = [oneFile];
