import { describe, expect, test } from "vitest";
import { values } from "../../bench/serialization/messages.mjs";
import { sides } from "../../bench/serialization/sides.mjs";

type Message = keyof typeof values;

/** What a side is measured with is the message that the others are measured with. */
describe.each(Object.keys(sides) as (keyof typeof sides)[])("%s", (side) => {
  test.each(["movement", "movement, floats", "chat"] as Message[])("packs and unpacks: %s", (message) => {
    const { pack, unpack } = sides[side](message);
    for (const value of values[message] as Record<string, unknown>[]) {
      const read = unpack(Uint8Array.from(pack(value))) as Record<string, unknown>;
      for (const [name, wanted] of Object.entries(value)) {
        if (typeof wanted === "number") expect(Math.abs((read[name] as number) - wanted)).toBeLessThan(0.2);
        else expect(read[name]).toBe(wanted);
      }
    }
  });
});
