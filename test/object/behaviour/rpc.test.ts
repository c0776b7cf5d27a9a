import { describe, expect, test, vi } from "vitest";
import { behaviourDefinition, NetworkBehaviour } from "../../../lib/object/behaviour/network-behaviour.js";
import { networked } from "../../../lib/object/behaviour/networked.js";
import { callWith } from "../../../lib/object/behaviour/rpc.js";
import { clientRpc, serverRpc } from "../../../lib/object/declare-rpc.js";
import { bytesView, string, u8, u16 } from "../../../lib/serialization/index.js";

class Methods extends NetworkBehaviour {
  readonly ran: unknown[] = [];
  buy(item: number) {
    this.ran.push(item);
  }
  said(text: string) {
    this.ran.push(text);
  }
  tell(_player: unknown, text: string) {
    this.ran.push(text);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the types are tested elsewhere
const classOf = (rpcs: object, members: object = {}): any =>
  networked(class Ship extends Methods {}, members as Record<never, never>, rpcs as Record<never, never>);

const link = { identity: {} as never, netId: 1, indexOf: () => 0, rescope: () => {}, startControl: () => () => {} };

test("RPCs are numbered by their sorted names, and stand in the layout behind the members", () => {
  const { rpcs, layout } = behaviourDefinition(
    classOf({ tell: clientRpc([string(9)], { to: "player" }), buy: serverRpc([u8, u16], { returns: u8 }) }, { z: u8 }),
  );
  expect(rpcs.map(({ name, index, runsOn }) => [name, index, runsOn])).toEqual([
    ["buy", 0, "server"],
    ["tell", 1, "client"],
  ]);
  expect(layout).toBe('{"z":u8 ordered server>observers,"buy":(u8,u16) server u8,"tell":(string(9)) player}');
});

test("a call goes to the link of the behaviour, with its options, and runs no method", () => {
  const Ship = classOf({ buy: serverRpc([u8]), tell: clientRpc([string(9)], { to: "player" }) });
  const ship = new Ship();
  const callRpc = vi.fn(() => "sent");
  NetworkBehaviour.setLink(ship, { ...link, callRpc });
  const [buy, tell] = behaviourDefinition(Ship).rpcs;
  expect(ship.buy(3)).toBe("sent");
  expect(callRpc).toHaveBeenLastCalledWith(ship, buy, [3], undefined);
  ship.buy.with({ timeoutMs: 5 })(4);
  expect(callRpc).toHaveBeenLastCalledWith(ship, buy, [4], { timeoutMs: 5 });
  callWith(ship.buy, { timeoutMs: 6 })(5);
  expect(callRpc).toHaveBeenLastCalledWith(ship, buy, [5], { timeoutMs: 6 });
  ship.tell("a player", "hi");
  expect(callRpc).toHaveBeenLastCalledWith(ship, tell, ["a player", "hi"], undefined);
  expect(ship.ran).toEqual([]);
  buy?.method.call(ship, 7);
  expect(ship.ran).toEqual([7]);
});

test("two behaviours of a class call for themselves, and what is taken from one stays with it", () => {
  const Ship = classOf({ buy: serverRpc([u8]) });
  const ships = [new Ship(), new Ship()];
  const called: unknown[] = [];
  for (const ship of ships) NetworkBehaviour.setLink(ship, { ...link, callRpc: (behaviour) => called.push(behaviour) });
  const { buy } = ships[1];
  ships[0].buy(1);
  buy(2);
  expect(called).toEqual(ships);
  expect(ships[0].buy).toBe(ships[0].buy);
});

test("an override runs instead of the method, and its super is the method", () => {
  const Ship = classOf({ buy: serverRpc([u8]) });
  class Frigate extends Ship {
    buy(item: number) {
      super.buy(item);
      (this as unknown as Methods).ran.push("frigate");
    }
  }
  const frigate = new Frigate() as unknown as Methods;
  behaviourDefinition(Frigate as unknown as typeof Methods).rpcs[0]?.method.call(frigate, 5);
  expect(frigate.ran).toEqual([5, "frigate"]);
  expect(() => frigate.buy(1)).toThrow("spawn it first");
});

describe("a call throws at once, before it is sent,", () => {
  const Ship = classOf({ buy: serverRpc([u8]) });
  const inWorld = () => {
    const ship = new Ship();
    const callRpc = vi.fn();
    NetworkBehaviour.setLink(ship, { ...link, callRpc });
    return { ship, callRpc };
  };
  const wrong: [string, (ship: InstanceType<typeof Ship>) => unknown, string][] = [
    ["without an argument", (ship) => ship.buy(), "Ship.buy takes 1 arguments, not 0"],
    ["with one too many", (ship) => ship.buy(1, 2), "Ship.buy takes 1 arguments, not 2"],
    ["with an option that there is not", (ship) => ship.buy.with({ timeout: 5 }), "did you mean timeoutMs"],
    ["with options of what is no RPC", (ship) => callWith(ship.on, {}), "an RPC of a behaviour"],
  ];
  test.each(wrong)("%s", (_, call, reason) => {
    const { ship, callRpc } = inWorld();
    expect(() => call(ship)).toThrow(reason);
    expect(callRpc).not.toHaveBeenCalled();
  });

  test("outside of a world", () => {
    expect(() => new Ship().buy(1)).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
  });
});

describe("what contradicts itself throws where it is defined", () => {
  const wrong: [string, object, string][] = [
    ["no RPC", { buy: u8 }, "Ship.buy must be what serverRpc or clientRpc returns"],
    ["no codecs", { buy: serverRpc(u8 as never) }, "The codecs of Ship.buy"],
    ["what is no codec", { buy: serverRpc([8] as never) }, "Each of Ship.buy must be a codec"],
    ["no method", { sell: serverRpc([]) }, "Ship.sell must be a function"],
    ["an unknown option", { buy: serverRpc([], { anyon: true } as object) }, "did you mean anyone"],
    ["a client's option of the server's", { buy: serverRpc([], { to: "owner" } as object) }, "has no option to"],
    ["a server's option of the client's", { said: clientRpc([], { anyone: true } as object) }, "no option anyone"],
    ["a wrong rate", { buy: serverRpc([], { rateLimit: { perSecond: 0 } }) }, "perSecond"],
    ["a view of the message", { buy: serverRpc([bytesView(8)]) }, "use bytes in place of bytesView"],
    ["an answer that may be lost", { buy: serverRpc([], { returns: u8, unordered: true }) }, "may be lost"],
    ["answers of all", { said: clientRpc([], { returns: u8 }) }, "one player who answers"],
    ["answers of others", { said: clientRpc([], { returns: u8, to: "others" }) }, "one player who answers"],
    ["the name of what a behaviour has", { on: serverRpc([]) }, "Ship.on: a behaviour has something of that name"],
  ];
  test.each(wrong)("%s", (_, rpcs, reason) => {
    expect(() => classOf(rpcs)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_/) }));
    expect(() => classOf(rpcs)).toThrow(reason);
  });

  test("a name that is a member's too, here or in a class that it extends", () => {
    expect(() => classOf({ buy: serverRpc([]) }, { buy: u8 })).toThrow("Ship.buy");
    const Ship = classOf({ buy: serverRpc([]) });
    const define = () =>
      networked(class Frigate extends Ship {} as typeof Methods, { buy: u8 } as Record<never, never>);
    expect(define).toThrow("Frigate.buy: a class that it extends has such a member");
  });

  test("256 RPCs", () => {
    const names = Array.from({ length: 256 }, (_, index) => `m${index}`);
    const methods = Object.fromEntries(names.map((name) => [name, () => {}]));
    const rpcs = (count: number) => Object.fromEntries(names.slice(0, count).map((name) => [name, serverRpc([])]));
    const classWith = () =>
      Object.assign(class Ship extends Methods {}.prototype, methods).constructor as typeof Methods;
    expect(() => networked(classWith(), {}, rpcs(256) as object)).toThrow("Ship has 256 RPCs, over 255");
    networked(classWith(), {}, rpcs(255) as object);
  });
});
