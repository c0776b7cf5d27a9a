import { invalidType } from "../../arguments.js";
import type { INetworkPlayer, NetworkServerOptions } from "../../message/index.js";
import { SERVER_OPTIONS } from "../../message/network-server-options.js";
import {
  booleanOption,
  checkOptions,
  durationOption,
  functionOption,
  integerOption,
  type OptionRules,
  objectOption,
  required,
} from "../../options.js";
import type { Codec } from "../../serialization/index.js";
import type { Labels } from "../labels.js";
import type { Room } from "./room.js";

/** What a client says of the room that it wants. All of it is the client's word. */
export interface RoomWish {
  /** The labels that the room has to have; those of a new room. */
  readonly labels: Labels;
  /** What the client gave as `data`: any value of JSON, undefined without. Check it as you check any message. */
  readonly data: unknown;
  /** Whether it wants to watch, and not to play. */
  readonly isSpectator: boolean;
}

/** The options of a room's server that a kind may set. */
export type RoomServerOptions = Pick<NetworkServerOptions, "tickRate" | "errorBudget" | "onErrorLimit">;

/**
 * A kind of rooms: how many play, and what a room does.
 *
 * @typeParam Event what `room.commit` stores, the values of `commitCodec`
 */
export interface RoomKind<Event = unknown> {
  /** How many may play in a room, 1 to 1000. */
  capacity: number;
  /** How many more may watch, 0 to 1000. @defaultValue 0 */
  maxSpectators?: number;
  /** How long a room without anybody stays, 0 or more; `Infinity`: until `close`. @defaultValue 10,000 ms */
  emptyMs?: number;
  /** Whether clients may create rooms of this kind. @defaultValue `true` */
  clientsCreate?: boolean;
  /** Options of each room's server. @defaultValue `tickRate` 0 */
  server?: RoomServerOptions;
  /**
   * Sets up a new room: handlers, networked objects, voice at `room.server`, which starts when this is done. When a
   * host starts, it opens and closes one room of each kind before it listens: so it knows all messages, and a mistake
   * in here shows at once.
   */
  open(room: Room): void | Promise<void>;
  /**
   * Whether `join` and `joinOrCreate` of a player may lead into a room that has the labels. @defaultValue always
   */
  match?(room: Room, wish: RoomWish, player: INetworkPlayer): boolean;
  /** Whether a player may come in, by whatever way: `true`, or why not. @defaultValue always */
  admit?(room: Room, wish: RoomWish, player: INetworkPlayer): true | string;
  /** Of what `room.commit` stores. It needs `apply`, `snapshot` and `restore`. @defaultValue none */
  commitCodec?: Codec<Event>;
  /** An event is stored, or was stored by an earlier owner of the room: changes the state of the room. */
  apply?(room: Room, event: Event): void;
  /** The state of the room, without what extensions of its server keep: at most 999,872 bytes with that. */
  snapshot?(room: Room): Uint8Array;
  /** Has a new room go on with what `snapshot` has given. Check it: it may be of an older version. */
  restore?(room: Room, state: Uint8Array): void;
}

const KIND: OptionRules<RoomKind> = {
  capacity: required(integerOption(1, 1000)),
  maxSpectators: integerOption(0, 1000),
  emptyMs: durationOption(),
  clientsCreate: booleanOption,
  server: objectOption(),
  open: required(functionOption),
  match: functionOption,
  admit: functionOption,
  commitCodec: objectOption("read", "write"),
  apply: functionOption,
  snapshot: functionOption,
  restore: functionOption,
};

const { tickRate, errorBudget, onErrorLimit } = SERVER_OPTIONS;
const SERVER: OptionRules<RoomServerOptions> = { tickRate, errorBudget, onErrorLimit };

/** @throws TypeError, RangeError for what is no kind */
export function checkKind(name: string, kind: RoomKind): void {
  objectOption("open")(`rooms.${name}`, kind);
  integerOption(1, 1000)(`rooms.${name}.capacity`, kind.capacity);
  // An object of a class has members of its own besides.
  const isPlain = Object.getPrototypeOf(kind) === Object.prototype;
  const names = Object.keys(KIND) as (keyof RoomKind)[];
  const given = isPlain ? kind : Object.fromEntries(names.map((one) => [one, kind[one]]));
  checkOptions(`rooms.${name}`, given as RoomKind, KIND);
  if (kind.server) checkOptions(`rooms.${name}.server`, kind.server, SERVER);
  if (kind.emptyMs === Number.POSITIVE_INFINITY && kind.clientsCreate !== false)
    throw invalidType(
      `rooms.${name}: \`emptyMs: Infinity\` needs \`clientsCreate: false\`: strangers' rooms would stay`,
    );
  if (!kind.snapshot !== !kind.restore) throw invalidType(`rooms.${name} needs both \`snapshot\` and \`restore\``);
  if (!kind.commitCodec !== !kind.apply || (kind.apply && !kind.snapshot))
    throw invalidType(`rooms.${name}: \`commitCodec\` needs \`apply\`, \`snapshot\` and \`restore\``);
}
