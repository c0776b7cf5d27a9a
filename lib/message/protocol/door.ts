import { checkBytes, rangeError, typeError } from "../../arguments.js";
import { parseHost } from "../../format-host.js";
import { checkOptions, type OptionRules, objectOption, required } from "../../options.js";
import { array, bytes, type Infer, string, struct } from "../../serialization/index.js";
import { utf8Length } from "../../utf8.js";

/** Largest ticket of a redirect, in bytes. */
export const MAX_TICKET_BYTES = 1024;
/** How many doors a welcome names. */
export const MAX_DOORS = 4;
/** How many addresses, one for each kind of socket, a door has. */
const MAX_ADDRESSES = 8;
const MAX_KIND_BYTES = 32;
const MAX_ADDRESS_BYTES = 255;
const MAX_KEY_BYTES = 64;

/** A server that clients may connect to. */
export interface Door {
  /**
   * Where clients reach it, for 1 to 8 kinds of sockets: `{ udp: "192.0.2.1:7777", websocket: "game.example:443" }`.
   * The kinds are those of `player.transport`; a `BrowserSocketFactory` takes `websocket`. An address is HOST:PORT, or
   * a whole URL (WebSocket, WebTransport), of at most 255 bytes.
   */
  readonly addresses: Readonly<Record<string, string>>;
  /** Its public key, if it has Noise (`vs1public_…`). @defaultValue none: clients keep the key that they have pinned */
  readonly serverKey?: string;
}

/** Where a player is redirected to. */
export interface RedirectTarget extends Door {
  /** What the client shows there (`player.ticket`), at most 1024 bytes. @defaultValue none */
  readonly ticket?: Uint8Array;
}

/** A door as it travels. */
export const doorCodec = struct({
  addresses: array(struct({ kind: string(MAX_KIND_BYTES), address: string(MAX_ADDRESS_BYTES) }), MAX_ADDRESSES),
  /** Empty: none. */
  serverKey: string(MAX_KEY_BYTES),
});
export type SentDoor = Infer<typeof doorCodec>;

export const ticketCodec = bytes(MAX_TICKET_BYTES);

const RULES: OptionRules<RedirectTarget> = {
  addresses: required(objectOption()),
  serverKey: (name, value) => {
    if (typeof value !== "string") throw typeError(name, "a string");
    if (!/^vs1public_[\w-]{48}$/.test(value)) throw rangeError(name, "a public key, vs1public_ and 48 characters");
  },
  ticket: (name, value) => {
    checkBytes(name, value as Uint8Array);
    if ((value as Uint8Array).length > MAX_TICKET_BYTES) throw rangeError(name, `at most ${MAX_TICKET_BYTES} bytes`);
  },
};

/**
 * A door in the form in which it travels.
 *
 * @param name of the argument, for errors
 * @throws TypeError, RangeError for what is no door
 */
export function sentDoor(name: string, door: RedirectTarget): SentDoor {
  checkOptions(name, door, RULES);
  objectOption()(`${name}.addresses`, door.addresses);
  const addresses = Object.entries(door.addresses).map(([kind, address]) => ({ kind, address }));
  if (addresses.length < 1 || addresses.length > MAX_ADDRESSES)
    throw rangeError(`${name}.addresses`, `1 to ${MAX_ADDRESSES} addresses`);
  for (const { kind, address } of addresses) {
    const place = `${name}.addresses.${kind}`;
    if (typeof address !== "string") throw typeError(place, "a string");
    if (kind === "" || utf8Length(kind) > MAX_KIND_BYTES)
      throw rangeError(`A kind of ${name}.addresses`, `1 to ${MAX_KIND_BYTES} bytes`);
    if (utf8Length(address) > MAX_ADDRESS_BYTES || !(isUrl(address) || parseHost(address)?.port))
      throw rangeError(place, `HOST:PORT or a whole URL, of at most ${MAX_ADDRESS_BYTES} bytes`);
  }
  return { addresses, serverKey: door.serverKey ?? "" };
}

/** Whether an address is a whole URL, and not HOST:PORT. */
export const isUrl = (address: string): boolean => /^\w+:\/\//.test(address);
