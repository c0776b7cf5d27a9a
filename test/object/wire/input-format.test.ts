import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type ControlReport,
  readControlled,
  readInputs,
  readReport,
  readView,
  writeControlled,
  writeInputs,
  writeReport,
} from "../../../lib/object/wire/input-format.js";
import { NetworkReader, NetworkWriter, u8 } from "../../../lib/serialization/index.js";
import { root } from "../../../scripts/paths.mjs";

const page = readFileSync(join(root, "docs/wire-format.md"), "utf8");

/** The bytes that the page has in the row that begins with `what`. */
function bytesOf(what: string): string {
  const row = page.split("\n").find((line) => line.startsWith(`| ${what}`));
  return row?.split("|")[2]?.trim().replaceAll("`", "") ?? "";
}

const REPORT: ControlReport = {
  tick: 102,
  item: 5,
  behaviour: 1,
  hasInput: true,
  isExact: false,
  received: 30,
  spawned: 259,
  arrivedTick: 104,
  earlyTicks: 2,
};
const INPUTS = [7, 7, 9];

function writtenInputs() {
  const writer = new NetworkWriter();
  writeControlled(writer, { netId: 0x11223344, behaviour: 1, tick: 100 });
  writeInputs(writer, u8, 3, 20.5, (before) => INPUTS[before]);
  return writer.toBytes();
}

describe("as docs/wire-format.md has it", () => {
  test("inputs", () => {
    expect(Buffer.from(writtenInputs()).toString("hex")).toBe(bytesOf("the inputs 7, 7 and 9"));
  });

  test("what became of them", () => {
    const writer = new NetworkWriter();
    writeReport(writer, REPORT);
    writer.writeUint8(0x55);
    expect(Buffer.from(writer.toBytes()).toString("hex")).toBe(bytesOf("tick 102, its input"));
  });
});

test("inputs are read as they were written", () => {
  const reader = new NetworkReader(writtenInputs());
  const head = { netId: 0, behaviour: 0, tick: 0 };
  readControlled(reader, head);
  expect(head).toEqual({ netId: 0x11223344, behaviour: 1, tick: 100 });
  expect(readView(reader)).toBe(20.5);
  const read: number[] = [];
  readInputs(reader, (before) => {
    read[before] = u8.read(reader);
  });
  expect(read).toEqual(INPUTS);
  reader.finish();
});

test("reports are read as they were written, and how early is limited", () => {
  for (const [earlyTicks, expected] of [
    [2, 2],
    [-3, -3],
    [1000, 127],
    [-1000, -128],
    [null, null],
  ] as const) {
    const writer = new NetworkWriter();
    writeReport(writer, { ...REPORT, earlyTicks });
    const into = { ...REPORT, tick: 0, item: 0, spawned: 7 };
    readReport(new NetworkReader(writer.toBytes()), into);
    expect(into).toEqual({ ...REPORT, earlyTicks: expected });
  }
});
