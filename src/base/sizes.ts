/** Sizes in words, for messages of every layer. Units are decimal: 1 MB is 1,000,000 bytes. @module */

const UNITS = ["kB", "MB", "GB", "TB", "PB", "EB"];

/** `999 B`, `600.0 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.trunc(bytes)} B`;
  let value = bytes;
  let unit = "B";
  for (const next of UNITS) {
    // 999,950 would be rounded to the next unit's 1000.0.
    if (value < 999.95) break;
    value /= 1000;
    unit = next;
  }
  return `${value.toFixed(1)} ${unit}`;
}

/** `89/315 MB`: a part beside its whole, in the unit of the whole, and as wide whatever the part is. */
export function formatPair(part: number, whole: number): string {
  const [, unit = "B"] = formatSize(whole).split(" ");
  const scale = 1000 ** (["B", ...UNITS].indexOf(unit));
  const digits = whole / scale < 10 && scale > 1 ? 1 : 0;
  const total = (whole / scale).toFixed(digits);
  // Rounded down: the part reaches the whole only with its last byte.
  const done = (Math.floor(part / scale * 10 ** digits) / 10 ** digits).toFixed(digits);
  return `${done.padStart(total.length)}/${total} ${unit}`;
}

/** `77.6 of 210 MB`, `30.0 MB of 4.0 GB`: a part and its whole in a sentence. */
export function formatShare(part: number, whole: number): string {
  const [some, all] = [formatSize(part), formatSize(whole)];
  const [value = "", unit = ""] = some.split(" ");
  return `${all.endsWith(` ${unit}`) ? value : some} of ${all}`;
}

/** The same to three digits, for lines that are read in passing: `315 MB`, `23.1 MB`. */
export function formatSize(bytes: number): string {
  const text = formatBytes(bytes);
  const [value = "", unit] = text.split(" ");
  return Number(value) >= 99.95 ? `${Math.round(Number(value))} ${unit}` : text;
}
