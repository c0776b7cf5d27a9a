// What hosts and bots have in common: the protocol, and the rooms.
import { defineProtocol, defineRequest } from "valve-sockets/message";
import { decode, encode, map, struct, u32 } from "valve-sockets/serialization";

/** A move of a player, which counts its moves; the answer says how many the room has counted of this player. */
export const Move = defineRequest("move", struct({ number: u32 }), struct({ counted: u32 }));

export const newProtocol = () => defineProtocol({ name: "fleet example", version: 1, messages: [Move] });

const MAX_PLAYERS = 64;
const Moved = struct({ player: u32, number: u32 });
const State = map(u32, struct({ last: u32, counted: u32 }), 4096);
const states = new WeakMap();

/** The last move of each player, and how many there were. A move that was asked for twice counts once. */
export const game = {
  capacity: MAX_PLAYERS,
  emptyMs: 60_000,
  open(room) {
    states.set(room, new Map());
    room.server.messageHandler.registerRequest(Move, async ({ number }, { id }) => {
      const known = () => states.get(room).get(id) ?? { last: 0, counted: 0 };
      // Only when it is stored the player hears that it counts.
      if (number > known().last) await room.commit({ player: id, number });
      return { counted: known().counted };
    });
  },
  commitCodec: Moved,
  apply(room, { player, number }) {
    const { last, counted } = states.get(room).get(player) ?? { last: 0, counted: 0 };
    if (number > last) states.get(room).set(player, { last: number, counted: counted + 1 });
  },
  snapshot: (room) => encode(State, states.get(room)),
  restore: (room, state) => states.set(room, decode(State, state)),
};
