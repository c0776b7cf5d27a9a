import { native } from "../../addon/native.js";
import { checkInstance, checkInteger, checkText, typeError } from "../../arguments.js";
import { cutUtf8 } from "../../utf8.js";
import { ConnectionInfo, fillConnectionInfo } from "../values/connection-info.js";
import { ConnectionState } from "../values/connection-state.js";
import { ConnectionStatus, fillConnectionStatus } from "../values/connection-status.js";
import { Result } from "../values/result.js";
import { checkBuilder, fillBuilder, type StringBuilder } from "../values/string-builder.js";
import type { SocketsCore } from "./sockets-core.js";

/** Bytes by which a detailed status may grow before it is asked for again. */
const STATUS_SLACK = 1024;
const MAX_NAME_BYTES = 31;

export function getConnectionInfo(core: SocketsCore, connection: number, into?: ConnectionInfo): ConnectionInfo | null {
  if (into !== undefined) checkInstance("info", into, ConnectionInfo);
  const found = native.getConnectionInfo(core.owner, connection);
  return found && fillConnectionInfo(into ?? new ConnectionInfo(), found);
}

export function getStatus(core: SocketsCore, connection: number, into?: ConnectionStatus): ConnectionStatus | null {
  if (into !== undefined) checkInstance("status", into, ConnectionStatus);
  const isFound = native.getRealTimeStatus(core.owner, connection, core.figures) === Result.OK;
  return isFound ? fillConnectionStatus(into ?? new ConnectionStatus(), core.figures) : null;
}

/** Returns the text; with `into`, whether all of it fitted, as `NetworkingSockets.getDetailedConnectionStatus` says. */
export function getDetailedStatus(
  core: SocketsCore,
  connection: number,
  into: StringBuilder | undefined,
  length: number,
): number | string | null {
  if (into !== undefined) checkBuilder("status", into, length);
  const text = native.getDetailedStatus(core.owner, connection);
  if (into === undefined) return text;
  if (text === null) return -1;
  const needed = fillBuilder(into, length, text);
  return needed <= Math.min(length, into.capacity) ? 0 : needed + STATUS_SLACK;
}

/** The text, which is also put into `into`; null: no such connection. */
export function getDebugText(
  core: SocketsCore,
  connection: number,
  into: StringBuilder | undefined,
  length: number,
): string | null {
  if (into !== undefined) checkBuilder("debugText", into, length);
  const info = getConnectionInfo(core, connection);
  const status = getStatus(core, connection);
  if (info === null || status === null) return null;
  const text = [
    info.connectionDescription,
    `state ${ConnectionState[status.state]}, ping ${status.ping} ms`,
    `quality local ${status.connectionQualityLocal.toFixed(3)}, remote ${status.connectionQualityRemote.toFixed(3)}`,
    `out ${status.outPacketsPerSecond.toFixed(1)} packets/s, ${status.outBytesPerSecond.toFixed(0)} bytes/s`,
    `in ${status.inPacketsPerSecond.toFixed(1)} packets/s, ${status.inBytesPerSecond.toFixed(0)} bytes/s`,
    `send rate ${status.sendRateBytesPerSecond} bytes/s, queue ${status.queueTime} us`,
    `pending unreliable ${status.pendingUnreliable}, reliable ${status.pendingReliable} bytes`,
    `unacknowledged ${status.sentUnackedReliable} bytes`,
  ].join("\n");
  if (into !== undefined) fillBuilder(into, length, text);
  return text;
}

export function setUserData(core: SocketsCore, connection: number, userData: bigint | number): boolean {
  if (typeof userData === "number") {
    checkInteger("userData", userData, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  } else if (typeof userData !== "bigint") {
    throw typeError("userData", "a bigint or a number");
  }
  return native.setConnectionUserData(core.owner, connection, BigInt(userData));
}

export function setName(core: SocketsCore, connection: number, name: string): boolean {
  checkText("name", name);
  return native.setConnectionName(core.owner, connection, cutUtf8(name, MAX_NAME_BYTES));
}

/** The name, which is also put into `into`; null: no such connection. */
export function getName(
  core: SocketsCore,
  connection: number,
  into: StringBuilder | undefined,
  length: number,
): string | null {
  if (into !== undefined) checkBuilder("name", into, length);
  const name = native.getConnectionName(core.owner, connection);
  if (into !== undefined && name !== null) fillBuilder(into, length, name);
  return name;
}
