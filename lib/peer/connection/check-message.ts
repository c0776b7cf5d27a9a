import { checkFunction, checkInteger, noNumber, outOfRange, typeError } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import { checkCallbacks } from "../../options.js";
import { Channel, NOTIFY_CALLBACKS, type NotifyCallbacks } from "../channel.js";
import { MAX_UNRELIABLE_MESSAGE_SIZE, USER_LANES } from "../packet-format.js";

/**
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` for a channel or lane that `IConnection.send`
 *   does not take
 */
export function checkChannel(channel: Channel, lane: number): void {
  if (channel !== Channel.Reliable && channel !== Channel.Unreliable && channel !== Channel.Sequenced) {
    if (typeof channel !== "number") throw typeError("channel", "a Channel");
    throw outOfRange(`send takes Channel.Reliable, Unreliable or Sequenced, not ${Channel[channel] ?? channel}`);
  }
  if (!(Number.isInteger(lane) && lane >= 0 && lane < USER_LANES)) checkInteger("lane", lane, 0, USER_LANES - 1);
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, or `ERR_UNKNOWN_OPTION` with the nearest name */
export function checkNotifyCallbacks(callbacks: NotifyCallbacks): void {
  if (typeof callbacks?.onDelivered === "function" && typeof callbacks.onLost === "function") return;
  if (typeof callbacks !== "object" || callbacks === null) throw typeError("callbacks", "an object");
  checkCallbacks("callbacks", callbacks, NOTIFY_CALLBACKS);
  for (const name of NOTIFY_CALLBACKS) checkFunction(`callbacks.${name}`, callbacks[name]);
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` for a negative age, or one when reliable */
export function checkMaxAge(channel: Channel, maxAgeMs: number): void {
  if (typeof maxAgeMs !== "number") throw noNumber("maxAgeMs", maxAgeMs);
  if (!(maxAgeMs >= 0)) throw outOfRange(`maxAgeMs is 0 or more, not ${maxAgeMs}`);
  if (channel === Channel.Reliable && maxAgeMs < Number.POSITIVE_INFINITY) {
    throw outOfRange("A reliable message has no maxAgeMs");
  }
}

/**
 * Throws unless `bytes` is a view of single bytes: of larger elements, each would lose all but its lowest byte. This
 * runs for every message: `checkBytes`, which looks at the class, would take 1 % more instructions of a whole message.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 */
export function checkByteView(name: string, bytes: Uint8Array): void {
  if (!ArrayBuffer.isView(bytes) || bytes.BYTES_PER_ELEMENT !== 1) throw typeError(name, "a Uint8Array");
}

/**
 * @throws TypeError `ERR_INVALID_ARG_TYPE`; NetworkError `ERR_MESSAGE_SIZE`; RangeError `ERR_OUT_OF_RANGE` for a
 *   message that reaches over the end of its array
 */
export function checkMessage(
  channel: Channel,
  bytes: Uint8Array,
  offset: number,
  length: number,
  maxReliableMessageSize: number,
): void {
  checkByteView("bytes", bytes);
  const limit = channel === Channel.Reliable ? maxReliableMessageSize : MAX_UNRELIABLE_MESSAGE_SIZE;
  if (length > limit) throw tooLarge(channel, limit, length);
  if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
    throw outOfRange("The message lies outside of its array");
  }
}

/** Apart, because V8 puts only small functions into their callers, and every message is checked. */
function tooLarge(channel: Channel, limit: number, length: number): NetworkError {
  const text =
    channel === Channel.Reliable
      ? "raise `maxReliableMessageSize` in `peer` of both sides, or use a stream (`openStream`)"
      : "send it on Channel.Reliable";
  return new NetworkError("ERR_MESSAGE_SIZE", `A message has at most ${limit} bytes here, not ${length}: ${text}`);
}
