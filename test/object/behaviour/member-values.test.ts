import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { seededRandom } from "../../../lib/random.js";
import type { NetworkWriter } from "../../../lib/serialization/index.js";
import { root } from "../../support/runtimes.js";
import { libraries } from "./libraries.js";

describe.each(libraries)("%s", (way, library) => {
  const { definePrefab, memberValues, networked, readChanges, readFullState, writeChanges, writeFullState } = library;
  const { array, bool, float32, i8, i32, NetworkBehaviour, NetworkReader, packed64, quantized, quaternion } = library;
  const { ranged, string, struct, u8, u16, u32, vec2 } = library;

  const metres = quantized({ max: 100, precision: 0.1 });

  const Ship = networked(class Ship extends NetworkBehaviour {}, {
    ammo: u16,
    cargo: [array(u8, 8), { mutable: true }],
    gold: packed64,
    heading: metres,
    name: string(16),
    position: [vec2(metres), { delivery: "latest" }],
    turn: quaternion(),
    weapon: struct({ kind: u8, isHot: u8 }),
  });
  const ALL = 0xff;
  const bits = { ammo: 1, cargo: 2, gold: 4, heading: 8, name: 16, position: 32, turn: 64, weapon: 128 };

  function newShip() {
    const ship = new Ship();
    return { ship, values: memberValues(ship) };
  }

  test("are what is tested here", () => {
    expect(newShip().values.constructor.name).toBe(way === "loops" ? "LoopedValues" : "Values");
  });

  const writerOf = (write: (writer: NetworkWriter) => void) => {
    const writer = new library.NetworkWriter();
    write(writer);
    return writer.toBytes();
  };

  describe("what is sent", () => {
    test("nothing of an object that nobody has touched", () => expect(newShip().values.settle()).toBe(0));

    test("what differs after rounding from what was sent last", () => {
      const { ship, values } = newShip();
      ship.heading = 0.01;
      expect(ship.heading).toBe(0.01);
      expect(values.settle()).toBe(0);
      ship.heading = 0.2;
      ship.ammo = 3;
      expect(values.settle()).toBe(bits.heading | bits.ammo);
      expect(values.settle()).toBe(0);
      // Many small steps add up, because what was sent is compared and not what was set.
      for (let step = 0; step < 10; step++) ship.heading += 0.02;
      expect(values.settle()).toBe(bits.heading);
    });

    test("nothing of what was set and set back", () => {
      const { ship, values } = newShip();
      ship.ammo = 3;
      ship.name = "Ada";
      ship.position.x = 5;
      ship.ammo = 0;
      ship.name = "";
      ship.position.x = 0;
      expect(values.settle()).toBe(0);
    });

    test("components of vectors, quaternions and structs, and whole ones", () => {
      const { ship, values } = newShip();
      ship.position.x += 1;
      expect(values.settle()).toBe(bits.position);
      ship.position = { x: 1, y: 2 };
      ship.weapon.kind = 3;
      ship.turn.x = 1;
      expect(values.settle()).toBe(bits.position | bits.weapon | bits.turn);
      expect([ship.position.x, ship.position.y, ship.weapon.kind]).toEqual([1, 2, 3]);
    });

    test("what was changed in place, where that is allowed", () => {
      const { ship, values } = newShip();
      ship.cargo.push(4);
      expect(values.settle()).toBe(0);
      ship.markChanged("cargo");
      expect(values.settle()).toBe(bits.cargo);
      expect(() => ship.markChanged("name")).toThrow("name is not mutable");
      expect(() => ship.markChanged("on")).toThrow("Ship has no networked member on");
    });

    test("nothing that was set before a newer value was read", () => {
      const { ship, values } = newShip();
      ship.ammo = 9;
      ship.markChanged("cargo");
      const far = newShip();
      far.ship.ammo = 3;
      values.read(new NetworkReader(writerOf((writer) => far.values.write(writer, 3))), 3);
      expect([ship.ammo, values.settle()]).toEqual([3, 0]);
    });

    test("the owner hears once that something changed, until it has settled", () => {
      const { ship, values } = newShip();
      const changed = vi.fn();
      values.owner = { changed, noted: () => {} };
      ship.ammo = 1;
      ship.position.x = 1;
      expect(changed).toHaveBeenCalledTimes(1);
      values.settle();
      ship.ammo = 2;
      expect(changed).toHaveBeenCalledTimes(2);
    });
  });

  describe("live values", () => {
    test("are copied in: no other object shares them", () => {
      const [one, other] = [newShip(), newShip()];
      const mine = { x: 1, y: 2 };
      one.ship.position = mine;
      other.ship.position = one.ship.position;
      mine.x = 9;
      one.ship.position.y = 7;
      expect([one.ship.position.x, other.ship.position.x, other.ship.position.y]).toEqual([1, 1, 2]);
    });

    test("stay the same object, and have their components only", () => {
      const { ship } = newShip();
      const { position } = ship;
      ship.position = { x: 1, y: 2 };
      expect(ship.position).toBe(position);
      expect(JSON.stringify(position)).toBe('{"x":1,"y":2}');
      expect(inspect(position)).toBe("{ x: 1, y: 2 }");
      expect(Object.keys(position)).toEqual(["x", "y"]);
      expect({ ...position }).toEqual({ x: 1, y: 2 });
      expect(Object.entries(ship.weapon)).toEqual([
        ["kind", 0],
        ["isHot", 0],
      ]);
    });
  });

  test("a value that cannot be read changes nothing", () => {
    const { ship, values } = newShip();
    ship.position = { x: 1, y: 2 };
    values.settle();
    expect(() => values.read(new NetworkReader(Uint8Array.of(255, 255)), bits.position)).toThrow("end");
    expect({ ...ship.position }).toEqual({ x: 1, y: 2 });
    expect(values.settle()).toBe(0);
  });

  test("components of many widths are written one behind the other, as their codecs do", () => {
    const fields = { a: bool, b: i8, c: u16, d: u32, e: metres, f: float32, g: i32, h: ranged(-3, 9), i: u8, j: u16 };
    const Odd = networked(class Odd extends NetworkBehaviour {}, { live: struct(fields) });
    const [near, far] = [new Odd(), new Odd()];
    const value = { a: true, b: -5, c: 65_535, d: 2 ** 32 - 1, e: -99, f: -1.5, g: -7, h: -2, i: 200, j: 1 };
    near.live = value;
    const bytes = writerOf((writer) => memberValues(near).write(writer, 1));
    expect(bytes).toEqual(writerOf((writer) => struct(fields).write(writer, value)));
    memberValues(far).read(new NetworkReader(bytes), 1);
    expect({ ...far.live, e: 0 }).toEqual({ ...value, e: 0 });
    expect(far.live.e).toBeCloseTo(-99, 1);
    expect(memberValues(far).settle()).toBe(0);
  });

  describe("names that would end the text of generated code", () => {
    const names = ['a"];process.exit()//', "`;process.exit()//", "\\", "\u2028", "constructor", "prototype", "assign"];
    const live = [...names, "read", "write", "settle", "value", "hasOwnProperty", "toString"];

    test.each(names.filter((name) => name !== "constructor"))("of a member: %j", (name) => {
      const Odd = networked(class Odd extends NetworkBehaviour {}, { [name]: u8, [`${name}2`]: vec2(u8) });
      const values = memberValues(new Odd());
      const odd = new Odd() as unknown as Record<string, unknown>;
      odd[name] = 5;
      odd[`${name}2`] = { x: 6, y: 7 };
      const near = memberValues(odd as unknown as InstanceType<typeof Odd>);
      expect(near.settle()).toBe(3);
      values.read(new NetworkReader(writerOf((writer) => near.write(writer, 3))), 3);
      expect(writerOf((writer) => values.write(writer, 3))).toEqual(Uint8Array.of(5, 6, 7));
    });

    test("of components", () => {
      const Odd = networked(class Odd extends NetworkBehaviour {}, {
        live: struct(Object.fromEntries(live.map((name) => [name, u8]))),
      });
      const odd = new Odd();
      const values = memberValues(odd);
      odd.live = Object.fromEntries(live.map((name, index) => [name, index + 1]));
      Object.assign(odd.live, { constructor: 99 });
      expect(values.settle()).toBe(1);
      const bytes = writerOf((writer) => values.write(writer, 1));
      const far = new Odd();
      memberValues(far).read(new NetworkReader(bytes), 1);
      expect(Object.entries(far.live)).toEqual(
        live.map((name, index) => [name, name === "constructor" ? 99 : index + 1]),
      );
    });

    test("__proto__ is none, of either", () => {
      const member = { ["__proto__"]: u8 };
      expect(() => networked(class Odd extends NetworkBehaviour {}, member)).toThrow("__proto__");
      expect(() => struct(member)).toThrow("__proto__");
    });
  });

  describe("wrong values throw when they are set, and change nothing", () => {
    const wrong: [string, (ship: InstanceType<typeof Ship>) => void, string][] = [
      ["a number", (ship) => (ship.ammo = -1), "whole number"],
      ["a text", (ship) => (ship.name = "x".repeat(17)), "17"],
      ["a bigint", (ship) => (ship.gold = 5 as unknown as bigint), "bigint"],
      ["a component", (ship) => (ship.position.x = Number.NaN), "NaN"],
      ["a vector", (ship) => (ship.position = { x: 1 } as { x: number; y: number }), "undefined"],
      ["a vector of nothing", (ship) => (ship.position = null as unknown as { x: number; y: number }), "position"],
      ["a quaternion", (ship) => (ship.turn.w = Number.POSITIVE_INFINITY), "turn.w"],
      ["a component of a struct", (ship) => (ship.weapon.kind = 256), "256"],
    ];
    test.each(wrong)("%s", (_, set, reason) => {
      const { ship, values } = newShip();
      const before = writerOf((writer) => values.write(writer, ALL));
      expect(() => set(ship)).toThrow(reason);
      expect(values.settle()).toBe(0);
      expect(writerOf((writer) => values.write(writer, ALL))).toEqual(before);
    });
  });

  describe("listeners", () => {
    test("hear a batch once, with the value before it, and nothing that came back", () => {
      const { ship, values } = newShip();
      const [ammo, position, gold] = [vi.fn(), vi.fn(), vi.fn()];
      ship.on("ammo", ammo);
      ship.on("position", (now, before) => position(now.x, before.x));
      ship.on("gold", gold);
      ship.ammo = 1;
      ship.ammo = 2;
      ship.position.x = 3;
      ship.position.x = 4;
      ship.gold = 1n;
      ship.gold = 0n;
      expect(ammo).not.toHaveBeenCalled();
      values.deliver(() => {});
      expect(ammo.mock.calls).toEqual([[2, 0]]);
      expect(position.mock.calls).toEqual([[4, 0]]);
      expect(gold).not.toHaveBeenCalled();
      values.deliver(() => {});
      expect(ammo).toHaveBeenCalledTimes(1);
    });

    test("of what is read hear it too; what one throws stops no other, and what one sets is the next batch", () => {
      const { ship, values } = newShip();
      const heard: unknown[] = [];
      const failure = new Error("listener");
      ship.on("ammo", () => {
        throw failure;
      });
      ship.on("ammo", (now) => {
        heard.push(now);
        if (now < 3) ship.ammo = now + 1;
      });
      const stop = ship.on("ammo", () => heard.push("stopped"));
      stop();
      values.read(new NetworkReader(Uint8Array.of(1, 0)), bits.ammo);
      const errors: unknown[] = [];
      for (let batch = 0; batch < 4; batch++) values.deliver((error) => errors.push(error));
      expect(heard).toEqual([1, 2, 3]);
      expect(errors).toEqual([failure, failure, failure]);
    });

    test("hear of an object changed in place", () => {
      const { ship, values } = newShip();
      const cargo = vi.fn();
      ship.on("cargo", cargo);
      ship.cargo.push(1);
      ship.markChanged("cargo");
      values.deliver(() => {});
      expect(cargo).toHaveBeenCalledTimes(1);
    });
  });

  describe("the bytes of an object", () => {
    const Engine = networked(class Engine extends NetworkBehaviour {}, { power: u8, secret: u8 });
    const Hull = networked(class Hull extends NetworkBehaviour {}, { armour: u8, position: vec2(u8) });
    const prefab = definePrefab("tank", { engine: Engine, hull: Hull });
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    const tank = () => {
      const { behaviours, values } = prefab.create();
      behaviours.engine.power = 0x11;
      behaviours.engine.secret = 0x22;
      behaviours.hull.armour = 0x33;
      behaviours.hull.position = { x: 0x44, y: 0x55 };
      return values;
    };
    const cases: [string, number[] | null, number[]][] = [
      ["all members", null, [3, 3]],
      ["all but `secret`", null, [1, 3]],
      ["`power` and `position` have changed", [1, 2], [3, 3]],
      ["`armour` has changed", [0, 1], [3, 3]],
      ["`secret` has changed, for a player that does not see it", [2, 0], [1, 3]],
      ["`hull` has changed, for a player that sees nothing of `engine`", [2, 3], [0, 3]],
    ];
    const page = readFileSync(join(root, "docs/wire-format.md"), "utf8");
    const goldenOf = (name: string) => page.match(new RegExp(`^\\| ${name} \\| \`(\\w+)\` \\|$`, "m"))?.[1];
    test.each(cases)("%s", (name, masks, allowed) => {
      const values = tank();
      const bytes = writerOf((writer) =>
        masks ? writeChanges(writer, values, masks, allowed) : writeFullState(writer, values, allowed),
      );
      expect(hex(bytes)).toBe(goldenOf(name));
      const far = prefab.create().values;
      const reader = new NetworkReader(bytes);
      if (masks) readChanges(reader, far, allowed);
      else readFullState(reader, far, allowed);
      reader.finish();
      const seen = (masks ?? allowed).map((mask, index) => mask & (allowed[index] as number));
      for (const [index, part] of far.entries()) {
        const mine = writerOf((writer) => values[index]?.write(writer, seen[index] as number));
        expect(writerOf((writer) => part.write(writer, seen[index] as number))).toEqual(mine);
        expect(part.settle()).toBe(0);
      }
    });

    test("mutated ones throw nothing but the errors of codecs", () => {
      const random = seededRandom(3);
      const pick = (below: number) => Math.floor(random() * below);
      const codes = new Set<string>();
      let read = 0;
      for (let turn = 0; turn < 20_000; turn++) {
        const { ship, values } = newShip();
        ship.name = "x".repeat(pick(17));
        ship.cargo = Array.from({ length: pick(9) }, () => pick(256));
        ship.gold = BigInt(pick(2 ** 40));
        const mask = pick(ALL + 1);
        const bytes = writerOf((writer) => writeChanges(writer, [values], [mask], [ALL]));
        const broken = random() < 0.3 ? bytes.slice(0, pick(bytes.length)) : bytes;
        for (let flips = pick(4); flips > 0 && broken.length > 0; flips--) {
          const at = pick(broken.length);
          broken[at] = (broken[at] as number) ^ (1 << pick(8));
        }
        try {
          readChanges(new NetworkReader(broken), [newShip().values], [ALL]);
          read++;
        } catch (error) {
          codes.add((error as { code: string }).code);
        }
      }
      expect(read).toBeGreaterThan(5000);
      expect([...codes].sort()).toEqual(["ERR_BAD_VALUE", "ERR_END_OF_MESSAGE", "ERR_LIMIT"]);
    });
  });
});
