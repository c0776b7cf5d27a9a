import { expect, test } from "vitest";
import { groupsOf } from "../../lib/guard/address.js";
import { addressKeyOf, IDENTITIES_KEY, nameOf, networkKeyOf, sourceKeyOf } from "../../lib/guard/source-key.js";
import { NONE, SourceTable } from "../../lib/guard/source-table.js";
import { seededRandom } from "../../lib/random.js";

const groups = (host: string) => groupsOf(host) as number[];
const namesIn = (table: SourceTable) => table.entries().map((entry) => nameOf(table.keyOf(entry)));

test.each([
  [addressKeyOf(groups("192.0.2.7")), "192.0.2.7"],
  [networkKeyOf(groups("192.0.2.7")), "192.0.2.0/24"],
  [sourceKeyOf(groups("192.0.2.7")), "192.0.2.7"],
  [addressKeyOf(groups("2001:db8::7")), "2001:db8:0:0:0:0:0:7"],
  [networkKeyOf(groups("2001:db8::7")), "2001:db8:0:0::/64"],
  [sourceKeyOf(groups("2001:db8::7")), "2001:db8:0:0::/64"],
  [sourceKeyOf(null), "identities"],
])("the name of a key: %j", (key, name) => {
  expect(nameOf(key)).toBe(name);
});

test("an address, a network that begins with it and the identities are three entries", () => {
  const table = new SourceTable(64, 1);
  const keys = [addressKeyOf(groups("::")), networkKeyOf(groups("::")), IDENTITIES_KEY];
  for (const [at, key] of keys.entries()) table.setValue(table.findOrAdd(key), 0, at + 1);
  expect(keys.map((key) => table.value(table.find(key), 0))).toEqual([1, 2, 3]);
});

test.each([1, 2, 3])("10,000 random operations agree with a plain model, seed %i", (seed) => {
  const random = seededRandom(seed);
  const table = new SourceTable(256, 2, (size) => Uint8Array.from({ length: size }, () => random() * 256));
  const model = new Map<string, number>();
  for (let step = 1; step <= 10_000; step++) {
    const host = random() < 0.5 ? `10.0.${Math.floor(random() * 3)}.${Math.floor(random() * 200)}` : "2001:db8::";
    const net = host === "2001:db8::" ? `${host.slice(0, -1)}${Math.floor(random() * 300)}::1` : host;
    const key = sourceKeyOf(groups(net));
    const name = nameOf(key);
    const known = model.get(name);
    if (random() < 0.2) {
      expect(table.delete(key)).toBe(model.delete(name));
    } else if (random() < 0.5) {
      const entry = table.find(key);
      expect(entry === NONE ? undefined : table.value(entry, 1)).toBe(known);
      if (known !== undefined) {
        model.delete(name);
        model.set(name, known);
      }
    } else {
      const entry = table.findOrAdd(key);
      expect(table.value(entry, 1)).toBe(known ?? 0);
      table.setValue(entry, 1, step);
      model.delete(name);
      if (model.size === 256) model.delete(model.keys().next().value as string);
      model.set(name, step);
    }
    if (step % 500 === 0) expect(namesIn(table)).toEqual([...model.keys()]);
  }
  expect(table.size).toBe(model.size);
});
