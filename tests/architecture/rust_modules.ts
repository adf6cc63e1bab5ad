/** Which modules of a Rust crate use which: read from `use` lines and paths, without the parts that are only compiled for tests. @module */

import { blankRust } from "./syntax.ts";

/** A file of a crate, by its path below `src/`. */
export interface RustFile {
  readonly path: string;
  readonly text: string;
}

/** A use of another file's module. */
export interface ModuleUse {
  readonly from: string;
  readonly to: string;
  readonly line: number;
}

/** All uses between the files of a crate. */
export function moduleUses(files: readonly RustFile[]): readonly ModuleUse[] {
  const product = files.filter(({ path }) => !/_tests\.rs$|(^|\/)testing\.rs$/.test(path));
  const byModule = new Map(product.map(({ path }) => [moduleOf(path).join("::"), path]));
  return product.flatMap(({ path, text }) => {
    const uses = pathsOf(withoutTests(blankRust(text))).flatMap(({ segments, line }) => {
      const target = fileOf(absolute(segments, moduleOf(path)), byModule);
      return target === undefined || target === path ? [] : [{ from: path, to: target, line }];
    });
    return uses;
  });
}

/** Circles of files, each once; a module and the modules inside it count as one. */
export function circles(uses: readonly ModuleUse[]): readonly string[][] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of uses) {
    if (isParent(from, to) || isParent(to, from)) continue;
    next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) return void found.push([...way.slice(at), file]);
    if (done.has(file)) return;
    for (const target of next.get(file) ?? []) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}

function isParent(parent: string, child: string): boolean {
  const [outer, inner] = [moduleOf(parent), moduleOf(child)];
  return outer.length < inner.length && outer.every((segment, at) => segment === inner[at]);
}

/** `net/quic/mod.rs` as `net`, `quic`. */
function moduleOf(path: string): readonly string[] {
  return path.replace(/(^|\/)(lib|mod)\.rs$|\.rs$/, "").split("/").filter((segment) => segment !== "");
}

function absolute(segments: readonly string[], module: readonly string[]): readonly string[] {
  const [first, ...rest] = segments;
  if (first === "crate") return rest;
  if (first === "self") return [...module, ...rest];
  return absolute(rest[0] === "super" ? rest : ["self", ...rest], module.slice(0, -1));
}

/** The file of the longest beginning of a path that is a module. */
function fileOf(segments: readonly string[], byModule: ReadonlyMap<string, string>): string | undefined {
  for (let length = segments.length; length > 0; length--) {
    const file = byModule.get(segments.slice(0, length).join("::"));
    if (file !== undefined) return file;
  }
  return undefined;
}

/** All paths that begin inside the crate, those in braces too. */
function pathsOf(text: string): readonly { readonly segments: readonly string[]; readonly line: number }[] {
  const found: { segments: string[]; line: number }[] = [];
  for (const match of text.matchAll(/(?<![\w:$])(crate|super|self)\s*::\s*/g)) {
    const line = text.slice(0, match.index).split("\n").length;
    for (const segments of expand(text.slice(match.index))) found.push({ segments, line });
  }
  return found;
}

/** `a::{b, c::d}` as `a::b` and `a::c::d`; what follows is left out. */
function expand(text: string): string[][] {
  const head = /^(?:\w+\s*::\s*)*/.exec(text)?.[0] ?? "";
  const segments = head.split("::").map((segment) => segment.trim()).filter((segment) => segment !== "");
  const rest = text.slice(head.length);
  if (!rest.startsWith("{")) return [[...segments, /^\w+/.exec(rest)?.[0] ?? ""]];
  return inBraces(rest).flatMap((item) => expand(item)).map((inner) => [...segments, ...inner]);
}

function inBraces(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 1;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === "{") depth++;
    if (letter === "}") depth--;
    if (depth === 0 || (depth === 1 && letter === ",")) {
      items.push(text.slice(start, at).trim());
      start = at + 1;
    }
    if (depth === 0) break;
  }
  return items.filter((item) => item !== "");
}

/** Without `#[cfg(test)]` items: a module, a function, an implementation or a `use`. */
export function withoutTests(text: string): string {
  let left = text;
  for (let at = left.indexOf("#[cfg(test)]"); at >= 0; at = left.indexOf("#[cfg(test)]", at + 1)) {
    const open = left.indexOf("{", at);
    const semicolon = left.indexOf(";", at);
    const end = open < 0 || (semicolon >= 0 && semicolon < open) ? semicolon + 1 : endOfBlock(left, open);
    left = left.slice(0, at) + left.slice(at, end).replace(/[^\n]/g, " ") + left.slice(end);
  }
  return left;
}

function endOfBlock(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return at + 1;
  }
  return text.length;
}
