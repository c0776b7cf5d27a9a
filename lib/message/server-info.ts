import { invalidType, rangeError, typeError } from "../arguments.js";
import { isThenable } from "../brands.js";
import type { Clock } from "../clock.js";
import { follow } from "../follow.js";
import { checkOptions, integerOption, type OptionRule, type OptionRules } from "../options.js";
import { hasUnseen } from "../printable.js";
import { decode, encode, string, struct, u32 } from "../serialization/index.js";
import { utf8Length } from "../utf8.js";
import type { Protocol } from "./protocol/protocol.js";

/** What a server tells those who ask about it without joining. What is left out has its default. */
export interface ServerDescription {
  /** 1 to 100 bytes of UTF-8, without control and invisible characters. @defaultValue the protocol's name */
  name?: string;
  /** At most 32 bytes of UTF-8, without control and invisible characters. @defaultValue the protocol's version */
  version?: string;
  /** How many play, 0 to 2^32 - 1. @defaultValue the players who are authenticated */
  players?: number;
  /** How many may play, 0 to 2^32 - 1. @defaultValue `maxConnections` */
  places?: number;
}

const MAX_NAME_BYTES = 100;
const MAX_VERSION_BYTES = 32;

/** A flood of questions from many sources costs one description in this time. */
const FRESH_MS = 100;

const descriptionCodec = struct({
  name: string(MAX_NAME_BYTES),
  version: string(MAX_VERSION_BYTES),
  players: u32,
  places: u32,
});

/** Of spaces, marks without a letter and the empty Braille pattern alone, a list would show nothing. */
const SEEN = /[^\p{Z}\p{M}\u2800]/u;

const lineOption =
  (minBytes: number, maxBytes: number): OptionRule =>
  (name, value) => {
    if (typeof value !== "string") throw typeError(name, "a string");
    const sizeBytes = utf8Length(value);
    if (sizeBytes < minBytes || sizeBytes > maxBytes)
      throw rangeError(name, `${minBytes} to ${maxBytes} bytes of UTF-8`);
    if (hasUnseen(value)) {
      throw rangeError(name, "a text without control characters and invisible ones");
    }
    if (value !== "" && !SEEN.test(value)) throw rangeError(name, "a text that can be seen");
  };

const DESCRIPTION: OptionRules<ServerDescription> = {
  name: lineOption(1, MAX_NAME_BYTES),
  version: lineOption(0, MAX_VERSION_BYTES),
  players: integerOption(0, 2 ** 32 - 1),
  places: integerOption(0, 2 ** 32 - 1),
};

/** The option `info` of a server: a description, or what gives one. */
export const infoOption: OptionRule = (name, value) => {
  if (typeof value !== "function") checkOptions(name, value as ServerDescription, DESCRIPTION);
};

/** What the defaults of a description are taken from. */
export interface DescribedServer {
  readonly active: boolean;
  readonly clock: Clock;
  readonly protocol: Protocol;
  /** How many players are authenticated and connected. */
  readonly playerCount: number;
  report(error: unknown, player: null, message: null, place: string): void;
}

/** Gives what a Peer answers to questions; null while the server is not active, or `info` has failed. */
export function infoSource(
  server: DescribedServer,
  places: number,
  info: ServerDescription | (() => ServerDescription) | null = {},
): (() => Uint8Array | null) | null {
  if (info === null) return null;
  let [bytes, describedMs]: [Uint8Array | null, number] = [null, Number.NEGATIVE_INFINITY];
  return () => {
    if (!server.active) return null;
    const now = server.clock.now();
    if (now - describedMs < FRESH_MS) return bytes;
    describedMs = now;
    bytes = null;
    try {
      const given = typeof info === "function" ? info() : info;
      if (isThenable(given)) {
        follow(given, (error) => server.report(error, null, null, "info"));
        throw invalidType("info answers at once: a promise would come too late");
      }
      checkOptions("info", given, DESCRIPTION);
      const { name, version } = server.protocol;
      const { name: shown = name, version: shownVersion = `${version}`, players, places: shownPlaces = places } = given;
      const count = players ?? server.playerCount;
      bytes = encode(descriptionCodec, { name: shown, version: shownVersion, players: count, places: shownPlaces });
    } catch (error) {
      server.report(error, null, null, "info");
    }
    return bytes;
  };
}

/** What a server told. @returns null: malformed */
export function readDescription(bytes: Uint8Array): Required<ServerDescription> | null {
  try {
    const description = decode(descriptionCodec, bytes);
    checkOptions("info", description, DESCRIPTION);
    return description;
  } catch {
    return null;
  }
}
