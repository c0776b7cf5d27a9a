import { rangeError, typeError } from "../../arguments.js";
import { isThenable } from "../../brands.js";
import { parseHost } from "../../format-host.js";
import type { Door } from "../../message/index.js";
import { isUrl, sentDoor } from "../../message/protocol/door.js";

/** What stands in an address for a host that nobody has named, or is no address of one machine. */
const NOWHERE = new Set(["0.0.0.0", "[::]", "::", "undefined", "null"]);

/**
 * The door of a host, which clients are told.
 *
 * @throws TypeError, RangeError for what is no door, or one that leads nowhere
 */
export function checkedDoor(door: Door): Door {
  if (isThenable(door)) throw typeError("door", "{ addresses }, or a function that gives it at once: not a promise");
  sentDoor("door", door);
  for (const [kind, address] of Object.entries(door.addresses)) {
    if (NOWHERE.has(hostOf(address)))
      throw rangeError(`door.addresses.${kind}`, `where clients reach this host, and not ${JSON.stringify(address)}`);
  }
  return door;
}

/** @param address as `sentDoor` lets it through; "undefined" for a URL that is none */
function hostOf(address: string): string {
  if (!isUrl(address)) return parseHost(address)?.host ?? "undefined";
  return URL.canParse(address) ? new URL(address).hostname : "undefined";
}
