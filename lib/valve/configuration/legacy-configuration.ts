import { native } from "../../addon/native.js";
import { checkInt32, checkText } from "../../arguments.js";
import { fakeMessageLoss } from "../messages/fake-message-loss.js";
import { ConfigDataType, ConfigScope, ConfigValue } from "./config-value.js";
import { ConfigurationString, ConfigurationValue } from "./configuration-value.js";

/**
 * The seed's configuration values on top of GNS's own. Each row of the table says where the value with that number is
 * kept: in GNS, under another number and perhaps in another unit, or here.
 */
interface Row {
  /** Its name in the GNS of the seed. */
  name: string;
  gns?: ConfigValue;
  /** Converts from the seed's unit. Without it, and without `fromGns`, the units are the same. */
  toGns?: (data: number) => number;
  fromGns?: (data: number) => number;
  /** GNS has it for the whole process only. */
  globalOnly?: true;
  /** First value of a row without `gns`. */
  stored?: number;
}

/** The highest and the lowest rate of GNS, in bytes per second. */
const MAX_RATE = 104_857_600;
const MIN_RATE = 1024;

const seconds = {
  toGns: (data: number) => Math.min(data * 1000, 0x7fffffff),
  fromGns: (data: number) => Math.ceil(data / 1000),
};
/** GNS logs nothing below 5, and most lines have level 5 or 6; in the seed any number but 0 enables the log. */
const logLevel = { toGns: (data: number) => (data <= 0 ? 2 : Math.max(data, 6)) };
const globalOnly = { globalOnly: true } as const;

const rows: readonly Row[] = [
  { name: "FakeMessageLoss_Send", stored: 0 },
  { name: "FakeMessageLoss_Recv", stored: 0 },
  { name: "FakePacketLoss_Send", gns: ConfigValue.FakePacketLossSend, ...globalOnly },
  { name: "FakePacketLoss_Recv", gns: ConfigValue.FakePacketLossRecv, ...globalOnly },
  { name: "FakePacketLag_Send", gns: ConfigValue.FakePacketLagSend, ...globalOnly },
  { name: "FakePacketLag_Recv", gns: ConfigValue.FakePacketLagRecv, ...globalOnly },
  { name: "FakePacketReorder_Send", gns: ConfigValue.FakePacketReorderSend, ...globalOnly },
  { name: "FakePacketReorder_Recv", gns: ConfigValue.FakePacketReorderRecv, ...globalOnly },
  { name: "FakePacketReorder_Time", gns: ConfigValue.FakePacketReorderTime, ...globalOnly },
  { name: "SendBufferSize", gns: ConfigValue.SendBufferSize },
  { name: "MaxRate", gns: ConfigValue.SendRateMax, toGns: (data) => (data === 0 ? MAX_RATE : data) },
  { name: "MinRate", gns: ConfigValue.SendRateMin, toGns: (data) => (data === 0 ? MIN_RATE : data) },
  { name: "Nagle_Time", gns: ConfigValue.NagleTime },
  { name: "Log_AckRTT", gns: ConfigValue.LogLevelAckRTT, ...logLevel },
  { name: "Log_Packet", gns: ConfigValue.LogLevelPacketDecode, ...logLevel },
  { name: "Log_Message", gns: ConfigValue.LogLevelMessage, ...logLevel },
  { name: "Log_PacketGaps", gns: ConfigValue.LogLevelPacketGaps, ...logLevel },
  { name: "Log_p2prendezvous", gns: ConfigValue.LogLevelP2PRendezvous, ...logLevel },
  { name: "Log_RelayPings", stored: 7 },
  { name: "ClientConsecutitivePingTimeoutsFailInitial", stored: 2 },
  { name: "ClientConsecutitivePingTimeoutsFail", stored: 4 },
  { name: "ClientMinPingsBeforePingAccurate", stored: 10 },
  { name: "ClientSingleSocket", stored: 0 },
  { name: "IpAllowWithoutAuth", gns: ConfigValue.IPAllowWithoutAuth },
  { name: "TimeoutSecondsInitial", gns: ConfigValue.TimeoutInitial, ...seconds },
  { name: "TimeoutSecondsConnected", gns: ConfigValue.TimeoutConnected, ...seconds },
  { name: "FakePacketDup_Send", gns: ConfigValue.FakePacketDupSend, ...globalOnly },
  { name: "FakePacketDup_Recv", gns: ConfigValue.FakePacketDupRecv, ...globalOnly },
  { name: "FakePacketDup_Time", gns: ConfigValue.FakePacketDupTimeMax, ...globalOnly },
];

/** Where a value is set: the whole process, or one connection of one owner. */
export interface ConfigTarget {
  owner: number;
  scope: ConfigScope.Global | ConfigScope.Connection;
  handle: number;
}

/** The values that GNS does not have, by the seed's number, and the strings: for this thread. */
const storedValues = new Map<ConfigurationValue, number>();
const storedStrings = new Map<ConfigurationString, string>();
/** The connections whose `MinRate` was set, and 0 if the global one was. */
const minRateSet = new Set<number>();

/** Resets everything, when the last user of the library in this thread has gone. */
export function resetLegacyConfiguration(): void {
  storedValues.clear();
  storedStrings.clear();
  minRateSet.clear();
  fakeMessageLoss.send = 0;
  fakeMessageLoss.receive = 0;
}

/** The value in the seed's unit, rounded; -1 if there is no such value or handle. */
export function getLegacyValue(target: ConfigTarget, value: ConfigurationValue): number {
  checkInt32("configurationValue", value);
  const row = rows[value];
  if (row === undefined || !isInScope(row, target)) return -1;
  if (row.gns === undefined) return storedValues.get(value) ?? row.stored ?? 0;
  const data = readGns(target, row.gns);
  return data === null ? -1 : Math.round(row.fromGns?.(data) ?? data);
}

/** Returns whether it was set. GNS clamps values that are out of range. */
export function setLegacyValue(target: ConfigTarget, value: ConfigurationValue, data: number): boolean {
  checkInt32("configurationValue", value);
  checkInt32("value", data);
  const row = rows[value];
  if (row === undefined || !isInScope(row, target)) return false;
  if (row.gns === undefined) {
    storedValues.set(value, data);
    if (value === ConfigurationValue.FakeMessageLossSend) fakeMessageLoss.send = data;
    if (value === ConfigurationValue.FakeMessageLossRecv) fakeMessageLoss.receive = data;
    return true;
  }
  const wanted = row.toGns?.(data) ?? data;
  if (!writeGns(target, row.gns, wanted)) return false;
  if (value === ConfigurationValue.MaxRate) followMaxRate(target);
  if (value === ConfigurationValue.MinRate) followMinRate(target);
  return true;
}

/** The name that the seed's GNS had for the value, or null. */
export function legacyValueName(value: ConfigurationValue): string | null {
  checkInt32("configurationValue", value);
  return rows[value]?.name ?? null;
}

export function legacyStringName(name: ConfigurationString): string | null {
  checkInt32("configurationString", name);
  return ConfigurationString[name] ?? null;
}

/** The stored string, "" unless it was set; null: there is no string of this number. */
export function getLegacyString(name: ConfigurationString): string | null {
  return legacyStringName(name) === null ? null : (storedStrings.get(name) ?? "");
}

export function setLegacyString(name: ConfigurationString, text: string): boolean {
  checkText("inputString", text);
  if (legacyStringName(name) === null) return false;
  storedStrings.set(name, text);
  return true;
}

/** Forgets what was set for a connection that is closed: its handle may be used again for another one. */
export function forgetConnectionRates(connection: number): void {
  if (connection !== 0) minRateSet.delete(connection);
}

function isInScope(row: Row, target: ConfigTarget): boolean {
  return target.scope === ConfigScope.Global || (row.gns !== undefined && !row.globalOnly);
}

/**
 * If the lowest rate is below the highest, GNS chooses a rate at the first ping and never changes it, so the highest
 * rate alone would have no effect. Therefore it sets the lowest rate too, unless `MinRate` was set.
 */
function followMaxRate(target: ConfigTarget): void {
  const max = readGns(target, ConfigValue.SendRateMax) ?? 0;
  const min = readGns(target, ConfigValue.SendRateMin) ?? 0;
  const minIsWanted = minRateSet.has(0) || minRateSet.has(target.handle);
  if (!minIsWanted || min > max) writeGns(target, ConfigValue.SendRateMin, max);
}

function followMinRate(target: ConfigTarget): void {
  minRateSet.add(target.handle);
  const max = readGns(target, ConfigValue.SendRateMax) ?? 0;
  const min = readGns(target, ConfigValue.SendRateMin) ?? 0;
  if (max < min) writeGns(target, ConfigValue.SendRateMax, min);
}

function readGns({ owner, scope, handle }: ConfigTarget, value: ConfigValue): number | null {
  const reading = native.getConfigValue(owner, value, scope, handle);
  return typeof reading.value === "number" ? reading.value : null;
}

function writeGns({ owner, scope, handle }: ConfigTarget, value: ConfigValue, data: number): boolean {
  return native.setConfigValue(owner, value, scope, handle, ConfigDataType.Int32, data);
}
