import { createHash } from "node:crypto";
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

/** What was sent in one tick, a keyframe, or the end of the recording. */
export interface RecordingStep {
  readonly kind: "tick" | "keyframe" | "ended";
  /** The server's time, in milliseconds. */
  readonly timeMs: number;
  readonly tick: number;
  /** In their order. */
  readonly entries: readonly RecordingEntry[];
}

/** A message as it travels, or a scene that all loaded. */
export type RecordingEntry =
  /** @param to the ids of the players who alone were sent the message; null: all were */
  { readonly message: Uint8Array; readonly to: readonly number[] | null } | { readonly scene: string };

/** As it is in the file: for all in base64, for some, or a scene. */
export type WrittenEntry = string | { to: readonly number[]; message: string } | { scene: string };

/** Before a line: what it has to fit to. */
export interface LineState {
  /** The check of the line before. */
  readonly check: string;
  readonly timeMs: number;
}

/** A recording ends after a week: nobody could go to a place in a longer one. */
export const MAX_DURATION_MS = 7 * 86_400_000;
/** One message is at most that long. */
const MAX_MESSAGE_BYTES = 1_000_000;
const FORMAT = 1;
const MAX_ID = 2 ** 32 - 1;
const CHECK = /,"check":"([0-9a-f]{16})"\}\}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const inMicroseconds = (ms: number) => Math.round(ms * 1000) / 1000;

/** The check of a line, which stands for all before it, too. */
const checkOf = (before: string, text: string) =>
  createHash("sha256").update(before).update(text).digest("hex").slice(0, 16);

/** Makes the lines of a recording, in their order. */
export class LineWriter {
  #check = "";

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

  step(kind: RecordingStep["kind"], timeMs: number, tick: number, messages: readonly WrittenEntry[] = []): string {
    return this.#sealed({
      time: inMicroseconds(timeMs),
      source: "recording",
      name: `recording:${kind}`,
      data: kind === "ended" ? { tick } : { tick, messages },
    });
  }

  #sealed(record: object): string {
    const text = JSON.stringify(record);
    this.#check = checkOf(this.#check, text);
    return `${text.slice(0, -2)},"check":"${this.#check}"}}`;
  }
}

/** Reads the lines of a recording, in their order. Its methods throw an Error whose text says what is wrong. */
export class LineReader {
  #check: string;
  #lastMs: number;

  /** @param state that before its first line @defaultValue that of the first line of the file */
  constructor({ check, timeMs }: LineState = { check: "", timeMs: 0 }) {
    this.#check = check;
    this.#lastMs = timeMs;
  }

  get state(): LineState {
    return { check: this.#check, timeMs: this.#lastMs };
  }

  header(line: string): RecordingHeader {
    if (!line.startsWith('{"source":"recording","title":"valve-sockets"')) throw new Error("it is no recording");
    const { recording } = this.#opened(line);
    const { format, name, version, fingerprint, startMs, tickRate, maxMessageSize } = fieldsOf(recording);
    if (format !== FORMAT) throw new Error(`it has the format ${printable(String(format))}, and not ${FORMAT}`);
    const isRight = typeof name === "string" && isWithin(version, 0, MAX_ID) && typeof fingerprint === "string";
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
    const { tick, messages } = fieldsOf(data);
    const kind = KINDS.find((one) => name === `recording:${one}`);
    if (!kind || !isWithin(time, this.#lastMs, Number.MAX_SAFE_INTEGER) || !isId(tick))
      throw new Error("it is no step");
    if ((kind === "ended") === Array.isArray(messages)) throw new Error("it is no step");
    this.#lastMs = time;
    return { kind, timeMs: time, tick, entries: ((messages ?? []) as unknown[]).map(entryOf) };
  }

  /** Without its check, which has to be right. */
  #opened(line: string): Record<string, unknown> {
    const check = CHECK.exec(line);
    const text = check ? `${line.slice(0, check.index)}}}` : "";
    this.#check = checkOf(this.#check, text);
    if (this.#check !== check?.[1]) throw new Error("it was changed");
    return fieldsOf(JSON.parse(text));
  }
}

const KINDS = ["tick", "keyframe", "ended"] as const;

const isWithin = (value: unknown, min: number, max: number): value is number =>
  typeof value === "number" && value >= min && value <= max;

const isId = (value: unknown): value is number => Number.isInteger(value) && isWithin(value, 0, MAX_ID);

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error("it has not what it needs");
  return value as Record<string, unknown>;
}

function entryOf(value: unknown): RecordingEntry {
  if (typeof value === "string") return { message: bytesOf(value), to: null };
  const { scene, to, message } = fieldsOf(value);
  if (typeof scene === "string") return { scene };
  if (!Array.isArray(to) || !to.every(isId)) throw new Error("a message is for nobody");
  return { message: bytesOf(message), to };
}

function bytesOf(text: unknown): Uint8Array {
  if (typeof text !== "string" || !BASE64.test(text)) throw new Error("a message is no base64");
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === 0 || bytes.length > MAX_MESSAGE_BYTES) throw new Error("a message has no right length");
  return bytes;
}
