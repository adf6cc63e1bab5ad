import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { FLAGS, flagTable } from "../../src/cli/flags.ts";
import { helpText, tourText } from "../../src/cli/help.ts";

/** Each page as it was read and found good. To renew them: `UPDATE=1 deno test -A tests/cli/help_test.ts`. */
const PAGES = {
  tour: tourText(),
  overview: helpText(),
  send: helpText("send"),
  recv: helpText("recv"),
  get: helpText("get"),
  ls: helpText("ls"),
  serve: helpText("serve"),
  test: helpText("test"),
  watch: helpText("watch"),
  clean: helpText("clean"),
  ticket: helpText("ticket"),
  tuning: helpText("tuning"),
};

for (const [name, text] of Object.entries(PAGES)) {
  Deno.test(`the help page "${name}" is the one in tests/cli/pages`, () => {
    const path = new URL(`./pages/${name}.txt`, import.meta.url);
    if (Deno.env.get("UPDATE") === "1") Deno.writeTextFileSync(path, text);
    assert.equal(text, readFileSync(path, "utf8"));
  });

  Deno.test(`the help page "${name}" fits 80 columns`, () => {
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    assert.ok(text.endsWith("\n") && !/[ \t]\n/.test(text));
  });
}

Deno.test("every flag stands in the help of its commands and of no other", () => {
  for (const flag of flagTable()) {
    for (const command of ["send", "recv", "test", "watch", "clean", "ticket"] as const) {
      const shown = new RegExp(`^ .*--${flag.name}( |$)`, "m").test(helpText(command).split("\nFlags:\n")[1] ?? "");
      assert.equal(shown, flag.commands.includes(command), `${command} --${flag.name}`);
    }
  }
});

Deno.test("the page of what can be tuned has each flag of it and no other", () => {
  for (const { name, tuning } of flagTable()) {
    const isShown = new RegExp(`^ .*--${name} `, "m").test(helpText("tuning"));
    assert.equal(isShown, tuning === true, name);
  }
});

Deno.test("no two flags share a name or a letter", () => {
  const names = FLAGS.map((flag) => flag.name);
  const letters = flagTable().flatMap((flag) => flag.short ?? []);
  assert.equal(new Set(names).size, names.length);
  assert.equal(new Set(letters).size, letters.length);
});
