import type { NativeStatusEvent } from "../../addon/native.js";
import { ConnectionInfo, fillConnectionInfo } from "./connection-info.js";
import { ConnectionState } from "./connection-state.js";

/** A change of a connection's state (ValveSockets README). */
export class StatusInfo {
  /** The connection. */
  connection = 0;
  /** The connection as it was at the change; `connectionInfo.state` is the new state. */
  connectionInfo = new ConnectionInfo();
  /** The state before the change (GNS). */
  oldState = ConnectionState.None;
  /** For the change to `None` after a close on this side: the peer had acknowledged everything before. */
  flushed = false;
}

/** Called by `dispatchCallback` for a change of state, with the `context` that it was given (ValveSockets README). */
export type StatusCallback<Context = unknown> = (info: StatusInfo, context: Context) => void;

/** @internal */
export function statusInfoOf(event: NativeStatusEvent): StatusInfo {
  const info = new StatusInfo();
  info.connection = event.connection;
  info.oldState = event.oldState;
  info.flushed = event.flushed;
  fillConnectionInfo(info.connectionInfo, event.info);
  return info;
}
