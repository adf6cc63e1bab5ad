/**
 * What a user can do about a failure or a slow transfer, in the words of the command line. Everywhere else a failure has a reason, and
 * what would help is data: only here they become flags. Pure.
 *
 * @module
 */

import { type Reason, UltraError } from "../base/errors.ts";
import { formatBytes } from "../base/text.ts";
import type { Help } from "../verdict/finding.ts";

const ADVICE: Readonly<Record<Reason, string>> = {
  "one-name-for-several": "-o fits only one file or folder",
  "too-many-addresses": "name fewer with --advertise",
  "port-in-use": "choose another port with --listen",
  "no-family": "choose another address with --listen",
  "listen-address": "check --listen",
  "folder-missing": "create it, or name another one",
  "not-a-folder": "name a folder",
  "test-folder": "choose another folder with --dir",
  "lost": "--retry-for waits longer",
  "waited": "--wait says how long",
  "one-format": "--format auto speaks either format",
  "standstill": "the place is for others; the same command again goes on with what is there",
};

/** How an expected failure reads, with what can be done about it on this side. */
export function describe({ message, reason }: UltraError): string {
  return reason === undefined ? message : `${message}; ${ADVICE[reason]}`;
}

/** The sentence of a failure of this side: what it is about comes before what to do about it. */
export function advised({ message, subject, reason }: UltraError): string {
  const named = subject === undefined || message.includes(subject) ? message : `${message}: ${subject}`;
  return reason === undefined ? named : `${named}; ${ADVICE[reason]}`;
}

/** What would make a transfer faster. */
export function helpText(help: Help): string {
  switch (help.what) {
    case "receive-buffer": {
      const room = formatBytes(help.room);
      return `on the receiver: sudo sysctl -w net.core.rmem_max=${help.bytes} (its UDP buffer of ${room} overflowed)`;
    }
    case "memory":
      return `on the ${help.side}: --profile far --memory ${help.mebibytes}Mi`;
    case "connections":
      return "--connections 2, as both sides have an idle core";
    case "segmentation":
      return "on the sender: a kernel that sends many UDP packets in one call (Linux 4.18 or later)";
    case "coalescing":
      return "on the receiver: a kernel that receives many UDP packets in one call (Linux 5.0 or later)";
    case "other-programs":
      return `on the ${help.side}: other programs use ${help.used.toFixed(1)} of its ${help.cores} cores`;
  }
}
