/** The library that is given away has no fault points. @module */

import assert from "node:assert/strict";
import { LIBRARY } from "../../scripts/paths.ts";

/** What the fault points are read from (`native/files/src/os/fault_points.rs`). */
const VARIABLE = "ULTRA_FAULT";

Deno.test("the library that is given away does not know the variable of the fault points", async () => {
  const text = new TextDecoder("latin1").decode(await Deno.readFile(LIBRARY));
  assert.ok(text.includes("ultra_describe"), "the names of its functions are found");
  assert.ok(!text.includes(VARIABLE));
});
