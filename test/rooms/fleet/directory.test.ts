import { expect, onTestFinished, test } from "vitest";
import { seededRandom } from "../../../lib/random.js";
import { MemoryEngine } from "../../../lib/rooms/engine/index.js";
import { Directory, type RoomEntry, type SessionEntry } from "../../../lib/rooms/fleet/directory.js";
import { bytes, faulty, randomFaults, settle } from "./support.js";

const description = { id: "arena", kind: "duel", isOpen: true, labels: { map: "desert" }, code: "" };
const session: SessionEntry = {
  ...{ id: "00".repeat(16), room: "arena", host: "a", playerId: 1 },
  ...{ identity: "ann", authentication: "{}", epoch: 1n, moves: 0, isSpectator: false, question: 0 },
};

/** The directories of so many hosts, and what the first one hears of rooms. */
async function directories(count: number) {
  const engine = new MemoryEngine();
  const links = Array.from({ length: count }, () => engine.link());
  const heard: [RoomEntry | null, RoomEntry | null][] = [];
  const open = (link: MemoryEngine, at: number) =>
    Directory.open(link, "test", at === 0 ? (now, before) => heard.push([now, before]) : undefined);
  const all = await Promise.all(links.map(open));
  onTestFinished(() => {
    for (const directory of all) directory.close();
  });
  const [first, second, third] = all as [Directory, Directory, Directory];
  return { engine, links, all, first, second, third, heard };
}

test("of all who make a room one becomes its owner, and all are told the same", async () => {
  const { all } = await directories(8);
  const made = await Promise.all(all.map((directory, at) => directory.createRoom(description, `host${at}`)));
  const [winner] = made as [RoomEntry];
  expect(made).toEqual(all.map(() => winner));
  expect(winner).toEqual({ ...description, kin: "", owner: winner.owner, revision: winner.epoch, epoch: winner.epoch });
  await settle();
  for (const directory of all) {
    expect(directory.findRoom("arena")).toEqual(winner);
    expect([...directory.rooms()]).toEqual([winner]);
  }
});

test("of all who take a room over one becomes its owner, with a greater epoch, and the old owner hears", async () => {
  const { all, first, heard } = await directories(8);
  const old = await first.createRoom(description, "old");
  const claims = await Promise.all(all.map((directory, at) => directory.claimRoom(old, `host${at}`)));
  const [winner] = claims as [RoomEntry];
  expect(claims).toEqual(all.map(() => winner));
  expect(winner.owner).not.toBe("old");
  expect(winner.epoch).toBeGreaterThan(old.epoch);
  await settle();
  expect(heard).toEqual([
    [old, null],
    [winner, old],
  ]);
});

test("a room that was described anew keeps its epoch; an owner that was replaced cannot describe it", async () => {
  const { first, second, third } = await directories(3);
  const made = await first.createRoom(description, "a");
  const closed = (await first.describeRoom(made, { isOpen: false })) as RoomEntry;
  expect([closed.epoch, closed.isOpen, closed.labels]).toEqual([made.epoch, false, description.labels]);
  expect(closed.revision).toBeGreaterThan(made.revision);
  // Who has seen the room before that takes it over as it is.
  const claimed = (await second.claimRoom(made, "b")) as RoomEntry;
  expect([claimed.owner, claimed.isOpen]).toEqual(["b", false]);
  expect(claimed.epoch).toBe(claimed.revision);
  expect(await first.describeRoom(closed, { isOpen: true })).toEqual(claimed);
  expect(await third.claimRoom(made, "c")).toEqual(claimed);
  expect(await first.removeRoom(made)).toBe(false);
  expect(await second.removeRoom(claimed)).toBe(true);
  expect(await second.removeRoom(claimed)).toBe(true);
  await settle();
  expect(third.findRoom("arena")).toBeUndefined();
  expect(await third.claimRoom(claimed, "c")).toBeNull();
  const again = await third.createRoom(description, "c");
  expect([again.owner, again.epoch > claimed.epoch]).toEqual(["c", true]);
});

test("where the answer of a claim is lost, the key says who has won", async () => {
  const { engine } = await directories(0);
  for (let seed = 1; seed <= 200; seed++) {
    const faults = randomFaults(seededRandom(seed));
    const hosts = await Promise.all(["a", "b"].map(async () => Directory.open(faulty(engine.link(), faults), "test")));
    const claims = await Promise.allSettled(
      hosts.map(async (directory, at) => {
        const made = await directory.createRoom({ ...description, id: `room${seed}` }, `host${at}`);
        return directory.claimRoom(made, `next${at}`);
      }),
    );
    await settle();
    const told = claims.flatMap((result) => (result.status === "fulfilled" && result.value ? [result.value] : []));
    const room = hosts[0]?.findRoom(`room${seed}`);
    // Nobody takes itself for the owner but the owner.
    for (const { owner, epoch } of told) expect([seed, owner, epoch]).toEqual([seed, room?.owner, room?.epoch]);
    for (const directory of hosts) directory.close();
  }
});

test("a session is found by its id, its room and its identity, and follows its player", async () => {
  const { first, second } = await directories(2);
  await first.putSession(session);
  expect(await second.readSession(session.id)).toEqual(expect.objectContaining(session));
  await settle();
  const shown = (found: SessionEntry[]) => found.map(({ room, epoch }) => [room, epoch]);
  expect(second.findSession(session.id)).toEqual(expect.objectContaining(session));
  expect(shown(second.sessionsIn("arena"))).toEqual([["arena", 1n]]);
  expect(shown(second.sessionsOf("ann"))).toEqual([["arena", 1n]]);
  await second.putSession({ ...session, room: "lobby", epoch: 7n, moves: 1 });
  await settle();
  expect([shown(first.sessionsIn("arena")), shown(first.sessionsIn("lobby"))]).toEqual([[], [["lobby", 7n]]]);
  expect(shown(first.sessionsOf("ann"))).toEqual([["lobby", 7n]]);
  // The room was taken over, and its old owner writes late.
  await second.putSession({ ...session, room: "lobby", epoch: 9n, moves: 1 });
  expect((await first.putSession({ ...session, room: "lobby", epoch: 8n, moves: 1 })).epoch).toBe(9n);
  // A host that stood still writes where the player was before it moved, or moves it as another one has.
  expect((await first.putSession({ ...session, epoch: 99n })).room).toBe("lobby");
  expect((await first.putSession({ ...session, room: "attic", epoch: 99n, moves: 1 })).room).toBe("lobby");
  expect(await first.removeSession(session)).toBe(false);
  expect(await first.removeSession({ ...session, moves: 1 })).toBe(true);
  await settle();
  expect([second.findSession(session.id), second.sessionsOf("ann"), second.sessionsIn("lobby")]).toEqual([
    undefined,
    [],
    [],
  ]);
});

test("ids may have any characters, and two of them are never one", async () => {
  const { first, second } = await directories(2);
  const ids = ["a b", "-YSBi", "ä", "a.b", "*", ">", "日本", "a", "A", "-", "", " "];
  for (const id of ids) await first.createRoom({ ...description, id }, id === "a" ? "x" : "y");
  await settle();
  expect([...second.rooms()].map(({ id }) => id)).toEqual(ids);
  expect(second.findRoom("a")?.owner).toBe("x");
  for (const id of ids) expect(second.findRoom(id)?.id).toBe(id);
});

test("a copy that is behind an outage is rebuilt; what is no record is passed over, and never replaced", async () => {
  const { engine, links, first, second, heard } = await directories(2);
  const made = await first.createRoom(description, "a");
  await settle();
  links[0]?.disconnect();
  expect([first.isCurrent, first.findRoom("arena")]).toEqual([false, made]);
  const claimed = (await second.claimRoom(made, "b")) as RoomEntry;
  links[0]?.reconnect();
  await settle();
  expect([first.isCurrent, first.findRoom("arena")]).toEqual([true, claimed]);
  const bucket = await engine.bucket("test-rooms");
  await bucket.create("broken", bytes("no record"));
  await settle();
  expect(first.findRoom("broken")).toBeUndefined();
  expect(heard.length).toBe(2);
  await expect(first.createRoom({ ...description, id: "broken" }, "a")).rejects.toThrow();
  await bucket.update("arena", bytes("no record"), claimed.revision);
  await settle();
  expect([first.findRoom("arena"), heard.at(-1)]).toEqual([undefined, [null, claimed]]);
});

test("a directory that cannot be opened leaves nothing behind that follows the engine", async () => {
  const { engine } = await directories(1);
  const link = engine.link();
  const { bucket: open } = link;
  let followed = 0;
  const failing: Pick<MemoryEngine, "bucket"> = {
    async bucket(name, options) {
      if (name === "test-sessions") throw new Error("The engine is away");
      const bucket = await open.call(link, name, options);
      const watch: typeof bucket.watch = async (on) => {
        const watch = await bucket.watch(on);
        followed++;
        const close = () => {
          followed--;
          watch.close();
        };
        return { ...watch, close };
      };
      return { ...bucket, watch };
    },
  };
  await expect(Directory.open(failing, "test")).rejects.toThrow("The engine is away");
  expect(followed).toBe(0);
});
