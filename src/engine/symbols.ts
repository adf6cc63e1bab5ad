/**
 * The functions of the data plane, `docs/engine.md`. C types in comments.
 *
 * @module
 */

export const SYMBOLS = {
  ultra_layout: { parameters: ["buffer", /* uint8_t *out */ "u32" /* cap */], result: "i32" },
  ultra_start: { parameters: ["buffer", /* const uint8_t *args */ "u32" /* len */], result: "i32" },
  ultra_stop: { parameters: [], result: "void" },
  ultra_wait: {
    parameters: ["buffer", /* uint8_t *out */ "u32", /* records */ "u32" /* timeout_ms */],
    result: "i32",
    // The one call that may block; it runs on a thread of Deno's pool.
    nonblocking: true,
  },
  ultra_take: { parameters: ["u32", /* payload */ "buffer", /* uint8_t *out */ "u32" /* cap */], result: "i32" },
  ultra_identity: { parameters: ["buffer", /* uint8_t *out */ "u32" /* cap */], result: "i32" },
  ultra_listen: { parameters: ["buffer", /* const uint8_t *args */ "u32" /* len */], result: "i32" },
  ultra_retune: {
    parameters: ["u32", /* listener */ "buffer", /* const uint8_t *settings */ "u32" /* len */],
    result: "i32",
  },
  ultra_connect: { parameters: ["buffer", /* const uint8_t *args */ "u32" /* len */], result: "i32" },
  ultra_resolve: {
    parameters: ["u32", /* request */ "buffer", /* const uint8_t *name */ "u32" /* len */],
    result: "i32",
  },
  ultra_send: {
    parameters: ["u32", /* connection */ "buffer", /* const uint8_t *bytes */ "u32" /* len */],
    result: "i32",
  },
  ultra_submit: { parameters: ["buffer", /* const uint8_t *commands */ "u32" /* count */], result: "i32" },
  ultra_shrink: { parameters: ["u32", /* grant */ "f64" /* end */], result: "f64" },
  ultra_source: { parameters: ["buffer", /* const uint8_t *args */ "u32" /* len */], result: "i32" },
  ultra_sink: { parameters: ["buffer", /* const uint8_t *args */ "u32" /* len */], result: "i32" },
  ultra_page: {
    parameters: [
      "u32", /* sink */
      "u32", /* first */
      "u32", /* count */
      "buffer", /* const uint8_t *entries */
      "u32", /* len */
    ],
    result: "i32",
  },
  ultra_values: {
    parameters: [
      "u32", /* source */
      "u32", /* entry */
      "f64", /* first */
      "buffer", /* const uint8_t *values */
      "u32", /* len */
    ],
    result: "i32",
  },
  ultra_root: {
    parameters: [
      "u32", /* transfer */
      "buffer", /* const uint8_t *statuses */
      "u32", /* count */
      "buffer", /* uint8_t out[32] */
    ],
    result: "i32",
  },
  ultra_stats: { parameters: ["buffer", /* uint8_t *out */ "u32" /* cap */], result: "i32" },
  ultra_load: { parameters: ["buffer", /* uint8_t *out */ "u32" /* cap */], result: "i32" },
  ultra_path: {
    parameters: ["u32", /* connection */ "buffer", /* uint8_t *out */ "u32" /* cap */],
    result: "i32",
  },
  ultra_name: {
    parameters: ["u32", /* transfer */ "u32", /* entry */ "buffer", /* uint8_t *out */ "u32" /* cap */],
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
  ultra_outward: { parameters: ["buffer", /* uint8_t *out */ "u32" /* cap */], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
