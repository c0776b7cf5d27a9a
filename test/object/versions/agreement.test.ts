import { describe, expect, test } from "vitest";
import {
  DisconnectCode,
  defineMessage,
  defineProtocol,
  type INetworkPlayer,
  type MessageDefinition,
  type Protocol,
} from "../../../lib/message/index.js";
import { protocolCore } from "../../../lib/message/protocol/protocol.js";
import {
  ClientObjectManager,
  clientRpc,
  definePrediction,
  definePrefab,
  NetworkBehaviour,
  networked,
  type Prefab,
  ServerObjectManager,
} from "../../../lib/object/index.js";
import { Layouts } from "../../../lib/object/wire/layouts.js";
import { array, bool, encode, string, struct, u8, u16, u32 } from "../../../lib/serialization/index.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { utf8Length } from "../../../lib/utf8.js";
import { newVersion, OPTIONAL, oldVersion, protocolOf, shipOf, VersionWorld } from "../../support/game-version.js";
import { ObjectWorld } from "../../support/object-world.js";

class RockParts extends NetworkBehaviour {
  rolled() {}
}
const rock = (members: object, rpcs: object = {}, options = {}): Prefab =>
  definePrefab(
    "rock",
    { rock: networked(class Rock extends RockParts {}, members as never, rpcs as never) },
    options,
  ) as unknown as Prefab;
const messagesOf = (...prefabs: Prefab[]) =>
  new Layouts(prefabs).messages.map(({ name, codec, optional }) => [name, codec.layout, optional]);
const OPTION = { optional: true } as const;

describe("the messages that stand for what two programs have", () => {
  test("are the same with and without optional parts, and one more for each of these", () => {
    const [table] = messagesOf(rock({ size: u8 }));
    const colour = ["objects/?rock.rock.colour", "u8 ordered server>observers", true];
    const rolled = ["objects/?rock.rock.rolled", "() observers", true];
    const parts = rock({ size: u8, colour: [u8, OPTION] }, { rolled: clientRpc([], OPTION) });
    expect(messagesOf(parts)).toEqual([table, colour, rolled]);
    const optional = rock({ size: u8 }, {}, OPTION);
    const layout = '"rock"{"rock":{"size":u8 ordered server>observers}}';
    expect(messagesOf(optional)).toEqual([
      ["objects/prefabs", "objects{}", false],
      ["objects/?rock", layout, true],
    ]);
  });

  test("have names that fit, however long those of the parts are, and differ where those do", () => {
    const names = ["a", "b"].map((end) => `${"ä".repeat(40)}${end}`);
    const members = Object.fromEntries(names.map((name) => [name, [u8, OPTION]]));
    const messages = messagesOf(rock(members)).slice(1);
    for (const [name] of messages) expect(utf8Length(name as string)).toBeLessThanOrEqual(64);
    expect(new Set(messages.map(([name]) => name)).size).toBe(2);
  });

  test("are of the prediction, too, where the prefab is optional", () => {
    const Craft = networked(class Craft extends NetworkBehaviour {}, { x: [u8, { delivery: "latest" }] });
    const craft = definePrefab("craft", { craft: Craft }, OPTION) as unknown as Prefab;
    const prediction = definePrediction(Craft, { input: struct({ go: bool }), step: () => {} });
    const [table, own] = new Layouts([craft], [prediction as never]).messages;
    expect(table?.codec.layout).toBe("objects{}");
    expect(own?.codec.layout).toContain("craft.craft (prediction),struct{");
  });
});

test("predicted members are not optional", () => {
  const latest = { delivery: "latest" } as const;
  const Craft = networked(class Craft extends NetworkBehaviour {}, {
    x: [u8, latest],
    y: [u8, { ...latest, ...OPTION }],
  });
  const options = { input: struct({ go: bool }), step: () => {} };
  expect((definePrediction(Craft, options) as unknown as { layout: string }).layout).toMatch(/ > x$/);
  expect(() => definePrediction(Craft, { ...options, members: ["y"] })).toThrow(
    "Craft.y cannot be predicted: it is opt",
  );
});

test("managers that share a protocol have the same optional parts", () => {
  const world = new ObjectWorld({ prefabs: [rock({ size: u8, colour: [u8, OPTION] })] });
  const client = world.newClient();
  expect(() => new ClientObjectManager(client, { prefabs: [rock({ size: u8 })] })).toThrow("objects/prefabs");
  new ClientObjectManager(world.newClient(), { prefabs: [rock({ size: u8, colour: [u8, OPTION] })] });
});

test("`optional` is a boolean", () => {
  expect(() => rock({ size: [u8, { optional: 1 }] })).toThrow(TypeError);
  expect(() => rock({}, { rolled: clientRpc([], { optional: "yes" as never }) })).toThrow(TypeError);
  expect(() => rock({}, {}, { optional: null })).toThrow(TypeError);
  expect(() => rock({}, {}, { optionl: true })).toThrow("optional");
});

describe("what an optional part is has to be the same on both sides", () => {
  test.each<[string, Prefab, Prefab, string]>([
    [
      "another codec of a member",
      rock({ size: [u8, OPTION] }),
      rock({ size: [u16, OPTION] }),
      "rock.rock.size: server u8 ordered server>observers, client u16 ordered server>observers",
    ],
    [
      "other arguments of an RPC",
      rock({}, { rolled: clientRpc([], OPTION) }),
      rock({}, { rolled: clientRpc([u8], OPTION) }),
      "rock.rock.rolled: server () observers, client (u8) observers",
    ],
    [
      "other members of a prefab",
      rock({ size: u8 }, {}, OPTION),
      rock({ size: u16 }, {}, OPTION),
      "rock.rock.size: server u8 ordered server>observers, client u16 ordered server>observers",
    ],
    [
      "a member that one side needs",
      rock({ size: [u8, OPTION] }),
      rock({ size: u8 }),
      "rock.rock.size: server nothing, client u8 ordered server>observers",
    ],
  ])("%s", async (_difference, ours, theirs, text) => {
    const world = new ObjectWorld({ prefabs: [ours] });
    await world.server.start();
    const entering = world.enter(() => {}, { protocol: protocolOf() }, { prefabs: [theirs] });
    await expect(entering).rejects.toMatchObject({
      code: "ERR_PROTOCOL_MISMATCH",
      reason: { code: DisconnectCode.ProtocolMismatch, text },
    });
  });
});

describe("players", () => {
  const parts = newVersion().prefabs;
  const withOnly = (...names: string[]) =>
    ({
      hasMessage: ({ name }: MessageDefinition<unknown>) =>
        names.some((one) => name === `objects/?${one}` || name.endsWith(`.${one}`)),
    }) as unknown as INetworkPlayer;

  test("who have everything have the layouts of the manager", () => {
    const layouts = new Layouts(parts);
    const agreed = layouts.agreedWith(withOnly(...OPTIONAL));
    expect(agreed).toBe(layouts.whole);
    expect(agreed.all).toBe(layouts.all);
  });

  test("who lack the same share their layouts, and those of prefabs that lack nothing with all", () => {
    const layouts = new Layouts([...parts, rock({ size: u8 })]);
    const [one, same, other] = [withOnly("alarm"), withOnly("alarm"), withOnly("zap")].map((player) =>
      layouts.agreedWith(player),
    );
    expect(same).toBe(one);
    expect(other).not.toBe(one);
    expect(one?.all.map(({ prefab }) => prefab.name)).toEqual(["rock", "ship"]);
    expect([one?.all[0], other?.all[0]]).toEqual([layouts.all[1], layouts.all[1]]);
    expect(one?.all[1]).not.toBe(layouts.all[2]);
  });

  test("with ever other sets take no more memory", () => {
    const layouts = new Layouts(parts);
    const first = layouts.agreedWith(withOnly(OPTIONAL[0] as string));
    const seen = new Set<object>();
    for (let bits = 0; bits < 500; bits++) {
      const names = OPTIONAL.filter((_, index) => ((bits >> index) & 1) === 1);
      seen.add(layouts.agreedWith(withOnly(...names)));
    }
    expect(seen.size).toBe(500);
    // It was forgotten, and is as it was.
    const again = layouts.agreedWith(withOnly(OPTIONAL[0] as string));
    expect(again).not.toBe(first);
    expect(again.all.map(({ rpcs, scoped }) => [rpcs, scoped])).toEqual(
      first.all.map(({ rpcs, scoped }) => [rpcs, scoped]),
    );
  });
});

describe("a client that says nonsense of what it has", () => {
  /** As it is read. */
  const table = struct({
    name: string(64),
    version: u32,
    messages: array(struct({ name: string(64), layoutHash: u32, optional: bool }), 4096),
    parts: array(struct({ message: string(64), name: string(600), layout: string(120) }), 4096),
  });
  const rows = (protocol: Protocol) =>
    protocol.messages.map(({ name, codec, optional }) => ({ name, layoutHash: codec.layoutHash, optional }));
  const row = (name: string, optional = true) => ({ name, layoutHash: 5, optional });
  const hostile = defineMessage("hostile", u8, OPTION);

  async function say(tableOf: (messages: ReturnType<typeof rows>) => Uint8Array) {
    const world = new VersionWorld(newVersion());
    await world.server.start();
    const honest = await world.meet(oldVersion());
    const protocol = defineProtocol({ name: "objects", version: 1, messages: [hostile] });
    const client = world.newClient({ protocol });
    const seen = new ClientObjectManager(client, { prefabs: newVersion().prefabs });
    const core = protocolCore(protocol);
    core.encodeTable = () => tableOf(rows(protocol));
    const connecting = client.connect();
    const ended = connecting.then(
      () => null,
      (error) => error,
    );
    await world.until(() => client.isAuthenticated || !client.active);
    const error = await ended;
    const { ship, identity } = world.objects.spawn(world.version.ship);
    ship.health = 3;
    await world.run(200);
    expect(shipOf(honest.world.get(identity.netId)).health).toBe(3);
    return { world, client, error, seen };
  }
  const tableWith =
    (...added: ReturnType<typeof row>[]) =>
    (messages: ReturnType<typeof rows>) =>
      encode(table, { name: "objects", version: 1, messages: [...messages, ...added], parts: [] });

  const unreadable = "the table of the client cannot be read";
  test.each<[string, (messages: ReturnType<typeof rows>) => Uint8Array, string]>([
    ["a part twice", (all) => tableWith(...all.slice(-1))(all), "the table of the client has a message twice"],
    ["unknown parts that are needed", tableWith(row("objects/?ghost", false)), 'message "objects/?ghost" is missing'],
    ["another layout", (all) => tableWith(row(all.at(-1)?.name as string))(all.slice(0, -1)), "has another layout"],
    ["bytes that are no table", () => new Uint8Array(100).fill(0xff), unreadable],
    ["nothing", () => new Uint8Array(), unreadable],
    ["a part of its table", (all) => tableWith()(all).subarray(0, 50), unreadable],
    ["8 KiB of zeros", () => new Uint8Array(8192), unreadable],
  ])("%s: its connection ends with a reason, and no other", async (_what, tableOf, text) => {
    const { client, error, world } = await say(tableOf);
    expect(error).toMatchObject({ code: "ERR_PROTOCOL_MISMATCH", reason: { code: DisconnectCode.ProtocolMismatch } });
    expect(error.reason.text).toContain(text);
    expect([client.active, world.server.players.length, world.errors]).toEqual([false, 1, []]);
  });

  test("whatever the bits of a table are, it is agreed on, or a text says why not", () => {
    const core = protocolCore(protocolOf().add(...(new Layouts(newVersion().prefabs).messages as never[])));
    const bytes = tableWith()(rows(core));
    const random = seededRandom(5);
    const results = new Map<string, number>();
    for (let index = 0; index < 5000; index++) {
      const mutated = bytes.slice(0, random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length);
      for (let left = 1 + Math.floor(random() * 3); left > 0 && mutated.length > 0; left--) {
        mutated[Math.floor(random() * mutated.length)] = Math.floor(random() * 256);
      }
      const result = core.compare(mutated, "ours");
      const kind = typeof result === "string" ? "refused" : "agreed";
      results.set(kind, (results.get(kind) ?? 0) + 1);
    }
    expect([...results.keys()].sort()).toEqual(["agreed", "refused"]);
  });

  test("parts that the server does not know, and which may be missing, are nothing to it", async () => {
    const { client, error } = await say(tableWith(row("objects/?ghost"), row("objects/?ship.hull.ghost")));
    expect(error).toBeNull();
    expect(client.isAuthenticated).toBe(true);
  });
});

test("a server manager refuses a prefab that is optional in another way", () => {
  const world = new ObjectWorld({ prefabs: [rock({ size: u8 })] });
  expect(() => new ServerObjectManager(world.server, { prefabs: [rock({ size: u8 }, {}, OPTION)] })).toThrow();
});
