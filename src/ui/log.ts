/**
 * `-v`: debug lines of all modules, by LogTape. A module gets its logger with `getLogger(["ultra", "peer"])` and logs in any
 * case; without `-v` nothing is configured, and LogTape drops everything.
 *
 * @module
 */

import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";
import { escapeText } from "./escape.ts";

/**
 * Starts to show debug lines.
 *
 * @param write takes one line without its end, which becomes a `debug` event
 * @param now milliseconds of the clock that counts from the start
 * @returns ends it again
 */
export function startDebugLog(write: (line: string) => void, now: () => number): () => void {
  const start = now();
  configureSync({
    sinks: { ultra: (record) => write(debugLine(record, now() - start)) },
    loggers: [
      { category: ["ultra"], lowestLevel: "debug", sinks: ["ultra"] },
      // LogTape tells of its own configuration here; only its failures matter.
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["ultra"] },
    ],
  });
  return resetSync;
}

/** `[  1.234] debug peer: text`; the category without the part that all have in common. */
function debugLine(record: Pick<LogRecord, "category" | "level" | "message">, elapsedMs: number): string {
  const category = record.category.slice(record.category[0] === "ultra" ? 1 : 0).join(".");
  const text = record.message.map((part) => typeof part === "string" ? part : shown(part)).join("");
  return `[${(elapsedMs / 1000).toFixed(3).padStart(8)}] ${record.level} ${category}: ${escapeText(text)}`;
}

/** A value in a message, on one line. Secrets show themselves as `[redacted]`. */
function shown(value: unknown): string {
  return Deno.inspect(value, { colors: false, compact: true, breakLength: Infinity, depth: 4 });
}
