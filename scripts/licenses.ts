/**
 * The licences of everything inside the executable: `ultra licenses` prints them.
 *
 * Collected anew by each build from what is built: the crates that Cargo links, with the C sources that two of them bring, and
 * the npm packages in the bundle. What has no sources here stands in `scripts/licenses/`.
 *
 * @module
 */

import { join } from "node:path";
import { LIBRARIES, PROGRAM_VERSION } from "../src/cli/version.ts";
import { NATIVE, ROOT } from "./paths.ts";
import { Failure } from "./shell.ts";

/** One thing with its licence. */
interface Licensed {
  readonly name: string;
  readonly version: string;
  /** As its makers name it; its text decides. */
  readonly license: string;
  readonly texts: readonly string[];
}

export interface Item extends Licensed {
  /** Its name for machines: a package URL. */
  readonly purl: string;
}

/** What `cargo metadata` tells, as far as it is needed. */
interface Metadata {
  readonly packages: readonly {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly license: string | null;
    readonly manifest_path: string;
  }[];
  readonly resolve: {
    readonly nodes: readonly {
      readonly id: string;
      readonly deps: readonly {
        readonly pkg: string;
        readonly dep_kinds: readonly { readonly kind: string | null }[];
      }[];
    }[];
  };
}

/** The crates that end up in the executable, with all that they link. */
const OUR_CRATES = ["ultra-engine", "ultra-launcher"];

/** Crates that only bring C sources, and where the texts of those are. */
const C_SOURCES: Readonly<Record<string, { name: string; license: string; files: readonly string[] }>> = {
  "msquic-src": { name: "msquic", license: "MIT", files: ["msquic/LICENSE", "msquic/THIRD-PARTY-NOTICES"] },
  "openssl-src": { name: "OpenSSL", license: "Apache-2.0", files: ["openssl/LICENSE.txt"] },
};

const LICENSE_FILE = /^(license|licence|copying|notice|unlicense)/i;

const LINE = "=".repeat(79);

/** The whole text. */
export async function licensesText(target: string = Deno.build.target): Promise<string> {
  return textOf(await itemsIn(target));
}

/** All that is in the executable of a system, ultra itself first. */
export async function itemsIn(target: string): Promise<Item[]> {
  const own: Item = {
    name: "ultra",
    version: PROGRAM_VERSION,
    purl: `pkg:generic/ultra@${PROGRAM_VERSION}`,
    license: "MIT",
    texts: [await Deno.readTextFile(join(ROOT, "LICENSE"))],
  };
  return [own, ...await knownItems(), ...await cSources(), ...await crates(target), ...await npmPackages()];
}

/** A list, then every text once, with the names of all that it is for. */
export function textOf(items: readonly Licensed[]): string {
  const sections = new Map<string, string[]>();
  for (const { name, version, texts } of items) {
    if (texts.length === 0) throw new Failure(`there is no licence text of ${name} ${version}`);
    for (const text of texts) {
      const key = `${text.replaceAll("\r\n", "\n").trim()}\n`;
      sections.set(key, [...sections.get(key) ?? [], `${name} ${version}`]);
    }
  }
  const list = items.map(({ name, version, license }) => `  ${`${name} ${version}`.padEnd(34)} ${license}`);
  const texts = [...sections].map(([text, names]) => `${LINE}\n${names.join(", ")}\n${LINE}\n\n${text}`);
  return `What is in this executable, and under which licences. The texts follow.\n\n${list.join("\n")}\n\n${
    texts.join("\n")
  }`;
}

async function knownItems(): Promise<Item[]> {
  const known = async (name: string, version: string, license: string, file: string): Promise<Item> => ({
    name,
    version,
    purl: `pkg:generic/${name.toLowerCase().replaceAll(" ", "-")}@${version}`,
    license,
    texts: [await Deno.readTextFile(join(ROOT, "scripts", "licenses", file))],
  });
  return await Promise.all([
    known("Deno", LIBRARIES.deno, "MIT", "deno.txt"),
    known("V8", Deno.version.v8, "BSD-3-Clause", "v8.txt"),
    known("Rust standard library", await rustVersion(), "MIT OR Apache-2.0", "rust.txt"),
  ]);
}

/** Everything that Cargo links into the engine and the launcher. */
async function crates(target: string): Promise<Item[]> {
  const { packages, resolve } = await metadata(["--filter-platform", target]);
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const byId = new Map(packages.map((one) => [one.id, one]));
  const linked = new Set<string>();
  const visit = (id: string): void => {
    if (linked.has(id)) return;
    linked.add(id);
    for (const { pkg, dep_kinds } of nodes.get(id)?.deps ?? []) {
      if (dep_kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  for (const { id, name } of packages) if (OUR_CRATES.includes(name)) visit(id);
  const foreign = [...linked].map((id) => byId.get(id)).filter((one) => one !== undefined).filter((one) =>
    !one.manifest_path.startsWith(NATIVE)
  );
  return await Promise.all(
    foreign.sort((a, b) => a.name < b.name ? -1 : 1).map(async ({ name, version, license, manifest_path }) => ({
      name,
      version,
      purl: `pkg:cargo/${name}@${version}`,
      license: license ?? "see the text",
      texts: await textsIn(join(manifest_path, "..")),
    })),
  );
}

async function cSources(): Promise<Item[]> {
  const { packages } = await metadata([]);
  return await Promise.all(
    Object.entries(C_SOURCES).map(async ([crate, { name, license, files }]) => {
      const one = packages.find((one) => one.name === crate);
      if (one === undefined) throw new Failure(`Cargo does not know ${crate}`);
      const version = name === "msquic" ? LIBRARIES.msquic : LIBRARIES.openssl;
      const texts = files.map((file) => Deno.readTextFile(join(one.manifest_path, "..", file)));
      const purl = `pkg:generic/${name.toLowerCase()}@${version}`;
      return { name, version, purl, license, texts: await Promise.all(texts) };
    }),
  );
}

async function npmPackages(): Promise<Item[]> {
  const info = await json(Deno.execPath(), ["info", "--json", join(ROOT, "main.ts")], ROOT) as {
    readonly modules: readonly { readonly npmPackage?: string }[];
    readonly npmPackages: Readonly<Record<string, { name: string; version: string; localPath: string }>>;
  };
  const used = [...new Set(info.modules.map(({ npmPackage }) => npmPackage).filter((name) => name !== undefined))];
  return await Promise.all(
    used.sort().map(async (key) => {
      const one = info.npmPackages[key];
      if (one === undefined) throw new Failure(`Deno does not know the package ${key}`);
      const { license } = JSON.parse(await Deno.readTextFile(join(one.localPath, "package.json"))) as {
        license: string;
      };
      const purl = `pkg:npm/${one.name.replace("@", "%40")}@${one.version}`;
      return { name: one.name, version: one.version, purl, license, texts: await textsIn(one.localPath) };
    }),
  );
}

/** All texts of a package that are named like a licence. */
async function textsIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) if (isFile && LICENSE_FILE.test(name)) names.push(name);
  return await Promise.all(names.sort().map((name) => Deno.readTextFile(join(folder, name))));
}

async function metadata(args: readonly string[]): Promise<Metadata> {
  const cargo = Deno.env.get("CARGO") ?? "cargo";
  return await json(cargo, ["metadata", "--format-version", "1", "--locked", ...args], NATIVE) as Metadata;
}

async function rustVersion(): Promise<string> {
  const output = await new Deno.Command(Deno.env.get("RUSTC") ?? "rustc", { args: ["--version"] }).output();
  return /\d+\.\d+\.\d+/.exec(new TextDecoder().decode(output.stdout))?.[0] ?? "";
}

async function json(program: string, args: readonly string[], cwd: string): Promise<unknown> {
  const output = await new Deno.Command(program, { args: [...args], cwd, stdin: "null" }).output();
  if (!output.success) throw new Failure(`${program} ${args[0]}: ${new TextDecoder().decode(output.stderr).trim()}`);
  return JSON.parse(new TextDecoder().decode(output.stdout));
}
