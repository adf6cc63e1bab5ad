import assert from "node:assert/strict";
import { findingText } from "../../src/ui/verdict.ts";
import fc from "fast-check";
import { escapeJson, escapeText, peerText, truncate, widthOf } from "../../src/ui/escape.ts";
import {
  counted,
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatLeft,
  formatPair,
  formatRate,
  formatShare,
  formatSize,
  percentOf,
} from "../../src/base/text.ts";
import {
  addedLine,
  completeLine,
  configLine,
  incompleteLine,
  nothingToDoLine,
  openedLine,
  progressLine,
  settingsLine,
  startLine,
} from "../../src/ui/lines.ts";
import { connectionSettings } from "../../src/settings/connection_settings.ts";

/** Whatever must never reach a terminal. */
// deno-lint-ignore no-control-regex
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/;

const anyString = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });

Deno.test("F8 controls, bidi, zero-width and separators become visible", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["a\x1b[2Jb", "a\\x1b[2Jb"],
    ["a\r\n\t\b\x7fb", "a\\x0d\\x0a\\x09\\x08\\x7fb"],
    ["\x9b31m\x90", "\\x9b31m\\x90"],
    ["gpj.\u202eexe", "gpj.\\u{202e}exe"],
    ["\u2066a\u2069\u061c\u200e", "\\u{2066}a\\u{2069}\\u{61c}\\u{200e}"],
    ["a\u2028b\u2029", "a\\u{2028}b\\u{2029}"],
    ["a\u200bb\u200dc\ufeff\u00ad\u2060", "a\\u{200b}b\\u{200d}c\\u{feff}\\xad\\u{2060}"],
    ["\ud800 \udfff", "\\u{d800} \\u{dfff}"],
    ["\u{e0041}\u3164", "\\u{e0041}\\u{3164}"],
  ];
  for (const [text, escaped] of cases) assert.equal(escapeText(text), escaped);
});

Deno.test("F8 harmless names stay as they are, in every script", () => {
  for (const name of ["movie.mkv", "日本語.txt", "é", "naïve café", "😀.png", "-rf", "a\\b", "Ελλάδα", "~$x"]) {
    assert.equal(escapeText(name), name);
  }
});

Deno.test("J2 nothing dangerous is left of any string, and escaping again changes nothing", () => {
  fc.assert(
    fc.property(fc.oneof(anyString, fc.string({ unit: "binary" })), (text) => {
      const escaped = escapeText(text);
      return !DANGEROUS.test(escaped.replace(/[\ud800-\udbff][\udc00-\udfff]/g, "")) && escapeText(escaped) === escaped;
    }),
    { numRuns: 2000 },
  );
});

Deno.test("J4 escaped JSON is the same JSON", () => {
  fc.assert(fc.property(fc.oneof(anyString, fc.string({ unit: "binary" })), (text) => {
    const json = escapeJson(JSON.stringify({ text }));
    assert.equal(JSON.parse(json).text, text);
    assert.doesNotMatch(json.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ""), DANGEROUS);
  }));
});

Deno.test("what a peer says is escaped and cut at 200 characters", () => {
  assert.equal(peerText("\x1b]0;x\x07"), "\\x1b]0;x\\x07");
  assert.equal([...peerText("😀".repeat(1000))].length, 201);
  assert.equal(peerText("a".repeat(200)), "a".repeat(200));
});

Deno.test("wide characters take two columns and marks none", () => {
  assert.equal(widthOf("abc"), 3);
  assert.equal(widthOf("日本"), 4);
  assert.equal(widthOf("e\u0301"), 1);
  assert.equal(widthOf("😀⚡"), 4);
  assert.equal(widthOf("한글"), 4);
});

Deno.test("a cut text never takes more columns than it was given", () => {
  assert.equal(truncate("abcdef", 6), "abcdef");
  assert.equal(truncate("abcdef", 5), "abcd…");
  assert.equal(truncate("日本語", 5), "日本…");
  assert.equal(truncate("日本語", 4), "日…");
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.nat(30), (text, columns) => {
    return widthOf(truncate(text, columns)) <= columns;
  }));
});

Deno.test("sizes are decimal with one digit", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
    [600_000_000, "600.0 MB"],
    [33_554_432, "33.6 MB"],
    [5_368_709_120, "5.4 GB"],
    [2 ** 53 - 1, "9.0 PB"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});

Deno.test("rates, percents, times and counts read as documented", () => {
  assert.equal(formatRate(7_868_852_459), "7868.9 Mbps");
  assert.equal(formatRate(0), "0.0 Mbps");
  assert.deepEqual([17, 1234, 49_000, 50_000].map(formatRate), ["0.00002 Mbps", "0.001 Mbps", "0.05 Mbps", "0.1 Mbps"]);
  assert.deepEqual([percentOf(42, 100), percentOf(999_999, 1_000_000), percentOf(0, 0), percentOf(5, 4)], [
    42,
    99.9,
    100,
    100,
  ]);
  assert.equal(formatClock(0.2), "0:00:01");
  assert.equal(formatClock(3725), "1:02:05");
  assert.equal(formatDuration(0.613), "0.61s");
  assert.equal(formatDuration(3725), "1:02:05");
  assert.equal(formatCount(1234567), "1,234,567");
  assert.equal(formatCount(12), "12");
});

Deno.test("a percentage is 100 only when nothing is missing", () => {
  fc.assert(fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
    const [part, whole] = [Math.min(a, b), Math.max(a, b)];
    const percent = percentOf(part, whole);
    return percent >= 0 && percent <= 100 && (percent < 100 || part >= whole * (1 - 1e-12));
  }));
});

Deno.test("one file a second is one", () => {
  const text = (filesPerSecond: number) => findingText({ limit: "receiver-disk", bytesPerSecond: 2, filesPerSecond });
  assert.match(text(1.2), /, 1 file\/s\)$/);
  assert.match(text(2), /, 2 files\/s\)$/);
});

Deno.test("the ⚡ lines have exactly their documented wording", () => {
  assert.equal(startLine("movie.mkv", 600_000_000), "⚡ Starting ULTRA transfer: movie.mkv (600.0 MB)");
  assert.equal(startLine("a\x1b[1m", undefined), "⚡ Starting ULTRA transfer: a\\x1b[1m (size not known yet)");
  assert.equal(
    configLine({ streams: 8, chunks: 18, chunkBytes: 33_554_432, isEven: true }),
    "⚡ ULTRA config: 8 streams, 18 chunks of 33.6 MB each",
  );
  assert.equal(openedLine(8), "⚡ Opened 8 streams in parallel");
  assert.equal(addedLine(2, 4), "⚡ Added connection 2 (4 more streams)");
  const settings = connectionSettings({ distance: "far", side: "dialer" });
  const reported = { connection: 1, settings: { ...settings, peerUnidiStreams: 8 } };
  assert.equal(settingsLine(reported), "⚡ Connection 1: BBR, windows 67.1 MB/2.1 MB, 8 streams in, keep-alive 10s");
  assert.equal(progressLine("42.0%", 8_123_400_000, ""), "⚡ Progress: 42.0% - Speed: 8123.4 Mbps");
  assert.equal(progressLine("42.0%", 0, "4/9 MB"), "⚡ Progress: 42.0% - Speed: 0.0 Mbps - 4/9 MB");
  assert.equal(completeLine(600_000_000, 0.61), "⚡ ULTRA transfer complete: 600.0 MB in 0.61s (7868.9 Mbps)");
  assert.equal(nothingToDoLine("x is there"), "⚡ ULTRA transfer complete: nothing to do, x is there");
  const incomplete = "⚡ ULTRA transfer incomplete: 1.0 kB in 1.00s (0.008 Mbps), ";
  const missing = (failedCount: number, leftOutCount: number) => incompleteLine({ failedCount, leftOutCount }, 1000, 1);
  assert.equal(missing(2, 0), `${incomplete}2 failed`);
  assert.equal(missing(0, 1202), `${incomplete}1,202 left out`);
  assert.equal(missing(1, 1), `${incomplete}1 failed, 1 left out`);
});

Deno.test("T54 one of a thing is in the singular", () => {
  assert.equal(
    configLine({ streams: 2, chunks: 2, chunkBytes: 30_000_000, isEven: false }),
    "⚡ ULTRA config: 2 streams, 2 chunks of up to 30.0 MB",
  );
  assert.equal(
    configLine({ streams: 1, chunks: 1, chunkBytes: 3, isEven: true }),
    "⚡ ULTRA config: 1 stream, 1 chunk of 3 B",
  );
  assert.equal(openedLine(1), "⚡ Opened 1 stream in parallel");
  assert.equal(addedLine(2, 1), "⚡ Added connection 2 (1 more stream)");
  assert.deepEqual([counted(0, "file"), counted(1, "file"), counted(1202, "file")], [
    "0 files",
    "1 file",
    "1,202 files",
  ]);
});

Deno.test("T33 sizes go from bytes to exabytes, also where space is short, and short ones have three digits", () => {
  assert.equal(formatBytes(1_099_512_700_000), "1.1 TB");
  const cases: readonly (readonly [number, string])[] = [
    [3, "3 B"],
    [3_149_000, "3.1 MB"],
    [23_110_000, "23.1 MB"],
    [315_000_000, "315 MB"],
    [999_960_000, "1.0 GB"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatSize(bytes), text);
});

Deno.test("T53 a part beside its whole has the whole's unit and a width that never changes", () => {
  assert.equal(formatPair(89_400_000, 315_000_000), " 89/315 MB");
  assert.equal(formatPair(2_140_000_000, 5_368_709_120), "2.1/5.4 GB");
  assert.equal(formatPair(3, 3), "3/3 B");
  assert.equal(formatPair(0, 0), "0/0 B");
  fc.assert(fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
    const [part, whole] = [Math.min(a, b), Math.max(a, b)];
    return formatPair(part, whole).length === formatPair(whole, whole).length;
  }));
});

Deno.test("a part and its whole share a unit where they have the same", () => {
  assert.equal(formatShare(77_600_000, 210_000_000), "77.6 of 210 MB");
  assert.equal(formatShare(30_000_000, 4_000_000_000), "30.0 MB of 4.0 GB");
  assert.equal(formatShare(7, 999), "7 of 999 B");
});

Deno.test("the time left is short to read", () => {
  assert.deepEqual([0, 9.2, 59.5, 125, 11_400].map(formatLeft), ["0s", "10s", "1m00s", "2m05s", "3h10m"]);
});
