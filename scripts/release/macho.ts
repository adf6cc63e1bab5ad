/** What can be checked of a macOS file (Mach-O, 64 bits) without macOS: its signature, what it loads, exports and is named, and for which
 * versions it is. @module */

import { createHash } from "node:crypto";
import { Failure } from "../shell.ts";

export interface Signature {
  /** Made without a certificate. */
  readonly isAdHoc: boolean;
  readonly pages: number;
  /** Pages that have another content than when they were signed. */
  readonly wrongPages: number;
}

export interface Loads {
  /** The libraries that the system has to have. */
  readonly libraries: readonly string[];
  /** The oldest macOS, such as `12.0`. */
  readonly oldest: string | undefined;
  /** What a library calls itself; undefined for an executable. */
  readonly name: string | undefined;
  /** Sections, as `SEGMENT,section`. */
  readonly sections: readonly string[];
}

/** For which processor a file is, by the names of the releases. */
export type Processor = "arm64" | "x64";

const LC_SYMTAB = 0x2;
const LC_DYSYMTAB = 0xb;
const LC_LOAD_DYLIB = 0xc;
const LC_ID_DYLIB = 0xd;
const LC_SEGMENT_64 = 0x19;
const LC_BUILD_VERSION = 0x32;
const LC_CODE_SIGNATURE = 0x1d;
const CODE_DIRECTORY = 0xfade0c02;
const AD_HOC = 0x2;

/** @throws {Failure} when the bytes are no such file, or carry no signature */
export function signatureOf(bytes: Uint8Array, name: string): Signature {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return reading(name, () => {
    const at = directoryOf(view, name);
    if (at === undefined) throw new Failure(`${name} is not signed`);
    return checked(bytes, view, at);
  });
}

/** @throws {Failure} when the bytes are no such file */
export function loadsOf(bytes: Uint8Array, file: string): Loads {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return reading(file, () => {
    const [libraries, sections]: [string[], string[]] = [[], []];
    let [oldest, name]: (string | undefined)[] = [];
    for (const { kind, at, size } of commandsIn(view, file)) {
      const path = () => textAt(bytes, at + view.getUint32(at + 8, true), at + size);
      if (kind === LC_LOAD_DYLIB) libraries.push(path());
      if (kind === LC_ID_DYLIB) name = path();
      if (kind === LC_BUILD_VERSION) oldest = `${view.getUint16(at + 14, true)}.${view.getUint8(at + 13)}`;
      if (kind === LC_SEGMENT_64) {
        for (let section = at + 72, left = view.getUint32(at + 64, true); left > 0; left--, section += 80) {
          sections.push(`${textAt(bytes, section + 16, section + 32)},${textAt(bytes, section, section + 16)}`);
        }
      }
    }
    return { libraries, oldest, name, sections };
  });
}

/** @throws {Failure} when the bytes are no such file */
export function processorOf(bytes: Uint8Array, file: string): Processor | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return reading(file, () => {
    requireMachO(view, file);
    return PROCESSORS[view.getUint32(4, true)];
  });
}

const PROCESSORS: Readonly<Record<number, Processor>> = { 0x0100000c: "arm64", 0x01000007: "x64" };

/**
 * What others can link to or look up, sorted, in the words of C (without the underscore that each name has in the file).
 *
 * @throws {Failure} when the bytes are no such file
 */
export function exportsOf(bytes: Uint8Array, file: string): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return reading(file, () => {
    const commands = [...commandsIn(view, file)];
    const place = (wanted: number) => commands.find(({ kind }) => kind === wanted)?.at;
    const [table, parts] = [place(LC_SYMTAB), place(LC_DYSYMTAB)];
    if (table === undefined || parts === undefined) return [];
    const [symbols, names] = [view.getUint32(table + 8, true), view.getUint32(table + 16, true)];
    const [first, count] = [view.getUint32(parts + 16, true), view.getUint32(parts + 20, true)];
    return Array.from({ length: count }, (_, index) => {
      const start = names + view.getUint32(symbols + 16 * (first + index), true);
      return textAt(bytes, start, bytes.indexOf(0, start)).replace(/^_/, "");
    }).sort();
  });
}

function textAt(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(start, end)).split("\0")[0] ?? "";
}

function reading<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof RangeError) throw new Failure(`${name} is cut off`);
    throw error;
  }
}

function* commandsIn(view: DataView, name: string): Generator<{ kind: number; at: number; size: number }> {
  requireMachO(view, name);
  let at = 32;
  for (let left = view.getUint32(16, true); left > 0; left--) {
    const size = view.getUint32(at + 4, true);
    yield { kind: view.getUint32(at, true), at, size };
    at += size;
  }
}

function requireMachO(view: DataView, name: string): void {
  if (view.getUint32(0, true) !== 0xfeedfacf) throw new Failure(`${name} is no Mach-O file of 64 bits`);
}

/** Where the list of hashes begins. The signature is a list of blobs, all in network order. */
function directoryOf(view: DataView, name: string): number | undefined {
  for (const { kind, at } of commandsIn(view, name)) {
    if (kind !== LC_CODE_SIGNATURE) continue;
    const blobs = view.getUint32(at + 8, true);
    for (let index = view.getUint32(blobs + 8) - 1; index >= 0; index--) {
      const blob = blobs + view.getUint32(blobs + 12 + 8 * index + 4);
      if (view.getUint32(blob) === CODE_DIRECTORY) return blob;
    }
  }
  return undefined;
}

function checked(bytes: Uint8Array, view: DataView, at: number): Signature {
  const hashes = at + view.getUint32(at + 16);
  const [pages, limit] = [view.getUint32(at + 28), view.getUint32(at + 32)];
  const [hashSize, pageSize] = [view.getUint8(at + 36), 2 ** view.getUint8(at + 39)];
  let wrongPages = Math.ceil(limit / pageSize) - pages;
  for (let page = 0; page < pages; page++) {
    const content = bytes.subarray(page * pageSize, Math.min((page + 1) * pageSize, limit));
    const hash = createHash("sha256").update(content).digest().subarray(0, hashSize);
    const start = hashes + page * hashSize;
    if (!hash.equals(bytes.subarray(start, start + hashSize))) wrongPages++;
  }
  return { isAdHoc: (view.getUint32(at + 12) & AD_HOC) !== 0, pages, wrongPages };
}
