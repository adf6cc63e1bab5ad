/** `deno task generate`: writes `src/engine/layout.generated.ts` as the built library says it. @module */

import { LIBRARY, ROOT } from "./paths.ts";

const library = Deno.dlopen(LIBRARY, {
  ultra_layout: { parameters: ["buffer", "u32"], result: "i32" },
});
const out = new Uint8Array(64 * 1024);
const length = library.symbols.ultra_layout(out, out.length);
await Deno.writeFile(`${ROOT}/src/engine/layout.generated.ts`, out.subarray(0, length));
