/** What is inside an executable, for machines: CycloneDX 1.5. @module */

import type { Item } from "../licenses.ts";

/** The same items make the same text, whenever it is built. `sha256` is that of the executable. */
export function sbomOf([own, ...inside]: readonly Item[], file: string, sha256: string): string {
  const component = ({ name, version, purl, license }: Item) => ({
    name,
    version,
    "bom-ref": purl,
    purl,
    licenses: licensesOf(license),
  });
  if (own === undefined) throw new Error("an executable holds ultra at least");
  const bom = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: {
        type: "application",
        ...component(own),
        hashes: [{ alg: "SHA-256", content: sha256 }],
        properties: [{ name: "file", value: file }],
      },
    },
    components: inside.map((item) => ({ type: "library", ...component(item) })),
    dependencies: [{ ref: own.purl, dependsOn: inside.map(({ purl }) => purl) }],
  };
  return `${JSON.stringify(bom, undefined, 2)}\n`;
}

/** Crates write an expression of SPDX, older ones with a slash for OR; other words are only a name. */
function licensesOf(license: string): unknown[] {
  const expression = license.replaceAll("/", " OR ");
  return /^[\w.()+ -]+$/.test(expression) && !/see the text/.test(expression)
    ? [{ expression }]
    : [{ license: { name: license } }];
}
