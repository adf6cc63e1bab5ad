/**
 * Files without bytes for the simulated engine, in real blocks of 1 MiB: a block is one number, as in `tests/simulation/content.ts`.
 *
 * @module
 */

import type { FileFault, Unkept } from "../../src/protocol/words.ts";
import { BLOCK_LEN } from "../../src/protocol/limits.ts";
import type { BlockIndex, EntryId, LeftOut } from "../../src/protocol/messages.ts";
import { NOTHING_LEFT_OUT } from "../../src/transfer/left_out.ts";
import { contentOf, type SimulatedFile } from "../simulation/content.ts";

export const MIB = BLOCK_LEN;

/** A file's size, or a folder or symbolic link. */
export type Item = readonly [path: string, size: number | "folder" | "link"];

export function filesOf(items: readonly Item[]): SimulatedFile[] {
  return items.map(([path, size]) => ({
    path,
    kind: typeof size === "string" ? size : "file",
    size: typeof size === "string" ? 0 : size,
  }));
}

export function blocksOf(size: number): number {
  return Math.ceil(size / BLOCK_LEN);
}

/** The blocks of a version of a file; 0 is what a sender has. */
export function blocks(path: string, size: number, version = 0): Uint32Array {
  return new Uint32Array(blocksOf(size)).map((_, block) => contentOf(path, version, block));
}

export interface MadeUpFault {
  readonly fault: FileFault;
  readonly text: string;
}

/** What a sending computer has, and what is wrong with it. */
export interface Tree {
  readonly files: readonly SimulatedFile[];
  /** Entries on one page of the walk. */
  readonly pageEntries: number;
  readonly readMs: number;
  /** The walk fails in front of this entry. */
  readonly walkFault?: MadeUpFault & { readonly before: number };
  /** Files that cannot be read from a block on. */
  readonly readFaults: ReadonlyMap<string, MadeUpFault & { readonly block: BlockIndex }>;
  /** Files that are another when they are sealed. */
  readonly sealFaults: ReadonlyMap<string, MadeUpFault>;
  /** Which versions of them files are from the start; 0 where nothing is said. */
  readonly versions: ReadonlyMap<string, number>;
  /** When files become others: from then on other blocks are read, and the seal fails. */
  readonly changes: ReadonlyMap<string, number>;
  /** What the walk leaves out. */
  readonly leftOut: LeftOut;
  /** What of owners, attributes and ACLs cannot be read. */
  readonly unkept: Unkept;
}

/** What a file system holds under a final name. */
export interface FinalFile {
  readonly size: number;
  /** Of a later version than the first. */
  readonly mtimeSeconds?: number;
  readonly blocks: Uint32Array;
}

/** What a part and its journal hold of a file of several blocks. */
export interface KeptPart {
  readonly size: number;
  /** The sender's file was this one. */
  readonly fingerprint: string;
  readonly blocks: Uint32Array;
  /** Blocks that are recorded as verified, with their values. */
  readonly recorded: Map<BlockIndex, number>;
  /** It was left in good order. */
  isClean: boolean;
}

/** A name that was given and is not durable yet. */
export interface Unsynced {
  /** What had it. */
  readonly before: FinalFile | "folder" | "link" | undefined;
  /** The part that has its own name again if this one is lost. */
  readonly part: KeptPart | undefined;
}

/** The folder that a receiving computer receives into, and what is wrong with it. It outlives engines. */
export interface Disk {
  readonly final: Map<string, FinalFile | "folder" | "link">;
  /** Part files that exist. */
  readonly parts: Set<string>;
  /** Those of them that a later run can take up. */
  readonly kept: Map<string, KeptPart>;
  /** Final names that a power cut may take back. The contents behind them are durable. */
  readonly unsynced: Map<string, Unsynced>;
  freeSpace: number;
  writeMs: number;
  commitMs: number;
  /** From a name to its durability. */
  syncMs: number;
  /** What the file system refuses to keep of files and folders. */
  unkept: Unkept;
  /** It takes no colon in a name, and upper and lower case for one, as exFAT does. */
  isExfat: boolean;
  /** Why the folder cannot be opened. */
  folderFault: MadeUpFault | undefined;
  /** Files that cannot be written from a block on, or (without a block) not be committed. */
  readonly faults: Map<string, MadeUpFault & { readonly block: BlockIndex | undefined }>;
  /** What is wrong when everything is done, in words: breaches of the contract of `docs/engine.md`. */
  readonly breaches: string[];
}

/** What an engine does wrong, so that a test of tests can ask whether it is noticed. */
export type Flaw =
  /** Blocks are taken as they come. */
  | "checks-nothing"
  /** A commit is reported before the file has its name, and then it never gets it. */
  | "reports-early"
  /** A source that changed is sealed all the same. */
  | "ignores-changes"
  /** Nobody hears that a lane is gone. */
  | "deaf-to-lanes"
  /** Sinks stay when they are disposed of. */
  | "keeps-sinks"
  /** What an earlier run left is taken for the sender's file, whatever that is by now. */
  | "ignores-fingerprints"
  /** What a killed run left is not read again. */
  | "trusts-journals"
  /** A name is given before what it leads to is on the disk. */
  | "names-before-contents"
  /** A commit is reported as soon as the file has its name, and nobody makes that durable. */
  | "reports-unsynced";

/** Blocks that arrive damaged, so many times. */
export interface Damage {
  readonly entry: EntryId;
  readonly block: BlockIndex;
  times: number;
}

export function tree(items: readonly Item[], flaws: Partial<Tree> = {}): Tree {
  const files = filesOf(items);
  const none = {
    readFaults: new Map(),
    sealFaults: new Map(),
    versions: new Map(),
    changes: new Map(),
    leftOut: NOTHING_LEFT_OUT,
    unkept: ALL_KEPT,
  };
  return { files, pageEntries: 3, readMs: 0.5, ...none, ...flaws };
}

/** A file system that refuses nothing. */
export const ALL_KEPT: Unkept = { mode: false, time: false, links: false, owner: false, xattrs: false, acl: false };

export function emptyDisk(flaws: Partial<Disk> = {}): Disk {
  return {
    final: new Map(),
    parts: new Set(),
    kept: new Map(),
    unsynced: new Map(),
    freeSpace: 1e15,
    writeMs: 0.5,
    commitMs: 2,
    syncMs: 0,
    unkept: ALL_KEPT,
    isExfat: false,
    folderFault: undefined,
    faults: new Map(),
    breaches: [],
    ...flaws,
  };
}
