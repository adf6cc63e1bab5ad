/**
 * Files dropped on the executable: desktops start a program with their absolute paths and nothing else.
 *
 * @module
 */

import { isAbsolute } from "node:path";

/** The command line that is meant: absolute paths of things that exist, and nothing else, are to be sent. */
export function meantBy(args: readonly string[], isThere: (path: string) => boolean): readonly string[] {
  const areDropped = args.length > 0 && args.every(isAbsolute) && args.every(isThere);
  return areDropped ? ["send", ...args] : args;
}
