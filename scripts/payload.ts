/**
 * Makes the payload that stands behind the launcher, or inside it: `native/launcher/src/payload.rs` reads what is written here.
 *
 * @module
 */

import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import { dirname, join } from "node:path";
import { newHasher } from "./blake3.ts";

export interface Payload {
  readonly files: readonly PackedFile[];
  /** The Deno flags that each command needs. */
  readonly permissions: Readonly<Record<string, readonly string[]>>;
  /** Handed to the control plane openly, or as secrets. */
  readonly variables: readonly string[];
  readonly secrets: readonly string[];
}

export interface PackedFile {
  readonly name: string;
  readonly path: string;
  /** Of the unpacked file; without one the launcher only prints it. */
  readonly mode?: number;
}

export interface Packing {
  /** zstd's. */
  readonly level: number;
  /** Packed pieces are kept here by content and level: only what changed is packed anew. */
  readonly store: string;
}

interface Piece {
  readonly size: number;
  readonly hash: string;
  readonly packed: Uint8Array;
  readonly kept: string;
}

/** What one thread unpacks: Deno is four of them, so that a first start uses several cores. */
const PIECE_BYTES = 24_000_000;

const MAGIC = "ULTRAPK1";

/** No word of Deno's flags may ever give a command this. */
const FORBIDDEN = /^(-A|--allow-(all|run|net|import)\b)/;

const compress = promisify(zstdCompress);

/** Makes `out` of `launcher` and a payload. */
export async function appendPayload(launcher: string, payload: Payload, out: string, packing: Packing): Promise<void> {
  const head = await Deno.readFile(launcher);
  const packed = await packPayload(payload, head.length, packing);
  await Deno.writeFile(out, await new Blob([head, ...packed] as BlobPart[]).bytes());
}

/** The payload's bytes. `start` is where they will stand, from where the launcher counts. */
export async function packPayload(payload: Payload, start: number, packing: Packing): Promise<Uint8Array[]> {
  const { level, store } = packing;
  const chunks: Uint8Array[] = [];
  let offset = start;
  const lines = ["ultra payload 1"];
  const used = new Set<string>();
  for (const { name, path, mode } of payload.files) {
    lines.push(`part ${name} ${mode === undefined ? "-" : mode.toString(8)}`);
    for (const { size, hash, packed, kept } of await piecesOf(path, packing)) {
      lines.push(`piece ${size} ${hash} ${offset} ${packed.length}`);
      chunks.push(packed);
      offset += packed.length;
      used.add(kept);
    }
  }
  lines.push(...settingsOf(payload));
  await forgetOthers(store, level, used);
  return [...chunks, ...await endOf(lines)];
}

function settingsOf({ permissions, variables, secrets }: Payload): string[] {
  for (const flags of Object.values(permissions)) {
    const flag = flags.find((flag) => FORBIDDEN.test(flag));
    if (flag !== undefined) throw new Error(`no command may have ${flag}`);
  }
  return [
    ...Object.entries(permissions).map(([command, flags]) => ["allow", command, ...flags].join(" ")),
    ...variables.map((name) => `variable ${name}`),
    ...secrets.map((name) => `secret ${name}`),
  ];
}

/** The manifest, its hash and length, and the mark by which the launcher knows them. */
async function endOf(lines: readonly string[]): Promise<Uint8Array[]> {
  const manifest = new TextEncoder().encode(`${lines.join("\n")}\n`);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, manifest.length, true);
  return [manifest, Uint8Array.fromHex(await hashOf(manifest)), length, new TextEncoder().encode(MAGIC)];
}

/** Cuts a file and packs its pieces, at the same time. */
async function piecesOf(path: string, packing: Packing): Promise<Piece[]> {
  const content = await Deno.readFile(path);
  const count = Math.max(1, Math.ceil(content.length / PIECE_BYTES));
  const size = Math.ceil(content.length / count);
  const cuts = Array.from({ length: count }, (_, index) => content.subarray(index * size, (index + 1) * size));
  return await Promise.all(cuts.map((cut) => pieceOf(cut, packing)));
}

async function pieceOf(content: Uint8Array, { level, store }: Packing): Promise<Piece> {
  const hash = await hashOf(content);
  const kept = join(store, `${hash}-${level}.zst`);
  const packed = await readKept(kept) ?? await packAnew(content, level, kept);
  return { size: content.length, hash, packed, kept };
}

async function readKept(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function packAnew(content: Uint8Array, level: number, kept: string): Promise<Uint8Array> {
  const packed = await compress(content, {
    params: { [constants.ZSTD_c_compressionLevel]: level },
  });
  await Deno.mkdir(dirname(kept), { recursive: true });
  const fresh = `${kept}.new-${Deno.pid}`;
  await Deno.writeFile(fresh, packed);
  await Deno.rename(fresh, kept);
  return packed;
}

/** Every build has an engine of its own: what this one does not use of its level is removed. */
async function forgetOthers(store: string, level: number, used: ReadonlySet<string>): Promise<void> {
  for await (const { name } of Deno.readDir(store)) {
    const path = join(store, name);
    if (name.endsWith(`-${level}.zst`) && !used.has(path)) await Deno.remove(path);
  }
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  return (await newHasher()).update(bytes).digest("hex");
}
