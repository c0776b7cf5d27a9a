import { describe, expect, test } from "vitest";
import {
  clientRpc,
  definePrefab,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  type SyncList,
  type SyncRef,
  serverRpc,
  syncList,
  syncRef,
} from "../../../lib/object/index.js";
import { type Codec, defineCodec, u8, vec2 } from "../../../lib/serialization/index.js";
import { type ObjectEnd, ObjectWorld } from "../../support/object-world.js";

const log: string[] = [];

class Parts extends NetworkBehaviour {
  declare health: number;
  declare loot: SyncList<number>;
  declare friend: SyncRef<Parts>;
  declare position: { x: number; y: number };
  declare heading: number;
  readonly ran: unknown[] = [];
  override startServer() {
    log.push("startServer");
  }
  override startClient() {
    log.push("startClient");
    this.on("health", (now, before) => log.push(`client health ${before} ${now}`));
  }
  override startOwner() {
    log.push("startOwner");
  }
  override stopClient() {
    log.push("stopClient");
  }
  override stopServer() {
    log.push("stopServer");
  }
  override ownerChanged(owner: unknown) {
    log.push(`ownerChanged ${owner ? "player" : "null"}`);
  }
  async buy(what: { id: number }): Promise<number> {
    this.ran.push(what);
    return what.id + 1;
  }
  told(what: { id: number }) {
    this.ran.push(what);
  }
}

/** An object as argument: what arrives must not be the same object. */
const thing: Codec<{ id: number }> = defineCodec({
  layout: "thing",
  minBits: 8,
  write: (writer, { id }) => writer.writeBits(id, 8),
  read: (reader) => ({ id: reader.readBits(8) }),
  equals: (one, other) => one.id === other.id,
  default: () => ({ id: 0 }),
});

const Unit = networked(
  Parts,
  {
    health: u8,
    loot: syncList(u8, 9),
    friend: syncRef(() => Parts),
    position: [vec2(u8), { delivery: "latest" }],
    heading: [u8, { from: "owner" }],
  },
  { buy: serverRpc([thing], { returns: u8 }), told: clientRpc([thing]) },
);
const UnitPrefab = definePrefab("unit", { unit: Unit });
const unitOf = (identity: NetworkIdentity | null) => identity?.behaviours.unit as InstanceType<typeof Unit>;

async function open(kind: "shared" | "replica" | "remote") {
  log.length = 0;
  const world = new ObjectWorld({ prefabs: [UnitPrefab] });
  if (kind === "remote") await world.server.start();
  const end: ObjectEnd = kind === "remote" ? await world.enter() : await world.startHost(kind);
  for (const name of ["spawned", "unspawned"] as const) {
    world.objects.on(name, () => void log.push(`server ${name}`));
    end.world.on(name, (_identity: NetworkIdentity, reason?: string) => {
      log.push(`client ${name}${reason ? ` ${reason}` : ""}`);
    });
  }
  return { world, end, isShared: kind === "shared" };
}

describe.each(["shared", "replica", "remote"] as const)("client: %s", (kind) => {
  test("an object's life has its order, and a host's client is as any other", async () => {
    const { world, end, isShared } = await open(kind);
    const { identity, unit } = world.objects.spawn(UnitPrefab, {
      owner: end.player,
      init: ({ unit }) => {
        unit.health = 9;
      },
    });
    expect(log).toEqual(["startServer", "server spawned"]);
    expect(end.world.objects).toEqual([]);
    await world.run(200);
    expect(log.splice(0)).toEqual([
      "startServer",
      "server spawned",
      "ownerChanged player",
      "startClient",
      "startOwner",
      "client spawned",
    ]);
    expect(end.world.get(identity.netId)?.isOwner).toBe(true);
    expect(unitOf(end.world.get(identity.netId)) === unit).toBe(isShared);
    unit.health = 8;
    unit.health = 7;
    expect(log).toEqual([]);
    await world.run(200);
    expect(log.splice(0)).toEqual(["client health 9 7"]);
    identity.hide(end.player);
    await world.run(200);
    expect(log.splice(0)).toEqual(["ownerChanged null", "stopClient", "client unspawned hidden"]);
    identity.setOwner(null);
    expect(log.splice(0)).toEqual(["ownerChanged null"]);
    await world.run(200);
    expect(log).toEqual([]);
    expect(end.world.objects).toEqual([]);
    unit.health = 6;
    identity.show(end.player);
    await world.run(200);
    expect(log.splice(0)).toEqual(["startClient", "client spawned"]);
    unit.health = 5;
    identity.destroy();
    const first = ["server unspawned"];
    expect(log).toEqual(isShared ? first : [...first, "stopServer"]);
    expect(() => unit.identity.setOwner(null)).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
    await world.run(200);
    const atClient = ["client health 6 5", "stopClient", "client unspawned destroyed"];
    expect(log.splice(0)).toEqual(
      isShared ? [...first, ...atClient, "stopServer"] : [...first, "stopServer", ...atClient],
    );
    expect(end.world.objects).toEqual([]);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });

  test("listeners get what arrived, with the value before", async () => {
    const { world, end } = await open(kind);
    const { identity, unit } = world.objects.spawn(UnitPrefab, {
      init: ({ unit }) => {
        unit.loot.push(1, 2);
        unit.position = { x: 1, y: 2 };
      },
    });
    const heard: unknown[] = [];
    end.world.onSpawned(UnitPrefab, ({ unit }) => {
      unit.loot.on("inserted", (index, value) => heard.push(["inserted", index, value]));
      unit.loot.on("removed", (index, value) => heard.push(["removed", index, value]));
      unit.on("position", (now, before) => heard.push(["position", { ...now }, before]));
      unit.friend.on("resolved", (friend) =>
        heard.push(["resolved", friend === unitOf(end.world.get(identity.netId))]),
      );
    });
    await world.run(200);
    expect(heard).toEqual([]);
    unit.loot.push(3);
    unit.position.x = 50;
    unit.friend.value = unit;
    await world.run(200);
    unit.loot.shift();
    await world.run(200);
    expect(heard).toEqual(
      expect.arrayContaining([
        ["inserted", 2, 3],
        ["removed", 0, 1],
        ["position", { x: 50, y: 2 }, { x: 1, y: 2 }],
        ["resolved", true],
      ]),
    );
    expect(heard.length).toBe(4);
  });

  test("calls pass their codecs, and run in the next receive phase", async () => {
    const { world, end } = await open(kind);
    const { identity, unit } = world.objects.spawn(UnitPrefab, { owner: end.player });
    await world.run(200);
    const there = unitOf(end.world.get(identity.netId));
    const argument = { id: 3 };
    const bought = there.buy(argument);
    expect(unit.ran).toEqual([]);
    await world.run(200);
    await expect(bought).resolves.toBe(4);
    expect(unit.ran).toEqual([argument]);
    expect(unit.ran[0]).not.toBe(argument);
    unit.ran.length = 0;
    unit.told(argument);
    expect(there.ran).toEqual([]);
    await world.run(200);
    expect(there.ran).toEqual([argument]);
    expect(there.ran[0]).not.toBe(argument);
    if (kind === "remote") {
      expect(() => unit.buy(argument)).toThrow(expect.objectContaining({ code: "ERR_WRONG_SIDE" }));
      return;
    }
    // On a host the server's own instance calls as the local player.
    const called = unit.buy(argument);
    await world.run(200);
    await expect(called).resolves.toBe(4);
    identity.setOwner(null);
    await world.run(200);
    const refused = expect(unit.buy(argument)).rejects.toMatchObject({ code: "ERR_RPC_REFUSED" });
    await world.run(200);
    await refused;
  });

  test("what the owner sets reaches the listeners of both worlds", async () => {
    const { world, end } = await open(kind);
    const { identity, unit } = world.objects.spawn(UnitPrefab, { owner: end.player });
    const heard: unknown[] = [];
    unit.on("heading", (now, before) => heard.push(["server", before, now]));
    end.world.onSpawned(UnitPrefab, ({ unit }) => {
      unit.on("heading", (now, before) => heard.push(["client", before, now]));
    });
    await world.run(200);
    unitOf(end.world.get(identity.netId)).heading = 5;
    unit.health = 1;
    await world.run(200);
    expect(unit.heading).toBe(5);
    expect(heard.sort()).toEqual([
      ["client", 0, 5],
      ["server", 0, 5],
    ]);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });

  test("the server stops, or the client leaves", async () => {
    const { world, end, isShared } = await open(kind);
    world.objects.spawn(UnitPrefab);
    const second = world.objects.spawn(UnitPrefab);
    await world.run(200);
    log.length = 0;
    if (isShared) {
      // It has left the server's world, and the client has not heard of that.
      second.identity.destroy();
      expect(log.splice(0)).toEqual(["server unspawned"]);
    } else second.identity.destroy();
    void end.client.disconnect();
    await world.run(200);
    expect(log.filter((name) => name === "stopServer")).toEqual(["stopServer"]);
    expect(log.filter((name) => name === "stopClient")).toEqual(["stopClient", "stopClient"]);
    log.length = 0;
    const stopping = world.server.stop();
    await world.run(6000);
    await stopping;
    expect(log).toEqual(["server unspawned", "stopServer"]);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });
});

test("a server that stops ends the world of its host's client first", async () => {
  const { world } = await open("shared");
  world.objects.spawn(UnitPrefab);
  await world.run(200);
  log.length = 0;
  const stopping = world.server.stop();
  await world.run(6000);
  await stopping;
  expect(log).toEqual(["stopClient", "client unspawned hidden", "server unspawned", "stopServer"]);
});
