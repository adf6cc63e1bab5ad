/** Patterns for names, as shells have them: `*`, `?`, `[a-z]`, `[!a]`; each is about one component of a path. As in `native/files/src/pattern.rs`. @module */

export function isPattern(text: string): boolean {
  return /[*?[]/.test(text);
}

/** Whether a name fits. A leading dot has to be said, as in shells. Takes no longer than the product of both lengths, whatever the pattern. */
export function fits(pattern: string, name: string): boolean {
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  const [wanted, letters] = [partsOf(pattern), [...name]];
  let [at, letter] = [0, 0];
  // Behind the last `*`, and the letter that it is tried on next.
  let last: { readonly at: number; letter: number } | undefined;
  while (at < wanted.length || letter < letters.length) {
    const part = wanted[at];
    const next = letters[letter];
    if (part?.type === "any") {
      last = { at: ++at, letter };
    } else if (part !== undefined && next !== undefined && isOne(part, next)) {
      at++;
      letter++;
    } else if (last !== undefined && last.letter < letters.length) {
      letter = ++last.letter;
      at = last.at;
    } else {
      return false;
    }
  }
  return true;
}

type Part =
  | { readonly type: "any" | "one" }
  | { readonly type: "letter"; readonly letter: string }
  | { readonly type: "set"; readonly inside: readonly string[]; readonly isInverse: boolean };

function isOne(part: Part, letter: string): boolean {
  switch (part.type) {
    case "letter":
      return part.letter === letter;
    case "set":
      return holds(part.inside, letter) !== part.isInverse;
    default:
      return true;
  }
}

function partsOf(pattern: string): Part[] {
  const letters = [...pattern];
  const parts: Part[] = [];
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[i] ?? "";
    if (letter === "*") parts.push({ type: "any" });
    else if (letter === "?") parts.push({ type: "one" });
    else if (letter === "[") {
      const isInverse = letters[i + 1] === "!" || letters[i + 1] === "^";
      const from = i + (isInverse ? 2 : 1);
      // A `]` that comes first is a letter, and a bracket without its end stands for itself.
      const end = letters.indexOf("]", from + 1);
      if (end < 0) {
        parts.push({ type: "letter", letter });
        continue;
      }
      parts.push({ type: "set", inside: letters.slice(from, end), isInverse });
      i = end;
    } else parts.push({ type: "letter", letter });
  }
  return parts;
}

/** Whether a letter is among letters and ranges. */
function holds(inside: readonly string[], letter: string): boolean {
  for (let i = 0; i < inside.length; i++) {
    const low = inside[i] ?? "";
    const isRange = inside[i + 1] === "-" && i + 2 < inside.length;
    const high = isRange ? inside[i + 2] ?? "" : low;
    if (isRange) i += 2;
    const code = letter.codePointAt(0) ?? 0;
    if (code >= (low.codePointAt(0) ?? 0) && code <= (high.codePointAt(0) ?? 0)) return true;
  }
  return false;
}
