/**
 * Written by `native/engine/src/door/typescript.rs` from the declarations in `native/engine/src/core/`; do not edit.
 * `deno task generate` writes it anew.
 *
 * @module
 */

export * from "./generated/words.ts";
export * from "./generated/events.ts";
export * from "./generated/blocks.ts";
export * from "./generated/commands.ts";
export * from "./generated/decode.ts";
export * from "./generated/encode.ts";
