import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../lib/clock.js";
import { defineRequest } from "../../../lib/message/protocol/request.js";
import { NatsEngine } from "../../../lib/rooms/engine/index.js";
import { Beats } from "../../../lib/rooms/fleet/beats.js";
import { Directory, type RoomEntry } from "../../../lib/rooms/fleet/directory.js";
import { RemoteMessages } from "../../../lib/rooms/fleet/remote-messages.js";
import { type RoomHistory, RoomLog } from "../../../lib/rooms/fleet/room-log.js";
import { struct, u32 } from "../../../lib/serialization/index.js";
import { type NatsCluster, startNats } from "../../../scripts/nats-cluster.mjs";
import { bytes, text } from "./support.js";

let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await startNats(3);
});
afterAll(() => cluster?.close());

/** An engine that is connected to this server first. */
async function connect(node = 0): Promise<NatsEngine> {
  const servers = [...cluster.servers.slice(node), ...cluster.servers.slice(0, node)];
  const engine = await NatsEngine.connect({ servers, connection: { noRandomize: true } });
  onTestFinished(() => engine.close());
  return engine;
}

/** Tries again what fails while a leader is being elected. */
async function patiently<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      expect(["ERR_NOT_CONNECTED", "ERR_TIMEOUT"]).toContain((error as { code: string }).code);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function own(engine: NatsEngine, room: RoomEntry) {
  const applied: string[] = [];
  const state = { isFenced: false };
  const { log, history } = await RoomLog.open({
    log: await engine.log("games"),
    id: room.id,
    epoch: room.epoch,
    owner: room.owner,
    clock: systemClock,
    random: Math.random,
    apply: (event) => applied.push(text(event)),
    fenced: () => {
      state.isFenced = true;
    },
  });
  return { log, applied, state, history };
}

const replayOf = ({ state, events }: RoomHistory): string[] => [
  ...(state ? JSON.parse(text(state)) : []),
  ...events.map(text),
];

test("servers are killed one after the other: nothing acknowledged is lost, nothing is there twice", async () => {
  const engines = [await connect(0), await connect(1), await connect(2)];
  const directories = await Promise.all(engines.map((engine) => Directory.open(engine, "kills")));
  onTestFinished(() => {
    for (const directory of directories) directory.close();
  });
  const description = { kind: "game", isOpen: true, labels: {}, code: "" };
  const rooms = await Promise.all(
    Array.from({ length: 12 }, async (_, at) => {
      const directory = directories[at % 3] as Directory;
      const room = await directory.createRoom({ ...description, id: `room${at}` }, `host${at % 3}`);
      return { room, at, acknowledged: [] as string[], ...(await own(engines[at % 3] as NatsEngine, room)) };
    }),
  );
  let isOver = false;
  const playing = rooms.map(async ({ log, applied, acknowledged }) => {
    for (let round = 0; !isOver; round++) {
      const turn = [0, 1, 2].map((event) => `${round}.${event}`);
      await Promise.all(turn.map((event) => log.commit(bytes(event))));
      acknowledged.push(...turn);
      if (round % 20 === 19) await log.checkpoint(bytes(JSON.stringify(applied)));
    }
  });
  for (const node of cluster.nodes) {
    const counts = rooms.map(({ acknowledged }) => acknowledged.length);
    await node.kill();
    await node.restart();
    // All rooms go on.
    while (rooms.some(({ acknowledged }, at) => acknowledged.length < (counts[at] ?? 0) + 30)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  isOver = true;
  await Promise.all(playing);
  for (const { room, at, acknowledged, log, state } of rooms) {
    const next = (at + 1) % 3;
    const directory = directories[next] as Directory;
    const claimed = (await patiently(() => directory.claimRoom(room, `host${next}`))) as RoomEntry;
    expect([claimed.owner, claimed.epoch > room.epoch]).toEqual([`host${next}`, true]);
    const { history } = await patiently(() => own(engines[next] as NatsEngine, claimed));
    expect(replayOf(history)).toEqual(acknowledged);
    await expect(log.commit(bytes("late"))).rejects.toEqual(expect.objectContaining({ code: "ERR_FENCED" }));
    expect(state.isFenced).toBe(true);
  }
}, 240_000);

test("a host that does not beat is dead, and its room is taken over; requests find the new owner", async () => {
  const Where = defineRequest("where", struct({ x: u32 }), struct({ x: u32 }));
  const hosts = await Promise.all(
    ["a", "b"].map(async (id, at) => {
      const engine = await connect(at);
      const directory = await patiently(() => Directory.open(engine, "beats"));
      const state = {
        ...{ id, fingerprint: new Uint8Array(8), keyTags: [], addresses: [], serverKey: "" },
        ...{ rooms: 0, players: 0, capacity: 1, load: 0, isDraining: false },
      };
      const beats = new Beats({ engine, app: "beats", clock: systemClock, id: state.id, state: () => state });
      const remote = new RemoteMessages({
        ...{ engine, app: "beats", fingerprint: () => new Uint8Array(8), host: id },
        locate: (target) => ("room" in target ? directory.findRoom(target.room)?.owner : undefined),
        onError: (error) => expect.unreachable(String(error)),
      });
      remote.registerRequest(Where, ({ x }) => ({ x: x + at }));
      beats.start();
      remote.start();
      onTestFinished(() => {
        beats.stop();
        remote.stop();
        directory.close();
      });
      return { engine, directory, beats, remote };
    }),
  );
  const [a, b] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
  const until = async (check: () => boolean) => {
    while (!check()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const room = await patiently(() =>
    a.directory.createRoom({ id: "arena", kind: "game", isOpen: true, labels: {}, code: "" }, "a"),
  );
  await until(() => b.beats.find("a") !== undefined && b.directory.findRoom("arena") !== undefined);
  expect(await b.remote.request({ room: "arena" }, Where, { x: 5 })).toEqual({ x: 5 });
  // It goes without a word, as a process that is killed.
  await a.engine.close();
  await until(() => b.beats.isDead("a"));
  await expect(b.remote.request({ room: "arena" }, Where, { x: 5 })).rejects.toEqual(
    expect.objectContaining({ code: "ERR_NO_RESPONDERS" }),
  );
  await patiently(() => b.directory.claimRoom(room, "b"));
  await until(() => b.directory.findRoom("arena")?.owner === "b");
  expect(await b.remote.request({ room: "arena" }, Where, { x: 5 })).toEqual({ x: 6 });
});
