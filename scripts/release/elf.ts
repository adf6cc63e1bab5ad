/** What a Linux executable or library asks of the system it runs on, read from its ELF file (64 bits, little-endian). @module */

import { Failure } from "../shell.ts";

export interface Needs {
  /** The loader that the kernel starts; undefined: none, as in static executables and in libraries. */
  readonly loader: string | undefined;
  /** Versions of the symbols that other libraries must have, such as `GLIBC_2.28`. */
  readonly versions: readonly string[];
}

const PT_INTERP = 3;
const SHT_VERNEED = 0x6ffffffe;

/** @throws {Failure} when the bytes are no such file */
export function needsOf(bytes: Uint8Array, name: string): Needs {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) {
    throw new Failure(`${name} is no ELF file of 64 bits`);
  }
  try {
    return { loader: loaderOf(view), versions: versionsOf(view) };
  } catch (error) {
    if (error instanceof RangeError) throw new Failure(`${name} is cut off`);
    throw error;
  }
}

/** The newest glibc that is asked for, as numbers; [0, 0] when none is. */
export function newestGlibc({ versions }: Needs): readonly [number, number] {
  let newest: [number, number] = [0, 0];
  for (const version of versions) {
    const [, major, minor] = /^GLIBC_(\d+)\.(\d+)/.exec(version) ?? [];
    const found: [number, number] = [Number(major ?? 0), Number(minor ?? 0)];
    if (found[0] > newest[0] || found[0] === newest[0] && found[1] > newest[1]) newest = found;
  }
  return newest;
}

function loaderOf(view: DataView): string | undefined {
  const [start, size, count] = [offset(view, 32), view.getUint16(54, true), view.getUint16(56, true)];
  for (let index = 0; index < count; index++) {
    const at = start + index * size;
    if (view.getUint32(at, true) === PT_INTERP) return textAt(view, offset(view, at + 8));
  }
  return undefined;
}

/** The section lists libraries, and for each the versions; both are chains of records by relative offsets. */
function versionsOf(view: DataView): string[] {
  const [start, size, count] = [offset(view, 40), view.getUint16(58, true), view.getUint16(60, true)];
  const versions = new Set<string>();
  for (let index = 0; index < count; index++) {
    const at = start + index * size;
    if (view.getUint32(at + 4, true) !== SHT_VERNEED) continue;
    const names = offset(view, start + view.getUint32(at + 40, true) * size + 24);
    let library = offset(view, at + 24);
    for (let left = view.getUint32(at + 44, true); left > 0; left--) {
      let version = library + view.getUint32(library + 8, true);
      for (let more = view.getUint16(library + 2, true); more > 0; more--) {
        versions.add(textAt(view, names + view.getUint32(version + 8, true)));
        version += view.getUint32(version + 12, true);
      }
      library += view.getUint32(library + 12, true);
    }
  }
  return [...versions].sort();
}

function offset(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function textAt(view: DataView, at: number): string {
  let end = at;
  while (view.getUint8(end) !== 0) end++;
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, end - at));
}
