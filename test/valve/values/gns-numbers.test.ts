import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { native } from "../../../lib/addon/native.js";
import {
  Availability,
  ConfigDataType,
  ConfigResult,
  ConfigScope,
  ConfigValue,
  ConnectionState,
  DebugType,
  IdentityType,
  Library,
  Result,
  SendFlags,
} from "../../../lib/index.js";
import { readGnsHeaders } from "../../support/gns-headers.js";

const headers = [...readGnsHeaders().values()].join("\n");

/** What the headers call `prefix` and a name, by that name without underscores. */
function numbersOf(prefix: string): Record<string, number> {
  const found = headers.matchAll(new RegExp(`\\b${prefix}(\\w+)\\s*=\\s*(-?\\d+)`, "g"));
  return Object.fromEntries(Array.from(found, ([, name = "", number]) => [name.replaceAll("_", ""), Number(number)]));
}

/** Each enum, GNS's prefix, and the members that GNS has under another name, or not at all. */
const rows: [string, object, string, Record<string, string | null>][] = [
  ["Result", Result, "k_EResult", {}],
  ["ConnectionState", ConnectionState, "k_ESteamNetworkingConnectionState_", {}],
  ["IdentityType", IdentityType, "k_ESteamNetworkingIdentityType_", {}],
  ["DebugType", DebugType, "k_ESteamNetworkingSocketsDebugOutputType_", { Message: "Msg" }],
  [
    "SendFlags",
    SendFlags,
    "k_nSteamNetworkingSend_",
    { UnreliableNoDelay: null, UnreliableNoNagle: null, ReliableNoNagle: null },
  ],
  ["Availability", Availability, "k_ESteamNetworkingAvailability_", {}],
  ["ConfigResult", ConfigResult, "k_ESteamNetworkingGetConfigValue_", { BadScopeObject: "BadScopeObj" }],
  ["ConfigDataType", ConfigDataType, "k_ESteamNetworkingConfig_", {}],
  ["ConfigScope", ConfigScope, "k_ESteamNetworkingConfig_", {}],
  [
    ...(["ConfigValue", ConfigValue, "k_ESteamNetworkingConfig_"] as const),
    { OutOfOrderCorrectionWindow: "OutOfOrderCorrectionWindowMicroseconds" },
  ],
];

test.each(rows)("%s has the numbers of the linked GNS", (_name, members, prefix, others) => {
  const ours = Object.entries(members).filter(([name, value]) => typeof value === "number" && others[name] !== null);
  const theirs = numbersOf(prefix);
  expect(ours.length).toBeGreaterThan(2);
  expect(Object.fromEntries(ours)).toEqual(
    Object.fromEntries(ours.map(([name]) => [name, theirs[others[name] ?? name]])),
  );
});

describe("configuration values", () => {
  beforeAll(() => expect(Library.initialize()).toBe(true));
  afterAll(() => Library.deinitialize());

  test("ConfigValue has all that the linked GNS lists", () => {
    const listed = native.listConfigValues(true);
    expect(listed.length).toBeGreaterThan(40);
    expect(listed.filter(([number]) => ConfigValue[number] === undefined)).toEqual([]);
  });
});
