import { defineProtocol, defineRequest, type Protocol } from "../../lib/message/index.js";
import type { RoomKind } from "../../lib/rooms/index.js";
import { decode, encode, map, string, struct, u32 } from "../../lib/serialization/index.js";

/**
 * The move with this number of a player in a room: the answer says how many of its moves are counted. A question that
 * comes into another room, since the player has, counts for nothing there, and its answer says which room that is.
 */
const Question = struct({ who: u32, number: u32, room: string(64) });
const Answer = struct({ counted: u32, room: string(64) });
export const Move = defineRequest("move", Question, Answer);

export const newMoveProtocol = (): Protocol => defineProtocol({ name: "moves", version: 1, messages: [Move] });

const Event = struct({ who: u32, number: u32 });
const Count = struct({ last: u32, counted: u32 });
const State = map(u32, Count, 1000);

/** Rooms that count the moves of each player, in commits; one that was asked for twice counts once. */
export function countingRooms(capacity: number): RoomKind {
  const states = new WeakMap<object, Map<number, { last: number; counted: number }>>();
  const of = (room: object, who: number) => states.get(room)?.get(who) ?? { last: 0, counted: 0 };
  return {
    capacity,
    emptyMs: Number.POSITIVE_INFINITY,
    clientsCreate: false,
    open(room) {
      states.set(room, new Map());
      room.server.messageHandler.registerRequest(Move, async ({ who, number, room: wanted }) => {
        if (wanted === room.id && number > of(room, who).last) await room.commit({ who, number });
        return { counted: of(room, who).counted, room: room.id };
      });
    },
    commitCodec: Event,
    apply: (room, event) => {
      const { who, number } = event as { who: number; number: number };
      const { last, counted } = of(room, who);
      // What is stored twice, since its first answer was lost on the way, is one move.
      if (number > last) states.get(room)?.set(who, { last: number, counted: counted + 1 });
    },
    snapshot: (room) => encode(State, states.get(room) as Map<number, { last: number; counted: number }>),
    restore: (room, bytes) => void states.set(room, new Map(decode(State, bytes))),
  };
}
