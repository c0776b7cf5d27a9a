import { bytesOfHex, hexOf } from "../../bytes.js";
import type { Clock } from "../../clock.js";
import { type ArrivalPlace, withPlace } from "../../message/authentication/arrival-place.js";
import {
  type Arrival,
  DisconnectCode,
  type INetworkPlayer,
  NetworkError,
  NetworkServer,
  type RedirectTarget,
} from "../../message/index.js";
import { encode } from "../../serialization/index.js";
import { doorOf } from "../fleet/beats.js";
import type { SessionEntry } from "../fleet/directory.js";
import type { RemoteMessages } from "../fleet/remote-messages.js";
import type { Ticket, TicketBook } from "../fleet/tickets.js";
import type { JoinDesk } from "../host/join-desk.js";
import { readCode, roomOfTicket } from "../host/names.js";
import { partsOf, type Room } from "../host/room.js";
import type { RoomHouse } from "../host/room-house.js";
import { labelMatcher } from "../labels.js";
import { type JoinQuestion, REFUSALS, stayCodec } from "../room-messages.js";
import { ExpectRequest, FindRequest } from "./fleet-requests.js";
import type { FleetSessions } from "./fleet-sessions.js";
import type { KeptRooms } from "./kept-rooms.js";
import type { RoomFinder } from "./room-finder.js";

/** How long what a player wants is kept until it comes. */
const EXPECT_MS = 30_000;
/** For how many players. */
const MAX_EXPECTED = 10_000;
/** How many hosts are asked for a free seat. */
const MAX_ASKED = 3;

interface ArrivalsOwner {
  readonly id: string;
  readonly clock: Clock;
  readonly lobby: NetworkServer;
  readonly house: RoomHouse;
  readonly desk: JoinDesk;
  readonly kept: KeptRooms;
  readonly remote: RemoteMessages;
  readonly tickets: TicketBook;
  readonly sessions: FleetSessions;
  readonly finder: RoomFinder;
  /** Why players of this host cannot go to a host that is alive; null: they can. */
  barrier(host: string): NetworkError | null;
}

/** Brings players to the host of their room: those who have lost theirs, and those who want a room elsewhere. */
export class Arrivals {
  readonly #owner: ArrivalsOwner;
  /** What players want who were redirected here, by the session. */
  readonly #expected = new Map<string, { readonly question: JoinQuestion; readonly timer: unknown }>();
  /** Tickets that were forged, old, used, or for another host. */
  badTickets = 0;

  constructor(owner: ArrivalsOwner) {
    this.#owner = owner;
  }

  /** A player has proven a session that is not here. @param found null: the engine cannot say where it is */
  async arrive(player: INetworkPlayer, found: SessionEntry | null): Promise<Arrival> {
    const { sessions, finder, clock } = this.#owner;
    const beginMs = clock.now();
    if (!found) return this.#refuse(player, "The fleet's directory does not answer");
    const ticket = this.#ticketOf(player, found);
    const room = ticket?.room ?? found.room;
    try {
      const where = room === "" ? null : await finder.find(room);
      if (where && "host" in where) return { redirect: this.targetOf(where.host, { session: found, room }) };
      // The record may be older than the redirect.
      sessions.expect(player, { ...found, moves: Math.max(found.moves, ticket?.moves ?? 0) });
      if (!where) return this.#expected.has(found.id) ? withPlace({}, () => this.#onItsWay) : {};
      return this.#enter(where.room, found, clock.now() - beginMs);
    } catch {
      return this.#refuse(player, "The room is not to be found at present");
    }
  }

  /** In the lobby, until the room that the player wants takes it. */
  get #onItsWay(): ArrivalPlace {
    const stay = { room: undefined, number: 0, text: "", isOnItsWay: true };
    return NetworkServer.placeAt(this.#owner.lobby, 0, encode(stayCodec, stay));
  }

  /** A player is in the lobby: does for it what it wanted when it was redirected here. */
  arrived(player: INetworkPlayer): void {
    const { sessions, desk } = this.#owner;
    const id = sessions.idOf(player);
    const expected = id && this.#take(hexOf(id));
    if (expected) void desk.join(player, expected.question, true);
  }

  /** Another host sends a player with what it wants. */
  expect(session: Uint8Array, question: JoinQuestion): boolean {
    const { clock } = this.#owner;
    const id = hexOf(session);
    this.#take(id);
    if (this.#expected.size >= MAX_EXPECTED) return false;
    this.#expected.set(id, { question, timer: clock.setTimeout(() => this.#expected.delete(id), EXPECT_MS) });
    return true;
  }

  stop(): void {
    for (const id of [...this.#expected.keys()]) this.#take(id);
  }

  async seek(player: INetworkPlayer, question: JoinQuestion, isWanted: () => boolean): Promise<boolean> {
    const { finder, kept } = this.#owner;
    try {
      const id = await this.#idOf(question);
      const entry = id === undefined ? undefined : kept.directory?.findRoom(id);
      // Whether there is a private room is the business of those who have its code.
      if (id === undefined || (question.way === "byId" && entry?.code)) return false;
      const where = await finder.find(id, isWanted);
      return where !== null && "host" in where && (await this.#send(player, question, { host: where.host, isWanted }));
    } catch (error) {
      if (error instanceof NetworkError && REFUSALS.some((why) => error.code === `ERR_${why}`)) throw error;
      throw new NetworkError("ERR_ROOM_FAILED", "The room cannot be reached at present");
    }
  }

  /** Where a host is, for a client, with a ticket for it. */
  targetOf(host: string, { session, room }: { session: SessionEntry; room: string }): RedirectTarget {
    const state = this.#owner.kept.beats.find(host);
    if (!state) throw new Error(`The host ${host} is not there`);
    const ticket = this.#owner.tickets.issue({
      ...{ session: bytesOfHex(session.id), room, host },
      ...{ moves: session.moves, identity: session.identity },
    });
    return { ...doorOf(state), ticket };
  }

  /** The id of the room that a question leads to, if another host may have one. */
  async #idOf(question: JoinQuestion): Promise<string | undefined> {
    switch (question.way) {
      case "byId":
        return question.key;
      case "byTicket":
        return roomOfTicket(question.key) || undefined;
      case "byCode":
        return this.#owner.kept.directory?.findByCode(readCode(question.key))?.id;
      default:
        return this.#findFree(question);
    }
  }

  /** The room with a free seat of another host. */
  async #findFree({ kind, labels, isSpectator }: JoinQuestion): Promise<string | undefined> {
    const { kept, remote, id, barrier } = this.#owner;
    const hosts = new Set<string>();
    const isMatch = labelMatcher(labels);
    for (const room of kept.directory?.rooms() ?? []) {
      const isWanted = room.kind === kind && room.isOpen && room.code === "" && room.owner !== id;
      if (isWanted && isMatch(room.labels) && !barrier(room.owner)) hosts.add(room.owner);
      if (hosts.size >= MAX_ASKED) break;
    }
    for (const host of hosts) {
      const question = { kind, labels, isSpectator };
      const answer = await remote.request({ host }, FindRequest, question, { timeoutMs: 500 }).catch(() => null);
      if (answer?.room) return answer.room;
    }
    return undefined;
  }

  /** Sends a player with what it wants to another host. */
  async #send(
    player: INetworkPlayer,
    question: JoinQuestion,
    { host, isWanted }: { host: string; isWanted: () => boolean },
  ): Promise<boolean> {
    const { sessions, remote } = this.#owner;
    const here = sessions.entryOf(player);
    if (!here) return false;
    // The other host looks for the session where this one has written it.
    if (!(await sessions.written(here.id)))
      throw new NetworkError("ERR_SERVER_BUSY", "The engine has not stored the player's session yet");
    const session = sessions.entryOf(player);
    if (!session) return false;
    const wish = { session: bytesOfHex(session.id), question };
    const { isDone } = await remote.request({ host }, ExpectRequest, wish, { timeoutMs: 2000 });
    return isDone && isWanted() && player.redirect(this.targetOf(host, { session, room: "" }));
  }

  /** The player comes back into its room, if it gets a seat by then. */
  #enter(room: Room, { id, playerId, isSpectator, question, epoch }: SessionEntry, waitedMs: number): Arrival {
    const { house, kept } = this.#owner;
    const { seats } = partsOf(room);
    const lostMs = epoch === room.epoch ? 0 : kept.lostMsOf(room) + waitedMs;
    return withPlace({ lostMs: Math.round(lostMs) }, (player) => {
      if (!house.isOpen(room) || !(seats.redeem(id, player) || seats.take(player, isSpectator))) return null;
      return NetworkServer.placeAt(room.server, playerId, house.moveInAtOnce(player, room, question));
    });
  }

  /** The ticket that a player shows; null: none that is worth anything, and the directory decides. */
  #ticketOf(player: INetworkPlayer, { id }: SessionEntry): Ticket | null {
    if (player.ticket.length === 0) return null;
    try {
      const ticket = this.#owner.tickets.redeem(player.ticket);
      if (hexOf(ticket.session) === id) return ticket;
    } catch {
      // Of a stranger, or of a redirect that was long ago.
    }
    this.badTickets++;
    return null;
  }

  #take(id: string): { readonly question: JoinQuestion } | undefined {
    const expected = this.#expected.get(id);
    this.#owner.clock.clearTimeout(expected?.timer);
    this.#expected.delete(id);
    return expected;
  }

  /** The client tries again, here or at another door. */
  #refuse(player: INetworkPlayer, text: string): Arrival {
    NetworkServer.refuse(player, DisconnectCode.ServerBusy, text);
    return {};
  }
}
