/**
 * The command blocks of the pages for users, taken out of their Markdown. Every block is run by a test, or says why it is not:
 *
 * - a fence `sh` is a script that ends with 0; a fence `sh waits` ends with `ultra recv`, which goes on until its section is over and shows no ticket
 * - a fence `yaml` is a recipe for a CI system, of which the scripts of all jobs run at the same time
 * - indented lines with prompts (`A$ `, `B$ `, or `$ `) run one after the other, each on the computer of its letter; whatever shows a ticket
 *   goes on, and `ultra1...` in a later line stands for that ticket
 * - a fence `text` is no command
 * - `<!-- not run: REASON -->` before a block keeps it from being run
 *
 * @module
 */

export type BlockKind = "script" | "waits" | "session" | "recipe";

export interface Block {
  readonly kind: BlockKind;
  /** Of its first line in the page. */
  readonly line: number;
  /** The heading of the second level above it; blocks of one section share a folder. */
  readonly section: string;
  readonly text: string;
  /** Why it is not run. */
  readonly notRun: string | undefined;
}

const FENCES: Readonly<Record<string, BlockKind>> = { "sh": "script", "sh waits": "waits", "yaml": "recipe" };

const PROMPT = /^(?:([A-Z]?)\$ )/;

/** @throws when a block is of no known kind, and so would be neither run nor marked */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  let section = "";
  let notRun: string | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const [, heading] = /^## (.*)$/.exec(line) ?? [];
    if (heading !== undefined) section = heading;
    const [, reason] = /^<!-- not run: (.+) -->$/.exec(line) ?? [];
    if (reason !== undefined) notRun = reason;
    const [, fence] = /^```(.*)$/.exec(line) ?? [];
    const isIndented = /^ {4}\S/.test(line) && (lines[at - 1] ?? "") === "" && !isInList(lines, at);
    if (fence === undefined && !isIndented) {
      if (line !== "" && reason === undefined) notRun = undefined;
      continue;
    }
    const first = at + (isIndented ? 0 : 1);
    let end = first;
    while (end < lines.length && (isIndented ? /^ {4}/.test(lines[end] ?? "") : lines[end] !== "```")) end++;
    const text = lines.slice(first, end).map((one) => isIndented ? one.slice(4) : one).join("\n");
    at = isIndented ? end - 1 : end;
    const kind = fence === undefined ? (PROMPT.test(text) ? "session" : undefined) : FENCES[fence];
    if (kind !== undefined || notRun !== undefined) {
      blocks.push({ kind: kind ?? "script", line: first + 1, section, text, notRun });
    } else if (fence !== "text") {
      throw new Error(`line ${first + 1}: a block that is neither run nor marked: ${text.split("\n")[0]}`);
    }
    notRun = undefined;
  }
  return blocks;
}

/** Whether the last line that begins at the margin begins a list: then what is indented continues it. */
function isInList(lines: readonly string[], at: number): boolean {
  const above = lines.slice(0, at).findLast((line) => /^\S/.test(line)) ?? "";
  return /^(?:[-*]|\d+\.) /.test(above);
}

export interface Step {
  /** The computer on which it is typed. */
  readonly computer: string;
  readonly command: string;
}

/** The commands of a session; what is behind a `#` tells the reader something, and lines without a prompt are what a command prints. */
export function stepsOf(text: string): Step[] {
  return text.split("\n").flatMap((line) => {
    const [prompt, computer = ""] = PROMPT.exec(line) ?? [];
    if (prompt === undefined) return [];
    return [{ computer, command: line.slice(prompt.length).replace(/\s+#\s.*$/, "") }];
  });
}

/** The scripts of the jobs of a recipe: those behind `run: |` (GitHub Actions), and lists below `script:` (GitLab). */
export function jobsOf(yaml: string): string[] {
  const isGitHub = /^jobs:$/m.test(yaml);
  const header = isGitHub ? /^ {2}[\w-]+:$/m : /^[\w-]+:$/m;
  const body = isGitHub ? yaml.slice(yaml.search(/^jobs:$/m)) : yaml;
  return body.split(header).slice(1).map((job) => (isGitHub ? runsOf(job) : itemsOf(job)).join("\n"));
}

function runsOf(job: string): string[] {
  const lines = job.split("\n");
  return lines.flatMap((line, at) => {
    const [, single] = /^ *(?:- )?run: (?!\|)(.*)$/.exec(line) ?? [];
    if (single !== undefined) return [single];
    const [, before] = /^( *(?:- )?)run: \|$/.exec(line) ?? [];
    if (before === undefined) return [];
    const rest = lines.slice(at + 1);
    const end = rest.findIndex((one) => one.trim() !== "" && (/^ */.exec(one)?.[0].length ?? 0) <= before.length);
    return (end < 0 ? rest : rest.slice(0, end)).map((one) => one.trim()).filter((one) => one !== "");
  });
}

function itemsOf(job: string): string[] {
  const lines = job.split("\n");
  const start = lines.findIndex((line) => /^ *script:$/.test(line));
  if (start < 0) return [];
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.trim() !== "" && !/^ +(?:- |# )/.test(line));
  return (end < 0 ? rest : rest.slice(0, end)).flatMap((line) => {
    const [, item] = /^ +- (.*)$/.exec(line) ?? [];
    return item === undefined ? [] : [item];
  });
}
