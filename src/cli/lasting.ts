/** What a receiver that goes on does besides receiving: it remembers what it has confirmed, and keeps no place for those who do nothing. @module */

import { resolve } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { PROGRESS_MS } from "../serve/clients.ts";
import { ConfirmedRecord, TransferConfirmed } from "../serve/confirmed.ts";
import type { ReceiveOptions } from "../session/incoming.ts";
import type { RetryOptions } from "../session/transfer.ts";
import type { CommandContext } from "./context.ts";

/** Of a name: enough that no two folders share one. */
const NAME_BYTES = 16;

/**
 * The record of a folder is in the folder for state, not beside what arrives: that place belongs to whoever takes it away, and to senders.
 */
export async function lastingOptions(
  folder: string,
  { states, wallMs, tell }: CommandContext,
): Promise<Pick<ReceiveOptions, "confirmed"> & Pick<RetryOptions, "progressMs">> {
  const record = await ConfirmedRecord.open(states.record(nameOf(folder)), wallMs);
  let isTold = false;
  const unkept = () => {
    if (isTold) return;
    isTold = true;
    tell({ type: "warning", warning: { about: "confirmed-not-kept" } });
  };
  if (record === undefined) unkept();
  return {
    progressMs: PROGRESS_MS,
    confirmed: record && ((host) => new TransferConfirmed(record, host, unkept)),
  };
}

/** Nothing can be read from it. */
function nameOf(folder: string): string {
  const words = JSON.stringify(["confirmed", resolve(folder)]);
  return sha256(new TextEncoder().encode(words)).slice(0, NAME_BYTES).toHex();
}
