/** A sink that verifies what comes and keeps nothing. @module */

import type { SinkOptions } from "../../src/engine/engine.ts";
import { PRESERVE_NOTHING_MORE } from "../../src/protocol/words.ts";

export const NOWHERE: SinkOptions = {
  folder: "",
  create: false,
  existing: "refuse",
  restart: false,
  hidden: false,
  rename: undefined,
  discard: true,
  noSync: false,
  links: "inside",
  preserve: PRESERVE_NOTHING_MORE,
};
