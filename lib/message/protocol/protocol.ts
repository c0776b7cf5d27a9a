import { invalidType, outOfRange, typeError } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import { arrayOption, checkOptions, integerOption, type OptionRules, required, textOption } from "../../options.js";
import {
  array,
  bool,
  decode,
  encode,
  type Infer,
  layoutHashOf,
  string,
  struct,
  u32,
} from "../../serialization/index.js";
import { cutUtf8, utf8Length } from "../../utf8.js";
import { Agreement } from "./agreement.js";
import type { MessageDefinition } from "./message.js";
import type { RequestDefinition } from "./request.js";
import { firstMessages, MAX_TABLE_BYTES, otherSystemMessages } from "./system-messages.js";

/** What a protocol consists of. */
export type ProtocolPart = MessageDefinition<unknown> | RequestDefinition<unknown, unknown>;
type AnyMessage = MessageDefinition<unknown>;

/** What {@link defineProtocol} makes a protocol of. */
export interface ProtocolOptions {
  /** At most 64 bytes of UTF-8. */
  name: string;
  /** Raise it when messages change their meaning and not their layout. 0 to 2^32 - 1. */
  version: number;
  /** What `defineMessage` and `defineRequest` have returned. Their order does not matter. */
  messages: readonly ProtocolPart[];
}

/** A longer layout of a part ends with its hash. */
const MAX_PART_BYTES = 120;

/** What is left of the text of a refusal beside the words of a difference. */
const MAX_DIFFERENCE_BYTES = 98;

/** A protocol as it travels: every message's name and the hash of its layout, in the order of their numbers. */
const tableCodec = struct({
  name: string(64),
  version: u32,
  messages: array(struct({ name: string(64), layoutHash: u32, optional: bool }), 4096),
  /** What messages consist of, to name what differs: none where they do not fit. */
  parts: array(struct({ message: string(64), name: string(600), layout: string(MAX_PART_BYTES) }), 4096),
});
type ProtocolTable = Infer<typeof tableCodec>;

const PROTOCOL_OPTIONS: OptionRules<ProtocolOptions> = {
  name: required(textOption),
  version: required(integerOption(0, 2 ** 32 - 1)),
  messages: required(arrayOption),
};

/** Whether it was made by `defineMessage` or `defineRequest`. */
export const isDefinition = (part: unknown): part is ProtocolPart =>
  typeof part === "object" && part !== null && ("codec" in part || "response" in part);
const isRequest = (part: ProtocolPart): part is RequestDefinition<unknown, unknown> => "response" in part;

/**
 * All messages that two programs can send each other. A server and its clients need the same. Made by
 * {@link defineProtocol}; frozen when the first server or client that has it starts.
 */
export interface Protocol {
  /** At most 64 bytes of UTF-8. Server and client need the same. */
  readonly name: string;
  /** 0 to 2^32 - 1. Server and client need the same. */
  readonly version: number;
  /** Whether `add` throws: a server or client has started with it, or its `fingerprint` or `messages` was read. */
  readonly isFrozen: boolean;
  /**
   * 8 bytes that stand for name, version, messages and layouts. They detect mistakes, not attacks. Freezes the
   * protocol.
   */
  readonly fingerprint: Uint8Array;
  /** All messages in the order of their numbers, the library's own included. Freezes the protocol. */
  readonly messages: readonly MessageDefinition<unknown>[];
  /**
   * Adds messages and requests; those that it has already are ignored. A layer above a server adds its own like this,
   * or by `messages` of its extension.
   *
   * @throws TypeError when another message has the same name; NetworkError `ERR_PROTOCOL_FROZEN` once it is frozen
   */
  add(...parts: readonly ProtocolPart[]): this;
}

/** What is behind a protocol of the application. @throws TypeError for what `defineProtocol` has not made */
export function protocolCore(protocol: Protocol): ProtocolCore {
  if (typeof (protocol as ProtocolCore)?.freeze === "function") return protocol as ProtocolCore;
  throw typeError("protocol", "what defineProtocol returns");
}

export class ProtocolCore implements Protocol {
  readonly name: string;
  readonly version: number;
  readonly #parts = new Map<string, AnyMessage>();
  readonly #requests = new Set<RequestDefinition<unknown, unknown>>();
  readonly #listed: ReadonlySet<ProtocolPart>;
  /** By number, once frozen. */
  #messages: readonly AnyMessage[] | null = null;
  readonly #numbers = new Map<AnyMessage, number>();
  #fingerprint: Uint8Array = new Uint8Array(8);

  constructor(options: ProtocolOptions) {
    checkOptions("defineProtocol", options, PROTOCOL_OPTIONS);
    const { name, version, messages } = options;
    this.name = name;
    this.version = version;
    encode(tableCodec, { name, version, messages: [], parts: [] }); // Throws for what is out of range.
    arrayOption("messages", messages);
    this.add(...otherSystemMessages, ...messages);
    this.#listed = new Set(messages);
  }

  add(...parts: readonly ProtocolPart[]): this {
    for (const part of parts) {
      if (!isDefinition(part)) throw typeError("Each message", "what defineMessage or defineRequest returns");
      const messages: AnyMessage[] = isRequest(part) ? [part.request, part.response] : [part];
      for (const message of messages) this.#addMessage(message);
      if (isRequest(part)) this.#requests.add(part);
    }
    return this;
  }

  /** From here on nothing can be added. @throws RangeError when its table is over 8 KiB */
  freeze(): void {
    if (this.#messages) return;
    // In the order of code units, which is the same in every program.
    const sorted = [...this.#parts.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const messages = [...firstMessages, ...sorted] as readonly AnyMessage[];
    const table = encode(tableCodec, { ...this, messages: messages.map(row), parts: [] });
    if (table.length > MAX_TABLE_BYTES) {
      throw outOfRange(`The protocol's table has ${table.length} bytes, over ${MAX_TABLE_BYTES}: shorten the names`);
    }
    this.#messages = messages;
    for (const [number, message] of messages.entries()) this.#numbers.set(message, number);
    const layouts = messages.map(({ name, codec }) => [name, codec.layoutHash]);
    this.#fingerprint = fingerprintOf(JSON.stringify([this.name, this.version, layouts]));
  }

  get isFrozen(): boolean {
    return this.#messages !== null;
  }

  get fingerprint(): Uint8Array {
    this.freeze();
    return this.#fingerprint.slice();
  }

  get messages(): readonly MessageDefinition<unknown>[] {
    this.freeze();
    return this.#messages as readonly AnyMessage[];
  }

  /** Whether it is a message of `defineProtocol`: none of a request, of the library or of an extension. */
  isListed(message: AnyMessage): boolean {
    return this.#listed.has(message);
  }

  get requests(): ReadonlySet<RequestDefinition<unknown, unknown>> {
    return this.#requests;
  }

  /** @throws NetworkError `ERR_UNKNOWN_MESSAGE` for a message of another protocol; TypeError for a request */
  assertHas(message: MessageDefinition<unknown>): void {
    if (!isDefinition(message) || this.#parts.get(message.name) !== message) this.#isUnknown(message);
  }

  /** The message's number here. @throws NetworkError `ERR_UNKNOWN_MESSAGE` for one of another protocol */
  numberOf(message: MessageDefinition<unknown>): number {
    const number = this.#numbers.get(message as AnyMessage);
    if (number !== undefined) return number;
    return this.#isUnknown(message);
  }

  #isUnknown(message: MessageDefinition<unknown>): never {
    if (isDefinition(message) && isRequest(message)) {
      throw invalidType(`${quote(message.name)} is a request: use request and registerRequest`);
    }
    if (!isDefinition(message)) {
      const given: unknown = message;
      const hint = typeof given === "string" ? `, and not a name such as ${quote(given)}` : "";
      throw typeError("message", `what defineMessage returns${hint}`);
    }
    throw new NetworkError("ERR_UNKNOWN_MESSAGE", `Message ${message?.name} is not in the protocol ${this.name}`);
  }

  /** The table for the other side, whose fingerprint differs. */
  encodeTable(): Uint8Array {
    const table = { name: this.name, version: this.version, messages: this.messages.map(row) };
    const whole = encode(tableCodec, { ...table, parts: this.messages.flatMap(partRows) });
    return whole.length <= MAX_TABLE_BYTES ? whole : encode(tableCodec, { ...table, parts: [] });
  }

  /**
   * Compares this protocol with the other side's table: what both agree on, or a text that names the first difference
   * and reads the same on both sides.
   *
   * @param wireNumbers whose numbers travel: those of the server
   */
  compare(tableBytes: Uint8Array, wireNumbers: "ours" | "theirs"): Agreement | string {
    const ourSide = wireNumbers === "ours" ? "server" : "client";
    const theirSide = ourSide === "server" ? "client" : "server";
    let table: ProtocolTable;
    try {
      table = decode(tableCodec, tableBytes);
    } catch {
      return `the table of the ${theirSide} cannot be read`;
    }
    const both = (ours: unknown, theirs: unknown) =>
      ourSide === "server" ? `server ${ours}, client ${theirs}` : `server ${theirs}, client ${ours}`;
    if (table.name !== this.name) return `protocol: ${both(quote(this.name), quote(table.name))}`;
    if (table.version !== this.version) return `protocol version: ${both(this.version, table.version)}`;
    const theirs = new Map(table.messages.map((entry, number) => [entry.name, { ...entry, number }]));
    if (theirs.size < table.messages.length) return `the table of the ${theirSide} has a message twice`;
    const toWire = this.messages.map(() => -1);
    for (const [number, { name, codec, optional }] of this.messages.entries()) {
      const other = theirs.get(name);
      if (other && other.layoutHash !== codec.layoutHash) {
        return (
          this.#differingPart(name, table, both) ??
          `message ${quote(name)} has another layout on the server than on the client`
        );
      }
      if (!other && !optional) return missing(name, theirSide);
      if (other) toWire[number] = wireNumbers === "ours" ? number : other.number;
      theirs.delete(name);
    }
    for (const { name, optional } of theirs.values()) {
      if (!optional) return missing(name, ourSide);
    }
    return new Agreement(toWire, wireNumbers === "ours" ? this.messages.length : table.messages.length);
  }

  /** The first part of a message that is not the same on both sides. */
  #differingPart(name: string, { parts }: ProtocolTable, both: (ours: unknown, theirs: unknown) => string) {
    const ofMessage = this.#parts.get(name);
    const ours = new Map((ofMessage ? partRows(ofMessage) : []).map((part) => [part.name, part.layout]));
    const theirs = new Map(parts.filter(({ message }) => message === name).map((part) => [part.name, part.layout]));
    if (theirs.size === 0) return undefined;
    const differing = [...ours.keys(), ...theirs.keys()].sort().find((part) => ours.get(part) !== theirs.get(part));
    if (differing === undefined) return undefined;
    const [mine, other] = differences(
      ours.get(differing),
      theirs.get(differing),
      MAX_DIFFERENCE_BYTES - utf8Length(differing),
    );
    return `${differing}: ${both(mine, other)}`;
  }

  #addMessage(message: AnyMessage): void {
    const known = this.#parts.get(message.name);
    if (known === message) return;
    if (known || firstMessages.some(({ name }) => name === message.name)) {
      throw invalidType(`Two messages of the protocol have the name ${message.name}`);
    }
    if (this.#messages) {
      throw new NetworkError("ERR_PROTOCOL_FROZEN", `The protocol is in use, so ${message.name} cannot be added`);
    }
    this.#parts.set(message.name, message);
  }
}

/**
 * Defines the messages that a server and its clients send each other.
 *
 * @throws TypeError for two messages of one name; RangeError for a name over 64 bytes or a version that is no u32
 */
export function defineProtocol(options: ProtocolOptions): Protocol {
  return new ProtocolCore(options);
}

const row = ({ name, codec, optional }: AnyMessage) => ({ name, layoutHash: codec.layoutHash, optional });

const partRows = ({ name: message, parts }: AnyMessage) =>
  [...(parts ?? [])].map(([name, layout]) => ({ message, name, layout: shortLayout(layout) }));

/** A layout that fits a table: it ends with its hash if it was cut. */
function shortLayout(layout: string): string {
  if (utf8Length(layout) <= MAX_PART_BYTES) return layout;
  return `${cutUtf8(layout, MAX_PART_BYTES - 12)}… ${layoutHashOf(layout).toString(16).padStart(8, "0")}`;
}

/** Two layouts in at most `maxBytes`: where they are longer, from a little before their first difference on. */
function differences(one = "nothing", other = "nothing", maxBytes = 0): [string, string] {
  if (utf8Length(one + other) <= maxBytes) return [one, other];
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  const start = Math.max(same - 4, 0);
  const part = (layout: string) => cutUtf8(`${start > 0 ? "…" : ""}${layout.slice(start)}`, maxBytes >> 1);
  return [part(one), part(other)];
}

const quote = (text: string) => JSON.stringify(text);

/** What adds the messages that begin with `objects/` and so on, on each side. */
const EXTENSIONS: Record<string, Record<"server" | "client", string>> = {
  objects: { client: "a ClientObjectManager", server: "a ServerObjectManager" },
  rooms: { client: "a RoomsClient", server: "a RoomHost" },
};

function missing(name: string, side: "server" | "client"): string {
  const text = `message ${quote(name)} is missing on the ${side}`;
  const [prefix = ""] = name.split("/");
  const extension = name.includes("/") && Object.hasOwn(EXTENSIONS, prefix) ? EXTENSIONS[prefix] : undefined;
  return extension ? `${text}, which needs ${extension[side]} before it starts` : text;
}

/** The 64-bit FNV-1a hash, least significant byte first. It is computed once, so the cost of BigInt does not matter. */
function fingerprintOf(text: string): Uint8Array {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, hash, true);
  return bytes;
}
