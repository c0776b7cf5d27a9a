import { invalidType } from "../../arguments.js";
import { isThenable } from "../../brands.js";
import type { Clock } from "../../clock.js";
import { follow } from "../../follow.js";
import { RateTable } from "../../guard/rate-table.js";
import { keyOfAddress, sourceOf } from "../../guard/source.js";
import { TokenBucket } from "../../guard/token-bucket.js";
import {
  type INetworkPlayer,
  NetworkError,
  type NetworkErrorCode,
  NetworkServer,
  PlayerSlot,
} from "../../message/index.js";
import { cutUtf8 } from "../../utf8.js";
import { type JoinQuestion, MAX_TEXT_BYTES, REFUSALS, type Refusal, RefusedMessage } from "../room-messages.js";
import { readCode, roomOfTicket } from "./names.js";
import { partsOf, type Room } from "./room.js";
import type { RoomHouse } from "./room-house.js";
import type { RoomKind, RoomWish } from "./room-kind.js";

/** What a player may ask of rooms: so many questions at once, and so many a second. */
const QUESTIONS = 10;
const QUESTIONS_PER_SECOND = 1;
/** So many codes may be tried from one address at once, and so many a second: a code has 40 bits. */
const CODES = 100;
const CODES_PER_SECOND = 1;
const CODE_SOURCES = 1024;
/** So many rooms that a player has made may be there. */
const MAX_MADE = 4;
/** The rooms that clients of one source have made may be so much of all rooms that a host has. */
const SOURCE_SHARE = 4;

interface DeskOwner {
  readonly clock: Clock;
  readonly kinds: ReadonlyMap<string, RoomKind>;
  readonly lobby: NetworkServer;
  readonly maxRooms: number;
  /** Null: there are no other hosts. */
  readonly elsewhere: Elsewhere | null;
}

/** The rooms of other hosts. */
export interface Elsewhere {
  /**
   * Looks for the room that a player wants.
   *
   * @param isWanted false when the player has asked for something else meanwhile
   * @returns whether the player is on its way there; else the room is here by now, or there is none
   * @throws (rejects) NetworkError the refusal
   */
  seek(player: INetworkPlayer, question: JoinQuestion, isWanted: () => boolean): Promise<boolean>;
}

export const noKind = (name: string) => `There is no kind of rooms ${JSON.stringify(name)}`;

const refusal = (code: NetworkErrorCode, text: string) => new NetworkError(code, text);

/** Answers players who want to be in another room, or in none. What it is asked is a stranger's word. */
export class JoinDesk {
  readonly #owner: DeskOwner;
  readonly #house: RoomHouse;
  readonly #questions: PlayerSlot<TokenBucket>;
  readonly #codes: RateTable;
  /** Players for whom a room is being opened. */
  readonly #waiting = new WeakSet<INetworkPlayer>();
  /** What players want for whom other hosts are asked: a newer question takes the place of the one before. */
  readonly #seeking = new WeakMap<INetworkPlayer, JoinQuestion>();
  /** Who has made a room. */
  readonly #made = new Map<Room, { readonly player: INetworkPlayer; readonly source: string }>();
  joins = 0;
  /** How often a question was refused, by the code. */
  readonly refusals: Partial<Record<NetworkErrorCode, number>> = {};

  constructor(owner: DeskOwner, house: RoomHouse) {
    this.#owner = owner;
    this.#house = house;
    this.#questions = new PlayerSlot(() => new TokenBucket(owner.clock, QUESTIONS, QUESTIONS_PER_SECOND));
    this.#codes = new RateTable(owner.clock, CODE_SOURCES);
  }

  /** Whether a player may ask one more question. */
  mayAsk(player: INetworkPlayer): boolean {
    return this.#questions.of(player).tryTake(1);
  }

  /** A room is there no more. */
  closed(room: Room): void {
    this.#made.delete(room);
  }

  leave(player: INetworkPlayer, number: number): void {
    if (this.#house.roomOf(player)) this.#house.moveOut(player, number);
    else this.refuse(player, number, "ROOM_NOT_FOUND", "The player is in no room");
  }

  /** @param isHereOnly nobody else is asked for the room */
  async join(player: INetworkPlayer, question: JoinQuestion, isHereOnly = !this.#owner.elsewhere): Promise<void> {
    const { number } = question;
    let room: Room | null = null;
    try {
      if (!this.mayAsk(player)) throw refusal("ERR_TOO_MANY_REQUESTS", "Too many questions about rooms");
      if (this.#waiting.has(player)) throw refusal("ERR_TOO_MANY_REQUESTS", "A room is being opened already");
      this.#seeking.delete(player);
      const from = this.#house.roomOf(player);
      room = this.#seatHere(player, question, isHereOnly);
      if (!room && (await this.#isElsewhere(player, question))) return;
      // The player may have left meanwhile, or been moved.
      if (!room && (!player.isAuthenticated || this.#house.roomOf(player) !== from)) return;
      room ??= this.#seat(player, question, true);
      if (!this.#house.isOpen(room)) await this.#opened(player, room);
      if (!player.isAuthenticated || this.#house.roomOf(player) !== from) this.#giveBack(player, room);
      else {
        this.joins++;
        this.#house.moveIn(player, room, number);
      }
    } catch (error) {
      if (room) this.#giveBack(player, room);
      const code = String((error as Partial<NetworkError>).code).replace("ERR_", "") as Refusal;
      if (REFUSALS.includes(code)) this.refuse(player, number, code, (error as Error).message);
      else this.#failed(player, number, error);
    }
  }

  /** Whether a room that is here lets a player in who has no seat yet. */
  isFree(room: Room, isSpectator: boolean): boolean {
    return room.code === null && !room.isLocked && this.#house.isOpen(room) && partsOf(room).seats.isFree(isSpectator);
  }

  /** A seat in a room that is here; null: other hosts may have one. @throws NetworkError the refusal */
  #seatHere(player: INetworkPlayer, question: JoinQuestion, isHereOnly: boolean): Room | null {
    if (isHereOnly) return this.#seat(player, question, true);
    try {
      return this.#seat(player, question, question.way === "create");
    } catch (error) {
      if ((error as NetworkError).code === "ERR_ROOM_NOT_FOUND") return null;
      throw error;
    }
  }

  async #isElsewhere(player: INetworkPlayer, question: JoinQuestion): Promise<boolean> {
    const isWanted = () => this.#seeking.get(player) === question;
    this.#seeking.set(player, question);
    try {
      if (await this.#owner.elsewhere?.seek(player, question, isWanted)) return true;
      if (isWanted()) return false;
    } catch (error) {
      if (isWanted()) throw error;
    } finally {
      if (isWanted()) this.#seeking.delete(player);
    }
    throw refusal("ERR_TOO_MANY_REQUESTS", "The player has asked for another room since");
  }

  /** A player does not come by this question. The host may have moved it into the room meanwhile. */
  #giveBack(player: INetworkPlayer, room: Room): void {
    if (this.#house.roomOf(player) !== room) partsOf(room).seats.release(player);
  }

  async #opened(player: INetworkPlayer, room: Room): Promise<void> {
    this.#waiting.add(player);
    try {
      await this.#house.opened(room);
    } finally {
      this.#waiting.delete(player);
    }
  }

  refuse(player: INetworkPlayer, number: number, why: Refusal, text: string): void {
    const code: NetworkErrorCode = `ERR_${why}`;
    this.refusals[code] = (this.refusals[code] ?? 0) + 1;
    player.send(RefusedMessage, { number, refusal: why, text: cutUtf8(text, MAX_TEXT_BYTES) });
  }

  #failed(player: INetworkPlayer, number: number, error: unknown): void {
    if ((error as Partial<NetworkError>).code !== "ERR_CLOSED")
      NetworkServer.report(this.#owner.lobby, error, "a room");
    this.refuse(player, number, "ROOM_FAILED", "The room is closed");
  }

  /** A seat for the player in the room that it wants. @throws NetworkError the refusal */
  #seat(player: INetworkPlayer, question: JoinQuestion, mayCreate: boolean): Room {
    const { way, key, labels, isSpectator } = question;
    const wish = { labels, data: readData(question.data), isSpectator };
    const { directory } = this.#house;
    switch (way) {
      case "byId": {
        const room = directory.byId(key);
        // Whether there is a private room is the business of those who have its code.
        if (!room || room.code !== null) throw refusal("ERR_ROOM_NOT_FOUND", "There is no such room");
        return this.#enter(player, room, wish);
      }
      case "byCode": {
        if (!this.#codes.tryTake(keyOfAddress(player.address), CODES, CODES_PER_SECOND))
          throw refusal("ERR_TOO_MANY_REQUESTS", "Too many codes were tried");
        const room = directory.byCode(readCode(key));
        if (!room) throw refusal("ERR_ROOM_NOT_FOUND", "No room has this code");
        return this.#enter(player, room, wish);
      }
      case "byTicket": {
        const room = directory.byId(roomOfTicket(key));
        if (!room || this.#house.roomOf(player) === room || !partsOf(room).seats.redeem(key, player))
          throw refusal("ERR_ROOM_NOT_FOUND", "No seat is kept for this ticket");
        return room;
      }
      default:
        return this.#choose(player, question, wish, mayCreate);
    }
  }

  #choose(
    player: INetworkPlayer,
    { way, kind: kindName, isPrivate }: JoinQuestion,
    wish: RoomWish,
    isWanted: boolean,
  ): Room {
    const kind = this.#owner.kinds.get(kindName);
    if (!kind) throw refusal("ERR_ROOM_NOT_FOUND", noKind(kindName));
    const found = way === "create" ? null : this.#find(player, kindName, wish);
    if (found) return this.#take(player, found, wish.isSpectator);
    const { clientsCreate = true } = kind;
    if (way === "create" && !clientsCreate) throw refusal("ERR_ROOM_NOT_FOUND", "Clients make no rooms of this kind");
    if (way === "join" || !isWanted || !clientsCreate || (way === "joinOrCreate" && wish.isSpectator))
      throw refusal("ERR_ROOM_NOT_FOUND", "No room is free");
    return this.#create(player, kindName, wish, way === "create" && isPrivate);
  }

  /** The fullest of the rooms that a player may come into. */
  #find(player: INetworkPlayer, kind: string, wish: RoomWish): Room | null {
    const present = this.#house.roomOf(player);
    let best: Room | null = null;
    for (const room of this.#house.directory.find({ kind, labels: wish.labels })) {
      const { seats, kind: of } = partsOf(room);
      if (room === present || room.code !== null || room.isLocked || !seats.isFree(wish.isSpectator)) continue;
      if (best && room.freeSeats >= best.freeSeats) continue;
      const isMatch = this.#ask(room, () => of.match?.(room, wish, player) ?? true) === true;
      if (isMatch && this.#admits(player, room, wish) === true) best = room;
    }
    return best;
  }

  #create(player: INetworkPlayer, kindName: string, wish: RoomWish, isPrivate: boolean): Room {
    if (NetworkServer.frontEndOf(this.#owner.lobby).isClosed)
      throw refusal("ERR_ROOM_REFUSED", "The host makes no rooms any more");
    const source = sourceOf(player.address);
    const made = [...this.#made.values()];
    const ofSource = made.filter((one) => one.source === source).length;
    const mostOfSource = Math.max(Math.floor(this.#owner.maxRooms / SOURCE_SHARE), MAX_MADE);
    if (made.filter((one) => one.player === player).length >= MAX_MADE || ofSource >= mostOfSource)
      throw refusal("ERR_TOO_MANY_ROOMS", "Too many rooms were made by this player, or from this address");
    const room = this.#house.create({ kindName, labels: wish.labels, data: wish.data, isPrivate });
    this.#made.set(room, { player, source });
    try {
      return this.#enter(player, room, wish);
    } catch (error) {
      void room.close();
      throw error;
    }
  }

  /** @throws NetworkError the refusal */
  #enter(player: INetworkPlayer, room: Room, wish: RoomWish): Room {
    if (this.#house.roomOf(player) === room) throw refusal("ERR_ROOM_REFUSED", "The player is in this room");
    if (room.isLocked) throw refusal("ERR_ROOM_LOCKED", "The room is locked");
    const verdict = this.#admits(player, room, wish);
    if (verdict !== true) throw refusal("ERR_ROOM_REFUSED", verdict);
    return this.#take(player, room, wish.isSpectator);
  }

  #take(player: INetworkPlayer, room: Room, isSpectator: boolean): Room {
    if (partsOf(room).seats.take(player, isSpectator)) return room;
    throw refusal("ERR_ROOM_FULL", "The room is full");
  }

  #admits(player: INetworkPlayer, room: Room, wish: RoomWish): true | string {
    const verdict = this.#ask(room, () => partsOf(room).kind.admit?.(room, wish, player) ?? true);
    return verdict === true || typeof verdict === "string" ? verdict : "The room cannot be entered";
  }

  /** Asks the application. What it throws is reported, and is no answer. */
  #ask<T>(room: Room, question: () => T): T | null {
    const report = (error: unknown) =>
      NetworkServer.report(this.#owner.lobby, error, `match or admit of the rooms ${room.kind}`);
    try {
      const answer = question();
      if (!isThenable(answer)) return answer;
      follow(answer, report);
      throw invalidType("match and admit answer at once: nobody waits for a promise");
    } catch (error) {
      report(error);
      return null;
    }
  }
}

/** What a client gave as `data`. @throws NetworkError `ERR_ROOM_REFUSED` */
function readData(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw refusal("ERR_ROOM_REFUSED", "The data is no JSON");
  }
}
