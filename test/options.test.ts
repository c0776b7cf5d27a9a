import { describe, expect, test } from "vitest";
import {
  booleanOption,
  checkOptions,
  durationOption,
  functionOption,
  integerOption,
  nullOr,
  numberOption,
  type OptionRules,
  objectOption,
  oneOf,
  portOption,
  required,
  textOption,
} from "../lib/options.js";

interface Options {
  port?: number;
  timeoutMs?: number;
  name?: string;
  maxPacketSize?: number;
  ratio?: number;
  isOpen?: boolean;
  beforeAccept?: () => void;
  clock?: { now(): number } | null;
  drive?: "manual" | "automatic";
}

const rules = {
  port: portOption,
  timeoutMs: durationOption(1),
  name: textOption,
  maxPacketSize: integerOption(1, 65_535),
  ratio: numberOption(0, 1),
  isOpen: booleanOption,
  beforeAccept: functionOption,
  clock: nullOr(objectOption("now")),
  drive: oneOf("manual", "automatic"),
};
const check = (options: unknown) => () => checkOptions("Server", options as Options, rules);

test.each<Options>([
  {},
  { port: 0, timeoutMs: Number.POSITIVE_INFINITY, name: "", ratio: 0.5, isOpen: false, drive: "manual" },
  { port: 65_535, timeoutMs: 2 ** 40, beforeAccept: () => {}, clock: null },
  { clock: { now: () => 0 } },
  { port: undefined } as unknown as Options,
])("%o is taken", (options) => {
  expect(check(options)).not.toThrow();
});

test.each([
  [{ port: 65_536 }, RangeError, "port must be a whole number from 0 to 65535"],
  [{ port: -1 }, RangeError, "port"],
  [{ port: 1.5 }, RangeError, "port"],
  [{ port: "80" }, TypeError, "port must be a number, and not a text: use Number(…)"],
  [
    { timeoutMs: Number.NaN },
    RangeError,
    "timeoutMs must be at least 1 milliseconds, and not NaN: Number(…) was given no number",
  ],
  [{ timeoutMs: 0 }, RangeError, "timeoutMs"],
  [{ timeoutMs: null }, TypeError, "timeoutMs"],
  [{ ratio: Number.NaN }, RangeError, "ratio must be a number from 0 to 1, and not NaN"],
  [{ ratio: "1" }, TypeError, "ratio must be a number, and not a text: use Number(…)"],
  [{ timeoutMs: "1" }, TypeError, "timeoutMs must be a number of milliseconds, and not a text: use Number(…)"],
  [{ port: Number.NaN }, RangeError, "from 0 to 65535, and not NaN: Number(…) was given no number"],
  [{ name: 1 }, TypeError, "name"],
  [{ isOpen: 1 }, TypeError, "isOpen"],
  [{ beforeAccept: true }, TypeError, "beforeAccept"],
  [{ clock: {} }, TypeError, "clock.now must be a function"],
  [{ clock: 1 }, TypeError, "clock"],
  [{ clock: Promise.resolve() }, TypeError, "clock must be an object, and not a promise: await it"],
  [Promise.resolve({}), TypeError, "The options of Server must be an object, and not a promise: await it; there are"],
  [{ drive: "auto" }, RangeError, 'drive must be "manual" or "automatic"'],
  [null, TypeError, "The options of Server must be an object; there are port, timeoutMs, name"],
  [[{ port: 1 }], TypeError, "The options of Server must be an object"],
  [new Uint8Array(3), TypeError, "The options of Server must be an object"],
])("%o is refused", (options, kind, text) => {
  expect(check(options)).toThrow(kind);
  expect(check(options)).toThrow(text);
});

describe("a name that is no option", () => {
  test.each([
    ["timeout", "Server has no option timeout; did you mean timeoutMs?"],
    ["maxpacketsize", "did you mean maxPacketSize?"],
    ["Port", "did you mean port?"],
    ["colour", "there are port, timeoutMs, name"],
    ["toString", "Server has no option toString"],
  ])("%s", (name, text) => {
    expect(check({ [name]: 1 })).toThrow(text);
    expect(check({ [name]: 1 })).toThrow(TypeError);
  });
});

test("an option without a default has to be given: the types ask for its rule, and the check for its value", () => {
  interface Doors {
    port: number;
    name?: string;
  }
  // @ts-expect-error `port` has no default
  const unmarked: OptionRules<Doors> = { port: portOption, name: textOption };
  const marked: OptionRules<Doors> = { port: required(portOption), name: textOption };
  for (const doors of [{}, { port: undefined }, { name: "a" }]) {
    expect(() => checkOptions("Door", doors as unknown as Doors, marked)).toThrow(
      "Door needs the option port: port must be a number",
    );
  }
  expect(() => checkOptions("Door", { port: "80" } as unknown as Doors, marked)).toThrow("port must be a number");
  expect(() => checkOptions("Door", { port: 0 }, marked)).not.toThrow();
  expect(() => checkOptions("Door", {} as Doors, unmarked)).not.toThrow();
});
