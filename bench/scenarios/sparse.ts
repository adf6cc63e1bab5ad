/** The image of a disk that is nearly empty: a large file with little data and holes between. @module */

import { join } from "node:path";
import { Failure } from "../../scripts/shell.ts";
import type { Load } from "../peers/peer.ts";
import { oneFile } from "./one_file.ts";
import { fillRandom } from "./random.ts";
import { MIB, onlyName, type TransferScenario } from "./scenario.ts";

const NAME = "disk.img";

/** So many pieces of 1 MiB, 101 MB together, evenly over the file. They begin at whole MiB, as partitions and large extents do. */
const PIECES = 96;
/** Deno counts the blocks of a file in these. */
const SECTOR = 512;

export const GIB = 1024 * MIB;

/**
 * @param bytes how large the file pretends to be; `--size` may ask for 1 TiB
 * @param pieces of 1 MiB that hold data
 */
export function sparse(name: string, title: string, bytes: number, pieces = PIECES): TransferScenario {
  return {
    ...oneFile(name, title, bytes),
    sparse: true,
    space: () => 2 * pieces * MIB,
    async prepare(folder, bytes) {
      const path = join(folder, NAME);
      using file = await Deno.open(path, { write: true, createNew: true });
      await file.truncate(bytes);
      const piece = new Uint8Array(MIB);
      for (const at of places(bytes, pieces)) {
        fillRandom(piece);
        await file.seek(at, Deno.SeekMode.Start);
        for (let rest = piece.subarray(); rest.length > 0;) rest = rest.subarray(await file.write(rest));
      }
      return { path, bytes, files: 1 };
    },
    check: (load, into) => checkSparse(load, into, pieces),
  };
}

/** Where the pieces lie in a file of so many bytes. */
function places(bytes: number, pieces: number): number[] {
  const step = Math.floor(bytes / MIB / pieces);
  if (step < 2) throw new Failure(`a sparse file takes at least ${2 * pieces} MiB`);
  return Array.from({ length: pieces }, (_, index) => index * step * MIB);
}

/**
 * Compares the pieces byte by byte, and the room that the result takes: where it takes as much as its pieces do, all else of it is holes.
 * (Reading a TiB of zeros would take longer than the transfer.)
 */
async function checkSparse(load: Load, into: string, pieces: number): Promise<void> {
  const path = join(into, onlyName(load, into));
  const result = await Deno.stat(path);
  if (result.size !== load.bytes) throw new Failure(`the result has ${result.size} bytes, not ${load.bytes}`);
  using before = await Deno.open(load.path);
  using after = await Deno.open(path);
  for (const at of places(load.bytes, pieces)) {
    const [one, other] = [await pieceAt(before, at), await pieceAt(after, at)];
    if (one.some((byte, index) => byte !== other[index])) {
      throw new Failure(`the result differs from the source in the MiB at byte ${at}`);
    }
  }
  const taken = (result.blocks ?? NaN) * SECTOR;
  if (taken !== pieces * MIB) throw new Failure(`the result takes ${taken} bytes, not the ${pieces * MIB} of its data`);
}

async function pieceAt(file: Deno.FsFile, at: number): Promise<Uint8Array> {
  const piece = new Uint8Array(MIB);
  await file.seek(at, Deno.SeekMode.Start);
  for (let got = 0; got < piece.length;) {
    const read = await file.read(piece.subarray(got));
    if (read === null) throw new Failure(`a file ends at byte ${at + got}`);
    got += read;
  }
  return piece;
}
