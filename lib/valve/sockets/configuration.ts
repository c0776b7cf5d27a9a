import { native } from "../../addon/native.js";
import { checkInstance, checkInt32, rangeError, typeError } from "../../arguments.js";
import { type ConfigReading, ConfigScope, type ConfigValue, dataTypeOf } from "../configuration/config-value.js";
import type { ConfigurationString } from "../configuration/configuration-value.js";
import { checkServerList } from "../configuration/ice-servers.js";
import { type ConfigTarget, getLegacyString, setLegacyString } from "../configuration/legacy-configuration.js";
import { fillBuilder, StringBuilder } from "../values/string-builder.js";
import type { SocketsCore } from "./sockets-core.js";

export function processOf(core: SocketsCore): ConfigTarget {
  return { owner: core.owner, scope: ConfigScope.Global, handle: 0 };
}

export function connectionOf(core: SocketsCore, connection: number): ConfigTarget {
  return { owner: core.owner, scope: ConfigScope.Connection, handle: connection };
}

/** Returns the string; with `into`, its bytes, as `NetworkingSockets.getConfigurationString` says. */
export function getConfigurationString(
  core: SocketsCore,
  name: ConfigurationString,
  into: StringBuilder | undefined,
  length: number,
): number | string | null {
  void core.owner;
  if (into !== undefined) checkInstance("destination", into, StringBuilder);
  const text = getLegacyString(name);
  if (into === undefined) return text;
  checkInt32("destinationLength", length);
  if (text === null) return -1;
  return fillBuilder(into, length, text) - 1; // without the zero
}

export function setConfigurationString(core: SocketsCore, name: ConfigurationString, text: string): boolean {
  void core.owner;
  return setLegacyString(name, text);
}

export function setConfigValue(
  core: SocketsCore,
  value: ConfigValue,
  data: number | bigint | string | null,
  scope: ConfigScope,
  handle: number,
): boolean {
  if (data !== null && !["number", "bigint", "string"].includes(typeof data)) {
    throw typeError("data", "a number, a bigint, a string or null");
  }
  checkScope(scope);
  checkServerList(value, data);
  return native.setConfigValue(core.owner, value, scope, handle, dataTypeOf(data ?? 0), data);
}

export function getConfigValue(
  core: SocketsCore,
  value: ConfigValue,
  scope: ConfigScope,
  handle: number,
): ConfigReading {
  checkScope(scope);
  const { result, type, value: data } = native.getConfigValue(core.owner, value, scope, handle);
  return { result, dataType: type, data };
}

function checkScope(scope: ConfigScope): void {
  if (typeof scope !== "number") throw typeError("scope", "a ConfigScope");
  if (ConfigScope[scope] === undefined) throw rangeError("scope", "a ConfigScope");
}
