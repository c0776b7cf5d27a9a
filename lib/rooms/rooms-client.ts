import { rangeError, typeError } from "../arguments.js";
import { EventHub, type EventListener } from "../event-hub.js";
import { NetworkClient, NetworkError } from "../message/index.js";
import { promiseBefore } from "../message/time/deadline.js";
import {
  booleanOption,
  checkOptions,
  durationOption,
  type OptionRules,
  objectOption,
  signalOption,
  thingOption,
} from "../options.js";
import { printable } from "../printable.js";
import { decode } from "../serialization/index.js";
import { utf8Length } from "../utf8.js";
import { checkLabels, type Labels } from "./labels.js";
import { RoomList } from "./room-list.js";
import {
  JoinMessage,
  type JoinQuestion,
  LeaveMessage,
  ListMessage,
  MAX_DATA_BYTES,
  MAX_LISTS,
  MAX_NAME_BYTES,
  RefusedMessage,
  ROOM_MESSAGES,
  stayCodec,
  type WAYS,
  WatchMessage,
} from "./room-messages.js";

/** How a client comes into a room. */
export interface EnterOptions {
  /** What `admit` of the kind gets: any value of JSON, at most 1024 bytes of it. @defaultValue none */
  data?: unknown;
  /** Whether it only watches. @defaultValue `false` */
  isSpectator?: boolean;
  /** After so long, 0 or more, the promise rejects with `ERR_TIMEOUT`. @defaultValue 10,000 ms */
  timeoutMs?: number;
  /** Ends the wait: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Which room a client looks for. */
export interface JoinOptions extends EnterOptions {
  /** The labels that the room has to have; those of a new one. @defaultValue none */
  labels?: Labels;
}

/** How a client makes a room. */
export interface CreateOptions extends JoinOptions {
  /** Whether the room is in no list and is entered by its code only. @defaultValue `false` */
  isPrivate?: boolean;
}

/** The room that a player is in. */
export interface JoinedRoom {
  /** Unique at the host, and in a fleet. */
  readonly id: string;
  /** The name of its kind. */
  readonly kind: string;
  /** Of a private room: what friends give to `joinByCode`. */
  readonly code: string | null;
  /** When the player came in. */
  readonly labels: Labels;
  /** Whether the player watches, and does not play. */
  readonly isSpectator: boolean;
}

/** The events of a {@link RoomsClient}. */
export interface RoomsClientEvents {
  /** The player has come into a room, whoever wanted it. */
  joined: [room: JoinedRoom];
  /** The player has left a room. `text` is the server's, as it was sent; empty when the player moved on. */
  left: [room: JoinedRoom, text: string];
}

type Way = (typeof WAYS)[number];

interface Pending {
  resolve(room: JoinedRoom | null): void;
  reject(error: unknown): void;
}

const ENTER: OptionRules<EnterOptions> = {
  data: () => {},
  isSpectator: booleanOption,
  timeoutMs: durationOption(),
  signal: signalOption,
};
const JOIN: OptionRules<JoinOptions> = { ...ENTER, labels: objectOption() };
const CREATE: OptionRules<CreateOptions> = { ...JOIN, isPrivate: booleanOption };

/** Those that have a {@link RoomsClient}: two would take each other's answers. */
const taken = new WeakSet<NetworkClient>();

/** The rooms of a `RoomHost`, as a client sees them. Make it before the client connects. See docs/rooms.md. */
export class RoomsClient {
  readonly #client: NetworkClient;
  readonly #events: EventHub<RoomsClientEvents>;
  readonly #pending = new Map<number, Pending>();
  /** By the client's number; the server's number of it comes with its beginning. */
  readonly #lists = new Map<number, { readonly list: RoomList; watch: number }>();
  #room: JoinedRoom | null = null;
  #lastNumber = 0;

  /** @throws NetworkError `ERR_STATE` while the client is active, and for one that has a RoomsClient */
  constructor(client: NetworkClient) {
    thingOption("a NetworkClient", "use", "connect")("client", client);
    if (taken.has(client)) throw new NetworkError("ERR_STATE", "The client has a RoomsClient already: use that one");
    this.#client = client;
    this.#events = new EventHub<RoomsClientEvents>(["joined", "left"], (error) => this.#report(error));
    client.use({
      messages: ROOM_MESSAGES,
      playerMoved: (_player, bytes) => this.#moved(bytes),
      redirectFailed: (cause) =>
        this.#failAll(() => {
          const text = `The client did not get to the server of the room: ${cause.message}`;
          return new NetworkError("ERR_ROOM_FAILED", text, { cause });
        }),
    });
    taken.add(client);
    const lost = () => new NetworkError("ERR_CONNECTION_LOST", "The connection was lost before the server answered");
    client.on("suspended", () => this.#failAll(lost));
    client.on("resumed", () => {
      if (!this.#room) this.#watchAgain();
    });
    client.on("disconnected", ({ text }) => {
      this.#failAll(lost);
      this.#arrived(null, text);
    });
    client.messageHandler.register(RefusedMessage, ({ number, refusal, text }) => {
      const error = new NetworkError(`ERR_${refusal}`, printable(text));
      if (this.#lists.has(number)) NetworkClient.report(client, error, "a list of rooms");
      this.#settle(number, ({ reject }) => reject(error));
    });
    client.messageHandler.register(ListMessage, ({ watch, number, rooms, closed }) => {
      for (const [asked, entry] of this.#lists) {
        if (number === asked) entry.watch = watch;
        if (entry.watch === watch) RoomList.update(entry.list, number === asked, rooms, closed);
      }
    });
  }

  /** The room that the player is in, null in none. */
  get room(): JoinedRoom | null {
    return this.#room;
  }

  /**
   * Joins the fullest public room of a kind that has the labels and a free seat, or makes one with these labels. The
   * player is in it when the promise resolves: for the layers above the client it is authenticated anew.
   *
   * @throws TypeError, RangeError for wrong arguments; (rejects) NetworkError `ERR_ROOM_NOT_FOUND` where clients make
   *   no such rooms, or there is no such kind; `ERR_ROOM_REFUSED` with the text of the kind's `admit`;
   *   `ERR_ROOM_FAILED`, `ERR_TOO_MANY_ROOMS`, `ERR_TOO_MANY_REQUESTS`; in a fleet `ERR_SERVER_BUSY`: its engine does
   *   not answer at present, `ERR_PROTOCOL_MISMATCH`, `ERR_FLEET_KEY`: the room's host has another version or key;
   *   `ERR_TIMEOUT`, `ERR_NOT_CONNECTED`, `ERR_CONNECTION_LOST`; the signal's reason
   */
  joinOrCreate(kind: string, options: JoinOptions = {}): Promise<JoinedRoom> {
    checkOptions("joinOrCreate", options, JOIN);
    return this.#join("joinOrCreate", { kind }, options);
  }

  /** Makes a room of a kind and joins it. @throws as `joinOrCreate` */
  create(kind: string, options: CreateOptions = {}): Promise<JoinedRoom> {
    checkOptions("create", options, CREATE);
    const { isPrivate = false, ...rest } = options;
    return this.#join("create", { kind, isPrivate }, rest);
  }

  /** As `joinOrCreate`, but makes none. @throws as `joinOrCreate` */
  join(kind: string, options: JoinOptions = {}): Promise<JoinedRoom> {
    checkOptions("join", options, JOIN);
    return this.#join("join", { kind }, options);
  }

  /**
   * Joins the public room with an id, as lists give it.
   *
   * @throws as `joinOrCreate`; (rejects) NetworkError `ERR_ROOM_FULL`, `ERR_ROOM_LOCKED`
   */
  joinById(id: string, options: EnterOptions = {}): Promise<JoinedRoom> {
    return this.#joinByKey("byId", id, options);
  }

  /** Joins the private room with a code; case, spaces and dashes do not matter. @throws as `joinById` */
  joinByCode(code: string, options: EnterOptions = {}): Promise<JoinedRoom> {
    return this.#joinByKey("byCode", code, options);
  }

  /** Takes the seat that `room.reserve` has kept. @throws as `joinById` */
  joinByTicket(ticket: string, options: EnterOptions = {}): Promise<JoinedRoom> {
    return this.#joinByKey("byTicket", ticket, options);
  }

  /** Leaves the room, and stays connected. @throws (rejects) NetworkError `ERR_ROOM_NOT_FOUND` in no room; as `join` */
  async leave(options: Pick<EnterOptions, "timeoutMs" | "signal"> = {}): Promise<void> {
    checkOptions("leave", options, { timeoutMs: durationOption(), signal: signalOption });
    await this.#ask("to leave", options, (number) => this.#client.send(LeaveMessage, { number }));
  }

  /**
   * A live list of the public rooms of a kind that have all of the labels. Close it when nobody looks at it any more.
   * What the host refuses goes to the client's `onError`: `ERR_ROOM_NOT_FOUND`, it has no such kind;
   * `ERR_TOO_MANY_REQUESTS`.
   *
   * @throws NetworkError `ERR_STATE` for a fifth list; TypeError, RangeError for wrong arguments
   */
  lobby(kind: string, { labels = {} }: { labels?: Labels } = {}): RoomList {
    checkName("kind", kind);
    checkLabels("labels", labels);
    if (this.#lists.size >= MAX_LISTS) throw new NetworkError("ERR_STATE", `There are ${MAX_LISTS} lists already`);
    const number = this.#nextNumber();
    const list = new RoomList(kind, labels, {
      report: (error) => this.#report(error),
      close: () => {
        if (this.#lists.delete(number) && !this.#room) this.#watch(number, list, false);
      },
    });
    this.#lists.set(number, { list, watch: 0 });
    if (!this.#room) this.#watch(number, list, true);
    return list;
  }

  /** Adds a listener of an event. @returns a function that removes it */
  on<Name extends keyof RoomsClientEvents>(name: Name, listener: EventListener<RoomsClientEvents[Name]>): () => void {
    return this.#events.on(name, listener);
  }

  #joinByKey(way: Way, key: string, options: EnterOptions): Promise<JoinedRoom> {
    checkOptions("join", options, ENTER);
    checkName("id, code or ticket", key);
    return this.#join(way, { key }, options);
  }

  async #join(way: Way, given: Partial<JoinQuestion>, options: JoinOptions): Promise<JoinedRoom> {
    const { labels = {}, isSpectator = false } = options;
    checkLabels("labels", labels);
    if (given.kind !== undefined) checkName("kind", given.kind);
    const wish = {
      way,
      kind: "",
      key: "",
      isPrivate: false,
      ...given,
      labels,
      isSpectator,
      data: toJson(options.data),
    };
    const room = await this.#ask("to join", options, (number) => this.#client.send(JoinMessage, { ...wish, number }));
    return room as JoinedRoom;
  }

  async #ask(
    what: string,
    { timeoutMs = 10_000, signal }: Pick<EnterOptions, "timeoutMs" | "signal">,
    send: (number: number) => boolean,
  ): Promise<JoinedRoom | null> {
    signal?.throwIfAborted();
    if (!this.#client.isAuthenticated) {
      throw new NetworkError("ERR_NOT_CONNECTED", "The client is not connected: await client.connect() first");
    }
    const number = this.#nextNumber();
    const timeoutText = `The server has not answered the wish ${what} within ${timeoutMs} ms`;
    const clock = NetworkClient.clockOf(this.#client);
    try {
      return await promiseBefore<JoinedRoom | null>(clock, { timeoutMs, timeoutText, signal }, (resolve, reject) => {
        this.#pending.set(number, { resolve, reject });
        if (!send(number)) throw new NetworkError("ERR_QUEUE_FULL", "The connection's queue is full");
      });
    } finally {
      this.#pending.delete(number);
    }
  }

  /** The player is somewhere else, or has just come in. @param bytes empty: in no room, and nobody says why */
  #moved(bytes: Uint8Array): void {
    const { room, number, text, isOnItsWay } = bytes.length > 0 ? decode(stayCodec, bytes) : stayCodec.default();
    this.#arrived(room ? { ...room, code: room.code ?? null } : null, text);
    if (!this.#room) this.#watchAgain();
    this.#settle(number, ({ resolve }) => resolve(this.#room));
    if (isOnItsWay) return;
    this.#failAll(() => new NetworkError("ERR_ROOM_REFUSED", "The server has moved the player elsewhere"));
  }

  #arrived(room: JoinedRoom | null, text: string): void {
    const before = this.#room;
    this.#room = room;
    if (before) this.#events.emit("left", before, text);
    if (room) this.#events.emit("joined", room);
  }

  #settle(number: number, settle: (pending: Pending) => void): void {
    const pending = this.#pending.get(number);
    if (this.#pending.delete(number)) settle(pending as Pending);
  }

  #failAll(error: () => NetworkError): void {
    for (const number of [...this.#pending.keys()]) this.#settle(number, ({ reject }) => reject(error()));
  }

  /** The player is in no room, and may have been away: its lists begin anew. */
  #watchAgain(): void {
    for (const [number, { list }] of this.#lists) this.#watch(number, list, true);
  }

  #watch(number: number, { kind, labels }: RoomList, isWanted: boolean): void {
    const entry = this.#lists.get(number);
    if (entry) entry.watch = 0; // Until its beginning has come, nothing is for it.
    this.#client.send(WatchMessage, { number, isWanted, kind, labels });
  }

  #nextNumber(): number {
    this.#lastNumber = (this.#lastNumber + 1) >>> 0 || 1;
    return this.#lastNumber;
  }

  #report(error: unknown): void {
    NetworkClient.report(this.#client, error, "a listener of rooms");
  }
}

function checkName(what: string, name: string): void {
  if (typeof name !== "string") throw typeError(what, "a string");
  const sizeBytes = utf8Length(name);
  if (sizeBytes < 1 || sizeBytes > MAX_NAME_BYTES) throw rangeError(what, `1 to ${MAX_NAME_BYTES} bytes of UTF-8`);
}

function toJson(data: unknown): string {
  if (data === undefined) return "";
  const text: unknown = JSON.stringify(data);
  if (typeof text !== "string") throw typeError("data", "a value of JSON");
  if (utf8Length(text) > MAX_DATA_BYTES) throw rangeError("data", `at most ${MAX_DATA_BYTES} bytes of JSON`);
  return text;
}
