import { native } from "../../addon/native.js";
import { type ConfigReading, ConfigScope, type ConfigValue, dataTypeOf } from "../configuration/config-value.js";
import type { ConfigurationString, ConfigurationValue } from "../configuration/configuration-value.js";
import { checkServerList } from "../configuration/ice-servers.js";
import {
  type ConfigTarget,
  getLegacyString,
  getLegacyValue,
  legacyStringName,
  legacyValueName,
  setLegacyString,
  setLegacyValue,
} from "../configuration/legacy-configuration.js";
import { checkInstance, checkInt32, rangeError, typeError } from "../values/arguments.js";
import { cutUtf8, StringBuilder, utf8Length } from "../values/string-builder.js";
import { SocketsIdentity } from "./sockets-identity.js";

/**
 * GNS's sockets (ValveSockets README). Several objects may live in one process; each has its own connections, listen
 * sockets, poll groups and events. The handles are numbers; one that is not of this object, or closed, counts as unknown
 * in every method. A wrong type of argument is a `TypeError` with `ERR_INVALID_ARG_TYPE`, a wrong range a `RangeError`
 * with `ERR_OUT_OF_RANGE`; before `Library.initialize` every method throws `NetworkError` `ERR_NOT_INITIALIZED`.
 *
 * The global configuration methods are about the whole process.
 */
export class NetworkingSockets extends SocketsIdentity {
  /**
   * Reads a value of the process's configuration, in the seed's unit, as it is in effect (ValveSockets README).
   *
   * @returns -1 if there is no such value
   */
  getConfigurationValue(configurationValue: ConfigurationValue): number {
    return getLegacyValue(this.#everywhere, configurationValue);
  }

  /**
   * Sets a value of the process's configuration (ValveSockets README). It holds for connections and listen sockets made
   * later and, unless they have one of their own, for open ones. The last `Library.deinitialize` of the process
   * undoes it.
   *
   * @param value a signed 32-bit number in the unit of {@link ConfigurationValue}; GNS clamps it to its range
   * @returns false if there is no such value
   */
  setConfigurationValue(configurationValue: ConfigurationValue, value: number): boolean {
    return setLegacyValue(this.#everywhere, configurationValue, value);
  }

  /** The name that the value had in the seed's GNS, or null (ValveSockets README). */
  getConfigurationValueName(configurationValue: ConfigurationValue): string | null {
    return legacyValueName(configurationValue);
  }

  /**
   * A value as it is in effect for a connection (ValveSockets README, which says that it returns true or false; its code
   * and this method return the value).
   *
   * @returns -1 if there is no such value or connection, or the value is one of the process only
   */
  getConnectionConfigurationValue(connection: number, configurationValue: ConfigurationValue): number {
    return getLegacyValue(this.#on(connection), configurationValue);
  }

  /**
   * Sets a value for one connection (ValveSockets README), in the same units.
   *
   * @returns false if there is no such value or connection, or the value is one of the process only
   */
  setConnectionConfigurationValue(connection: number, configurationValue: ConfigurationValue, value: number): boolean {
    return setLegacyValue(this.#on(connection), configurationValue, value);
  }

  /**
   * Reads a configuration string (ValveSockets README). The strings are kept and given back for this thread; they have no
   * effect without Valve's relay network.
   *
   * @param destination is filled with as much as fits
   * @param destinationLength bytes with a terminating zero that may be used of the capacity of `destination`
   * @returns the bytes of the string, without a zero: it did not fit if this is not below `destinationLength` and the
   *   capacity; -1 if there is no such string
   */
  getConfigurationString(
    configurationString: ConfigurationString,
    destination: StringBuilder,
    destinationLength: number,
  ): number;
  /** Returns the string, or null. */
  getConfigurationString(configurationString: ConfigurationString): string | null;
  getConfigurationString(name: ConfigurationString, into?: StringBuilder, length?: number): number | string | null {
    void this.owner;
    if (into !== undefined) checkInstance("destination", into, StringBuilder);
    const text = getLegacyString(name);
    if (into === undefined) return text;
    checkInt32("destinationLength", length as number);
    if (text === null) return -1;
    into.value = cutUtf8(text, Math.min(length as number, into.capacity) - 1);
    return utf8Length(text);
  }

  /** Keeps a configuration string (ValveSockets README). False: there is no such string. */
  setConfigurationString(configurationString: ConfigurationString, inputString: string): boolean {
    void this.owner;
    return setLegacyString(configurationString, inputString);
  }

  /** The name of a configuration string, or null (ValveSockets README). */
  getConfigurationStringName(configurationString: ConfigurationString): string | null {
    return legacyStringName(configurationString);
  }

  /**
   * Sets one of GNS's configuration values, in GNS's unit. (Not in the README.)
   *
   * @param data null goes back to the default, or to the value of the wider scope; GNS clamps numbers to its range
   * @param scope with `handle`: what it is set for; the whole process unless told
   * @returns false if GNS does not have the value, or not in this scope, or there is no such handle
   */
  setConfigValue(
    value: ConfigValue,
    data: number | bigint | string | null,
    scope: ConfigScope = ConfigScope.Global,
    handle = 0,
  ): boolean {
    if (data !== null && !["number", "bigint", "string"].includes(typeof data)) {
      throw typeError("data", "a number, a bigint, a string or null");
    }
    checkScope(scope);
    checkServerList(value, data);
    return native.setConfigValue(this.owner, value, scope, handle, dataTypeOf(data ?? 0), data);
  }

  /** Reads one of GNS's configuration values, in GNS's unit, as it is in effect. (Not in the README.) */
  getConfigValue(value: ConfigValue, scope: ConfigScope = ConfigScope.Global, handle = 0): ConfigReading {
    checkScope(scope);
    const { result, type, value: data } = native.getConfigValue(this.owner, value, scope, handle);
    return { result, dataType: type, data };
  }

  get #everywhere(): ConfigTarget {
    return { owner: this.owner, scope: ConfigScope.Global, handle: 0 };
  }

  #on(connection: number): ConfigTarget {
    return { owner: this.owner, scope: ConfigScope.Connection, handle: connection };
  }
}

function checkScope(scope: ConfigScope): void {
  if (typeof scope !== "number") throw typeError("scope", "a ConfigScope");
  if (ConfigScope[scope] === undefined) throw rangeError("scope", "a ConfigScope");
}
