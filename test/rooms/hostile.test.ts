import { describe, expect, test } from "vitest";
import { Channel, DisconnectCode, defineMessage, defineProtocol, type NetworkClient } from "../../lib/message/index.js";
import type { Room, RoomKind } from "../../lib/rooms/index.js";
import {
  JoinMessage,
  type JoinQuestion,
  ListMessage,
  RefusedMessage,
  WatchMessage,
} from "../../lib/rooms/room-messages.js";
import { NetworkWriter, u8 } from "../../lib/serialization/index.js";
import { RoomsWorld } from "../support/rooms-world.js";

const Note = defineMessage("note", u8);
const newProtocol = () => defineProtocol({ name: "hostile", version: 1, messages: [Note] });

async function started(kind: Partial<RoomKind> = {}, options = {}) {
  const arena: RoomKind = { capacity: 2, emptyMs: 86_400_000, open() {}, ...kind };
  const world = new RoomsWorld(newProtocol, { arena }, options);
  await world.wait(world.host.start());
  return world;
}

const wish: JoinQuestion = {
  ...{ number: 1, way: "joinOrCreate", kind: "arena", key: "", labels: {}, data: "" },
  ...{ isPrivate: false, isSpectator: false },
};

/** Counts the answers to a client that sends what it likes. */
function countAnswers({ messageHandler }: NetworkClient) {
  const refusals: string[] = [];
  messageHandler.register(RefusedMessage, ({ refusal }) => void refusals.push(refusal));
  return refusals;
}

describe("a flood of questions", () => {
  test("makes at most 4 rooms for a player, and keeps nobody else out", async () => {
    const world = await started();
    const { client } = await world.connect();
    const other = await world.connect();
    const refusals = countAnswers(client);
    for (let second = 0; second < 20; second++) {
      for (let count = 0; count < 20; count++)
        client.send(JoinMessage, { ...wish, way: "create", number: 100 + count });
      await world.run(1000, 20);
      if (!client.isConnected) break;
    }
    expect(world.host.rooms.length).toBeLessThanOrEqual(4);
    expect(refusals).toContain("TOO_MANY_REQUESTS");
    expect(refusals).toContain("TOO_MANY_ROOMS");
    expect((await world.wait(other.rooms.create("arena"))).kind).toBe("arena");
    expect(world.errors).toEqual([]);
  });

  test("from one source makes at most a quarter of the rooms", async () => {
    const world = await started({}, { maxRooms: 40 });
    const codes: unknown[] = [];
    for (let count = 0; count < 14; count++) {
      const { rooms } = await world.connect();
      codes.push(await world.codeOf(rooms.create("arena")));
    }
    expect(codes).toEqual([...Array(10).fill("none"), ...Array(4).fill("ERR_TOO_MANY_ROOMS")]);
  });

  test("for lists gets 4 lists, and not one whole list for each question", async () => {
    const world = await started();
    for (let count = 0; count < 100; count++) await world.host.createRoom("arena");
    const { client } = await world.connect();
    let listed = 0;
    client.messageHandler.register(ListMessage, ({ rooms }) => {
      listed += rooms.length;
    });
    const ask = (number: number) =>
      client.send(WatchMessage, { number, isWanted: true, kind: "arena", labels: number % 2 ? {} : { map: number } });
    for (let number = 1; number <= 40; number++) ask(number);
    await world.run(1000, 20);
    expect(listed).toBeLessThanOrEqual(400);
    expect(client.isConnected).toBe(true);
  });
});

test("codes cannot be guessed from one source, by however many players", async () => {
  const world = await started();
  const { rooms } = await world.connect();
  await world.wait(rooms.create("arena", { isPrivate: true }));
  const codes: unknown[] = [];
  for (let player = 0; player < 12; player++) {
    const guesser = await world.connect();
    for (let guess = 0; guess < 10; guess++)
      codes.push(await world.codeOf(guesser.rooms.joinByCode(`GUESS${guess}${player}`)));
  }
  expect(codes.filter((code) => code === "ERR_ROOM_NOT_FOUND").length).toBeLessThan(110);
  expect(codes.at(-1)).toBe("ERR_TOO_MANY_REQUESTS");
});

test("foreign ids, codes and tickets lead nowhere", async () => {
  const world = await started({ capacity: 5 });
  const [one, two] = [await world.connect(), await world.connect()];
  const { id } = await world.wait(one.rooms.create("arena", { isPrivate: true }));
  const ticket = (world.host.getRoom(id) as Room).reserve();
  const other = await world.wait(world.host.createRoom("arena"));
  const keys = [ticket.replace(id, other.id), `${id}.`, `${id}.${"a".repeat(16)}`, ".", "..", "__proto__", id];
  for (const key of keys) {
    expect(await world.codeOf(two.rooms.joinByTicket(key))).toBe("ERR_ROOM_NOT_FOUND");
    await world.run(1000, 100);
  }
  for (const key of ["__proto__", "constructor", id]) {
    expect(await world.codeOf(two.rooms.joinById(key))).toBe("ERR_ROOM_NOT_FOUND");
    expect(await world.codeOf(two.rooms.joinOrCreate(key))).toBe("ERR_ROOM_NOT_FOUND");
    await world.run(2000, 100);
  }
  expect((await world.wait(two.rooms.joinByTicket(ticket))).id).toBe(id);
});

describe("labels and data of strangers", () => {
  const writeQuestion = (writeLabels: (writer: NetworkWriter) => void, writer = new NetworkWriter()) => {
    const number = newProtocolNumber();
    writer.writePacked(number);
    writer.writeUint32(7);
    writer.writeBits(0, 3);
    for (const text of ["arena", ""]) {
      writer.writePacked(text.length);
      for (const letter of text) writer.writeUint8(letter.charCodeAt(0));
    }
    writeLabels(writer);
    return writer.toBytes();
  };
  let known = -1;
  const newProtocolNumber = () => known;
  const label = (writer: NetworkWriter, name: string, write: () => void) => {
    writer.writePacked(name.length);
    for (const letter of name) writer.writeUint8(letter.charCodeAt(0));
    write();
  };
  const cases: Record<string, (writer: NetworkWriter) => void> = {
    "too many": (writer) => writer.writeUint8(17),
    "a control character": (writer) => {
      writer.writeUint8(1);
      label(writer, "a\u0007", () => writer.writeBits(2, 2));
    },
    "no number": (writer) => {
      writer.writeUint8(1);
      label(writer, "a", () => {
        writer.writeBits(1, 2);
        writer.writeFloat64(Number.NaN);
      });
    },
    "no name": (writer) => {
      writer.writeUint8(1);
      label(writer, "", () => writer.writeBits(2, 2));
    },
  };

  test.each(Object.entries(cases))("%s: the message cannot be read, and is charged for", async (_, write) => {
    const world = await started();
    const { client } = await world.connect();
    known = client.protocol.messages.indexOf(JoinMessage as never);
    const reasons: number[] = [];
    world.host.server.on("disconnected", (_player, { code }) => void reasons.push(code));
    for (let count = 0; count < 6; count++) client.player?.connection?.send(writeQuestion(write), Channel.Reliable);
    await world.run(300);
    expect(reasons).toEqual([DisconnectCode.ErrorLimit]);
    expect(world.host.rooms).toEqual([]);
    expect(world.errors).toEqual([]);
  });

  test("a label of the name __proto__ is a label, and data of that name is data", async () => {
    const seen: unknown[] = [];
    const world = await started({
      admit: (_room, { labels, data }) => {
        seen.push(Object.keys(labels), Object.keys(data as object), ({} as { polluted?: boolean }).polluted);
        return true;
      },
    });
    const { client } = await world.connect();
    const labels = JSON.parse('{ "__proto__": 5 }');
    client.send(JoinMessage, { ...wish, labels, data: '{ "__proto__": { "polluted": true } }' });
    await world.run(100);
    expect(seen).toEqual([["__proto__"], ["__proto__"], undefined]);
  });

  test("data that is no JSON is refused", async () => {
    const world = await started();
    const { client } = await world.connect();
    const refusals = countAnswers(client);
    client.send(JoinMessage, { ...wish, data: "{" });
    await world.run(100);
    expect(refusals).toEqual(["ROOM_REFUSED"]);
  });

  test("labels that a client may not send throw before they are sent", async () => {
    const world = await started();
    const { rooms } = await world.connect();
    for (const labels of [{ "": 1 }, { a: "\u202e" }, { a: Number.NaN }, { a: null }, { a: "x".repeat(65) }]) {
      expect(await world.codeOf(rooms.join("arena", { labels: labels as never }))).toBe("ERR_OUT_OF_RANGE");
    }
    expect(await world.codeOf(rooms.join("arena", { data: "x".repeat(2000) }))).toBe("ERR_OUT_OF_RANGE");
  });
});

describe("a kind that fails", () => {
  test("with open has no room; the player hears ERR_ROOM_FAILED, and the host its error", async () => {
    let isBroken = false;
    const world = await started({
      open: () => {
        if (isBroken) throw new Error("no disk");
      },
    });
    isBroken = true;
    const { client, rooms } = await world.connect();
    expect(await world.codeOf(rooms.joinOrCreate("arena"))).toBe("ERR_ROOM_FAILED");
    expect(await world.codeOf(world.host.createRoom("arena"))).toBe("ERR_ROOM_FAILED");
    expect(world.host.rooms).toEqual([]);
    expect(world.errors.map((error) => (error as Error).message)).toEqual(["no disk", "no disk"]);
    expect(client.isAuthenticated).toBe(true);
  });

  test("with match and admit lets nobody in, and the others play on", async () => {
    const world = await started({
      admit: () => {
        throw new Error("no list");
      },
    });
    await world.wait(world.host.createRoom("arena"));
    const { rooms } = await world.connect();
    expect(await world.codeOf(rooms.joinOrCreate("arena"))).toBe("ERR_ROOM_REFUSED");
    expect(await world.codeOf(rooms.join("arena"))).toBe("ERR_ROOM_NOT_FOUND");
    expect(world.errors.length).toBeGreaterThan(0);
  });

  test("with an async admit lets nobody in, and its rejection ends nothing", async () => {
    const world = await started({ admit: (async () => Promise.reject(new Error("no list"))) as never });
    const { rooms } = await world.connect();
    expect(await world.codeOf(rooms.create("arena"))).toBe("ERR_ROOM_REFUSED");
    const texts = world.errors.map((error) => (error as Error).message);
    expect(texts).toContain("no list");
    expect(texts).toContain("match and admit answer at once: nobody waits for a promise");
  });

  test("at the start of the host rejects start", async () => {
    const open = () => {
      throw new Error("no disk");
    };
    const world = new RoomsWorld(newProtocol, { arena: { capacity: 1, open } });
    await expect(world.host.start()).rejects.toThrow("no disk");
  });
});

test("a room that a listener closes while a player comes in leaves the player in no room", async () => {
  const world = await started();
  const { client, rooms } = await world.connect();
  const room = await world.wait(world.host.createRoom("arena"));
  const stop = world.host.server.on("disconnected", () => void room.close("gone"));
  expect(await world.codeOf(rooms.joinById(room.id))).toBe("ERR_ROOM_REFUSED");
  stop();
  const [player] = world.host.server.players;
  expect(player && world.host.roomOf(player)).toBeNull();
  expect([client.isAuthenticated, rooms.room]).toEqual([true, null]);
  expect((await world.wait(rooms.joinOrCreate("arena"))).kind).toBe("arena");
  expect(world.errors).toEqual([]);
});

test("a player whom the host moves into the room that is just being opened for it keeps its seat there", async () => {
  let isMoved = false;
  let world: RoomsWorld | null = null;
  world = await started({
    capacity: 1,
    emptyMs: 1000,
    open: (room) => {
      // As soon as the room takes players.
      void (async () => {
        for (let turns = 0; turns < 100 && !isMoved; turns++) {
          await null;
          const [player] = world?.host.server.players ?? [];
          try {
            if (player) world?.host.move(player, room);
            isMoved = player !== undefined;
          } catch {
            // It is not open yet.
          }
        }
      })();
      return Promise.resolve();
    },
  });
  const { rooms } = await world.connect();
  await world.wait(rooms.create("arena")).catch(() => {});
  await world.run(5000, 20);
  expect([isMoved, rooms.room?.kind]).toEqual([true, "arena"]);
  expect(world.host.rooms.map((room) => [room.players.length, room.freeSeats])).toEqual([[1, 0]]);
});

describe("a room that opens slowly", () => {
  async function slow() {
    let finish = (_error?: Error) => {};
    let isSlow = false;
    const world = await started({
      open: () =>
        isSlow
          ? new Promise<void>((resolve, reject) => {
              finish = (error) => (error ? reject(error) : resolve());
            })
          : undefined,
    });
    isSlow = true;
    const { client, rooms } = await world.connect();
    const joining = rooms.joinOrCreate("arena", { timeoutMs: 60_000 });
    joining.catch(() => {});
    await world.run(100);
    return {
      world,
      client,
      rooms,
      joining,
      finish: (error?: Error) => finish(error),
      room: world.host.rooms[0] as Room,
    };
  }

  test("has its players wait, and those who come meanwhile", async () => {
    const { world, joining, finish, room, rooms } = await slow();
    const other = await world.connect();
    const second = other.rooms.joinOrCreate("arena");
    await world.run(500);
    for (let count = 0; count < 2; count++)
      expect(await world.codeOf(rooms.create("arena"))).toBe("ERR_TOO_MANY_REQUESTS");
    expect([rooms.room, room.server.players.length, room.freeSeats]).toEqual([null, 0, 0]);
    finish();
    expect((await world.wait(joining)).id).toBe(room.id);
    expect((await world.wait(second)).id).toBe(room.id);
  });

  test("and fails, refuses those who waited", async () => {
    const { world, joining, finish } = await slow();
    finish(new Error("no disk"));
    expect(await world.codeOf(joining)).toBe("ERR_ROOM_FAILED");
    expect(world.host.rooms).toEqual([]);
  });

  test("and is closed meanwhile, refuses those who waited", async () => {
    const { world, joining, finish, room } = await slow();
    void room.close();
    finish();
    expect(await world.codeOf(joining)).toBe("ERR_ROOM_FAILED");
    expect([world.host.rooms, room.server.active]).toEqual([[], false]);
  });

  test("and whose player leaves meanwhile, is empty", async () => {
    const { world, client, finish, room } = await slow();
    void client.disconnect();
    await world.run(100);
    finish();
    await world.run(100);
    expect([room.server.active, room.freeSeats, room.players.length]).toEqual([true, 2, 0]);
  });
});

test("what is no text, no boolean and no labels throws before anything has changed", async () => {
  const world = await started();
  const { client, rooms } = await world.connect();
  await world.wait(rooms.create("arena"));
  const [room] = world.host.rooms as [Room];
  await expect(room.close(5 as never)).rejects.toThrow(TypeError);
  expect(() => {
    room.isLocked = 1 as never;
  }).toThrow(TypeError);
  expect(() => {
    room.labels = { a: {} } as never;
  }).toThrow(RangeError);
  expect(() => room.reserve({ spectator: true } as never)).toThrow("did you mean isSpectator");
  const [player] = room.players as [(typeof room.players)[0]];
  expect(() => world.host.move(player, null, { text: 5 } as never)).toThrow(TypeError);
  expect(() => world.host.move(player, {} as never)).toThrow(TypeError);
  await world.run(100);
  expect([client.isAuthenticated, rooms.room?.id, room.isLocked, room.labels]).toEqual([true, room.id, false, {}]);
});

test("when all rooms are there, the oldest empty one makes room; those with players or tickets stay", async () => {
  const world = await started({ emptyMs: 60_000 }, { maxRooms: 3 });
  const { rooms } = await world.connect();
  const first = await world.wait(rooms.create("arena"));
  const second = await world.wait(world.host.createRoom("arena"));
  const third = await world.wait(world.host.createRoom("arena"));
  const fourth = await world.wait(world.host.createRoom("arena"));
  expect(world.host.rooms.map(({ id }) => id)).toEqual([first.id, third.id, fourth.id]);
  expect(second.server.active).toBe(false);
  for (const room of [third, fourth]) room.reserve();
  expect(await world.codeOf(world.host.createRoom("arena"))).toBe("ERR_TOO_MANY_ROOMS");
  expect(await world.codeOf(rooms.create("arena"))).toBe("ERR_TOO_MANY_ROOMS");
  expect(rooms.room?.id).toBe(first.id);
});

test("a room whose open is never done is given up after 30 s: who waits is told, its place is free", async () => {
  let opened = 0;
  const open = () => (++opened === 2 ? new Promise<void>(() => {}) : undefined); // The first time is the rehearsal.
  const world = await started({ open }, { maxRooms: 1 });
  const { rooms } = await world.connect();
  const created = rooms.create("arena", { timeoutMs: 60_000 });
  created.catch(() => {});
  await world.run(29_000, 100);
  expect(world.host.rooms).toHaveLength(1);
  await world.run(1500, 100);
  expect(world.host.rooms).toEqual([]);
  expect(await world.codeOf(created)).toBe("ERR_ROOM_FAILED");
  expect(world.errors).toEqual([expect.objectContaining({ code: "ERR_TIMEOUT" })]);
  expect((await world.wait(rooms.create("arena"))).kind).toBe("arena");
});

test("a start whose rehearsal is never done rejects after 30 s, and can be tried again", async () => {
  let opened = 0;
  const open = () => (++opened === 1 ? new Promise<void>(() => {}) : undefined);
  const world = new RoomsWorld(newProtocol, { arena: { capacity: 2, open } });
  const starting = world.host.start();
  starting.catch(() => {});
  await world.run(31_000, 100);
  await expect(starting).rejects.toMatchObject({ code: "ERR_TIMEOUT", message: expect.stringContaining("arena") });
  await world.wait(world.host.start());
  expect((await world.wait(world.host.createRoom("arena"))).kind).toBe("arena");
});
