import { expect, test } from "vitest";
import { ClientObjectManager } from "../../../lib/object/index.js";
import {
  newVersion,
  oldVersion,
  protocolOf,
  type ShipParts,
  shipOf,
  VersionWorld,
} from "../../support/game-version.js";

test.each(["shared", "replica"] as const)(
  "the client of a host (%s) that is of another version has objects of its own",
  async (host) => {
    const world = new VersionWorld(newVersion());
    const version = oldVersion();
    const client = world.newClient({ protocol: protocolOf() });
    const seen = new ClientObjectManager(client, { prefabs: version.prefabs, host });
    const log: unknown[] = [];
    seen.onSpawned(version.ship, ({ ship }) => {
      for (const name of ["health", "position", "heading"] as const) ship.on(name, (now) => void log.push([name, now]));
    });
    void world.server.start({ localClient: client });
    await world.until(() => client.isAuthenticated);
    const { ship } = world.objects.spawn(world.version.ship, { owner: world.server.players[0] as never });
    await world.run(200);
    const own = shipOf(seen.get(ship.identity.netId)) as ShipParts;
    expect(own).not.toBe(ship);
    [ship.health, ship.position, ship.accent, ship.heading] = [3, 500, 4, 6];
    ship.hit(1);
    const answer = own.buy(2);
    await world.run(200);
    expect(log.sort()).toEqual([
      ["heading", 6],
      ["health", 3],
      ["position", 500],
    ]);
    expect([own.said, ship.said, await answer]).toEqual([["hit 1"], ["buy 2"], 4]);
    expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
  },
);
