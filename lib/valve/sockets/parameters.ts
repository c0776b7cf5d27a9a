import type { NativeOption } from "../../addon/native.js";
import { checkInstance, rangeError, typeError } from "../../arguments.js";
import { type ConfigOption, dataTypeOf } from "../configuration/config-value.js";
import { checkServerList } from "../configuration/ice-servers.js";
import { NetworkingIdentity } from "../values/networking-identity.js";

const MAX_OPTIONS = 256;

export function nativeOptionsOf(options: readonly ConfigOption[]): NativeOption[] {
  if (!Array.isArray(options)) throw typeError("options", "an array");
  if (options.length > MAX_OPTIONS) throw rangeError("options", `at most ${MAX_OPTIONS} long`);
  return options.map((option) => {
    if (typeof option !== "object" || option === null) throw typeError("options", "an array of ConfigOption");
    checkServerList(option.value, option.data);
    return [option.value, dataTypeOf(option.data), option.data];
  });
}

export function encodeIdentity(name: string, identity: unknown): Uint8Array | null {
  if (identity === null) return null;
  checkInstance(name, identity, NetworkingIdentity);
  return NetworkingIdentity.encode(identity as NetworkingIdentity);
}

/** The answer of a method that fills an object of its caller if it is given one, and otherwise returns a new one. */
export function answer<Found>(into: object | undefined, found: Found | null): boolean | Found | null {
  return into === undefined ? found : found !== null;
}
