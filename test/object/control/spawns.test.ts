import { describe, expect, test } from "vitest";
import { Channel, type INetworkPlayer, PlayerState } from "../../../lib/message/index.js";
import {
  definePrefab,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  type Prefab,
  type StepContext,
  serverRpc,
} from "../../../lib/object/index.js";
import { writeControlled } from "../../../lib/object/wire/input-format.js";
import { CallsMessage, KIND_BITS, PredictedMessage, RecordKind } from "../../../lib/object/wire/object-messages.js";
import { NetworkWriter, u32 } from "../../../lib/serialization/index.js";
import { LagSocketFactory } from "../../../lib/socket/index.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { type AnyCraft, type AnyPush, CraftPrefab, CraftWorld, move } from "../../support/craft-world.js";
import { CuttableFactory } from "../../support/message-world.js";
import type { ObjectWorldOptions } from "../../support/object-world.js";

class BoltParts extends NetworkBehaviour {
  readonly calls: string[] = [];
  declare power: number;
  override ownerChanged(owner: INetworkPlayer | null) {
    this.calls.push(owner ? "owner" : "no owner");
  }
  override startClient() {
    this.calls.push("client");
  }
  override startOwner() {
    this.calls.push("own");
  }
  override stopClient() {
    this.calls.push("stop");
  }
  explode() {}
}
const Bolt = networked(
  BoltParts,
  { firedTick: [u32, { initialOnly: true }], power: u32, speed: [u32, { delivery: "latest" }] },
  { explode: serverRpc([]) },
);
const BoltPrefab: Prefab<{ bolt: typeof Bolt }> = definePrefab("bolt", { bolt: Bolt });
const FlarePrefab: Prefab<{ bolt: typeof Bolt }> = definePrefab("flare", { bolt: Bolt });
type AnyBolt = InstanceType<typeof Bolt>;

type Fire = (context: StepContext, craft: AnyCraft) => void;
const fire: Fire = ({ spawn, tick }) => {
  spawn(BoltPrefab, ({ bolt }) => Object.assign(bolt, { firedTick: tick, power: 7 }));
};
const nothing: Fire = () => {};
const IDLE: AnyPush = { forward: 0, turn: 0, light: false };

/** A client that controls a craft, which fires while its light is on. */
async function enter(
  { client = fire, server = fire }: { client?: Fire; server?: Fire } = {},
  options: ObjectWorldOptions = {},
) {
  const run = (shoot: Fire) => (craft: AnyCraft, input: AnyPush, context: StepContext) => {
    move(craft, input, context.dt);
    if (input.light) shoot(context, craft);
  };
  const world = new CraftWorld(
    { lag: { latencyMs: 50 }, prefabs: [CraftPrefab, BoltPrefab, FlarePrefab], ...options },
    { client: run(client), server: run(server) },
  );
  await world.server.start();
  const { clock } = world;
  const cut = new CuttableFactory(world.network, { kind: options.kind ?? "datagram" });
  const lag = { latencyMs: 50, ...options.lag, clock, random: seededRandom(9) };
  const end = await world.enterCraft({ socketFactory: new LagSocketFactory(cut, lag) });
  let samples: AnyPush[] = [];
  const control = () => world.flying.control(end.ownCraft, () => samples.shift() ?? IDLE);
  const endControl = control();
  await world.run(500);
  const log: string[] = [];
  const seen = new Map<NetworkIdentity, string[]>();
  const note = (identity: NetworkIdentity, what: string) => {
    log.push(`${identity.prefab} ${what}`);
    seen.set(identity, [...(seen.get(identity) ?? []), what]);
  };
  end.world.on("spawned", (identity) => note(identity, "spawned"));
  end.world.on("adopted", (identity) => note(identity, "adopted"));
  end.world.on("unspawned", (identity, reason) => note(identity, reason));
  return {
    ...end,
    world,
    cut,
    seenWorld: end.world,
    log,
    seen,
    control,
    endControl,
    shoot: (times = 1) => {
      samples = Array.from({ length: times }, () => ({ ...IDLE, light: true }));
    },
    /** The client's bolts. */
    bolts: () => end.world.objects.filter(({ prefab }) => prefab === "bolt"),
    fails: () => [world.errors, world.failures],
  };
}

describe("an object that a step spawns", () => {
  test("is there at once, and goes on as the server's when that comes", async () => {
    const { world, shoot, bolts, log, fails, player, client } = await enter();
    const other = await world.enter();
    shoot();
    await world.run(20);
    const [identity] = bolts();
    const bolt = identity?.behaviours.bolt as AnyBolt;
    expect(identity).toMatchObject({
      netId: 0,
      isPredicted: true,
      isOwner: true,
      isSpawned: true,
      owner: client.player,
    });
    expect([bolt.power, log, bolt.calls]).toEqual([7, ["bolt spawned"], ["owner", "client", "own"]]);
    expect(world.objects.objects.length).toBe(1);
    await world.run(250);
    const made = world.objects.objects.find(({ prefab }) => prefab === "bolt") as NetworkIdentity;
    expect([bolts(), log]).toEqual([[identity], ["bolt spawned", "bolt adopted"]]);
    expect(identity).toMatchObject({ netId: made.netId, isPredicted: false, isOwner: true });
    expect([made.owner, made.isPredicted]).toEqual([player, false]);
    expect(bolt.calls).toEqual(["owner", "client", "own"]);
    expect(bolt.firedTick).toBe((made.behaviours.bolt as AnyBolt).firedTick);
    // Later it is as any other object.
    (made.behaviours.bolt as AnyBolt).power = 9;
    (made.behaviours.bolt as AnyBolt).speed = 3;
    await world.run(150);
    expect([bolt.power, bolt.speed]).toEqual([9, 3]);
    expect(other.world.get(made.netId)).toMatchObject({ isOwner: false, isPredicted: false });
    made.destroy();
    await world.run(150);
    expect([bolts(), log.at(-1), bolt.calls.at(-1)]).toEqual([[], "bolt destroyed", "stop"]);
    expect(fails()).toEqual([[], []]);
  });

  test("gets the server's values where those differ, and its listeners hear of them", async () => {
    const heard: number[] = [];
    const { world, shoot, bolts, log } = await enter({
      client: ({ spawn }) => {
        const { bolt } = spawn(BoltPrefab, ({ bolt }) => Object.assign(bolt, { power: 7, speed: 4 }));
        bolt.on("power", (now, before) => heard.push(now, before));
      },
      server: ({ spawn }) => void spawn(BoltPrefab, ({ bolt }) => Object.assign(bolt, { power: 8, speed: 4 })),
    });
    shoot();
    await world.run(300);
    expect([(bolts()[0]?.behaviours.bolt as AnyBolt | undefined)?.power, heard]).toEqual([8, [8, 7]]);
    expect(log).toEqual(["bolt spawned", "bolt adopted"]);
  });

  test("is rejected when the server has used the input without it", async () => {
    const { world, shoot, bolts, log, fails } = await enter({ server: nothing });
    shoot();
    await world.run(20);
    const bolt = bolts()[0]?.behaviours.bolt as AnyBolt;
    await world.run(250);
    expect([bolts(), log, bolt.calls]).toEqual([
      [],
      ["bolt spawned", "bolt rejected"],
      ["owner", "client", "own", "no owner", "stop"],
    ]);
    expect(fails()).toEqual([[], []]);
  });

  test("is rejected where the server's is of another prefab, ends in that tick, or is hidden", async () => {
    for (const [server, expected] of [
      [({ spawn }: StepContext) => void spawn(FlarePrefab), ["bolt spawned", "flare spawned", "bolt rejected"]],
      [({ spawn }: StepContext) => spawn(BoltPrefab).identity.destroy(), ["bolt spawned", "bolt rejected"]],
      [
        ({ spawn }: StepContext, craft: AnyCraft) =>
          spawn(BoltPrefab).identity.hide(craft.identity.owner as INetworkPlayer),
        ["bolt spawned", "bolt rejected"],
      ],
    ] as const) {
      const { world, shoot, log, fails } = await enter({ server });
      shoot();
      await world.run(300);
      expect(log).toEqual(expected);
      expect(fails()).toEqual([[], []]);
    }
  });

  test("is the same in a replay, whatever that step spawns then besides", async () => {
    let isMore = false;
    const twice: Fire = (context, craft) => {
      fire(context, craft);
      if (isMore || context.isReplay) context.spawn(FlarePrefab);
    };
    const { world, shoot, craft, log, seen, fails } = await enter({ client: twice, server: twice });
    shoot();
    await world.run(20);
    isMore = true;
    // A correction of a tick before the shot: the shot is replayed.
    craft.speed = 50;
    await world.run(400);
    expect([...seen.values()]).toEqual([
      ["spawned", "adopted"],
      ["spawned", "adopted"],
    ]);
    expect(log.filter((one) => one === "bolt spawned").length).toBe(1);
    expect(fails()).toEqual([[], []]);
  });
});

test.each(["datagram", "reliable-lanes"] as const)(
  "of 1000 over %s with losses, jitter and mistakes each is adopted or rejected once, and keeps its instance",
  async (kind) => {
    const [clientRandom, serverRandom] = [seededRandom(3), seededRandom(4)];
    const some =
      (random: () => number): Fire =>
      (context, craft) => {
        for (let left = 3; left > 0; left--) if (random() < 0.9) fire(context, craft);
      };
    const { world, shoot, seen, bolts, seenWorld, fails } = await enter(
      { client: some(clientRandom), server: some(serverRandom) },
      { kind, lag: { latencyMs: 50, jitterMs: 12, loss: 0.05 }, seed: 5 },
    );
    const parts = new Map<NetworkIdentity, object>();
    seenWorld.on("spawned", (identity) => void parts.set(identity, identity.behaviours.bolt as object));
    let predicted = 0;
    seenWorld.on("spawned", ({ isPredicted }) => void (isPredicted && predicted++));
    while (predicted < 1000) {
      shoot(60);
      await world.run(1000);
    }
    shoot(0);
    await world.run(2000);
    const outcomes = [...seen].filter(([{ prefab }]) => prefab === "bolt").map(([, what]) => what.join(" "));
    const count = (what: string) => outcomes.filter((one) => one === what).length;
    // What the server alone has spawned is there as it comes.
    const served = count("spawned");
    expect(count("spawned adopted") + count("spawned rejected")).toBe(predicted);
    expect(count("spawned adopted") + count("spawned rejected") + served).toBe(outcomes.length);
    expect([count("spawned adopted") > 700, count("spawned rejected") > 10, served > 10]).toEqual([true, true, true]);
    expect(bolts().length).toBe(world.objects.objects.length - 1);
    expect(bolts().every((identity) => identity.behaviours.bolt === parts.get(identity))).toBe(true);
    expect(new Set(bolts().map(({ netId }) => netId)).size).toBe(bolts().length);
    expect(fails()).toEqual([[], []]);
  },
);

describe("what is under way", () => {
  test("when the client ends its control is adopted or rejected all the same", async () => {
    const { world, shoot, endControl, log, bolts, fails } = await enter();
    shoot(6);
    await world.until(() => log.length === 6);
    // The server has not had the last inputs by then, and does not use them.
    endControl();
    await world.run(300);
    expect(new Set(log.slice(6))).toEqual(new Set(["bolt adopted", "bolt rejected"]));
    expect([log.length, bolts().length]).toEqual([12, world.objects.objects.length - 1]);
    expect(fails()).toEqual([[], []]);
  });

  test("when the player loses its object is adopted, or rejected with it", async () => {
    const { world, shoot, identity, log, bolts, fails } = await enter();
    shoot(20);
    await world.run(200);
    identity.setOwner(null);
    await world.run(300);
    expect(log.filter((one) => one === "bolt spawned").length).toBeGreaterThan(5);
    expect(log.filter((one) => one === "bolt rejected").length).toBeGreaterThan(0);
    expect([bolts().length, bolts().some(({ isPredicted }) => isPredicted)]).toEqual([
      world.objects.objects.length - 1,
      false,
    ]);
    expect(log.length).toBe(2 * log.filter((one) => one === "bolt spawned").length);
    expect(fails()).toEqual([[], []]);
  });

  test("when it loses its object while its connection is lost is rejected", async () => {
    const { world, shoot, client, log, identity, cut, fails } = await enter({}, { resumeWindowMs: 60_000 });
    cut.isCut = cut.isDeaf = true;
    shoot(1);
    await world.run(50);
    identity.setOwner(null);
    await world.until(() => client.player?.state === PlayerState.Suspended, 50);
    cut.isCut = cut.isDeaf = false;
    expect(log).toEqual(["bolt spawned"]);
    await world.until(() => client.isAuthenticated, 50);
    await world.run(500);
    expect(log).toEqual(["bolt spawned", "bolt rejected"]);
    expect(fails()).toEqual([[], []]);
  });

  test("when its connection is lost is adopted from what comes when the session goes on", async () => {
    let shots = 0;
    const { world, shoot, client, log, bolts, cut, seen, fails } = await enter(
      {
        server: (context, craft) => {
          if (shots++ < 15) fire(context, craft);
        },
      },
      { resumeWindowMs: 60_000 },
    );
    shoot(20);
    await world.run(200);
    cut.isCut = cut.isDeaf = true;
    await world.until(() => client.player?.state === PlayerState.Suspended, 50);
    cut.isCut = cut.isDeaf = false;
    // What has come before it was cut is adopted, and of the rest nobody knows yet.
    const adopted = log.filter((one) => one === "bolt adopted").length;
    expect([adopted > 0, log.includes("bolt rejected")]).toEqual([true, false]);
    expect(bolts().some(({ isPredicted }) => isPredicted)).toBe(true);
    await world.until(() => client.isAuthenticated, 50);
    await world.run(1000);
    expect(bolts().some(({ isPredicted }) => isPredicted)).toBe(false);
    expect(bolts().length).toBe(world.objects.objects.length - 1);
    const count = (what: string) => log.filter((one) => one === `bolt ${what}`).length;
    // The server has used its last input again: it has spawned without the client.
    const served = [...seen.values()].filter((what) => what.join() === "spawned").length;
    expect(count("adopted") + count("rejected")).toBe(count("spawned") - served);
    expect([count("rejected") > 0, count("adopted") > adopted, count("hidden")]).toEqual([true, true, 0]);
    expect(fails()).toEqual([[], []]);
  });

  test("when the client leaves is rejected", async () => {
    const { world, shoot, client, log } = await enter();
    shoot();
    await world.run(20);
    void client.disconnect();
    await world.run(100);
    expect(log.slice(0, 2)).toEqual(["bolt spawned", "bolt rejected"]);
  });
});

describe("what cannot be done", () => {
  test("calls, control and references wait until the object is adopted", async () => {
    const { world, shoot, bolts } = await enter();
    shoot();
    await world.run(20);
    const bolt = bolts()[0]?.behaviours.bolt as AnyBolt;
    expect(() => bolt.explode()).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
    await world.run(300);
    bolt.explode();
  });

  test("a step spawns while it runs, 256 objects, of the manager's prefabs", async () => {
    const Alien = definePrefab("alien", { bolt: Bolt });
    let kept: StepContext["spawn"] | null = null;
    const tried: unknown[] = [];
    const attempt = (call: () => unknown) => {
      try {
        tried.push(call());
      } catch (error) {
        tried.push((error as Error).name);
      }
    };
    const { world, shoot, fails } = await enter({
      client: ({ spawn }) => {
        kept = spawn;
        attempt(() => spawn(Alien));
        attempt(() => spawn(BoltPrefab, 7 as never));
        attempt(() => {
          for (let count = 0; count < 300; count++) spawn(BoltPrefab);
        });
      },
      server: nothing,
    });
    shoot();
    await world.run(20);
    expect(tried).toEqual(["TypeError", "TypeError", "RangeError"]);
    expect(() => kept?.(BoltPrefab)).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
    expect(fails()).toEqual([[], []]);
  });

  test("a step does not wait for a factory, and what init throws leaves nothing", async () => {
    const fail: Fire = ({ spawn }) =>
      void spawn(FlarePrefab, () => {
        throw new Error("from init");
      });
    const { world, shoot, seenWorld, log, bolts } = await enter({
      client: (...args) => {
        fire(...args);
        fail(...args);
      },
    });
    seenWorld.setFactory(BoltPrefab, { create: async () => ({ bolt: new Bolt() as AnyBolt }) });
    shoot();
    await world.run(300);
    expect(world.failures.map(String)).toEqual([expect.stringContaining("a step does not wait for objects")]);
    expect([log, bolts().length]).toEqual([["bolt spawned"], 1]);
    seenWorld.setFactory(BoltPrefab, null);
    shoot();
    await world.run(300);
    expect(String(world.failures[1])).toBe("Error: from init");
    expect([log.slice(1), seenWorld.objects.length]).toEqual([["bolt spawned", "bolt adopted"], 3]);
  });
});

test("a replay that spawns what is gone again gets an object that nobody sees, and none that is in use", async () => {
  const got: NetworkIdentity[] = [];
  const client: Fire = ({ spawn }) => {
    const { bolt, identity } = spawn(BoltPrefab);
    expect(identity.isSpawned).toBe(true);
    bolt.power++;
    got.push(identity);
  };
  const { world, shoot, craft, player, log, bolts, seenWorld, fails } = await enter({
    client,
    server: ({ spawn }) => void spawn(BoltPrefab),
  });
  const pool: AnyBolt[] = [];
  let created = 0;
  const create = () => {
    created++;
    return { bolt: pool.pop() ?? new Bolt() };
  };
  seenWorld.setFactory(BoltPrefab, { create, release: ({ bolt }) => void pool.push(bolt as AnyBolt) });
  // What the server says of the ticks from now on is late: it is one packet, and says that the craft is faster.
  const send = player.send.bind(player);
  let late: Uint8Array | null = null;
  player.send = ((message: unknown, bytes: Uint8Array, ...rest: []) => {
    if (message !== PredictedMessage) return send(message as typeof PredictedMessage, bytes, ...rest);
    late ??= bytes.slice();
    return undefined;
  }) as typeof player.send;
  craft.speed = 50;
  await world.run(60);
  shoot();
  await world.until(() => world.objects.objects.length > 1);
  await world.run(60);
  world.objects.objects.find(({ prefab }) => prefab === "bolt")?.destroy();
  await world.until(() => bolts().length === 0);
  // Another object has its behaviours by now.
  world.objects.spawn(BoltPrefab, { init: ({ bolt }) => Object.assign(bolt, { power: 7 }) });
  await world.until(() => bolts().length === 1);
  send(PredictedMessage, late as unknown as Uint8Array, Channel.Sequenced);
  await world.until(() => got.length > 1);
  expect(new Set(got).size).toBe(2);
  expect(bolts()[0]?.behaviours.bolt).toMatchObject({ power: 7 });
  expect(log).toEqual(["bolt spawned", "bolt adopted", "bolt destroyed", "bolt spawned"]);
  expect(got.map(({ isSpawned }) => isSpawned)).toEqual([false, false]);
  expect([created, pool.length]).toEqual([3, 1]);
  expect(fails()).toEqual([[], []]);
});

test("a client that ends its control all the time is answered once a tick", async () => {
  const { world, client, identity, fails } = await enter();
  const [body, writer] = [new NetworkWriter(), new NetworkWriter()];
  const sent = () => world.server.metrics.connections.bytesSent;
  const before = sent();
  for (let round = 0; round < 200; round++) {
    body.reset();
    writer.reset();
    writeControlled(body, { netId: identity.netId, behaviour: 0, tick: round });
    for (let record = 0; record < 50; record++) {
      writer.writeBits(RecordKind.EndOfControl, KIND_BITS);
      writer.writePacked(body.bitLength);
      writer.copyFrom(body, 0, body.bitLength);
    }
    writer.writeBits(RecordKind.End, KIND_BITS);
    client.player?.send(CallsMessage, writer.view());
  }
  await world.run(300);
  expect(sent() - before).toBeLessThan(10_000);
  expect(fails()).toEqual([[], []]);
});
