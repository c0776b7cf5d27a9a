import { describe, expect, test } from "vitest";
import { behaviourDefinition, NetworkBehaviour } from "../../../lib/object/behaviour/network-behaviour.js";
import { networked } from "../../../lib/object/behaviour/networked.js";
import { definePrefab, layoutParts } from "../../../lib/object/behaviour/prefab.js";
import { linear } from "../../../lib/object/define-interpolation.js";
import { array, bytes, bytesView, float32, string, u8, u16, vec2 } from "../../../lib/serialization/index.js";

/** A class with these members, whose types do not matter. */
const classOf = (members: object) => networked(class Ship extends NetworkBehaviour {}, members as { x: typeof u8 });

test("members are numbered by their sorted names, whatever the order in the program", () => {
  const one = behaviourDefinition(classOf({ b: u8, a: u16, Z: vec2() }));
  const other = behaviourDefinition(classOf({ Z: vec2(), a: u16, b: u8 }));
  expect(one.members.map(({ name, index, bit }) => [name, index, bit])).toEqual([
    ["Z", 0, 1],
    ["a", 1, 2],
    ["b", 2, 4],
  ]);
  expect(other.layout).toBe(one.layout);
});

test("the layout names codec, delivery, direction, and no option that only one side needs", () => {
  const { layout } = behaviourDefinition(
    classOf({ name: [string(16), { initialOnly: true }], at: [u8, { delivery: "latest", from: "owner", every: 3 }] }),
  );
  expect(layout).toBe('{"at":u8 latest owner>observers,"name":string(16) ordered server>observers initialOnly}');
});

test("a class has the members of those that it extends, with numbers of its own", () => {
  const Base = networked(class Base extends NetworkBehaviour {}, { m: u8 });
  const Derived = networked(class Derived extends Base {}, { a: u8 });
  expect(behaviourDefinition(Derived).members.map(({ name }) => name)).toEqual(["a", "m"]);
  expect(behaviourDefinition(Base).members.map(({ name }) => name)).toEqual(["m"]);
  const derived = new Derived();
  derived.m = 7;
  expect([derived.a, derived.m, new Base().m]).toEqual([0, 7, 0]);
});

describe("what contradicts itself throws where it is defined", () => {
  const wrong: [string, unknown, string][] = [
    ["no codec", {}, "a codec"],
    ["an unknown option", [u8, { deliver: "latest" }], "did you mean delivery"],
    ["a delivery that there is not", [u8, { delivery: "soon" }], "delivery must be"],
    ["an every of 0", [u8, { every: 0 }], "every must be"],
    ["from and to the owner", [u8, { from: "owner", to: "owner" }], "what the owner sets goes to others"],
    ["validate of the server's", [u8, { validate: () => true }], "validate judges what an owner sets"],
    ["initialOnly as latest", [u8, { initialOnly: true, delivery: "latest" }], "initialOnly travels once"],
    ["initialOnly with every", [u8, { initialOnly: true, every: 2 }], "initialOnly travels once"],
    ["initialOnly of the owner", [u8, { initialOnly: true, from: "both" }], "initialOnly comes with the spawn"],
    ["mutable scalars", [u8, { mutable: true }], "mutable is for"],
    ["mutable vectors", [vec2(), { mutable: true }], "mutable is for"],
    ["interpolation of ordered ones", [u8, { interpolate: linear }], "with delivery: latest"],
    [
      "interpolation of texts",
      [string(5), { interpolate: linear, delivery: "latest" }],
      "only numbers are interpolated",
    ],
    [
      "interpolation without its import",
      [u8, { interpolate: true, delivery: "latest" }],
      'import it from "valve-sockets/object"',
    ],
    [
      "a bare function",
      [u8, { interpolate: () => 1, delivery: "latest" }],
      "interpolate must be linear or interpolation((from, to",
    ],
    ["a snap of texts", [string(5), { snap: 5, delivery: "latest" }], "snap is a distance between numbers"],
    ["a snap of ordered ones", [u8, { snap: 5 }], "with delivery: latest"],
    ["an audience that there is not", [u8, { to: "nobody" }], '"observers", "owner", "others" or a function'],
    ["a view of the message", bytesView(8), "use bytes in place of bytesView"],
  ];
  test.each(wrong)("%s", (_, declaration, reason) => {
    const define = () => classOf({ health: declaration });
    expect(define).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_/) }));
    expect(define).toThrow(reason);
    expect(define).toThrow("Ship.health");
  });

  test("of all directions, only from and to the owner", () => {
    const scope = () => true;
    for (const from of ["server", "owner", "both"] as const) {
      for (const to of ["observers", "owner", "others", scope] as const) {
        for (const delivery of ["ordered", "latest"] as const) {
          const define = () => behaviourDefinition(classOf({ health: [u8, { from, to, delivery }] }));
          if (from === "owner" && to === "owner") {
            expect(define).toThrow("what the owner sets goes to others");
            continue;
          }
          const { ownerMask, othersMask, scopedMask, fromOwnerMask, fromServerMask } = define();
          expect([ownerMask, othersMask, scopedMask, fromOwnerMask, fromServerMask]).toEqual([
            to === "others" ? 0 : 1,
            to === "owner" ? 0 : 1,
            to === scope ? 1 : 0,
            from === "server" ? 0 : 1,
            from === "owner" ? 0 : 1,
          ]);
        }
      }
    }
  });

  test("names that a behaviour has already", () => {
    for (const name of ["on", "markChanged", "constructor", "toString"]) {
      expect(() => classOf({ [name]: u8 })).toThrow(`Ship.${name}: a behaviour has something of that name`);
    }
  });

  test("31 members, and a second definition", () => {
    const names = Array.from({ length: 31 }, (_, index) => [`m${index}`, u8]);
    expect(() => classOf(Object.fromEntries(names))).toThrow("Ship has 31 members, over 30");
    const Ship = classOf(Object.fromEntries(names.slice(1)));
    expect(() => networked(Ship, { more: u8 })).toThrow("Ship has been made networked before");
  });

  test("a member of the name of one that is inherited", () => {
    const Base = networked(class Base extends NetworkBehaviour {}, { m: u8 });
    const define = () => networked(class Derived extends Base {}, { m: u16 } as unknown as { n: typeof u16 });
    expect(define).toThrow("Derived.m: a class that it extends has such a member");
  });

  test("what is no behaviour", () => {
    expect(() => networked(class Other {} as unknown as typeof NetworkBehaviour, { a: u8 })).toThrow(
      "NetworkBehaviour",
    );
  });
});

describe("a prefab", () => {
  const Ship = networked(class Ship extends NetworkBehaviour {}, { health: u8 });
  const Engine = networked(class Engine extends NetworkBehaviour {}, { power: float32 });

  test("has its behaviours in the order of their names", () => {
    const prefab = definePrefab("ship", { ship: Ship, engine: Engine });
    expect(prefab.parts).toEqual(["engine", "ship"]);
    const { behaviours, values } = prefab.create();
    behaviours.ship.health = 5;
    expect(values.map(({ definition }) => definition.className)).toEqual(["Engine", "Ship"]);
    expect(values[1]?.settle()).toBe(1);
    expect(prefab.layout).toBe(
      '"ship"{"engine":{"power":float32 ordered server>observers},"ship":{"health":u8 ordered server>observers}}',
    );
  });

  test("says of each behaviour, member and RPC how it travels, for an error that names what differs", () => {
    const prefab = definePrefab("ship", { ship: Ship, engine: Engine });
    expect([...layoutParts(prefab)]).toEqual([
      ["ship.engine", "behaviour"],
      ["ship.engine.power", "float32 ordered server>observers"],
      ["ship.ship", "behaviour"],
      ["ship.ship.health", "u8 ordered server>observers"],
    ]);
  });

  test("takes 1 to 16 of them, of classes that extend NetworkBehaviour, and a name", () => {
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`b${index}`, Ship]));
    expect(() => definePrefab("ship", many)).toThrow("17 behaviours");
    expect(() => definePrefab("ship", {})).toThrow("0 behaviours");
    expect(() => definePrefab("", { ship: Ship })).toThrow(RangeError);
    const other = class {} as unknown as typeof Ship;
    expect(() => definePrefab("ship", { other })).toThrow("The behaviour other of ship");
  });

  test("has latest members that fit one packet", () => {
    const latest = (size: number) =>
      networked(class Big extends NetworkBehaviour {}, { a: [bytes(size), { delivery: "latest" }] });
    expect(() => definePrefab("big", { big: latest(1100) })).toThrow("over the 1100 of a packet");
    definePrefab("big", { big: latest(1090) });
    const open = () => classOf({ a: [array(string(9), 2), { delivery: "latest" }] });
    expect(open).not.toThrow();
  });

  test("tells of class fields that hide members, when the first object is made", () => {
    const Hidden = networked(
      class Hidden extends NetworkBehaviour {
        health = 100;
      } as unknown as typeof NetworkBehaviour,
      { health: u8 },
    );
    const { create } = definePrefab("hidden", { hidden: Hidden as unknown as typeof Ship });
    expect(create).toThrow("Hidden.health: a class field hides the networked member");
  });
});
