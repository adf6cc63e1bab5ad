/** Where the sources of a cell lie and where its results go. @module */

import { type Disk, makeDisk } from "./disk.ts";
import { MIB, type TransferScenario } from "./scenarios/scenario.ts";
import { makeWork } from "./work.ts";

/** Room for keys, logs and a file system's own needs. */
const SLACK = 64 * MIB;
/** An ext4 keeps a part of itself for journal, inodes and root. */
const DISK_SLACK = 512 * MIB;

export interface Places extends Disposable {
  /** For sources, keys and logs. */
  readonly folder: string;
  /** The same one unless results go elsewhere. */
  readonly results: string;
  readonly disk?: Disk;
  readonly storage: string;
}

/** @param bytes of each load that lies there */
export async function makePlaces(scenario: TransferScenario, bytes: readonly number[]): Promise<Places> {
  const room = bytes.reduce((sum, one) => sum + scenario.space(one), 0);
  using stack = new DisposableStack();
  const work = stack.use(await makeWork(room + SLACK, { bounded: scenario.sparse === true }));
  const disk = scenario.results === "disk" ? stack.use(await makeDisk(room + DISK_SLACK)) : undefined;
  const made = stack.move();
  return {
    folder: work.path,
    results: disk?.path ?? work.path,
    ...disk && { disk },
    storage: disk === undefined ? work.storage : `${work.storage} to ${disk.storage}`,
    [Symbol.dispose]: () => made.dispose(),
  };
}
