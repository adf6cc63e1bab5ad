/**
 * What the process was started with: arguments, variables, and what the launcher saw.
 *
 * The launcher (`native/launcher`) puts what is public into a first argument, which takes no permission to read, and tickets into a pipe,
 * where the list of processes does not show them. From the sources there is no launcher, and the process itself is asked.
 *
 * @module
 */

import type { EndingSignal } from "./signals.ts";

export interface Handed {
  /** As the user typed them. */
  readonly args: readonly string[];
  readonly variables: ReadonlyMap<string, string>;
  /** Signals that were ignored when the process started, as `nohup` makes it: they stay so. */
  readonly ignored: readonly EndingSignal[];
  /** Where the data plane is; undefined: in the usual places. */
  readonly engine: string | undefined;
  readonly fault: StartFault | undefined;
}

/** What stands in the way of any transfer. */
export type StartFault =
  /** An argument, counted from 0, is not valid UTF-8; what can be read of it is in `args`. */
  | { readonly type: "encoding"; readonly argument: number }
  /** The current folder was deleted. */
  | { readonly type: "folder" };

export interface VariableNames {
  readonly public: readonly string[];
  /** Removed from the environment once they are read. */
  readonly secret: readonly string[];
}

/**
 * `url` is that of the program, `args` what Deno shows as arguments. The launcher's URL says that it was the launcher; its first argument
 * is the query of a URL, with what it hands on.
 */
export function takeHanded(url: string, args: readonly string[], names: VariableNames): Handed {
  if (!new URL(url).searchParams.has("launched")) return fromProcess(args, names);
  const [query, ...typed] = args;
  return fromLauncher(new URLSearchParams(query), typed);
}

function fromLauncher(query: URLSearchParams, args: readonly string[]): Handed {
  const pipe = query.get("secrets");
  const secrets = readSecrets(pipe === null ? "" : Deno.readTextFileSync(pipe));
  const variables = new Map<string, string>();
  for (const [key, value] of query) {
    if (key.startsWith("variable-")) variables.set(key.slice("variable-".length), value);
  }
  for (const [key, value] of secrets) if (!isIndex(key)) variables.set(key, value);
  return {
    args: args.map((argument, index) => secrets.get(String(index)) ?? argument),
    variables,
    ignored: query.getAll("ignored") as EndingSignal[],
    engine: query.get("engine") ?? undefined,
    fault: faultIn(query),
  };
}

function fromProcess(args: readonly string[], names: VariableNames): Handed {
  const variables = new Map<string, string>();
  for (const name of [...names.public, ...names.secret]) {
    const value = Deno.env.get(name);
    if (value !== undefined) variables.set(name, value);
  }
  for (const name of names.secret) Deno.env.delete(name);
  return { args, variables, ignored: [], engine: undefined, fault: undefined };
}

/** `key=value` with NUL behind each. A key is an argument's position, or a variable's name. */
export function readSecrets(text: string): ReadonlyMap<string, string> {
  const pairs = text.split("\0").slice(0, -1).map((pair): [string, string] => {
    const end = pair.indexOf("=");
    return [pair.slice(0, end), pair.slice(end + 1)];
  });
  return new Map(pairs);
}

function isIndex(key: string): boolean {
  return /^\d+$/.test(key);
}

function faultIn(query: URLSearchParams): StartFault | undefined {
  const encoding = query.get("encoding");
  if (encoding !== null) return { type: "encoding", argument: Number(encoding) };
  return query.has("folder") ? { type: "folder" } : undefined;
}
