import { createHash, type Hash } from "node:crypto";
import { hexOf } from "../bytes.js";
import { unixTimeMs } from "../clock.js";
import { printable } from "../printable.js";

/** Whose world a recording has. */
export interface RecordingHeader {
  readonly name: string;
  readonly version: number;
  /** In hexadecimal digits. */
  readonly fingerprint: string;
  /** The server's time when it began, in milliseconds. */
  readonly startMs: number;
  /** 0 to 1000. */
  readonly tickRate: number;
  /** The `maxReliableMessageSize` of the server. */
  readonly maxMessageSize: number;
}

/** What was sent in one tick, or the end of the recording. */
export interface RecordingStep {
  /** The server's time, in milliseconds. */
  readonly timeMs: number;
  readonly tick: number;
  /** As they travel. Null: here it ends. */
  readonly messages: readonly Uint8Array[] | null;
}

/** One message is at most that long. */
const MAX_MESSAGE_BYTES = 1_000_000;
const FORMAT = 1;
const CHECK = /,"check":"([0-9a-f]{16})"\}\}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const inMicroseconds = (ms: number) => Math.round(ms * 1000) / 1000;

/** Makes or reads the lines of a recording, in their order: the check of each stands for all before it, too. */
class Lines {
  readonly #hash: Hash = createHash("sha256");

  protected check(text: string): string {
    this.#hash.update(text);
    return this.#hash.copy().digest("hex").slice(0, 16);
  }
}

export class LineWriter extends Lines {
  header({ fingerprint, ...header }: Omit<RecordingHeader, "fingerprint"> & { fingerprint: Uint8Array }): string {
    return this.#sealed({
      ...{ source: "recording", title: "valve-sockets", vantage_point: { type: "server" } },
      reference_time: unixTimeMs() - header.startMs,
      recording: {
        format: FORMAT,
        ...header,
        startMs: inMicroseconds(header.startMs),
        fingerprint: hexOf(fingerprint),
      },
    });
  }

  /** @param messages in base64 */
  step(timeMs: number, tick: number, messages: readonly string[]): string {
    return this.#sealed({
      time: inMicroseconds(timeMs),
      source: "recording",
      name: "recording:tick",
      data: { tick, messages },
    });
  }

  end(timeMs: number, tick: number): string {
    return this.#sealed({ time: inMicroseconds(timeMs), source: "recording", name: "recording:ended", data: { tick } });
  }

  #sealed(record: object): string {
    const text = JSON.stringify(record);
    return `${text.slice(0, -2)},"check":"${this.check(text)}"}}`;
  }
}

/** Its methods throw an Error whose text says what is wrong. */
export class LineReader extends Lines {
  #lastMs = 0;

  header(line: string): RecordingHeader {
    if (!line.startsWith('{"source":"recording","title":"valve-sockets"')) throw new Error("it is no recording");
    const { recording } = this.#opened(line);
    const { format, name, version, fingerprint, startMs, tickRate, maxMessageSize } = recording as Record<
      string,
      unknown
    >;
    if (format !== FORMAT) throw new Error(`it has the format ${printable(String(format))}, and not ${FORMAT}`);
    const isRight = typeof name === "string" && isWithin(version, 0, 2 ** 32) && typeof fingerprint === "string";
    if (
      !isRight ||
      !isWithin(startMs, 0, Number.MAX_SAFE_INTEGER) ||
      !isWithin(tickRate, 0, 1000) ||
      !isWithin(maxMessageSize, 1, MAX_MESSAGE_BYTES)
    )
      throw new Error("it has no right header");
    this.#lastMs = startMs;
    return { name, version, fingerprint, startMs, tickRate, maxMessageSize };
  }

  step(line: string): RecordingStep {
    const { time, name, data } = this.#opened(line);
    const { tick, messages } = data as Record<string, unknown>;
    const isTick = name === "recording:tick";
    const isRight = isWithin(time, this.#lastMs, Number.MAX_SAFE_INTEGER) && Number.isInteger(tick);
    if (!isRight || isTick !== Array.isArray(messages)) throw new Error("it is no step");
    this.#lastMs = time;
    const list = isTick ? (messages as unknown[]).map(bytesOf) : null;
    return { timeMs: time, tick: (tick as number) >>> 0, messages: list };
  }

  /** Without its check, which has to be right. */
  #opened(line: string): Record<string, unknown> {
    const check = CHECK.exec(line);
    const text = check ? `${line.slice(0, check.index)}}}` : "";
    if (!check || this.check(text) !== check[1]) throw new Error("it was changed");
    return JSON.parse(text);
  }
}

const isWithin = (value: unknown, min: number, max: number): value is number =>
  typeof value === "number" && value >= min && value <= max;

function bytesOf(text: unknown): Uint8Array {
  if (typeof text !== "string" || !BASE64.test(text)) throw new Error("a message is no base64");
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === 0 || bytes.length > MAX_MESSAGE_BYTES) throw new Error("a message has no right length");
  return bytes;
}
