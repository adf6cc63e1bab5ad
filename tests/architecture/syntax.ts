/** What the rules of `rules.ts` need to know about a source text. @module */

/** Something in a file that a rule may refuse. */
export interface Finding {
  readonly line: number;
  readonly what: string;
}

export interface Import {
  readonly line: number;
  readonly from: string;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
  /** The imported names; `*` for a namespace, a re-export of everything or a dynamic import. */
  readonly names: readonly string[];
}

export interface Syntax {
  readonly imports: readonly Import[];
  /** `console`, `Deno`, `Deno.dlopen`, ...: every name used as a value that is not a property, and its first property. */
  readonly uses: readonly Finding[];
  readonly anys: readonly Finding[];
  /** What stands in strings and templates. */
  readonly texts: readonly Finding[];
}

/** Reads TypeScript with the parser of `deno lint`; so comments, strings and types cannot deceive a rule. */
export function readSyntax(path: string, text: string): Syntax {
  const imports: Import[] = [];
  const uses: Finding[] = [];
  const anys: Finding[] = [];
  const texts: Finding[] = [];
  const lineOf = lines(text);
  const add = (node: Deno.lint.Node, from: string, typeOnly: boolean, names: readonly string[]) =>
    imports.push({ line: lineOf(node), from, typeOnly, names });

  const visitor: Deno.lint.LintVisitor = {
    ImportDeclaration(node) {
      const named = node.specifiers.map((one) => one.type === "ImportSpecifier" ? nameOf(one.imported) : "*");
      add(node, node.source.value, node.importKind === "type", named);
    },
    ExportNamedDeclaration(node) {
      if (node.source) add(node, node.source.value, node.exportKind === "type", ["*"]);
    },
    ExportAllDeclaration(node) {
      add(node, node.source.value, node.exportKind === "type", ["*"]);
    },
    ImportExpression(node) {
      const literal = node.source.type === "Literal" ? String(node.source.value) : "(computed)";
      add(node, literal, false, ["*"]);
    },
    Identifier(node) {
      if (!isValue(node)) return;
      const property = firstProperty(node);
      uses.push({ line: lineOf(node), what: node.name });
      if (property !== undefined) uses.push({ line: lineOf(node), what: `${node.name}.${property}` });
    },
    Literal(node) {
      if (typeof node.value === "string") texts.push({ line: lineOf(node), what: node.value });
    },
    TemplateElement(node) {
      texts.push({ line: lineOf(node), what: node.cooked });
    },
    TSAnyKeyword(node) {
      anys.push({ line: lineOf(node), what: "any" });
    },
  };
  Deno.lint.runPlugin({ name: "architecture", rules: { read: { create: () => visitor } } }, path, text);
  return { imports, uses, anys, texts };
}

function isValue(node: Deno.lint.Identifier): boolean {
  const parent = node.parent;
  // (Whether a name is the property or the object of `a.b` shows in where it stands.)
  const is = (other: Deno.lint.Node) => other.range[0] === node.range[0] && other.range[1] === node.range[1];
  switch (parent.type) {
    case "MemberExpression":
      return parent.computed || !is(parent.property);
    case "Property":
      return parent.computed || parent.shorthand || !is(parent.key);
    case "MethodDefinition":
    case "PropertyDefinition":
      return parent.computed || !is(parent.key);
    case "ImportSpecifier":
    case "ExportSpecifier":
      return false;
    default:
      // Names inside types are no values; `as` and the like have a value on one side.
      return !parent.type.startsWith("TS") ||
        /^TS(As|Satisfies|NonNull|TypeAssertion|InstantiationExpression)/.test(parent.type);
  }
}

/** The `b` of `a.b` and `a["b"]`; `*` when it is computed or when `a` is taken apart. */
function firstProperty(node: Deno.lint.Identifier): string | undefined {
  const parent = node.parent;
  if (parent.type === "VariableDeclarator" && parent.id.type === "ObjectPattern") return "*";
  if (parent.type !== "MemberExpression") return undefined;
  if (parent.property.type === "Literal") return String(parent.property.value);
  if (parent.computed || parent.property.type !== "Identifier") return "*";
  return parent.property.name;
}

function nameOf(node: Deno.lint.Identifier | Deno.lint.StringLiteral): string {
  return node.type === "Identifier" ? node.name : node.value;
}

function lines(text: string): (node: Deno.lint.Node) => number {
  return (node) => text.slice(0, node.range[0]).split("\n").length;
}

/** The lines of Rust code that hold a word, outside of comments and strings. */
export function findInRust(text: string, word: string): Finding[] {
  const pattern = new RegExp(`\\b${word}\\b`);
  return blankRust(text).split("\n").flatMap((line, index) =>
    pattern.test(line) ? [{ line: index + 1, what: word }] : []
  );
}

/** Replaces comments, strings and characters by spaces; line ends stay. */
export function blankRust(text: string): string {
  // In the order in which they must be tried: a raw string may hold anything, a lifetime is no character.
  const literals = /\/\/[^\n]*|\/\*|\bb?r(#*)"[\s\S]*?"\1|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[^\n]+?|[^'\\\n])'/g;
  const blank = (part: string) => part.replace(/[^\n]/g, " ");
  let result = "";
  let at = 0;
  for (let match = literals.exec(text); match; match = literals.exec(text)) {
    const end = match[0] === "/*" ? endOfComment(text, match.index) : literals.lastIndex;
    result += text.slice(at, match.index) + blank(text.slice(match.index, end));
    at = literals.lastIndex = end;
  }
  return result + text.slice(at);
}

/** Rust's block comments nest. */
function endOfComment(text: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}
