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

  test("lists and sets change on both sides, and a wrong side throws", async () => {
    const { world, owner, other, identity, shop, at } = await open();
    shop.shelves.push(1, 2, 3);
    await world.run(200);
    const heard: unknown[] = [];
    at(other).shelves.on("inserted", (index, value) => heard.push([index, value]));
    shop.shelves.unshift(9);
    shop.shelves.pop();
    shop.shelves.push(3);
    at(owner).wishes.add("tea");
    await world.run(200);
    const late = await world.enter();
    await world.run(200);
    for (const end of [owner, other, late]) expect([...at(end).shelves]).toEqual([9, 1, 2, 3]);
    for (const end of [owner, other, late]) expect([...at(end).wishes]).toEqual(["tea"]);
    expect([...shop.wishes]).toEqual(["tea"]);
    expect(heard).toEqual([[0, 9]]);
    expect(() => at(owner).shelves.push(1)).toThrow(expect.objectContaining({ code: "ERR_WRONG_SIDE" }));
    expect(() => at(other).wishes.add("x")).toThrow(expect.objectContaining({ code: "ERR_WRONG_SIDE" }));
    expect(identity.isSpawned).toBe(true);
  });

  test("a reference is null until its object is seen, and again when that is hidden", async () => {
    const { world, owner, shop, at } = await open();
    const next = world.objects.spawn(ShopPrefab);
    next.identity.hide(owner.player);
    shop.neighbour.value = next.shop;
    await world.run(200);
    expect(at(owner).neighbour.value).toBe(null);
    const resolved: unknown[] = [];
    at(owner).neighbour.on("resolved", (target) => resolved.push(target));
    next.identity.show(owner.player);
    await world.run(200);
    const there = shopOf(owner.world.get(next.identity.netId));
    expect(at(owner).neighbour.value).toBe(there);
    expect(resolved).toEqual([there]);
    next.identity.destroy();
    await world.run(200);
    expect([shop.neighbour.value, at(owner).neighbour.value]).toEqual([null, null]);
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
