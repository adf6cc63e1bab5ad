import assert from "node:assert/strict";
import { type Machine, missingTools } from "../../scripts/tools.ts";

function machine(programs: readonly string[], variables: Record<string, string> = {}): Machine {
  return {
    variable: (name) => variables[name],
    exists: (program) => programs.includes(program),
    succeeds: (program) => Promise.resolve(program !== "bare-perl"),
  };
}

const ALL = ["cc", "make", "perl", "cargo", "apt-get"];

Deno.test("a machine with every tool passes", async () => {
  assert.equal(await missingTools(machine(ALL)), undefined);
});

for (
  const [program, name, how] of [
    ["cc", "a C compiler", "apt-get install -y gcc"],
    ["make", "make", "apt-get install -y make"],
    ["perl", "perl", "apt-get install -y perl"],
    ["cargo", "cargo", "Rust with cargo from https://rustup.rs"],
  ] as const
) {
  Deno.test(`a missing ${program} is named in one line with the way to get it`, async () => {
    const line = await missingTools(machine(ALL.filter((other) => other !== program)));
    assert.equal(line, `building ultra needs ${name}; to get it: ${how}`);
  });
}

Deno.test("several missing tools make one line", async () => {
  const line = await missingTools(machine(["cc", "dnf"]));
  assert.equal(
    line,
    "building ultra needs make, perl, cargo; " +
      "to get it: dnf install -y make perl; Rust with cargo from https://rustup.rs",
  );
});

Deno.test("a tool chosen by its variable is the one that must be there", async () => {
  assert.equal(await missingTools(machine(["clang", ...ALL.slice(1)], { CC: "clang -m64" })), undefined);
  assert.match(await missingTools(machine(ALL, { CC: "clang" })) ?? "", /a C compiler/);
});

Deno.test("a perl without the modules that OpenSSL needs counts as missing", async () => {
  assert.match(await missingTools(machine([...ALL, "bare-perl"], { PERL: "bare-perl" })) ?? "", /needs perl;/);
});
