/** Finds files that import each other in a circle. @module */

/** What each file imports, both as paths from the repository's root. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** One circle for each group of files that reach each other; none in a sound house. */
export function circles(imports: Imports): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (file: string) => {
    const at = way.indexOf(file);
    if (at >= 0) return void found.push(way.slice(at));
    if (done.has(file)) return;
    way.push(file);
    for (const target of imports.get(file) ?? []) visit(target);
    way.pop();
    done.add(file);
  };
  for (const file of imports.keys()) visit(file);
  return found;
}
