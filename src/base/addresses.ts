/**
 * IP addresses between their text and their bytes; without names, ports and zones.
 *
 * @module
 */

/** The 4 or 16 bytes of an address, in network order; `undefined` when the text is none. */
export function parseIp(text: string): Uint8Array<ArrayBuffer> | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** The text of an address of 4 or 16 bytes; IPv6 as RFC 5952 has it. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new RangeError(`An IP address has 4 or 16 bytes, not ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(2 * index).toString(16));
  const zeros = longestZeros(groups);
  if (zeros.length < 2) return groups.join(":");
  return groups.slice(0, zeros.start).join(":") + "::" + groups.slice(zeros.start + zeros.length).join(":");
}

function parseIpv4(text: string): Uint8Array<ArrayBuffer> | undefined {
  // No leading zeros: some programs read them as octal.
  if (!/^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}$/.test(text)) return undefined;
  const parts = text.split(".").map(Number);
  return parts.every((part) => part <= 255) ? Uint8Array.from(parts) : undefined;
}

function parseIpv6(text: string): Uint8Array<ArrayBuffer> | undefined {
  const [before, after, ...more] = withoutDots(text).split("::").map((half) => half === "" ? [] : half.split(":"));
  if (before === undefined || more.length > 0) return undefined;
  const missing = 8 - before.length - (after?.length ?? 0);
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...new Array<string>(missing).fill("0"), ...(after ?? [])];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  groups.forEach((group, index) => view.setUint16(2 * index, parseInt(group, 16)));
  return bytes;
}

/**
 * Writes an IPv4 tail, as in `::ffff:192.0.2.1`, as two groups. A tail that is none stays and is refused with its dots.
 */
function withoutDots(text: string): string {
  const tailAt = text.lastIndexOf(":") + 1;
  const tail = parseIpv4(text.slice(tailAt));
  if (tail === undefined) return text;
  const view = new DataView(tail.buffer);
  return text.slice(0, tailAt) + view.getUint16(0).toString(16) + ":" + view.getUint16(2).toString(16);
}

/** The longest run of groups that are 0, the first of several. */
function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== "0") start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  });
  return longest;
}
