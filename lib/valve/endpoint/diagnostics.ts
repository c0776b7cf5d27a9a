import { channel } from "node:diagnostics_channel";
import { errorText } from "../../error-text.js";
import { FailureCounts, isRoundCount } from "../../failure-counts.js";

/**
 * What subscribers of `node:diagnostics_channel` can watch. Nothing is built for a channel that has no subscriber.
 *
 * | channel | when | message |
 * |---|---|---|
 * | `valve-sockets:connect` | a connection of an `Endpoint` is `Connected` | `{ connection }` |
 * | `valve-sockets:close` | it has ended | `{ connection, info: CloseInfo }` |
 * | `valve-sockets:drop` | a message was not taken | `{ connection, result: Result }` |
 * | | an incoming connection was refused | `{ reason: CloseReason }` |
 */
export const diagnostics = {
  connect: channel("valve-sockets:connect"),
  close: channel("valve-sockets:close"),
  drop: channel("valve-sockets:drop"),
} as const;

const counts = new FailureCounts();

/** Counts the error of a user's callback. Returns whether it is the first of its kind; from 10 on a warning tells. */
function isNews(error: unknown): boolean {
  const kind = errorText(error);
  const count = counts.add(kind) ?? 1;
  if (isRoundCount(count)) process.emitWarning(`${count} times: ${kind}`);
  return count === 1;
}

/**
 * An exception of a user's callback is an uncaught exception of the process, and what called it goes on. Where the
 * program survives that, more of the same are only counted.
 */
export function reportUncaught(error: unknown): void {
  if (!isNews(error)) return;
  process.nextTick(() => {
    throw error;
  });
}

/** A warning of the process, which ends nothing; more of the same are only counted. */
export function warn(error: unknown): void {
  if (isNews(error)) process.emitWarning(error instanceof Error ? error : String(error));
}
