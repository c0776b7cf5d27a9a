import { native, STATUS } from "../../addon/native.js";
import { checkInstance, checkInteger, checkText, typeError } from "../values/arguments.js";
import { ConnectionInfo, fillConnectionInfo } from "../values/connection-info.js";
import { ConnectionState } from "../values/connection-state.js";
import { ConnectionStatus, fillConnectionStatus } from "../values/connection-status.js";
import { Result } from "../values/result.js";
import { checkBuilder, cutUtf8, fillBuilder, type StringBuilder } from "../values/string-builder.js";
import { SocketsMessages } from "./sockets-messages.js";

/** Bytes by which a detailed status may grow until it is asked for again. */
const STATUS_SLACK = 1024;
const MAX_NAME_BYTES = 31;

/** The part of {@link NetworkingSockets} that tells and names. */
export abstract class SocketsQueries extends SocketsMessages {
  readonly #figures = new Float64Array(STATUS.size);

  /**
   * What is known of a connection (ValveSockets README).
   *
   * @param info is filled
   * @returns false if there is no such connection
   */
  getConnectionInfo(connection: number, info: ConnectionInfo): boolean;
  /** Returns what is known, or null. */
  getConnectionInfo(connection: number): ConnectionInfo | null;
  getConnectionInfo(connection: number, into?: ConnectionInfo): boolean | ConnectionInfo | null {
    if (into !== undefined) checkInstance("info", into, ConnectionInfo);
    const found = native.getConnectionInfo(this.owner, connection);
    if (found === null) return into === undefined ? null : false;
    const info = fillConnectionInfo(into ?? new ConnectionInfo(), found);
    return into === undefined ? info : true;
  }

  /**
   * Figures of a connection, for frequent questions (ValveSockets README).
   *
   * @param status is filled
   * @returns false if there is no such connection
   */
  getQuickConnectionStatus(connection: number, status: ConnectionStatus): boolean;
  /** Returns the figures, or null. */
  getQuickConnectionStatus(connection: number): ConnectionStatus | null;
  getQuickConnectionStatus(connection: number, into?: ConnectionStatus): boolean | ConnectionStatus | null {
    if (into !== undefined) checkInstance("status", into, ConnectionStatus);
    const isFound = native.getRealTimeStatus(this.owner, connection, this.#figures) === Result.OK;
    if (!isFound) return into === undefined ? null : false;
    const status = fillConnectionStatus(into ?? new ConnectionStatus(), this.#figures);
    return into === undefined ? status : true;
  }

  /**
   * All that GNS knows of a connection, as text of several lines (ValveSockets README).
   *
   * @param status is filled with as much as fits
   * @param statusLength bytes with a terminating zero that may be used of the capacity of `status`
   * @returns 0; -1: no such connection; above 0: it did not fit, and this many bytes will do
   */
  getDetailedConnectionStatus(connection: number, status: StringBuilder, statusLength: number): number;
  /** Returns the text, or null. */
  getDetailedConnectionStatus(connection: number): string | null;
  getDetailedConnectionStatus(connection: number, into?: StringBuilder, length?: number): number | string | null {
    if (into !== undefined) checkBuilder("status", into, length as number);
    const text = native.getDetailedStatus(this.owner, connection);
    if (into === undefined) return text;
    if (text === null) return -1;
    const needed = fillBuilder(into, length as number, text);
    return needed <= Math.min(length as number, into.capacity) ? 0 : needed + STATUS_SLACK;
  }

  /**
   * A short text on a connection: its description, then its figures (ValveSockets README; GNS itself no longer has it).
   *
   * @param debugText is filled with as much as fits
   * @param debugLength bytes with a terminating zero that may be used of the capacity of `debugText`
   * @returns false if there is no such connection
   */
  getConnectionDebugText(connection: number, debugText: StringBuilder, debugLength: number): boolean;
  /** Returns the text, or null. */
  getConnectionDebugText(connection: number): string | null;
  getConnectionDebugText(connection: number, into?: StringBuilder, length?: number): boolean | string | null {
    if (into !== undefined) checkBuilder("debugText", into, length as number);
    const text = this.#debugText(connection);
    if (into === undefined) return text;
    if (text !== null) fillBuilder(into, length as number, text);
    return text !== null;
  }

  /**
   * Keeps a number of yours with a connection (ValveSockets README).
   *
   * @param userData a signed 64-bit number, as bigint or whole number
   * @returns false if there is no such connection
   */
  setConnectionUserData(peer: number, userData: bigint | number): boolean {
    if (typeof userData === "number") {
      checkInteger("userData", userData, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    } else if (typeof userData !== "bigint") {
      throw typeError("userData", "a bigint or a number");
    }
    return native.setConnectionUserData(this.owner, peer, BigInt(userData));
  }

  /** The number set with {@link setConnectionUserData}; -1n if there is none, or no such connection (ValveSockets README). */
  getConnectionUserData(peer: number): bigint {
    return native.getConnectionUserData(this.owner, peer);
  }

  /**
   * Names a connection, for logs and descriptions (ValveSockets README).
   *
   * @param name GNS keeps 31 bytes of UTF-8; a longer one is cut, never inside a character
   * @returns false if there is no such connection
   */
  setConnectionName(peer: number, name: string): boolean {
    checkText("name", name);
    return native.setConnectionName(this.owner, peer, cutUtf8(name, MAX_NAME_BYTES));
  }

  /**
   * The name of a connection, "" at first (ValveSockets README).
   *
   * @param name is filled with as much as fits
   * @param maxLength bytes with a terminating zero that may be used of the capacity of `name`
   * @returns false if there is no such connection
   */
  getConnectionName(peer: number, name: StringBuilder, maxLength: number): boolean;
  /** Returns the name, or null. */
  getConnectionName(peer: number): string | null;
  getConnectionName(peer: number, into?: StringBuilder, maxLength?: number): boolean | string | null {
    if (into !== undefined) checkBuilder("name", into, maxLength as number);
    const name = native.getConnectionName(this.owner, peer);
    if (into === undefined) return name;
    if (name !== null) fillBuilder(into, maxLength as number, name);
    return name !== null;
  }

  /** @internal */
  protected isConnected(connection: number): boolean {
    if (native.getRealTimeStatus(this.owner, connection, this.#figures) !== Result.OK) return false;
    return this.#figures[STATUS.state] === ConnectionState.Connected;
  }

  #debugText(connection: number): string | null {
    const info = this.getConnectionInfo(connection);
    const status = this.getQuickConnectionStatus(connection);
    if (info === null || status === null) return null;
    return [
      info.connectionDescription,
      `state ${ConnectionState[status.state]}, ping ${status.ping} ms`,
      `quality local ${status.connectionQualityLocal.toFixed(3)}, remote ${status.connectionQualityRemote.toFixed(3)}`,
      `out ${status.outPacketsPerSecond.toFixed(1)} packets/s, ${status.outBytesPerSecond.toFixed(0)} bytes/s`,
      `in ${status.inPacketsPerSecond.toFixed(1)} packets/s, ${status.inBytesPerSecond.toFixed(0)} bytes/s`,
      `send rate ${status.sendRateBytesPerSecond} bytes/s, queue ${status.queueTime} us`,
      `pending unreliable ${status.pendingUnreliable}, reliable ${status.pendingReliable} bytes`,
      `unacknowledged ${status.sentUnackedReliable} bytes`,
    ].join("\n");
  }
}
