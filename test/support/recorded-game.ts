import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import {
  defineMessage,
  defineProtocol,
  type INetworkPlayer,
  NetworkClient,
  type NetworkClientOptions,
  type Protocol,
} from "../../lib/message/index.js";
import {
  ClientObjectManager,
  decide,
  definePrefab,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  type Prefab,
} from "../../lib/object/index.js";
import { type RecordOptions, type ReplayOptions, record, replay } from "../../lib/recording/index.js";
import { string, u8 } from "../../lib/serialization/index.js";
import type { SocketFactory } from "../../lib/socket/index.js";
import { FakeClock } from "../../lib/testing/index.js";
import { ObjectWorld, prefabs, RockPrefab, ShipPrefab, ShopPrefab } from "./object-world.js";

export const Chat = defineMessage("chat", string(200));

export const gameProtocol = () => defineProtocol({ name: "objects", version: 1, messages: [Chat] });

/** Who was asked whether it may see a secret. */
const asked = new Set<INetworkPlayer>();
class SecretParts extends NetworkBehaviour {}
const Secret = networked(SecretParts, {
  code: [
    u8,
    {
      to: (player: INetworkPlayer) => {
        asked.add(player);
        return false;
      },
    },
  ],
});
const SecretPrefab: Prefab<{ secret: typeof Secret }> = definePrefab("secret", { secret: Secret });
export const allPrefabs: readonly Prefab[] = [...prefabs, SecretPrefab];

/** What everybody may see of a world, by object. */
export function stateOf(objects: readonly NetworkIdentity[]): Record<number, unknown> {
  const rows = objects.map(({ netId, prefab, behaviours }) => {
    const { ship, engine, rock, shop, secret } = behaviours as Record<string, Record<string, unknown>>;
    const of = ship && {
      name: ship.name,
      health: ship.health,
      ammo: ship.ammo,
      heading: ship.heading,
      rumour: ship.rumour,
    };
    return [
      netId,
      {
        ...{ prefab, ...of, position: ship && { ...(ship.position as object) } },
        ...(engine && { power: engine.power, heat: engine.heat }),
        ...(secret && { code: secret.code }),
        ...(rock && { size: rock.size }),
        ...(shop && { stock: shop.stock, shelves: [...(shop.shelves as number[])] }),
      },
    ] as const;
  });
  return Object.fromEntries(rows);
}

export interface Moment {
  readonly ms: number;
  readonly tick: number;
  readonly state: Record<number, unknown>;
}

/** Records a game of two players, whom no rule lets see anything, and what the server's world was in each tick. */
export async function recordGame(
  path: string,
  {
    sockets,
    runMs = 3000,
    ...options
  }: RecordOptions & { sockets?: (port: number) => SocketFactory; runMs?: number } = {},
) {
  asked.clear();
  const world = new ObjectWorld({
    ...(sockets && { sockets }),
    prefabs: allPrefabs,
    messages: [Chat],
    manager: { interest: decide(() => false) },
  });
  await world.server.start();
  const [one, two] = [await world.enter(), await world.enter()];
  const ship = world.objects.spawn(ShipPrefab, {
    owner: one.player,
    init: ({ ship }) => {
      ship.name = "first";
    },
  });
  const { shop } = world.objects.spawn(ShopPrefab);
  const { secret } = world.objects.spawn(SecretPrefab, { owner: one.player });
  const moments: Moment[] = [];
  const startTick = world.server.tick;
  let startMs = 0;
  let step = 0;
  world.server.on("ticked", (tick) => {
    step++;
    ship.ship.health = step % 200;
    ship.ship.ammo = 1000 + step;
    ship.ship.position = { x: step, y: 2 * step };
    secret.code = step % 100;
    if (step % 3 === 0) ship.engine.heat = step;
    if (shop.shelves.length > 30) shop.shelves.splice(3, 20);
    if (step % 5 === 0) shop.shelves.push(step);
    if (step === 20)
      world.objects.spawn(RockPrefab, {
        init: ({ rock }) => {
          rock.size = 7;
        },
      });
    if (step % 10 === 0) {
      shop.stock = step % 200;
      shop.sold(step);
      world.server.sendToAll(Chat, `step ${step}`);
      one.player.send(Chat, `to one ${step}`);
      world.server.sendToMany(world.server.players, Chat, `to both ${step}`);
    }
    if (step === 45) for (const one of world.objects.objects) if (one.prefab === "rock") one.destroy();
    moments.push({ ms: world.server.time.nowMs - startMs, tick, state: stateOf(world.objects.objects) });
  });
  await world.run(300);
  step = 0;
  moments.length = 0;
  startMs = world.server.time.nowMs;
  const recording = await record(world.server, path, options);
  await world.run(runMs);
  const { players } = world.server;
  expect([...asked].every((player) => players.includes(player))).toBe(true);
  const observers = ship.identity.observers.size;
  await recording.stop();
  await world.run(200);
  void one.client.disconnect();
  const stopping = world.server.stop();
  await world.run(500);
  await stopping;
  expect([...world.failures, ...world.errors]).toEqual([]);
  return {
    moments,
    ids: [one.player.id, two.player.id],
    players,
    observers,
    startTick,
    bytes: recording.bytes,
    durationMs: recording.durationMs,
  };
}

/** The lines of a recording without their checks. */
export const plainLines = (path: string): string[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/,"check":"[0-9a-f]+"/, ""));

/** Writes lines with checks that are right: as somebody would who wants to do harm. @returns `path` */
export function writeSealed(path: string, lines: readonly string[]): string {
  let check = "";
  const text = lines.map((line) => {
    check = createHash("sha256").update(check).update(line).digest("hex").slice(0, 16);
    return `${line.slice(0, -2)},"check":"${check}"}}\n`;
  });
  writeFileSync(path, text.join(""));
  return path;
}

/** A client that sees a replay, on a clock that goes on while something is awaited. */
export async function screen(
  path: string,
  protocol: Protocol = gameProtocol(),
  options: ReplayOptions = {},
  parts = allPrefabs,
  clientOptions: Partial<NetworkClientOptions> = {},
) {
  const clock = new FakeClock();
  const film = await replay(path, protocol, { clock, ...options });
  const client = new NetworkClient({
    ...clientOptions,
    protocol,
    clock: film.clock,
    socketFactory: film.socketFactory,
  });
  const world = new ClientObjectManager(client, { prefabs: parts });
  const chat: string[] = [];
  const sold: unknown[] = [];
  client.messageHandler.register(Chat, (text) => void chat.push(text));
  world.on("spawned", ({ behaviours }) => {
    const { shop } = behaviours as { shop?: { log: unknown[] } };
    if (shop) sold.push(shop.log);
  });
  const during = async <T>(promise: Promise<T>): Promise<T> => {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    promise.then(done, done);
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1);
    }
    return promise;
  };
  return { clock, film, client, world, chat, sold, during };
}

export const close = async ({ film, client, during }: Awaited<ReturnType<typeof screen>>) => {
  await during(client.disconnect());
  film.close();
};
