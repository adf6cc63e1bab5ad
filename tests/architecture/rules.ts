/** The rules of docs/design.md 5, each with snippets that it must refuse and accept. @module */

import { join, normalize } from "node:path/posix";
import { withoutTests } from "./rust_modules.ts";
import { blankRust, type Finding, findInRust, type Import, readSyntax } from "./syntax.ts";

/** A path from the repository's root, and what stands there. */
export type Source = readonly [path: string, text: string];

export interface Rule {
  readonly sentence: string;
  readonly applies: (path: string) => boolean;
  readonly check: (path: string, text: string) => readonly Finding[];
  readonly refuses: readonly Source[];
  readonly accepts: readonly Source[];
}

const within = (...prefixes: string[]) => (path: string) => prefixes.some((prefix) => path.startsWith(prefix));
const isTypeScript = (path: string) => path.endsWith(".ts");
const isPure = within("src/protocol/", "src/transfer/");
const isProduct = within("src/", "main.ts");

/** What the pure parts may import besides each other. */
const PURE_FILES: readonly string[] = [
  "src/base/addresses.ts",
  "src/base/errors.ts",
  "src/base/sizes.ts",
];
/** Outside functions that have no effect and always the same result. */
const PURE_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ["@noble/hashes/sha2.js", ["sha256"]],
  ["@scure/base", ["base32nopad"]],
]);

/** Global names through which the clock, chance, the system or another thread of events could come in. */
const EFFECTS: ReadonlySet<string> = new Set([
  ...["Deno", "console", "crypto", "globalThis", "process", "self", "window"],
  ...["Date", "Temporal", "performance", "Math.random", "Math.*"],
  ...["setTimeout", "setInterval", "queueMicrotask", "fetch", "navigator", "localStorage", "sessionStorage"],
  ...["Worker", "WebSocket", "BroadcastChannel", "MessageChannel", "eval", "Function", "alert", "confirm", "prompt"],
]);

/** Where Rust may be unsafe: where it meets C, the door, and system calls without a safe wrapper. */
const UNSAFE: readonly string[] = [
  "native/msquic-sys/src/",
  "native/msquic-sys/tests/",
  "native/engine/src/door",
  "native/engine/src/os/",
  "native/engine/src/net/quic/",
  "native/engine/src/net/send_buffer_unsafe.rs",
  "native/engine/tests/common/",
  "native/files/src/os/linux/sync_apart_unsafe.rs",
  "native/files/src/os/linux/sync_range_unsafe.rs",
  "native/files/src/os/macos/calls_unsafe.rs",
  "native/files/src/os/unix/close_unsafe.rs",
  "native/files/src/os/unix/owners_unsafe.rs",
  "native/files/src/os/windows/calls_unsafe.rs",
  "native/files/src/os/windows/security_unsafe.rs",
  "native/launcher/src/os/macos_unsafe.rs",
  "native/launcher/src/os/windows_unsafe.rs",
  "native/netpath/src/linux_unsafe.rs",
];

/**
 * Crates that run on every system: what they want of it stands in their `os/`. The launcher may use the standard library's Unix besides,
 * for owners and modes of its folders and to become Deno.
 */
const EVERYWHERE = ["native/files/src/", "native/engine/src/"];
const UNIX = "native/launcher/src/";

/** Everything else gets what it needs as arguments. */
const ENVIRONMENT: readonly string[] = ["src/base/handed.ts", "src/engine/library.ts"];

/** A flag of `ultra` in a text for people. */
const FLAG = /(^|[^\w-])(--[a-z]{2,}|-o\b)/;

const MOST_LINES = 500;

/** Congestion control, which follows the IETF draft from front to back. */
const OWN_BBR = "native/msquic-sys/congestion/bbr.c";

const MOST_LINES_OF_MAIN = 79;

/** The folders of `src`, from the ground up: a file imports from its own folder and from those before it. `main.ts` stands on top. */
export const FLOORS: readonly string[] = [
  ...["base", "protocol", "auth", "transfer", "engine", "settings", "link", "meet", "verdict", "session"],
  ...["measure", "serve", "watch", "ui", "cli"],
];

export const RULES: readonly Rule[] = [
  {
    sentence: "a file of src imports from its own folder and from floors below",
    applies: isProduct,
    check: (path, text) =>
      imports(path, text, (target) => target.startsWith("src/") && floorOf(target) > floorOf(path)),
    refuses: [
      ["src/transfer/x.ts", `import type { Engine } from "../engine/engine.ts";`],
      ["src/session/x.ts", `import { tell } from "../ui/output.ts";`],
      ["src/base/x.ts", `export * from "../protocol/limits.ts";`],
      ["src/cli/x.ts", `import { x } from "../attic/x.ts";`],
      ["src/ui/x.ts", `const x = await import("../cli/run.ts");`],
    ],
    accepts: [
      [
        "src/transfer/x.ts",
        `import type { Message } from "../protocol/messages.ts";\nimport { plan } from "./plan.ts";`,
      ],
      ["src/ui/x.ts", `import type { RunEvent } from "../session/events.ts";\nimport { join } from "node:path";`],
      ["main.ts", `import { run } from "./src/cli/run.ts";`],
    ],
  },
  {
    sentence: "protocol and transfer import nothing that has effects",
    applies: isPure,
    check: (path, text) => imports(path, text, (target, one) => !isPureImport(path, target, one)),
    refuses: [
      ["src/transfer/x.ts", `import { readFile } from "node:fs/promises";`],
      ["src/transfer/x.ts", `import { randomBytes } from "@noble/hashes/utils.js";`],
      ["src/transfer/x.ts", `import { sha512 } from "@noble/hashes/sha2.js";`],
      ["src/transfer/x.ts", `import * as sha2 from "@noble/hashes/sha2.js";`],
      ["src/protocol/x.ts", `import { base64 } from "@scure/base";`],
      ["src/transfer/x.ts", `import { now } from "../base/clock.ts";`],
      ["src/transfer/x.ts", `export * from "../engine/native.ts";`],
      ["src/transfer/x.ts", `const clock = await import("../base/clock.ts");`],
      ["src/transfer/x.ts", `import { getLogger } from "@logtape/logtape";`],
      ["src/protocol/x.ts", `import { plan } from "../transfer/plan.ts";`],
    ],
    accepts: [
      [
        "src/transfer/x.ts",
        `import type { Engine } from "../engine/engine.ts";\nimport { UltraError } from "../base/errors.ts";`,
      ],
      ["src/transfer/x.ts", `import { decode } from "../protocol/decode.ts";\nimport { plan } from "./plan.ts";`],
      ["src/protocol/x.ts", `import { sha256 } from "@noble/hashes/sha2.js"; // not import "node:fs"`],
    ],
  },
  {
    sentence: "protocol and transfer use no clock, no chance and nothing of the system",
    applies: isPure,
    check: (path, text) => uses(path, text, (name) => EFFECTS.has(name)),
    refuses: [
      ["src/transfer/x.ts", `const start = Date.now();`],
      ["src/transfer/x.ts", `const start = new Date();`],
      ["src/transfer/x.ts", `const roll = Math.random();`],
      ["src/transfer/x.ts", `const { random } = Math;`],
      ["src/transfer/x.ts", `setTimeout(() => {}, 10);`],
      ["src/transfer/x.ts", `const t = globalThis.performance.now();`],
      ["src/protocol/x.ts", `const home = Deno.env.get("HOME");`],
      ["src/protocol/x.ts", `crypto.getRandomValues(bytes);`],
    ],
    accepts: [
      ["src/transfer/x.ts", `// Date.now() and Math.random() would be wrong here\nconst text = "Deno.exit";`],
      ["src/transfer/x.ts", `const least = Math.min(entry.Date, { performance: 1 }.performance);`],
    ],
  },
  {
    sentence: "no flag of the command line is named below cli",
    applies: (path) => within("src/")(path) && !within("src/cli/", "src/ui/")(path),
    check: (path, text) => readSyntax(path, text).texts.filter(({ what }) => FLAG.test(what)),
    refuses: [
      ["src/transfer/x.ts", `throw new UltraError("disk", "It differs; use --overwrite");`],
      ["src/engine/x.ts", "const text = `${address}: check --listen`;"],
      ["src/meet/x.ts", `const text = "-o fits only one";`],
    ],
    accepts: [
      ["src/transfer/x.ts", `// --overwrite allows it\nconst text = "a -- b"; i--; const path = "ultra-test-1";`],
      ["src/verdict/x.ts", `const text = "sysctl -w net";`],
    ],
  },
  {
    sentence: "only src/ui writes to the terminal",
    applies: (path) => isProduct(path) && !path.startsWith("src/ui/"),
    check: (path, text) => [
      ...uses(
        path,
        text,
        (name) => /^(console|alert|confirm|prompt|Deno\.(stdout|stderr|\*)|process\.std(out|err))$/.test(name),
      ),
      ...imports(
        path,
        text,
        (target) => target === "node:process" || target === "node:console" || target === "node:tty",
      ),
    ],
    refuses: [
      ["main.ts", `console.error("no");`],
      ["src/session/x.ts", `await Deno.stderr.write(bytes);`],
      ["src/session/x.ts", `Deno["stdout"].writeSync(bytes);`],
      ["src/session/x.ts", `const { stdout } = Deno;`],
      ["src/cli/x.ts", `import process from "node:process";`],
    ],
    accepts: [["src/cli/x.ts", `const text = "console.log";\nconst lines = await read(Deno.stdin); // Deno.stdout`]],
  },
  {
    sentence: "only src/engine calls Deno.dlopen",
    applies: (path) => isProduct(path) && !path.startsWith("src/engine/"),
    check: (path, text) => uses(path, text, (name) => /^Deno\.(dlopen|Unsafe\w+|\*)$/.test(name)),
    refuses: [
      ["src/session/x.ts", `const library = Deno.dlopen(path, {});`],
      ["src/session/x.ts", `const { dlopen } = Deno;`],
      ["main.ts", `new Deno.UnsafePointerView(pointer);`],
    ],
    accepts: [["src/session/x.ts", `/** Calls what Deno.dlopen gave. */\nexport const path = Deno.env.get("HOME");`]],
  },
  {
    sentence: "only main.ts ends the process",
    applies: within("src/"),
    check: (path, text) => uses(path, text, (name) => /^(Deno|process)\.(exit|exitCode|abort|\*)$/.test(name)),
    refuses: [
      ["src/cli/x.ts", `Deno.exit(2);`],
      ["src/ui/x.ts", `Deno.exitCode = 2;`],
      ["src/ui/x.ts", `process.exit();`],
    ],
    accepts: [["src/cli/x.ts", `const code = exitCodeOf(error); // Deno.exit is for main.ts`]],
  },
  {
    sentence: "main.ts stays under 80 lines",
    applies: (path) => path === "main.ts",
    check: (_, text) => tooLong(text, MOST_LINES_OF_MAIN),
    refuses: [["main.ts", "\n".repeat(80)]],
    accepts: [["main.ts", "\n".repeat(79)]],
  },
  {
    sentence: "no source file has more than 500 lines",
    applies: (path) => /\.(ts|rs|c|h)$/.test(path) && path !== OWN_BBR,
    check: (_, text) => tooLong(text, MOST_LINES),
    refuses: [
      ["src/x.ts", "\n".repeat(501)],
      ["src/engine/generated/x.ts", "\n".repeat(501)],
      ["native/engine/src/x.rs", "\n".repeat(501)],
      ["native/msquic-sys/edits/x.c", "\n".repeat(501)],
      ["native/msquic-sys/tests/congestion/x.c", "\n".repeat(501)],
    ],
    accepts: [["src/x.ts", "\n".repeat(500)]],
  },
  {
    sentence: "Rust is unsafe only where it meets C or the system",
    applies: (path) => path.endsWith(".rs") && !within(...UNSAFE)(path),
    check: (_, text) => findInRust(text, "unsafe"),
    refuses: [
      ["native/files/src/x.rs", `fn f(p: *const u8) -> u8 { unsafe { *p } }`],
      ["native/engine/src/pump.rs", `/* a /* nested */ comment */ unsafe impl<'a> Send for X<'a> {}`],
      ["native/engine/src/pump.rs", `const QUOTE: char = '"'; unsafe fn f() {} // "`],
    ],
    accepts: [
      ["native/files/src/x.rs", `#![forbid(unsafe_code)]\n// unsafe\n/* unsafe /* unsafe */ unsafe */`],
      ["native/files/src/x.rs", `const A: &str = "\\"unsafe"; const B: &str = r#"an "unsafe" word"#;`],
    ],
  },
  {
    sentence: "system calls stand in os/ alone",
    applies: (path) => within(...EVERYWHERE, UNIX)(path) && path.endsWith(".rs") && !/\/os\/|_tests\.rs$/.test(path),
    check: systemCalls,
    refuses: [
      ["native/files/src/x.rs", `fn f() { rustix::fs::fsync(fd); }`],
      ["native/files/src/x.rs", `use std::os::unix::fs::PermissionsExt;`],
      ["native/engine/src/net/x.rs", `const FULL: i32 = libc::ENOSPC;`],
      ["native/engine/src/x.rs", `let text = std::fs::read_to_string("/proc/self/status");`],
      ["native/launcher/src/x.rs", `use rustix::rand::getrandom;`],
    ],
    accepts: [
      ["native/files/src/x.rs", `// rustix::fs and "/proc" stand in os/\nuse crate::os::System;`],
      ["native/files/src/x.rs", `#[cfg(test)]\nmod tests {\n    const FULL: i32 = libc::ENOSPC;\n}`],
      ["native/launcher/src/x.rs", `use std::os::unix::process::CommandExt;`],
    ],
  },
  {
    sentence: "nothing is of type any",
    applies: isTypeScript,
    check: (path, text) => readSyntax(path, text).anys,
    refuses: [["src/x.ts", `const x = y as any;`], ["tests/x.ts", `function f(x: any[]) {}`]],
    accepts: [["src/x.ts", `const any: unknown = "any"; // any`]],
  },
  {
    sentence: "the product imports no tests, scripts or benchmarks",
    applies: isProduct,
    check: (path, text) => imports(path, text, (target) => within("tests/", "scripts/", "bench/")(target)),
    refuses: [
      ["src/session/x.ts", `import { fake } from "../../tests/simulation/engine.ts";`],
      ["main.ts", `import type { Result } from "./bench/measure.ts";`],
    ],
    accepts: [["src/session/x.ts", `import { test } from "../settings/tests.ts";`]],
  },
  {
    sentence: "the environment is read in two places: what the launcher hands on, and where a developer's library is",
    applies: (path) => isProduct(path) && !ENVIRONMENT.includes(path),
    check: (path, text) => uses(path, text, (name) => /^(Deno\.(env|\*)|process\.env)$/.test(name)),
    refuses: [
      ["src/base/x.ts", `Deno.env.get("ULTRA_SECRET_DOOR");`],
      ["main.ts", `const all = Deno.env.toObject();`],
      ["src/cli/x.ts", `const { env } = Deno;`],
    ],
    accepts: [["src/cli/x.ts", `const color = variables.get("NO_COLOR"); // Deno.env`]],
  },
  {
    // The bundler's minifier inlines a variable that is used once, also one declared with using, and so drops its disposal: `ultra test` left
    // its folder behind.
    sentence: "what is declared with using is used more than once, or never",
    applies: isProduct,
    check: (_, text) => disposedTooEarly(text),
    refuses: [
      ["src/cli/x.ts", `{\n  await using folder = await make();\n  return run({ folder });\n}`],
      ["src/link/x.ts", `{ using limit = after(5); { wait(limit); } }\nconst limit = limit;`],
    ],
    accepts: [
      ["src/link/x.ts", `{ using _limit = after(5);\n  await over; }\nconst _limit = 1;`],
      ["src/cli/x.ts", `{ using signals = watch();\n  run(signals.ended); tell(signals); }`],
    ],
  },
];

function isPureImport(path: string, target: string, one: Import): boolean {
  if (one.typeOnly) return within("src/")(target);
  const layers = path.startsWith("src/protocol/") ? ["src/protocol/"] : ["src/protocol/", "src/transfer/"];
  if (within(...layers)(target) || PURE_FILES.includes(target)) return true;
  const names = PURE_NAMES.get(target);
  return names !== undefined && one.names.every((name) => names.includes(name));
}

/** Higher floors have higher numbers; a folder that is not in the list is above all, so that nothing may import it. */
function floorOf(path: string): number {
  const [top, folder = ""] = path.split("/");
  if (top !== "src") return Infinity;
  const floor = FLOORS.indexOf(folder);
  return floor < 0 ? FLOORS.length : floor;
}

/** What a file imports; relative paths as paths from the repository's root. */
export function importsOf(path: string, text: string): string[] {
  return readSyntax(path, text).imports.map(({ from }) =>
    /^\.\.?\//.test(from) ? normalize(join(path, "..", from)) : from
  );
}

/** The imports of a file that are refused; relative ones are shown from the repository's root. */
function imports(path: string, text: string, refused: (target: string, one: Import) => boolean): Finding[] {
  return readSyntax(path, text).imports.flatMap((one) => {
    const target = /^\.\.?\//.test(one.from) ? normalize(join(path, "..", one.from)) : one.from;
    return refused(target, one) ? [{ line: one.line, what: `imports ${target}` }] : [];
  });
}

function uses(path: string, text: string, refused: (name: string) => boolean): Finding[] {
  return readSyntax(path, text).uses.filter(({ what }) => refused(what));
}

/** Uses of a system's own interface in Rust, tests excepted. */
function systemCalls(path: string, text: string): Finding[] {
  const interfaces = path.startsWith(UNIX)
    ? /\b(rustix|libc|windows_sys)::/
    : /\b(rustix|libc|windows_sys)::|\bstd::os::/;
  const tested = withoutTests(text);
  const code = blankRust(tested).split("\n");
  return tested.split("\n").flatMap((line, index) => {
    const call = interfaces.exec(code[index] ?? "");
    const file = /"\/(proc|sys)\b/.exec(line.replace(/\/\/.*/, ""));
    return call || file ? [{ line: index + 1, what: (call ?? file)?.[0] ?? "" }] : [];
  });
}

function tooLong(text: string, most: number): Finding[] {
  const lines = text.split("\n").length - 1;
  return lines > most ? [{ line: lines, what: `${lines} lines, at most ${most}` }] : [];
}

/** Declarations with using whose name is used exactly once in what is left of their block. */
function disposedTooEarly(text: string): Finding[] {
  return [...text.matchAll(/\busing (\w+)(?:: [^=]+)? = /g)].flatMap(({ 0: declaration, 1: name = "", index }) => {
    const rest = restOfBlock(text.slice(index + declaration.length));
    const isUsedOnce = [...rest.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length === 1;
    const line = text.slice(0, index).split("\n").length;
    return isUsedOnce ? [{ line, what: `${name} is used once: write it with try and finally` }] : [];
  });
}

/** Up to the brace that closes the block in which a text begins. */
function restOfBlock(text: string): string {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && depth-- === 0) return text.slice(0, at);
  }
  return text;
}
