import { checkBytes, checkFunction, rangeError, typeError } from "../../arguments.js";
import { cloneBytes } from "../../bytes.js";
import { NetworkError } from "../../network-error.js";
import { booleanOption, checkOptions, durationOption, integerOption, type OptionRules, oneOf } from "../../options.js";
import { type Bucket, type BucketOptions, type Log, MAX_ENGINE_BYTES, type SubscribeOptions } from "./engine.js";

function checkPattern(name: string, value: string, pattern: RegExp, expected: string): void {
  if (typeof value !== "string") throw typeError(name, "a string");
  if (value.length > 256 || !pattern.test(value)) throw rangeError(name, expected);
}

export function checkName(name: string): void {
  checkPattern("name", name, /^[-\w]{1,64}$/, "1 to 64 of A-Z a-z 0-9 _ -");
}

function checkKey(key: string): void {
  const expected = "1 to 256 of A-Z a-z 0-9 _ - = / . without a dot at an end or two in a row";
  checkPattern("key", key, /^[-/=\w]+(\.[-/=\w]+)*$/, expected);
}

const SUBJECT = "1 to 256 of A-Z a-z 0-9 _ - . without a dot at an end or two in a row";

function checkSubject(subject: string): void {
  checkPattern("subject", subject, /^[-\w]+(\.[-\w]+)*$/, SUBJECT);
}

/** A subject whose parts may be `*`, and the last one `>`. */
function checkSubjectPattern(subject: string): void {
  checkPattern("subject", subject, /^([-\w]+|\*)(\.([-\w]+|\*))*(\.>)?$/, `${SUBJECT}; a part may be *, the last >`);
}

/** A copy of what a caller gives, who may use the memory again. */
export function takeData(name: string, data: Uint8Array): Uint8Array {
  checkBytes(name, data);
  if (data.length > MAX_ENGINE_BYTES) throw rangeError(name, `at most ${MAX_ENGINE_BYTES} bytes`);
  return cloneBytes(data, 0, data.length);
}

/** A revision or a sequence. */
function checkSequence(name: string, value: bigint): void {
  if (typeof value !== "bigint") throw typeError(name, "a bigint");
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw rangeError(name, "0n to 2^53 - 1");
}

/** The revision of a value that is replaced. @throws NetworkError `ERR_CONFLICT` for 0n, which no value has */
function checkRevision(key: string, revision: bigint): void {
  checkSequence("revision", revision);
  if (revision === 0n) throw conflict(key);
}

function checkId(id: string): void {
  checkPattern("id", id, /^[\x21-\x7e]{1,128}$/, "1 to 128 visible ASCII characters");
}

const BUCKET_OPTIONS: OptionRules<BucketOptions> = {
  storage: oneOf("file", "memory"),
  mustExist: booleanOption,
};

export function checkBucket(name: string, options: BucketOptions): void {
  checkName(name);
  checkOptions("bucket", options, BUCKET_OPTIONS);
}

const SUBSCRIBE_OPTIONS: OptionRules<SubscribeOptions> = { queue: (_, name) => checkName(name as string) };

export function checkSubscription(subject: string, on: unknown, options: SubscribeOptions = {}): void {
  checkSubjectPattern(subject);
  checkFunction("on", on);
  checkOptions("subscribe", options, SUBSCRIBE_OPTIONS);
}

const requestTimeout = integerOption(1, 2 ** 31 - 1);

/** A copy of the message. */
export function takeMessage(subject: string, data: Uint8Array, timeoutMs = 1): Uint8Array {
  checkSubject(subject);
  requestTimeout("timeoutMs", timeoutMs);
  return takeData("data", data);
}

/** The shortest `ttlMs`: NATS counts it in whole seconds. */
const MIN_TTL_MS = 1000;
const checkTtl = durationOption(MIN_TTL_MS);

/** The whole seconds of `ttlMs`; undefined for never. */
function ttlSeconds(ttlMs: number | undefined): number | undefined {
  if (ttlMs === undefined) return undefined;
  checkTtl("ttlMs", ttlMs);
  return ttlMs === Number.POSITIVE_INFINITY ? undefined : Math.ceil(ttlMs / 1000);
}

/** A bucket that checks nothing. Its bytes are its own, and `create` counts in whole seconds. */
export interface UncheckedBucket extends Omit<Bucket, "create" | "watch"> {
  create(key: string, value: Uint8Array, ttlSeconds: number | undefined): Promise<bigint>;
  watch(...on: Required<Parameters<Bucket["watch"]>>): ReturnType<Bucket["watch"]>;
}

/** A bucket that checks what it is given, and copies bytes. */
export function checkedBucket(bucket: UncheckedBucket): Bucket {
  return {
    get: async (key) => {
      checkKey(key);
      return bucket.get(key);
    },
    create: async (key, value, ttlMs) => {
      checkKey(key);
      const taken = takeData("value", value);
      return bucket.create(key, taken, ttlSeconds(ttlMs));
    },
    update: async (key, value, revision) => {
      checkKey(key);
      const taken = takeData("value", value);
      checkRevision(key, revision);
      return bucket.update(key, taken, revision);
    },
    delete: async (key, revision) => {
      checkKey(key);
      checkRevision(key, revision);
      return bucket.delete(key, revision);
    },
    watch: async (on = () => {}) => {
      checkFunction("on", on);
      return bucket.watch(on);
    },
  };
}

/** A log that checks what it is given, and copies bytes. @param log checks nothing; its bytes are its own */
export function checkedLog(log: Log): Log {
  return {
    append: async (subject, data, { expected, id }) => {
      checkSubject(subject);
      const taken = takeData("data", data);
      checkSequence("expected", expected);
      checkId(id);
      return log.append(subject, taken, { expected, id });
    },
    read: (subject, after) => {
      checkSubject(subject);
      checkSequence("after", after);
      return log.read(subject, after);
    },
    trim: async (subject, upTo) => {
      checkSubject(subject);
      checkSequence("upTo", upTo);
      return log.trim(subject, upTo);
    },
  };
}

export const conflict = (key: string, cause?: unknown) =>
  new NetworkError("ERR_CONFLICT", `Somebody else has written ${key}`, { cause });

export const fenced = (subject: string) => new NetworkError("ERR_FENCED", `Another owner has appended to ${subject}`);

/** Nobody else has appended, so that this proves no other owner: the record may be on its way. */
export const notThere = (subject: string) =>
  new NetworkError("ERR_TIMEOUT", `The log of ${subject} does not end with the record that is expected`);

export const noBucket = (name: string) => new NetworkError("ERR_NO_BUCKET", `There is no bucket ${name}`);

export const noResponders = (subject: string, cause?: unknown) =>
  new NetworkError("ERR_NO_RESPONDERS", `Nobody answers ${subject}`, { cause });

export const notConnected = () => new NetworkError("ERR_NOT_CONNECTED", "There is no link to the engine");

export const closed = () => new NetworkError("ERR_CLOSED", "The engine was closed");

export const requestFailed = (text: string) => new NetworkError("ERR_REQUEST_FAILED", text);
