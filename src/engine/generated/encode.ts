/**
 * Written by `native/engine/src/door/typescript.rs` from the declarations in `native/engine/src/core/`; do not edit.
 * `deno task generate` writes it anew.
 *
 * @module
 */

import type { CommandBatch } from "../records.ts";
import { CLIPBOARD_FORM, LEAVING } from "./words.ts";
import { encodeConnectionSettings } from "./blocks.ts";
import type { Command, Question } from "./commands.ts";

/** Adds a command or a question to a batch. */
export function encodeCommand(command: Command | Question, into: CommandBatch): void {
  switch (command.type) {
    case "admit":
      into.begin(1);
      into.u32(8, command.connection);
      into.u32(12, command.lanes);
      return;
    case "attach":
      into.begin(2);
      into.u32(8, command.connection);
      into.u32(12, command.sink);
      into.u32(16, command.transfer);
      return;
    case "open-lanes":
      into.begin(3);
      into.u32(8, command.connection);
      into.u32(12, command.source);
      into.u32(16, command.firstLane);
      into.u32(20, command.firstNumber);
      into.u32(24, command.count);
      into.u32(28, command.transfer);
      return;
    case "grant":
      into.begin(4);
      into.u32(8, command.lane);
      into.u32(12, command.grant);
      into.u32(16, command.entry);
      into.f64(24, command.first);
      into.f64(32, command.count);
      return;
    case "finish-lane":
      into.begin(5);
      into.u32(8, command.lane);
      return;
    case "expect":
      into.begin(6);
      into.u32(8, command.sink);
      into.u32(12, command.entry);
      into.f64(16, command.first);
      into.f64(24, command.count);
      return;
    case "commit":
      into.begin(8);
      into.u32(8, command.sink);
      into.u32(12, command.entry);
      into.f64(16, command.size);
      into.hash(24, command.root);
      return;
    case "finish-folders":
      into.begin(9);
      into.u32(8, command.sink);
      return;
    case "abandon":
      into.begin(10);
      into.u32(8, command.sink);
      into.u32(12, command.entry);
      into.u32(16, LEAVING[command.leaving]);
      return;
    case "dispose":
      into.begin(11);
      into.u32(8, command.transfer);
      into.u32(12, LEAVING[command.leaving]);
      return;
    case "close":
      into.begin(12);
      into.u32(8, command.id);
      into.u32(12, command.code);
      return;
    case "send":
      into.begin(13);
      into.u32(8, command.connection);
      into.bytes(command.bytes);
      return;
    case "begin":
      into.begin(25);
      into.u32(8, command.sink);
      into.truth(12, command.resume);
      into.text(command.transfer);
      return;
    case "page":
      into.begin(14);
      into.u32(8, command.sink);
      into.u32(12, command.first);
      into.u32(16, command.count);
      into.bytes(command.entries);
      return;
    case "values":
      into.begin(15);
      into.u32(8, command.source);
      into.u32(12, command.entry);
      into.f64(16, command.first);
      into.bytes(command.values);
      return;
    case "resolve":
      into.begin(16);
      into.u32(8, command.request);
      into.text(command.name);
      return;
    case "retune":
      into.begin(17);
      into.u32(8, command.listener);
      into.truth(12, command.plain);
      into.bytes(encodeConnectionSettings(command.settings));
      return;
    case "stop":
      into.begin(18);
      return;
    case "limit-rate":
      into.begin(19);
      into.u32(8, command.source);
      into.f64(16, command.bytesPerSecond);
      return;
    case "grant-entries":
      into.begin(20);
      into.u32(8, command.lane);
      into.u32(12, command.grant);
      into.u32(16, command.first);
      into.u32(20, command.count);
      return;
    case "expect-entries":
      into.begin(21);
      into.u32(8, command.sink);
      into.u32(12, command.first);
      into.u32(16, command.count);
      return;
    case "commit-entries":
      into.begin(22);
      into.u32(8, command.sink);
      into.u32(12, command.first);
      into.u32(16, command.count);
      return;
    case "clean":
      into.begin(40);
      into.u32(8, command.request);
      into.truth(12, command.below);
      into.truth(16, command.remove);
      into.text(command.folder);
      return;
    case "read-clipboard":
      into.begin(50);
      into.u32(8, command.request);
      return;
    case "write-clipboard":
      into.begin(51);
      into.u32(8, command.request);
      into.u32(12, CLIPBOARD_FORM[command.form]);
      into.truth(16, command.raw);
      into.texts(command.paths);
      return;
    case "release":
      into.begin(23);
      into.u32(8, command.source);
      into.u32(12, command.first);
      into.u32(16, command.count);
      return;
    case "stay-awake":
      into.begin(24);
      into.truth(8, command.on);
      return;
    case "identity":
      into.begin(64);
      return;
    case "root":
      into.begin(65);
      into.u32(8, command.transfer);
      into.bytes(command.statuses);
      return;
    case "name":
      into.begin(66);
      into.u32(8, command.transfer);
      into.u32(12, command.entry);
      return;
    case "entry-root":
      into.begin(70);
      into.u32(8, command.transfer);
      into.u32(12, command.entry);
      return;
    case "free-space":
      into.begin(71);
      into.u32(8, command.sink);
      return;
    case "settings":
      into.begin(69);
      into.u32(8, command.connection);
      return;
    case "outward":
      into.begin(67);
      return;
  }
}
