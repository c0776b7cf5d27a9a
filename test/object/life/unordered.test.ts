import { describe, expect, test, vi } from "vitest";
import { defineMessage } from "../../../lib/message/index.js";
import {
  clientRpc,
  definePrefab,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  type RpcCall,
  serverRpc,
} from "../../../lib/object/index.js";
import { OrderedMessage, UnorderedMessage } from "../../../lib/object/wire/object-messages.js";
import { u8 } from "../../../lib/serialization/index.js";
import { ObjectWorld } from "../../support/object-world.js";

class Parts extends NetworkBehaviour {
  declare health: number;
  readonly log: unknown[] = [];
  shot(number: number, call?: RpcCall) {
    this.log.push(["shot", number, call?.player.id]);
  }
  seen(number: number) {
    this.log.push(["seen", number, this.health]);
  }
  told(number: number) {
    this.log.push(["told", number, this.health]);
  }
}
const Unit = networked(
  Parts,
  { health: [u8, { from: "both" }] },
  {
    shot: serverRpc([u8], { unordered: true }),
    seen: clientRpc([u8], { unordered: true }),
    told: clientRpc([u8]),
  },
);
const UnitPrefab = definePrefab("unit", { unit: Unit });
const unitOf = (identity: NetworkIdentity | null) => identity?.behaviours.unit as InstanceType<typeof Unit>;

describe("unordered calls", () => {
  test("do not wait for ordered traffic, and take no state with them", async () => {
    const world = new ObjectWorld({ prefabs: [UnitPrefab] });
    await world.server.start();
    const end = await world.enter();
    const { identity, unit } = world.objects.spawn(UnitPrefab, { owner: end.player });
    await world.run(200);
    const there = unitOf(end.world.get(identity.netId));
    // The ordered lane stands still.
    const send = end.player.send.bind(end.player);
    const held: (() => void)[] = [];
    const spy = vi.spyOn(end.player, "send").mockImplementation(((message: object, value: Uint8Array, ...rest: []) => {
      if (message !== OrderedMessage) return send(message as never, value as never, ...rest);
      const bytes = value.slice();
      held.push(() => send(OrderedMessage, bytes, ...rest));
      return true;
    }) as never);
    unit.health = 7;
    unit.told(1);
    unit.seen(2);
    await world.run(200);
    expect(there.log).toEqual([["seen", 2, 0]]);
    for (const release of held) release();
    await world.run(200);
    expect(there.log).toEqual([
      ["seen", 2, 0],
      ["told", 1, 7],
    ]);
    spy.mockRestore();
    there.shot(3);
    await world.run(200);
    expect(unit.log).toEqual([["shot", 3, end.player.id]]);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });

  test("are dropped where the object is missing", async () => {
    const world = new ObjectWorld({ prefabs: [UnitPrefab] });
    await world.server.start();
    const [first, second] = [await world.enter(), await world.enter()];
    const { identity, unit } = world.objects.spawn(UnitPrefab);
    // Nobody has it before the end of the tick.
    unit.seen(1);
    await world.run(200);
    identity.hide(second.player);
    await world.run(200);
    const sent = vi.spyOn(second.player, "send");
    unit.seen(2);
    await world.run(200);
    expect(unitOf(first.world.get(identity.netId)).log).toEqual([["seen", 2, 0]]);
    expect(sent).not.toHaveBeenCalled();
    // It is on its way when the object goes.
    const there = unitOf(first.world.get(identity.netId));
    const charge = vi.spyOn(first.player, "chargeError");
    identity.setOwner(first.player);
    await world.run(200);
    there.shot(1);
    identity.destroy();
    await world.run(200);
    expect([unit.log, charge.mock.calls]).toEqual([[], []]);
    first.client.send(UnorderedMessage, new Uint8Array([0xff, 0xff, 0xff]));
    await world.run(200);
    expect(charge).toHaveBeenCalled();
    expect([world.errors, world.failures]).toEqual([[], []]);
  });
});

test("flush sends what is ordered before a message that follows on the same lane", async () => {
  const Note = defineMessage("note", u8);
  const world = new ObjectWorld({ prefabs: [UnitPrefab], messages: [Note] });
  await world.server.start();
  const end = await world.enter();
  const { identity, unit } = world.objects.spawn(UnitPrefab, { owner: end.player });
  const seen: unknown[] = [];
  end.client.messageHandler.register(Note, (note) => {
    seen.push([note, end.world.get(identity.netId) && unitOf(end.world.get(identity.netId)).health]);
  });
  world.server.messageHandler.register(Note, (note) => void seen.push([note, unit.health]));
  world.objects.flush();
  end.player.send(Note, 1, undefined, 1);
  unit.health = 5;
  end.player.send(Note, 2, undefined, 1);
  unit.health = 6;
  world.objects.flush();
  end.player.send(Note, 3, undefined, 1);
  await world.run(200);
  expect(seen).toEqual([
    [1, 0],
    [2, 0],
    [3, 6],
  ]);
  seen.length = 0;
  unitOf(end.world.get(identity.netId)).health = 8;
  end.world.flush();
  end.client.send(Note, 4);
  await world.run(200);
  expect(seen).toEqual([[4, 8]]);
});
