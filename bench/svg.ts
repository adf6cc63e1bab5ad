/** A chart with one bar for each peer, as SVG that is readable on light and on dark pages. @module */

import type { Spread } from "./statistics.ts";

export interface Bar {
  readonly label: string;
  readonly value: Spread;
  /** Our own, another tool, or what could be done without files. */
  readonly kind: "own" | "tool" | "clear" | "bound";
}

export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
  /** A line across all bars. */
  readonly limit?: { readonly label: string; readonly value: number };
}

const WIDTH = 760;
const LABELS = 190;
/** Behind the longest bar there is room for its number. */
const NUMBERS = 70;
const TOP = 62;
const ROW = 26;
const BAR = 16;
const BOTTOM = 34;
const PLOT = WIDTH - LABELS - NUMBERS;

/** Both sets of colours hold a contrast of 4.5 for text on white and on GitHub's dark grey. */
const STYLE = `
  text { font: 12px -apple-system, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; fill: #3d444d; }
  .title { font-size: 14px; font-weight: 600; }
  .value { font-weight: 600; }
  .axis { stroke: #d1d9e0; }
  .own { fill: #0969da; } .tool { fill: #8c959f; } .clear { fill: #c4a484; } .bound { fill: none; stroke: #8c959f; stroke-dasharray: 3 2; }
  .spread { stroke: #1f2328; stroke-width: 1.5; fill: none; }
  .limit { stroke: #cf222e; stroke-dasharray: 5 3; }
  .limit-label { fill: #cf222e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #c9d1d9; }
    .axis { stroke: #3d444d; }
    .own { fill: #4493f8; } .tool { fill: #7d8590; } .clear { fill: #8a6f52; } .bound { stroke: #7d8590; }
    .spread { stroke: #f0f6fc; }
    .limit { stroke: #f85149; }
    .limit-label { fill: #f85149; }
  }`;

const LEGEND: readonly (readonly [kind: Bar["kind"], words: string])[] = [
  ["own", "ultra"],
  ["tool", "encrypted"],
  ["clear", "clear text"],
  ["bound", "memory to memory, no file"],
];

export function svgOf(chart: Chart): string {
  const height = TOP + chart.bars.length * ROW + BOTTOM;
  const most = Math.max(...chart.bars.map(({ value }) => value.most), chart.limit?.value ?? 0);
  const step = stepOf(most);
  const scale = (value: number) => round(LABELS + value / most * PLOT);
  const bottom = TOP + chart.bars.length * ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escape(chart.title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<text class="title" x="0" y="16">${escape(chart.title)}</text>`,
    ...legend(chart),
    ...ticks(most, step).map((value) => tick(scale(value), value, bottom)),
    `<text x="${WIDTH}" y="${bottom + 18}" text-anchor="end">${escape(chart.unit)}</text>`,
    ...chart.bars.flatMap((bar, index) => barOf(bar, TOP + index * ROW, scale)),
    ...limitLine(chart, scale, bottom),
    "</svg>",
    "",
  ].join("\n");
}

function legend({ bars }: Chart): string[] {
  let x = 0;
  return LEGEND.filter(([kind]) => bars.some((bar) => bar.kind === kind)).flatMap(([kind, words]) => {
    const at = x;
    x += 34 + words.length * 7;
    return [
      `<rect class="${kind}" x="${at + 0.5}" y="28.5" width="12" height="12"/>`,
      `<text x="${at + 18}" y="39">${words}</text>`,
    ];
  });
}

function tick(x: number, value: number, bottom: number): string {
  return `<line class="axis" x1="${x}" x2="${x}" y1="${TOP - 4}" y2="${bottom}"/>` +
    `<text x="${x}" y="${bottom + 18}" text-anchor="middle">${value}</text>`;
}

function barOf({ label, value, kind }: Bar, top: number, scale: (value: number) => number): string[] {
  const middle = top + ROW / 2;
  const [from, to] = [scale(value.least), scale(value.most)];
  const shape = `x="${LABELS}" y="${middle - BAR / 2}" width="${round(scale(value.median) - LABELS)}" height="${BAR}"`;
  return [
    `<text x="${LABELS - 8}" y="${middle + 4}" text-anchor="end">${escape(label)}</text>`,
    `<rect class="${kind}" ${shape}/>`,
    `<path class="spread" d="M${from} ${middle - 4}v8M${from} ${middle}H${to}M${to} ${middle - 4}v8"/>`,
    `<text class="value" x="${to + 6}" y="${middle + 4}">${short(value.median)}</text>`,
  ];
}

function limitLine({ limit }: Chart, scale: (value: number) => number, bottom: number): string[] {
  if (limit === undefined) return [];
  const x = scale(limit.value);
  return [
    `<line class="limit" x1="${x}" x2="${x}" y1="${TOP - 6}" y2="${bottom}"/>`,
    `<text class="limit-label" x="${x}" y="${TOP - 10}" text-anchor="end">${escape(limit.label)}</text>`,
  ];
}

/** 1, 2 or 5 times a power of ten, so that there are four to ten of them. */
function stepOf(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  return [5, 2, 1].map((digit) => digit * power).find((step) => most / step >= 4) ?? power;
}

function ticks(most: number, step: number): number[] {
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => round(index * step));
}

function short(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(1);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
