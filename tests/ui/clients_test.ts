/** What a side shows that has several transfers at the same time: each with its client and its own progress. */

import assert from "node:assert/strict";
import type { Client, ClientId } from "../../src/session/events.ts";
import type { UserEvent } from "../../src/measure/events.ts";
import { createOutput } from "../../src/ui/create.ts";
import type { Output } from "../../src/ui/output.ts";
import { MIN_STATUS_COLUMNS } from "../../src/ui/progress.ts";
import { complete, progress, started } from "./events.ts";
import { FACTS } from "./facts.ts";
import { MemoryTerminal, screen } from "./support.ts";

const remote = (id: number) => `10.0.0.${id}:7000`;

function of(id: number, event: UserEvent): UserEvent {
  const client: Client = { id: id as ClientId, remote: remote(id) };
  return { ...event, transfer: id, client } as UserEvent;
}

function begin(output: Output, clients: number): void {
  for (let id = 1; id <= clients; id++) output.tell(of(id, started({ role: "send", name: "tree", bytes: 1000 })));
}

function move(output: Output, terminal: MemoryTerminal, clients: readonly number[], share: number): void {
  for (const id of clients) {
    terminal.now += 1000;
    output.tell(of(id, progress({ verifiedBytes: 1000 * share * id / 10, totalBytes: 1000 })));
  }
}

Deno.test("T52 several clients: in a log each progress line says whose it is, also where all fetch the same", () => {
  const terminal = new MemoryTerminal();
  const output = createOutput(terminal.options("human"));
  begin(output, 2);
  move(output, terminal, [1, 2], 1);
  const lines = terminal.stderr.lines.filter((line) => line.includes("Progress"));
  assert.equal(lines.length, 2);
  for (const [index, line] of lines.entries()) assert.ok(line.endsWith(` - tree - ${remote(index + 1)}`), line);
});

Deno.test("several clients: on a terminal each has its line, five of them at most, and who is done leaves", () => {
  const terminal = new MemoryTerminal({ stderr: true, columns: 100 });
  const output = createOutput(terminal.options("human"));
  begin(output, 7);
  move(output, terminal, [1, 2, 3, 4, 5, 6, 7], 1);
  const shown = screen(terminal.stderr.text).slice(7);
  assert.equal(shown.length, 6, shown.join("\n"));
  for (const [index, line] of shown.slice(0, 5).entries()) {
    assert.ok(line.startsWith(`${remote(index + 1)}  tree`), line);
    assert.match(line, new RegExp(` ${index + 1}0% `));
    assert.ok(line.length < 100, line);
  }
  assert.equal(shown[5], "and 2 more");
  for (const id of [1, 3, 4, 5, 6]) output.tell(of(id, complete(FACTS)));
  move(output, terminal, [2, 7], 1.2);
  const after = screen(terminal.stderr.text).slice(7);
  assert.deepEqual(after.slice(0, 5).map((line) => line.split(" - ").at(-1)), [1, 3, 4, 5, 6].map(remote));
  assert.deepEqual(after.slice(5).map((line) => line.split("  ")[0]), [2, 7].map(remote));
  output.tell({ type: "exit", code: 0 });
  assert.deepEqual(screen(terminal.stderr.text).slice(12), [""], "nothing of the status is left");
});

Deno.test("several clients: their lines stay narrower than the terminal, however narrow it is", () => {
  for (const columns of [MIN_STATUS_COLUMNS, 80, 200]) {
    const terminal = new MemoryTerminal({ stderr: true, columns });
    const output = createOutput(terminal.options("human"));
    begin(output, 3);
    move(output, terminal, [1, 2, 3], 1);
    const shown = screen(terminal.stderr.text).slice(3);
    assert.equal(shown.length, 3);
    for (const line of shown) assert.ok(line.length < columns, `${columns}: ${line}`);
  }
});
