/**
 * From the tuning flags of a command line to a {@linkcode Tuning}. What cannot be meant is refused here, so nothing behind it checks.
 *
 * @module
 */

import { BUFFER_LEN } from "../engine/door.generated.ts";
import { UltraError } from "../base/errors.ts";
import { BLOCK_LEN, MAX_LANES } from "../protocol/limits.ts";
import { mostUnderWay } from "../settings/budget.ts";
import { MOST_CONNECTIONS } from "../settings/connections.ts";
import { ULTRA } from "../settings/ultra.ts";
import type { CongestionControl } from "../protocol/words.ts";
import { DEFAULT_MEMORY_BYTES, DEFAULT_TUNING, type Profile, type Tuning } from "../settings/tuning.ts";
import { parseByteCount, parseByteRate, type Range } from "./byte_count.ts";
import { type FlagName, written } from "./flags.ts";

/** Below, nothing moves well; above, windows would pass 2^31, where QUIC's arithmetic ends. */
const MEMORY: Range = { least: "32M", most: "4G" };

const MOST_MEMORY_BYTES = 4e9;

/** One block is the least that a lane can be given; chunks beyond the seed's 256 MiB are no rarer to be noticed. */
const CHUNK_SIZE: Range = { least: "1M", most: "256Mi" };

/** From QUIC's first buffer to the seed value. */
const STREAM_WINDOW: Range = { least: "64K", most: "256Mi" };

const CONNECTION_WINDOW: Range = { least: "1M", most: "2G" };

/** One block up to what hides the longest pause of a spinning disk. */
const READ_BUFFER: Range = { least: "1M", most: "64Mi" };

/** A block of 1 MiB takes less than two minutes at the one, and no network of today reaches the other. */
const RATE_LIMIT: Range = { least: "10K", most: "100G" };

/** The words of the tuning flags: the value that was given for a flag, if any. */
type Given = (name: FlagName) => string | undefined;

/**
 * All but the format, which `format.ts` reads.
 *
 * @throws {UltraError} `usage` with one line that names the flag
 */
export function tuningOf(given: Given): Tuning {
  const profile = profileOf(given);
  const size = (name: FlagName, range: Range) => ifGiven(given(name), (it) => parseByteCount(written(name), it, range));
  const connectionWindowBytes = size("connection-window", CONNECTION_WINDOW);
  const readBufferBytes = size("read-buffer", READ_BUFFER);
  checkFits("connection-window", connectionWindowBytes, profile);
  checkFits("read-buffer", readBufferBytes, profile);
  const streams = ifGiven(given("streams"), (text) => wholeNumber("streams", text, MAX_LANES));
  const laneWindowBytes = ifGiven(size("stream-window", STREAM_WINDOW), nearestPowerOfTwo);
  checkTogether(streams, laneWindowBytes, profile);
  return {
    format: DEFAULT_TUNING.format,
    profile,
    congestionControl: ifGiven(given("cc"), congestionControlOf) ?? DEFAULT_TUNING.congestionControl,
    // Who asks for one means it for every format.
    olderCongestionControl: ifGiven(given("cc"), congestionControlOf) ?? DEFAULT_TUNING.olderCongestionControl,
    streams,
    connections: ifGiven(given("connections"), (text) => wholeNumber("connections", text, MOST_CONNECTIONS)),
    chunkBlocks: ifGiven(size("chunk-size", CHUNK_SIZE), blocks),
    laneWindowBytes,
    connectionWindowBytes,
    writers: ifGiven(given("write-concurrency"), (text) => wholeNumber("write-concurrency", text, ULTRA.writes)),
    readAheadBuffers: ifGiven(readBufferBytes, wholeBuffers),
    bytesPerSecond: ifGiven(given("rate-limit"), (it) => parseByteRate("--rate-limit", it, RATE_LIMIT)),
  };
}

function profileOf(given: Given): Profile {
  const name = given("profile") ?? "auto";
  const memory = given("memory");
  if (name !== "auto" && name !== "near" && name !== "far" && name !== "max") {
    throw usage(`--profile takes near, far, max or auto, not "${name}"`);
  }
  if (name !== "max") {
    return {
      name,
      memoryBytes: memory === undefined ? DEFAULT_MEMORY_BYTES : parseByteCount("--memory", memory, MEMORY),
    };
  }
  if (memory !== undefined) {
    throw usage("--memory and --profile max do not go together: max is bounded by nothing else");
  }
  return { name };
}

/** Windows and buffers of the user's own stay within the memory as well. */
function checkFits(name: FlagName, bytes: number | undefined, profile: Profile): void {
  if (bytes === undefined || profile.name === "max" || bytes <= mostUnderWay(profile.memoryBytes)) return;
  throw usage(`${written(name)} may be half of the memory at most: ${moreMemory(2 * bytes)}`);
}

/** Streams are filled in turn, and QUIC gives none of their buffers back. */
function checkTogether(streams = 1, windowBytes: number | undefined, profile: Profile): void {
  if (windowBytes === undefined || profile.name === "max" || streams * windowBytes <= profile.memoryBytes) return;
  const flags = streams === 1 ? "--stream-window" : `${streams} streams with that --stream-window`;
  throw usage(`${flags} may take more than the memory: ${moreMemory(streams * windowBytes)}`);
}

function moreMemory(bytes: number): string {
  return bytes <= MOST_MEMORY_BYTES ? `add --memory ${Math.ceil(bytes / 1e6)}M, or --profile max` : "add --profile max";
}

function congestionControlOf(text: string): CongestionControl {
  if (text !== "bbr" && text !== "cubic") throw usage(`--cc takes bbr or cubic, not "${text}"`);
  return text;
}

function wholeNumber(name: FlagName, text: string, most: number): number {
  const number = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > most) throw usage(`${written(name)} takes a number from 1 to ${most}, not "${text}"`);
  return number;
}

/** The nearest number of whole blocks: 64M is 61 of them, 64Mi is 64. */
function blocks(bytes: number): number {
  return Math.max(1, Math.round(bytes / BLOCK_LEN));
}

/** As many buffers of one block as surely fit, so that the bound of memory holds. */
function wholeBuffers(bytes: number): number {
  return Math.max(1, Math.floor(bytes / BUFFER_LEN));
}

/** QUIC's windows of a stream are powers of two: 16M is 16 MiB. */
function nearestPowerOfTwo(bytes: number): number {
  return 2 ** Math.round(Math.log2(bytes));
}

function ifGiven<From, To>(value: From | undefined, read: (value: From) => To): To | undefined {
  return value === undefined ? undefined : read(value);
}

function usage(message: string): UltraError {
  return new UltraError("usage", message);
}
