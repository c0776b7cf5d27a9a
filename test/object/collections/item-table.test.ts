import { describe, expect, test } from "vitest";
import { ItemTable } from "../../../lib/object/collections/item-table.js";

describe("ItemTable", () => {
  test.each([1, 4, 16, 64, 1024])("finds items that are %i apart", (step) => {
    const table = new ItemTable();
    for (let index = 0; index < 1000; index++) table.add(index * step);
    for (let index = 999; index >= 0; index -= 3) table.removeAt(table.find(index * step));
    for (let index = 0; index < 1000; index++) {
      const place = table.find(index * step);
      if (index % 3 === 0) expect(place).toBe(-1);
      else expect(table.items[place]).toBe(index * step);
    }
    expect(table.count).toBe(666);
  });
});
