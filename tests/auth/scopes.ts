/**
 * What tickets for a place open of folders on the disk, as `serve` looks for it with the real data plane, for `rights_test.ts`: an engine
 * exists once in a process. Reads its cases from standard input and prints the sizes of the files that each of them found, as JSON.
 *
 * @module
 */

import { mayRead, namesOf, rightsOf } from "../../src/auth/rights.ts";
import type { Hub } from "../../src/link/hub.ts";
import { decodePage } from "../../src/protocol/pages.ts";
import { parseSafePath } from "../../src/protocol/safe_path.ts";
import { Listings } from "../../src/serve/listings.ts";
import { openShares } from "../../src/serve/shares.ts";
import { USUAL_CHOICES } from "../../src/session/offering.ts";
import { ownEngine } from "../support/own_engine.ts";

/** One tree: the folders that are shared, and what holders of tickets for a place ask for. */
export interface Scope {
  readonly folders: readonly string[];
  readonly cases: readonly { readonly under: string; readonly asked: string }[];
}

async function filesAt(listings: Listings, { under, asked }: Scope["cases"][number], hub: Hub): Promise<number[]> {
  const rights = rightsOf("read", parseSafePath(under));
  if (!mayRead(rights, asked)) return [];
  const offering = listings.offer({ allowed: [asked], denied: [], literal: namesOf(rights) });
  const sizes: number[] = [];
  try {
    const over = Promise.withResolvers<void>();
    offering.handOver((event) => {
      if (event.type === "page") {
        const { first, count } = event;
        for (const { kind, size } of decodePage({ type: "page", first, count, entries: event.take() })) {
          if (kind === "file") sizes.push(size ?? 0);
        }
      } else if (event.type === "walk-end") over.resolve();
      // Several things of one name are refused as a whole.
      else if (event.type === "walk-failed" && event.fault === "too-much") over.resolve();
      else if (event.type === "walk-failed") over.reject(new Error(event.text));
    });
    await over.promise;
  } finally {
    hub.engine.dispose(offering.id, "nothing");
  }
  return sizes;
}

const scopes = await new Response(Deno.stdin.readable).json() as readonly Scope[];
const { engine, hub, context } = ownEngine();
const events = hub.run();
const found: number[][][] = [];
for (const { folders, cases } of scopes) {
  const shares = await openShares(folders, context);
  const listings = new Listings(shares.id, USUAL_CHOICES, context);
  const each: number[][] = [];
  for (const one of cases) each.push(await filesAt(listings, one, hub));
  found.push(each);
}
engine.stop();
await events;
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(found)));
