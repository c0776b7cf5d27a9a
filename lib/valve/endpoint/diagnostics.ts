import { channel } from "node:diagnostics_channel";

/**
 * What `node:diagnostics_channel` subscribers can watch. Nothing is built for a message unless somebody listens.
 *
 * | channel | when | message |
 * |---|---|---|
 * | `valve-sockets:connect` | a connection of an `Endpoint` is `Connected` | `{ connection }` |
 * | `valve-sockets:close` | it has ended, or was closed here | `{ connection, info: CloseInfo }` |
 * | `valve-sockets:drop` | a message was not taken, or a stranger refused | `{ connection?, result?, reason? }` |
 */
export const diagnostics = {
  connect: channel("valve-sockets:connect"),
  close: channel("valve-sockets:close"),
  drop: channel("valve-sockets:drop"),
} as const;
