import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { MemberValues } from "../../../lib/object/behaviour/member-values.js";
import { seededRandom } from "../../../lib/random.js";
import { root } from "../../support/runtimes.js";
import { libraries } from "./libraries.js";

describe.each(libraries)("%s", (_way, library) => {
  const { behaviourDefinition, memberValues, networked, syncList, syncMap, syncSet } = library;
  const { float32, NetworkBehaviour, NetworkReader, NetworkWriter, string, u8, u16, vec2 } = library;

  const MAX = 12;
  const classWith = (from: "server" | "owner" | "both" = "server") =>
    networked(class Ship extends NetworkBehaviour {}, {
      items: syncList(u16, MAX, { from }),
      names: syncSet(string(8), MAX, { from }),
      stock: syncMap(u8, string(8), MAX, { from }),
    });
  const Ship = classWith();
  const [ITEMS, NAMES, STOCK, ALL] = [1, 2, 4, 7];

  const bytesOf = (values: MemberValues, mask: number, way: "write" | "writeDelta") => {
    const writer = new NetworkWriter();
    values[way](writer, mask);
    return writer.toBytes();
  };
  const contentOf = (ship: InstanceType<typeof Ship>) => [[...ship.items], [...ship.names], [...ship.stock]];

  /** A ship, and one on the other side, with ways from one to the other. */
  function pair(Class = Ship) {
    const [near, far] = [new Class(), new Class()];
    const [values, farValues] = [memberValues(near), memberValues(far)];
    const read = (bytes: Uint8Array, mask: number) => {
      const reader = new NetworkReader(bytes);
      farValues.read(reader, mask);
      reader.finish();
    };
    return {
      near,
      far,
      values,
      farValues,
      spawn: () => read(bytesOf(values, ALL, "write"), ALL),
      /** @returns the bytes of the changes */
      send(): number {
        const mask = values.settle();
        const bytes = bytesOf(values, mask, "writeDelta");
        read(bytes, mask);
        return bytes.length;
      },
    };
  }

  test("random operations arrive in order and once, and their events make of the old content the new", () => {
    const random = seededRandom(5);
    const pick = (below: number) => Math.floor(random() * below);
    const { near, far, send, spawn, farValues } = pair();
    const shadow = { items: [] as number[], names: new Set<string>(), stock: new Map<number, string>() };
    far.items.on("inserted", (index, value) => shadow.items.splice(index, 0, value));
    far.items.on("removed", (index) => shadow.items.splice(index, 1));
    far.items.on("replaced", (index, value) => (shadow.items[index] = value));
    far.names.on("added", (value) => shadow.names.add(value));
    far.names.on("removed", (value) => shadow.names.delete(value));
    far.stock.on("added", (key, value) => shadow.stock.set(key, value));
    far.stock.on("removed", (key) => shadow.stock.delete(key));
    far.stock.on("replaced", (key, value) => shadow.stock.set(key, value));
    const { items, names, stock } = near;
    const operations = [
      () => items.length < MAX && items.push(pick(9)),
      () => items.length < MAX && items.unshift(pick(9)),
      () => items.pop(),
      () => items.shift(),
      () => items.length > 0 && items.set(pick(items.length), pick(9)),
      () => items.length < MAX - 2 && items.splice(pick(items.length), pick(3), pick(9), pick(9)),
      () => items.remove(pick(9)),
      () => items.sort(),
      () => names.size < MAX && names.add(`n${pick(20)}`),
      () => names.delete(`n${pick(20)}`),
      () => stock.size < MAX && stock.set(pick(20), `s${pick(5)}`),
      () => stock.delete(pick(20)),
      () => pick(10) === 0 && items.clear(),
      () => pick(10) === 0 && names.clear(),
      () => pick(10) === 0 && stock.clear(),
      () => pick(10) === 0 && names.replaceAll(["a", `b${pick(3)}`]),
    ];
    for (let turn = 0; turn < 1000; turn++) {
      for (let count = pick(6); count > 0; count--) operations[pick(operations.length)]?.();
      // A player may get the whole at any time, before the changes of the tick or after them.
      if (pick(5) === 0) spawn();
      send();
      if (pick(5) === 0) spawn();
      farValues.deliver((error) => {
        throw error;
      });
      expect(contentOf(far)).toEqual(contentOf(near));
      expect(shadow.items).toEqual([...near.items]);
      expect([...shadow.names].sort()).toEqual([...near.names].sort());
      expect(shadow.stock).toEqual(new Map(near.stock));
      expect(farValues.settle()).toBe(0);
    }
  });

  test("what is in a spawn is not applied again with the changes of its tick", () => {
    const { near, far, values, send, spawn } = pair();
    spawn();
    near.items.push(1);
    spawn();
    send();
    expect([...far.items]).toEqual([1]);
    near.items.push(2);
    const mask = values.settle();
    spawn();
    const reader = new NetworkReader(bytesOf(values, mask, "writeDelta"));
    memberValues(far).read(reader, mask);
    expect([...far.items]).toEqual([1, 2]);
    near.items.push(3);
    send();
    expect([...far.items]).toEqual([1, 2, 3]);
  });

  test("a change costs its bytes, and a log longer than the content is replaced by the content", () => {
    const { near, far, send, spawn } = pair();
    near.items.push(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    send();
    spawn();
    near.items.set(3, 77);
    const one = send();
    expect(one).toBeLessThan(6);
    for (let turn = 0; turn < 10_000; turn++) near.items.set(turn % 10, turn);
    expect(send()).toBeLessThan(24);
    for (let turn = 0; turn < 10; turn++) near.items.set(turn, turn + 100);
    expect(send()).toBeLessThan(24);
    near.items.clear();
    expect(send()).toBeLessThan(4);
    expect(contentOf(far)).toEqual(contentOf(near));
  });

  test("what was not due is sent later, with all that came meanwhile", () => {
    const Seldom = networked(class Seldom extends NetworkBehaviour {}, {
      health: u8,
      items: syncList(u16, MAX, { every: 3 }),
    });
    const definition = behaviourDefinition(Seldom);
    const near = new Seldom();
    const values = memberValues(near);
    const sent: number[] = [];
    for (let tick = 0; tick < 7; tick++) {
      near.items.push(tick);
      near.health = tick + 1;
      sent.push(values.settle(definition.dueMask(tick, 2)));
      expect(values.isChanged).toBe((sent.at(-1) as number) === 1);
    }
    expect(sent).toEqual([1, 3, 1, 1, 3, 1, 1]);
  });

  describe("throw, and change nothing:", () => {
    const full = () => {
      const made = pair();
      made.near.items.push(...Array.from({ length: MAX }, (_, index) => index));
      for (let index = 0; index < MAX; index++) made.near.names.add(`${index}`).size;
      for (let index = 0; index < MAX; index++) made.near.stock.set(index, "").size;
      return made;
    };
    const tooMany: [string, (ship: InstanceType<typeof Ship>) => unknown][] = [
      ["push", ({ items }) => items.push(1)],
      ["unshift", ({ items }) => items.unshift(1)],
      ["splice", ({ items }) => items.splice(0, 1, 1, 2)],
      ["replaceAll", ({ items }) => items.replaceAll(new Array(MAX + 1).fill(0))],
      ["add", ({ names }) => names.add("new")],
      ["set", ({ stock }) => stock.set(99, "")],
      [
        "replaceAll of a set",
        ({ names }) => names.replaceAll(Array.from({ length: MAX + 1 }, (_, index) => `a${index}`)),
      ],
    ];
    test.each(tooMany)("too many by %s", (_, change) => {
      const { near, values } = full();
      values.settle();
      const before = contentOf(near);
      expect(() => change(near)).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
      expect(() => change(near)).toThrow(/Ship\.(items|names|stock)/);
      expect(contentOf(near)).toEqual(before);
      expect(values.settle()).toBe(0);
    });

    const changes: [string, (ship: InstanceType<typeof Ship>) => unknown][] = [
      ["push", ({ items }) => items.push(1)],
      ["set", ({ items }) => items.set(0, 9)],
      ["pop", ({ items }) => items.pop()],
      ["splice", ({ items }) => items.splice(0)],
      ["clear", ({ items }) => items.clear()],
      ["sort", ({ items }) => items.sort((a, b) => b - a)],
      ["remove", ({ items }) => items.remove(99)],
      ["assigning", (ship) => Object.assign(ship, { items: [5] })],
      ["add", ({ names }) => names.add("new")],
      ["delete of a set", ({ names }) => names.delete("none")],
      ["clear of a set", ({ names }) => names.clear()],
      ["set of a map", ({ stock }) => stock.set(1, "")],
      ["delete of a map", ({ stock }) => stock.delete(99)],
      ["replaceAll of a map", ({ stock }) => stock.replaceAll([])],
    ];
    test.each(changes)("the wrong side by %s", (_, change) => {
      const { near, values } = pair();
      near.items.push(1, 2);
      values.settle();
      values.locked = ALL;
      const before = contentOf(near);
      expect(() => change(near)).toThrow(expect.objectContaining({ code: "ERR_WRONG_SIDE" }));
      expect(contentOf(near)).toEqual(before);
      expect(values.settle()).toBe(0);
    });

    const wrong: [string, (ship: InstanceType<typeof Ship>) => unknown, string][] = [
      ["a value", ({ items }) => items.push(1, -1), "whole number"],
      ["an index", ({ items }) => items.set(2, 1), "index"],
      ["an element", ({ names }) => names.add("x".repeat(9)), "9"],
      ["a key", ({ stock }) => stock.set(256, ""), "256"],
      ["a value of a map", ({ stock }) => stock.set(1, 5 as never), "not a string"],
      ["what is no list", (ship) => Object.assign(ship, { items: 5 }), "Ship.items"],
    ];
    test.each(wrong)("%s that cannot be written", (_, change, reason) => {
      const { near, values } = pair();
      near.items.push(1, 2);
      values.settle();
      const before = contentOf(near);
      expect(() => change(near)).toThrow(reason);
      expect(contentOf(near)).toEqual(before);
      expect(values.settle()).toBe(0);
    });

    test("what listeners got as `before`", () => {
      const { near, values } = pair();
      near.on("items", (_, before) => before.push(1));
      near.items.push(1);
      const errors: unknown[] = [];
      values.deliver((error) => errors.push(error));
      expect(errors).toEqual([expect.objectContaining({ code: "ERR_STATE" })]);
    });
  });

  test("keys that are the same when they are written are the same key", () => {
    const Odd = networked(class Odd extends NetworkBehaviour {}, {
      prices: syncMap(float32, u8, 4),
      words: syncSet(string(8), 4),
    });
    const odd = new Odd();
    odd.prices.set(0.1, 1).set(Math.fround(0.1), 2);
    odd.words.add("\ud800").add("\ud801");
    expect([...odd.prices]).toEqual([[Math.fround(0.1), 2]]);
    expect([...odd.words]).toEqual(["\ufffd"]);
  });

  test("listeners of the member get the content before the batch, once, and nothing that was undone", () => {
    const { near, values } = pair();
    const heard: unknown[] = [];
    near.on("items", (now, before) => heard.push([now.toArray(), before.toArray(), now === near.items]));
    near.items.push(1);
    near.items.push(2);
    values.deliver(() => {});
    near.items.push(3);
    near.items.pop();
    values.deliver(() => {});
    expect(heard).toEqual([[[1, 2], [], true]]);
  });

  test("lists have what users of arrays expect", () => {
    const { items } = new Ship();
    expect(items.push(3, 1, 2)).toBe(3);
    expect([items.at(-1), items.at(9), items.length, items.includes(1), items.indexOf(2)]).toEqual([
      2,
      undefined,
      3,
      true,
      2,
    ]);
    expect(items.splice(-2, 1)).toEqual([1]);
    expect([items.shift(), items.pop(), items.pop()]).toEqual([3, 2, undefined]);
    items.replaceAll([3, 1, 2]);
    expect([...items.sort()]).toEqual([1, 2, 3]);
    expect([...items.reverse().entries()]).toEqual([
      [0, 3],
      [1, 2],
      [2, 1],
    ]);
    expect(items.map((value) => value * 2)).toEqual([6, 4, 2]);
    expect(items.filter((value) => value > 1)).toEqual([3, 2]);
    expect(items.reduce((sum, value) => sum + value, 0)).toBe(6);
    expect([items.find((value) => value < 3), items.findIndex((value) => value < 3)]).toEqual([2, 1]);
    expect([items.some((value) => value === 3), items.every((value) => value === 3)]).toEqual([true, false]);
    expect([items.join("-"), items.slice(1), JSON.stringify(items)]).toEqual(["3-2-1", [2, 1], "[3,2,1]"]);
    expect([...items.keys(), ...items.values()]).toEqual([0, 1, 2, 3, 2, 1]);
  });

  describe("what an owner changes", () => {
    const taken = (accepts = () => true, from: "owner" | "both" = "owner") => {
      const made = pair(classWith(from));
      const take = () => {
        const mask = made.values.settle();
        const reader = new NetworkReader(bytesOf(made.values, mask, "writeDelta"));
        const refused = made.farValues.take(reader, mask, accepts);
        reader.finish();
        return refused;
      };
      return { ...made, take };
    };

    test("is a change of the server's, which it sends on", () => {
      const { near, far, farValues, take } = taken();
      near.items.push(1, 2);
      near.stock.set(1, "a");
      expect(take()).toBe(0);
      expect(contentOf(far)).toEqual(contentOf(near));
      expect(farValues.settle()).toBe(ITEMS | STOCK);
      near.items.replaceAll([7, 8]);
      expect(take()).toBe(0);
      expect([...far.items]).toEqual([7, 8]);
    });

    test("changes nothing where it is refused", () => {
      const { near, far, farValues, take } = taken(() => false);
      near.items.push(1, 2);
      near.names.replaceAll(["a"]);
      expect(take()).toBe(ITEMS | NAMES);
      expect(contentOf(far)).toEqual([[], [], []]);
      expect(farValues.settle()).toBe(0);
    });

    test("changes nothing where it does not fit, and is put right then", () => {
      const { near, far, take } = taken(undefined, "both");
      near.items.push(1, 2);
      take();
      far.items.clear();
      near.items.set(1, 9);
      near.names.add("a");
      expect(take()).toBe(ITEMS);
      expect([[...far.items], [...far.names]]).toEqual([[], ["a"]]);
    });

    test("validate sees the content that would come of it", () => {
      const seen: unknown[] = [];
      const { near, farValues, values } = taken();
      near.items.push(1);
      near.stock.set(2, "b");
      const mask = values.settle();
      farValues.take(new NetworkReader(bytesOf(values, mask, "writeDelta")), mask, ({ name }, value) => {
        seen.push([name, structuredClone(value)]);
        return true;
      });
      expect(seen).toEqual([
        ["items", [1]],
        ["stock", new Map([[2, "b"]])],
      ]);
    });
  });

  test("mutated bytes throw nothing but the errors of codecs, and no collection grows over its limit", () => {
    const random = seededRandom(9);
    const pick = (below: number) => Math.floor(random() * below);
    const codes = new Set<string>();
    let whole = 0;
    for (let turn = 0; turn < 5000; turn++) {
      const { near, far, values, farValues, spawn } = pair();
      near.items.push(1, 2, 3);
      spawn();
      values.settle();
      for (let count = pick(9); count > 0; count--) near.items.push(pick(99));
      for (let count = pick(9); count > 0; count--) near.stock.set(pick(99), "abc");
      if (pick(2) === 0) near.names.add("a").add("b").delete("a");
      const mask = values.settle();
      const bytes = bytesOf(values, mask, pick(2) === 0 ? "write" : "writeDelta");
      const broken = random() < 0.3 ? bytes.slice(0, pick(bytes.length)) : bytes;
      for (let flips = pick(4); flips > 0 && broken.length > 0; flips--) {
        const at = pick(broken.length);
        broken[at] = (broken[at] as number) ^ (1 << pick(8));
      }
      try {
        if (pick(2) === 0) farValues.read(new NetworkReader(broken), mask);
        else farValues.take(new NetworkReader(broken), mask, () => true);
        whole++;
      } catch (error) {
        codes.add((error as { code: string }).code);
      }
      expect(Math.max(far.items.length, far.names.size, far.stock.size)).toBeLessThanOrEqual(MAX + 1);
    }
    expect(whole).toBeGreaterThan(500);
    expect([...codes].sort()).toEqual(["ERR_BAD_VALUE", "ERR_END_OF_MESSAGE", "ERR_LIMIT"]);
  });

  describe("the bytes of a collection", () => {
    const page = readFileSync(join(root, "docs/wire-format.md"), "utf8");
    const goldenOf = (name: string) => page.match(new RegExp(`^\\| ${name} \\| \`(\\w+)\` \\|$`, "m"))?.[1];
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    const Small = networked(class Small extends NetworkBehaviour {}, {
      list: syncList(u8, 7),
      map: syncMap(u8, u8, 7),
      set: syncSet(u8, 7),
    });
    const cases: [string, number, (ship: InstanceType<typeof Small>) => void][] = [
      ["the list 0x11, 0x22, 0x33, whole", 1, () => {}],
      ["0x44 was put before 0x22", 1, ({ list }) => list.splice(1, 0, 0x44)],
      ["0x11 was replaced by 0x55, and the last removed", 1, ({ list }) => list.splice(0, 3, 0x55, 0x22)],
      ["the list was emptied", 1, ({ list }) => list.clear()],
      ["the map has 0x77 for 0x66", 2, ({ map }) => map.set(0x66, 0x77)],
      ["the set has 0x88", 4, ({ set }) => set.add(0x88)],
    ];
    test.each(cases)("%s", (name, mask, change) => {
      const small = new Small();
      const values = memberValues(small);
      small.list.push(0x11, 0x22, 0x33);
      small.map.replaceAll([
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
      small.set.replaceAll([1, 2, 3]);
      values.settle();
      change(small);
      const isChanged = (values.settle() & mask) !== 0;
      expect(hex(bytesOf(values, mask, isChanged ? "writeDelta" : "write"))).toBe(goldenOf(name));
    });
  });

  describe("what contradicts itself throws where it is defined:", () => {
    const wrong: [string, unknown, string][] = [
      ["no limit", syncList(u8, undefined as never), "max"],
      ["no codec", syncList(5 as never, 8), "codec"],
      ["keys that are objects", syncMap(vec2() as never, u8, 8), "keys and elements of sets"],
      ["elements that are objects", syncSet(vec2() as never, 8), "keys and elements of sets"],
      ["latest", syncList(u8, 8, { delivery: "latest" } as never), "no option delivery"],
      [
        "validate of the server's",
        syncList(u8, 8, { validate: (() => true) as never }),
        "validate judges what an owner sets",
      ],
      ["from and to the owner", syncSet(u8, 8, { from: "owner", to: "owner" }), "to: owner says nothing"],
    ];
    test.each(wrong)("%s", (_, items, reason) => {
      const define = () => networked(class Ship extends NetworkBehaviour {}, { items } as object);
      expect(define).toThrow(reason);
      expect(define).toThrow("Ship.items");
    });
  });

  test("events have names, and end", () => {
    const { near, values } = pair();
    expect(() => Reflect.apply(near.items.on, near.items, ["added", vi.fn()])).toThrow('"inserted", "removed" or');
    const heard = vi.fn();
    near.items.on("inserted", heard)();
    near.items.push(1);
    values.deliver(() => {});
    expect(heard).not.toHaveBeenCalled();
  });
});
