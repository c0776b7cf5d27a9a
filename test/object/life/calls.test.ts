import { describe, expect, test } from "vitest";
import type { NetworkIdentity } from "../../../lib/object/index.js";
import { ObjectWorld, type Shop, ShopPrefab } from "../../support/object-world.js";

const shopOf = (identity: NetworkIdentity | null) => identity?.behaviours.shop as InstanceType<typeof Shop>;

describe.each(["datagram", "reliable-lanes", "stream"] as const)("over %s", (kind) => {
  async function open() {
    const world = new ObjectWorld({ kind });
    await world.server.start();
    const [owner, other] = [await world.enter(), await world.enter()];
    const { identity, shop } = world.objects.spawn(ShopPrefab, {
      owner: owner.player,
      init: ({ shop }) => {
        shop.stock = 9;
      },
    });
    const at = ({ world: seen }: typeof owner) => shopOf(seen.get(identity.netId));
    return { world, owner, other, identity, shop, at };
  }

  test("a call comes behind the spawn and the state that was set before it, at all who see the object", async () => {
    const { world, owner, other, shop, at } = await open();
    // Nobody has the object yet.
    shop.stock = 8;
    shop.sold(1);
    shop.stock = 7;
    shop.sold(2);
    shop.stock = 6;
    await world.run(200);
    for (const end of [owner, other]) {
      expect(at(end).log).toEqual([
        ["sold", 1, 8],
        ["sold", 2, 7],
      ]);
      expect(at(end).stock).toBe(6);
    }
  });

  test("the owner's call comes behind what it set, and gives what the method returned", async () => {
    const { world, owner, shop, at } = await open();
    await world.run(200);
    at(owner).stock = 5;
    const bought = at(owner).buy(3);
    await world.run(200);
    expect(shop.log).toEqual([["buy", 3, owner.player.id, 5]]);
    await expect(bought).resolves.toBe(4);
    expect(at(owner).stock).toBe(4);
  });

  test("a call of another player is refused; one of an object that goes, or of a lost connection, fails", async () => {
    const { world, owner, other, identity, shop, at } = await open();
    await world.run(200);
    const refused = expect(at(other).buy(3)).rejects.toMatchObject({ code: "ERR_RPC_REFUSED" });
    await world.run(200);
    await refused;
    const gone = expect(at(owner).buy(3)).rejects.toMatchObject({ code: "ERR_OBJECT_GONE" });
    identity.destroy();
    await world.run(200);
    await gone;
    const next = world.objects.spawn(ShopPrefab, { owner: owner.player });
    await world.run(200);
    const lost = expect(shopOf(owner.world.get(next.identity.netId)).buy(1)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_(CONNECTION_LOST|OBJECT_GONE)$/),
    });
    owner.client.disconnect();
    await world.run(200);
    await lost;
    expect(shop.log).toEqual([]);
  });
});
