import { channel } from "node:diagnostics_channel";

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

/** An exception of a user's callback is an uncaught exception of the process, and what called it goes on. */
export function reportUncaught(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
