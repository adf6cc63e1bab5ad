/**
 * Written by `native/engine/src/door/typescript.rs` from the declarations in `native/engine/src/core/`; do not edit.
 * `deno task generate` writes it anew.
 *
 * @module
 */

import { type EventRecords, flagsOf, leftOutOf } from "../records.ts";
import {
  clipboardFaultOf,
  clipboardFormOf,
  closeCauseOf,
  fileFaultOf,
  leftOutReasonOf,
  leftoverKindOf,
  leftoverStateOf,
  restartReasonOf,
  targetStatusOf,
  UNKEPT,
} from "./words.ts";
import type { EngineEvent } from "./events.ts";

/** The event at the place of `record`. A number that the engine does not send is a bug. */
export function decodeEvent(record: EventRecords): EngineEvent {
  switch (record.kind) {
    case 1:
      return {
        type: "listening",
        listener: record.u32(8),
        port: record.u32(12),
        address: record.text(),
      };
    case 2:
      return {
        type: "incoming",
        listener: record.u32(8),
        connection: record.u32(12),
        alpn: record.text(),
        remote: record.text(),
      };
    case 3:
      return {
        type: "connected",
        connection: record.u32(8),
        alpn: record.text(),
        remote: record.text(),
        certificate: record.hash(12),
      };
    case 4:
      return {
        type: "control",
        connection: record.u32(8),
        bytes: record.bytes(),
      };
    case 5:
      return {
        type: "closed",
        connection: record.u32(8),
        cause: closeCauseOf(record.u32(12)),
        code: record.f64(16),
        text: record.text(),
      };
    case 6:
      return {
        type: "lane-opened",
        lane: record.u32(8),
        connection: record.u32(12),
        number: record.u32(16),
      };
    case 7:
      return {
        type: "lane-closed",
        lane: record.u32(8),
        connection: record.u32(12),
        finished: record.truth(16),
      };
    case 8:
      return {
        type: "grant-read",
        lane: record.u32(8),
        grant: record.u32(12),
        entry: record.u32(16),
        end: record.f64(24),
      };
    case 9:
      return {
        type: "read-failed",
        source: record.u32(8),
        entry: record.u32(12),
        fault: fileFaultOf(record.u32(16)),
        text: record.text(),
      };
    case 10:
      return {
        type: "page",
        source: record.u32(8),
        first: record.u32(12),
        count: record.u32(16),
        size: record.f64(24),
        take: record.lateBytes(),
      };
    case 11:
      return {
        type: "walk-end",
        source: record.u32(8),
        entries: record.u32(12),
        files: record.f64(16),
        size: record.f64(24),
        unkept: flagsOf(UNKEPT, record.u32(32)),
        leftOut: leftOutOf(leftOutReasonOf, record.texts()),
      };
    case 34:
      return {
        type: "walk-begun",
        source: record.u32(8),
      };
    case 12:
      return {
        type: "walk-failed",
        source: record.u32(8),
        fault: fileFaultOf(record.u32(12)),
        text: record.text(),
      };
    case 13:
      return {
        type: "sealed",
        source: record.u32(8),
        entry: record.u32(12),
        size: record.f64(16),
        root: record.hash(24),
        unlinked: record.truth(56),
      };
    case 14:
      return {
        type: "seal-failed",
        source: record.u32(8),
        entry: record.u32(12),
        fault: fileFaultOf(record.u32(16)),
        text: record.text(),
      };
    case 15:
      return {
        type: "checked",
        sink: record.u32(8),
        first: record.u32(12),
        statuses: Array.from(record.bytes(), targetStatusOf),
        freeSpace: record.f64(16),
      };
    case 28:
      return {
        type: "held",
        sink: record.u32(8),
        entry: record.u32(12),
        first: record.f64(16),
        values: record.bytes(),
      };
    case 29:
      return {
        type: "taken-up",
        sink: record.u32(8),
        entry: record.u32(12),
        occupied: record.f64(16),
        isClean: record.truth(24),
      };
    case 30:
      return {
        type: "anew",
        sink: record.u32(8),
        entry: record.u32(12),
        why: restartReasonOf(record.u32(16)),
        occupied: record.f64(24),
      };
    case 31:
      return {
        type: "stale",
        sink: record.u32(8),
        entry: record.u32(12),
        block: record.f64(16),
      };
    case 32:
      return {
        type: "left-over",
        sink: record.u32(8),
        parts: record.u32(12),
        occupied: record.f64(16),
      };
    case 25:
      return {
        type: "page-refused",
        sink: record.u32(8),
        fault: fileFaultOf(record.u32(12)),
        text: record.text(),
      };
    case 16:
      return {
        type: "verified",
        sink: record.u32(8),
        entry: record.u32(12),
        first: record.f64(16),
        count: record.f64(24),
      };
    case 27:
      return {
        type: "arrived",
        sink: record.u32(8),
        first: record.u32(12),
        count: record.u32(16),
      };
    case 17:
      return {
        type: "mismatch",
        sink: record.u32(8),
        entry: record.u32(12),
        block: record.f64(16),
      };
    case 18:
      return {
        type: "committed",
        sink: record.u32(8),
        first: record.u32(12),
        count: record.u32(16),
        durable: record.truth(20),
        unkept: flagsOf(UNKEPT, record.u32(24)),
      };
    case 19:
      return {
        type: "entry-failed",
        sink: record.u32(8),
        entry: record.u32(12),
        fault: fileFaultOf(record.u32(16)),
        text: record.text(),
      };
    case 20:
      return {
        type: "folders-finished",
        sink: record.u32(8),
        unkept: flagsOf(UNKEPT, record.u32(12)),
      };
    case 26:
      return {
        type: "folders-failed",
        sink: record.u32(8),
        fault: fileFaultOf(record.u32(12)),
        text: record.text(),
      };
    case 21:
      return {
        type: "lane-broke",
        connection: record.u32(8),
        lane: record.u32(12),
        text: record.text(),
      };
    case 22:
      return {
        type: "resolved",
        request: record.u32(8),
        addresses: record.texts(),
      };
    case 23:
      return {
        type: "disposed",
        transfer: record.u32(8),
      };
    case 40:
      return {
        type: "leftover",
        request: record.u32(8),
        kind: leftoverKindOf(record.u32(12)),
        state: leftoverStateOf(record.u32(16)),
        count: record.u32(20),
        bytes: record.f64(24),
        modified: record.f64(32),
        path: record.text(),
        name: record.text(),
        why: record.text(),
      };
    case 41:
      return {
        type: "clean-end",
        request: record.u32(8),
        unread: record.texts(),
      };
    case 42:
      return {
        type: "clean-failed",
        request: record.u32(8),
        fault: fileFaultOf(record.u32(12)),
        text: record.text(),
      };
    case 50:
      return {
        type: "clipboard-read",
        request: record.u32(8),
        form: clipboardFormOf(record.u32(12)),
        size: record.f64(16),
        paths: record.texts(),
      };
    case 51:
      return {
        type: "clipboard-written",
        request: record.u32(8),
      };
    case 52:
      return {
        type: "clipboard-failed",
        request: record.u32(8),
        why: clipboardFaultOf(record.u32(12)),
        text: record.text(),
      };
    case 24:
      return {
        type: "fault",
        text: record.text(),
      };
  }
  throw new Error(`The engine sent an event of unknown kind ${record.kind}`);
}
