/**
 * Names that a peer chose, made safe to use below the receiver's folder.
 *
 * A {@linkcode SafePath} can only come from {@linkcode parseSafePath}; file functions accept nothing else. The rules
 * are those of `docs/protocol.md`, "Paths". Nothing is repaired: a name that needs repair was crafted,
 * and is refused.
 *
 * @module
 */

import { UltraError } from "../base/errors.ts";
import { MAX_COMPONENT_BYTES, MAX_DEPTH, MAX_PATH_BYTES } from "./limits.ts";

declare const safe: unique symbol;

/** A relative path of one or more plain components, outermost first. */
export type SafePath = readonly string[] & { readonly [safe]: true };

/** Names that `ultra` keeps for its own part files and journals. */
const RESERVED_PREFIX = ".ultra-";

/** C0, DEL and C1 controls: on a terminal they are commands (CVE-2019-6109). */
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

const utf8 = new TextEncoder();

/**
 * Parses a path as it stands on the wire: components joined by `/`.
 *
 * @throws {UltraError} `protocol` when the peer's path is not canonical, relative and plain
 */
export function parseSafePath(wire: string): SafePath {
  if (byteLengthExceeds(wire, MAX_PATH_BYTES)) throw refused(wire, `over ${MAX_PATH_BYTES} bytes`);
  if (!wire.isWellFormed()) throw refused(wire, "characters that UTF-8 cannot hold");
  const components = wire.split("/");
  if (components.length > MAX_DEPTH) throw refused(wire, `more than ${MAX_DEPTH} components`);
  for (const component of components) {
    const fault = faultOf(component);
    if (fault !== undefined) throw refused(wire, fault);
  }
  return components as readonly string[] as SafePath;
}

/**
 * Checks a path without making an object of it: most paths are plain ASCII, and a manifest may have millions.
 *
 * @param wire holds the path from `from` to `to`
 * @param decode gives the text of the path; asked for only where the bytes alone do not tell
 * @throws {UltraError} as {@linkcode parseSafePath}
 */
export function checkSafePath(wire: Uint8Array, from: number, to: number, decode: () => string): void {
  if (!isPlain(wire, from, to)) parseSafePath(decode());
}

/** Whether a path is certainly safe: printable ASCII without dots in front and colons. */
function isPlain(wire: Uint8Array, from: number, to: number): boolean {
  if (to - from > MAX_COMPONENT_BYTES) return false;
  let start = from;
  for (let at = from; at < to; at++) {
    const byte = wire[at] ?? 0;
    if (byte === SLASH) {
      if (at === start) return false;
      start = at + 1;
    } else if (byte < 0x20 || byte >= 0x7f || byte === COLON || (byte === DOT && at === start)) {
      return false;
    }
  }
  return start < to;
}

const [SLASH, COLON, DOT] = [0x2f, 0x3a, 0x2e];

/** The path as it stands on the wire. */
export function formatSafePath(path: SafePath): string {
  return path.join("/");
}

/** What is wrong with a component, or `undefined` when it is plain. */
function faultOf(component: string): string | undefined {
  if (component === "") return "an empty component";
  if (component === "." || component === "..") return `the component "${component}"`;
  if (CONTROL.test(component)) return "a control character";
  // Windows reads it as structure, and a tree must land the same everywhere. (A backslash is a letter here; where it is none, the
  // receiver leaves such an entry out.)
  if (/^[A-Za-z]:/.test(component)) return "a drive letter";
  if (component.startsWith(RESERVED_PREFIX)) return `the reserved prefix "${RESERVED_PREFIX}"`;
  if (byteLengthExceeds(component, MAX_COMPONENT_BYTES)) return `a component over ${MAX_COMPONENT_BYTES} bytes`;
  return undefined;
}

/** Compares the length in UTF-8, which is between one and three bytes for each unit of UTF-16. */
function byteLengthExceeds(text: string, limit: number): boolean {
  if (text.length > limit) return true;
  return text.length * 3 > limit && utf8.encode(text).length > limit;
}

function refused(wire: string, fault: string): UltraError {
  return new UltraError("protocol", "The sender offered a path with " + fault, { subject: wire });
}
