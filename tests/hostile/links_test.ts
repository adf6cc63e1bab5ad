/**
 * Senders whose links lead out of the receiver's folder, or whose later entries would follow them: what the receiver makes is its user's
 * decision, whatever the sender says.
 *
 * Files here are empty: they need no frame, so that each case is a page and what is left of it.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type Peer, prove, Speaker } from "./hostile_peer.ts";
import { Box, UltraProcess } from "./ultra_process.ts";
import {
  type Bytes,
  CODES,
  concat,
  hardLink,
  KINDS,
  link,
  linkedToField,
  message,
  offer,
  page,
  pagesEnd,
  targetField,
  type WireEntry,
} from "./wire.ts";

const PROTOCOL = 8;
const LEFT_OUT = 3;

const FOLDER: WireEntry = { path: "d", kind: KINDS.folder };

function file(path: string): WireEntry {
  return { path, size: 0 };
}

/** An entry of a kind of link with an extension made by hand. */
function raw(kind: number, ...fields: readonly Bytes[]): WireEntry {
  return { path: "l", kind, extension: concat(...fields) };
}

const REFUSED: readonly (readonly [string, readonly WireEntry[]])[] = [
  ["a path below a link", [link("l", "d"), file("l/x")]],
  ["a path below a link that leads nowhere", [link("l", "nowhere"), file("l/x")]],
  ["a link where a path before it needs a folder", [file("l/x"), link("l", "d")]],
  ["a path deep below a link", [FOLDER, link("d/l", ".."), file("d/l/a/b/x")]],
  ["a link below a link", [FOLDER, link("l", "d"), link("l/m", "..")]],
  ["a link that is a folder too", [link("l", "d"), { path: "l", kind: KINDS.folder }]],
  ["the same link twice", [link("l", "d"), link("l", "d")]],
  ["a path below a hard link", [file("f"), hardLink("h", 0), file("h/x")]],
  ["a link without a target", [raw(KINDS.link)]],
  ["a target of no bytes", [link("l", "")]],
  ["a target with NUL", [link("l", "a\0b")]],
  ["a target of 4,096 bytes", [link("l", "t".repeat(4096))]],
  ["a target that is no UTF-8", [link("l", Uint8Array.of(0x61, 0xff))]],
  ["two targets", [raw(KINDS.link, targetField("a"), targetField("/"))]],
  ["a link with a size", [{ ...link("l", "d"), size: 1 }]],
  ["a hard link to a later entry", [hardLink("h", 1), file("f")]],
  ["a hard link to itself", [file("f"), hardLink("h", 1)]],
  ["a hard link beyond the manifest", [file("f"), hardLink("h", 2 ** 32 - 1)]],
  ["a hard link to a folder", [FOLDER, hardLink("h", 0)]],
  ["a hard link to a link", [link("l", "/etc/passwd"), hardLink("h", 0)]],
  ["a hard link to a hard link", [file("f"), hardLink("g", 0), hardLink("h", 1)]],
  ["a hard link without an entry", [file("f"), raw(KINDS.hardLink, targetField("f"))]],
  ["a hard link to two entries", [file("e"), file("f"), raw(KINDS.hardLink, linkedToField(0), linkedToField(1))]],
  ["a hard link with a size", [file("f"), { ...hardLink("h", 0), size: 1 }]],
];

Deno.test("hostile: F12 manifests whose links no receiver could make safely are refused, also with --links all, exit 8", async (t) => {
  await using speaker = new Speaker();
  for (const [name, entries] of REFUSED) {
    for (const options of [[], ["--links", "all"]]) {
      await t.step([name, ...options].join(" "), async () => {
        await using box = await Box.make();
        await using receiver = UltraProcess.receiver(box, ...options);
        await sendPage(speaker, receiver, entries);
        const { code, stderr } = await receiver.exit();
        assert.equal(code, PROTOCOL, stderr);
        assert.equal(stderr.match(/^ultra: /gm)?.length, 1, stderr);
        await box.assertUntouched();
      });
    }
  }
});

/** Says all of a manifest to a receiver that has accepted. */
async function sendPage(
  speaker: Speaker,
  receiver: UltraProcess,
  entries: readonly WireEntry[],
): Promise<Peer> {
  const ticket = await receiver.ticket();
  const peer = await speaker.connect(ticket.port);
  await prove(peer, ticket);
  peer.send(offer());
  await peer.nextOf(CODES.accept);
  peer.send(page(0, ...entries), pagesEnd(entries.length, 0));
  return peer;
}

interface Wanted {
  readonly options?: readonly string[];
  readonly code: number;
  /** What is in the folder afterwards: names, and where links lead. */
  readonly arrived: readonly (readonly [string, string])[];
}

/** Lets a receiver take these entries to their end; what it printed. */
async function receive(
  box: Box,
  entries: readonly WireEntry[],
  { options = [], code, arrived }: Wanted,
): Promise<string> {
  await using receiver = UltraProcess.receiver(box, ...options);
  await using speaker = new Speaker();
  const peer = await sendPage(speaker, receiver, entries);
  await peer.nextOf(CODES.done);
  peer.send(message("bye"));
  const exit = await receiver.exit();
  assert.equal(exit.code, code, exit.stderr);
  const all = [...await box.contents()].sort(([a], [b]) => a < b ? -1 : 1);
  assert.deepEqual(all, [["canary", "canary"], ["into", ""], ...arrived], "and nothing outside was touched");
  return exit.stderr;
}

/** Targets of a link `d/l`. */
const OUTSIDE = [
  "/",
  "/etc/passwd",
  "../..",
  "../../canary",
  "../../../../../../../etc/passwd",
  "x/../../../canary",
  "..//../canary",
  "./../../canary",
  "top/..",
  "top/../x",
];

Deno.test("hostile: T42: links that leave the folder are left out whatever the sender says, exit 3, and all others arrive", async () => {
  await using box = await Box.make();
  const outside = OUTSIDE.map((target, at) => link(`d/out-${at}`, target));
  const entries = [FOLDER, link("d/top", ".."), link("d/nowhere", "../later/x"), ...outside, file("d/kept")];
  const arrived = [
    ["into/d", ""],
    ["into/d/kept", ""],
    ["into/d/nowhere", "-> ../later/x"],
    ["into/d/top", "-> .."],
  ] as const;
  const stderr = await receive(box, entries, { code: LEFT_OUT, arrived });
  assert.match(stderr, new RegExp(`\\b${OUTSIDE.length} left out`));
});

Deno.test("hostile: T42: a link through a link that was there before leaves the folder, and is left out", async () => {
  await using box = await Box.make();
  await Deno.symlink("..", join(box.into, "way"));
  const arrived = [["into/kept", ""], ["into/way", "-> .."]] as const;
  await receive(box, [link("l", "way/canary"), link("m", "way"), file("kept")], { code: LEFT_OUT, arrived });
});

Deno.test("hostile: T42: --links none makes no link, which is the user's choice, exit 0", async () => {
  await using box = await Box.make();
  const entries = [FOLDER, link("d/top", ".."), link("out", "/etc/passwd"), file("d/kept")];
  const arrived = [["into/d", ""], ["into/d/kept", ""]] as const;
  await receive(box, entries, { options: ["--links", "none"], code: 0, arrived });
});

Deno.test("hostile: T42: --links all makes every link, and nothing that comes follows one", async () => {
  await using box = await Box.make();
  const entries = [link("out", "../canary"), link("up", ".."), file("canary"), file("kept")];
  const arrived = [
    ["into/canary", ""],
    ["into/kept", ""],
    ["into/out", "-> ../canary"],
    ["into/up", "-> .."],
  ] as const;
  await receive(box, entries, { options: ["--links", "all"], code: 0, arrived });
});

Deno.test("hostile: T29: a name of backslashes and dots is one name, and leads nowhere", async () => {
  await using box = await Box.make();
  const names = ["a\\..\\..\\canary", "\\\\?\\C:\\x", "..\\canary"];
  // (The last one begins with a dot: a hidden name.)
  const arrived = names.map((name) => [`into/${name}`, ""] as const).sort();
  await receive(box, names.map(file), { options: ["--hidden"], code: 0, arrived });
});
