/** Output that says nothing: for what happens inside something larger, which tells of itself. @module */

import type { Output } from "./output.ts";

export class SilentOutput implements Output {
  phase(): void {}
  ticket(): void {}
  memoryBound(): void {}
  offering(): void {}
  receivingInto(): void {}
  interrupted(): void {}
  started(): void {}
  config(): void {}
  opened(): void {}
  added(): void {}
  progress(): void {}
  fileFailed(_failure: Parameters<Output["fileFailed"]>[0]): void {}
  complete(_facts: Parameters<Output["complete"]>[0]): void {}
  measuring(): void {}
  measured(): void {}
  tested(): void {}
  warning(_text: string): void {}
  note(): void {}
  error(): void {}
  debug(_line: string): void {}
  exit(): void {}
}
