import { STATUS } from "../../addon/native.js";
import { ConnectionState } from "./connection-state.js";

/** Figures of a connection that can be read often (ValveSockets README; GNS has added the last two). */
export class ConnectionStatus {
  /** How far it is. */
  state = ConnectionState.None;
  /** Round-trip time in milliseconds; -1: unknown. */
  ping = -1;
  /** The share of packets that arrived here in order, 0 to 1; -1: unknown. */
  connectionQualityLocal = -1;
  /** The same at the peer, which reports it: 0 to 1; -1: unknown. */
  connectionQualityRemote = -1;
  /** Packets that leave, by GNS's own estimate of the last seconds. */
  outPacketsPerSecond = 0;
  /** Bytes that leave, by the same estimate. */
  outBytesPerSecond = 0;
  /** Packets that come, by the same estimate. */
  inPacketsPerSecond = 0;
  /** Bytes that come, by the same estimate. */
  inBytesPerSecond = 0;
  /** The rate at which GNS would send if there were enough to send. */
  sendRateBytesPerSecond = 0;
  /** Bytes accepted and not sent yet. */
  pendingUnreliable = 0;
  /** Bytes accepted and not sent yet, or to be sent again. */
  pendingReliable = 0;
  /** Bytes sent and not acknowledged yet. */
  sentUnackedReliable = 0;
  /** How long a message given now would wait before it is sent, in microseconds. */
  queueTime = 0;
  /** The highest jitter since this was last read, in microseconds; -1 unknown. */
  maxJitter = -1;
}

/** @internal Copies the addon's numbers into `status`. */
export function fillConnectionStatus(status: ConnectionStatus, from: Float64Array): ConnectionStatus {
  const at = (index: number) => from[index] as number;
  status.state = at(STATUS.state);
  status.ping = at(STATUS.ping);
  status.connectionQualityLocal = at(STATUS.connectionQualityLocal);
  status.connectionQualityRemote = at(STATUS.connectionQualityRemote);
  status.outPacketsPerSecond = at(STATUS.outPacketsPerSecond);
  status.outBytesPerSecond = at(STATUS.outBytesPerSecond);
  status.inPacketsPerSecond = at(STATUS.inPacketsPerSecond);
  status.inBytesPerSecond = at(STATUS.inBytesPerSecond);
  status.sendRateBytesPerSecond = at(STATUS.sendRateBytesPerSecond);
  status.pendingUnreliable = at(STATUS.pendingUnreliable);
  status.pendingReliable = at(STATUS.pendingReliable);
  status.sentUnackedReliable = at(STATUS.sentUnackedReliable);
  status.queueTime = at(STATUS.queueTime);
  status.maxJitter = at(STATUS.maxJitter);
  return status;
}
