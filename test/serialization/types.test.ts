import { describe, expectTypeOf, test } from "vitest";
import {
  array,
  bool,
  bytes,
  type Codec,
  decode,
  encode,
  enumeration,
  extensible,
  type Infer,
  map,
  optional,
  packed,
  quaternion,
  set,
  string,
  stringTable,
  struct,
  tuple,
  u8,
  u64,
  union,
  vec3,
} from "../../lib/serialization/index.js";

enum Team {
  Red = 1,
  Blue = 5,
}

enum Mood {
  Calm = "calm",
  Angry = "angry",
}

describe("the types of values follow from codecs", () => {
  test("of structs within structs", () => {
    const player = struct({
      id: packed,
      name: string(16),
      position: vec3(),
      facing: quaternion(),
      score: u64,
      avatar: bytes(100),
      team: enumeration(Team),
      mood: enumeration(Mood),
      color: enumeration(["red", "green"]),
      items: array(struct({ kind: stringTable(["axe"]), count: u8 }), 10),
      flags: map(u8, bool, 4),
      seen: set(u8, 4),
      home: optional(tuple(u8, bool)),
    });
    interface Player {
      id: number;
      name: string;
      position: { x: number; y: number; z: number };
      facing: { x: number; y: number; z: number; w: number };
      score: bigint;
      avatar: Uint8Array;
      team: Team;
      mood: Mood;
      color: "red" | "green";
      items: { kind: string; count: number }[];
      flags: Map<number, boolean>;
      seen: Set<number>;
      home?: [number, boolean] | undefined;
    }
    type Value = Infer<typeof player>;
    expectTypeOf<Value>().toExtend<Player>();
    expectTypeOf<Player>().toExtend<Value>();
    expectTypeOf<Value["home"]>().toEqualTypeOf<Player["home"]>();
    expectTypeOf<Value["team"]>().toEqualTypeOf<Team>();
    expectTypeOf<Value["mood"]>().toEqualTypeOf<Mood>();
    expectTypeOf<Value["color"]>().toEqualTypeOf<"red" | "green">();
    expectTypeOf<Value["items"]>().toEqualTypeOf<{ kind: string; count: number }[]>();
    const codec: Codec<Player> = player;
    expectTypeOf(codec.default()).toEqualTypeOf<Player>();
    const value = decode(player, encode(player, player.default()));
    expectTypeOf(value.items[0]?.count).toEqualTypeOf<number | undefined>();
  });

  test("of unions, which narrow", () => {
    const event = union("kind", { hit: { damage: u8 }, chat: { text: string(9) }, leave: {} });
    type Event = Infer<typeof event>;
    expectTypeOf<Event["kind"]>().toEqualTypeOf<"hit" | "chat" | "leave">();
    expectTypeOf<Extract<Event, { kind: "hit" }>["damage"]>().toEqualTypeOf<number>();
    const value: Event = event.default();
    if (value.kind === "chat") expectTypeOf(value.text).toEqualTypeOf<string>();
  });

  test("of extensible structs", () => {
    const codec = extensible({ id: u8 }, { name: string(9) });
    expectTypeOf<Infer<typeof codec>>().toEqualTypeOf<{ id: number; name: string }>();
    const first = extensible({ id: u8 });
    expectTypeOf<Infer<typeof first>>().toEqualTypeOf<{ id: number }>();
  });

  test("and wrong values do not compile", () => {
    const codec = struct({ id: u8, color: enumeration(["red", "green"]) });
    const write = (value: Infer<typeof codec>) => value;
    // @ts-expect-error: no color
    write({ id: 1 });
    // @ts-expect-error: no such color
    write({ id: 1, color: "blue" });
    // @ts-expect-error: a text is no number
    write({ id: "1", color: "red" });
    // @ts-expect-error: no such field
    write({ id: 1, color: "red", size: 1 });
  });
});
