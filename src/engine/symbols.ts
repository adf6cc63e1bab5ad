/**
 * The functions of the data plane, `docs/engine.md`. C types in comments.
 *
 * @module
 */

export const SYMBOLS = {
  ultra_describe: { parameters: ["buffer", /* uint8_t *out */ "u32" /* cap */], result: "i32" },
  ultra_start: { parameters: ["buffer", /* const uint8_t *block */ "u32" /* len */], result: "i32" },
  ultra_wait: {
    parameters: ["buffer", /* uint8_t *out */ "u32", /* records */ "u32" /* timeout_ms */],
    result: "i32",
    // The one call that may block; it runs on a thread of Deno's pool.
    nonblocking: true,
  },
  ultra_take: { parameters: ["u32", /* payload */ "buffer", /* uint8_t *out */ "u32" /* cap */], result: "i32" },
  ultra_listen: { parameters: ["buffer", /* const uint8_t *block */ "u32" /* len */], result: "i32" },
  ultra_connect: { parameters: ["buffer", /* const uint8_t *block */ "u32" /* len */], result: "i32" },
  ultra_source: { parameters: ["buffer", /* const uint8_t *block */ "u32" /* len */], result: "i32" },
  ultra_sink: { parameters: ["buffer", /* const uint8_t *block */ "u32" /* len */], result: "i32" },
  ultra_submit: {
    parameters: [
      "buffer", /* const uint8_t *commands */
      "u32", /* len */
      "buffer", /* uint8_t *out */
      "u32", /* cap */
    ],
    result: "i32",
  },
  ultra_shrink: { parameters: ["u32", /* grant */ "f64" /* end */], result: "f64" },
  ultra_measure: {
    parameters: ["u32", /* id */ "buffer", /* uint8_t *out */ "u32" /* cap */],
    result: "i32",
  },
  ultra_read_ticket: {
    parameters: [
      "buffer", /* const uint8_t *path */
      "u32", /* len */
      "buffer", /* uint8_t *out */
      "u32", /* cap */
    ],
    result: "i32",
    // A pipe may be empty for long.
    nonblocking: true,
  },
  ultra_state: {
    parameters: [
      "u32", /* act */
      "buffer", /* const uint8_t *path */
      "u32", /* len */
      "buffer", /* const uint8_t *state */
      "u32", /* len */
      "buffer", /* uint8_t *out */
      "u32", /* cap */
    ],
    result: "i32",
    // The folder may be on another machine.
    nonblocking: true,
  },
  ultra_write_ticket: {
    parameters: [
      "buffer", /* const uint8_t *path */
      "u32", /* len */
      "buffer", /* const uint8_t *ticket */
      "u32", /* len */
    ],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
