import { expect, test } from "vitest";
import { Channel, type MessageDefinition } from "../../../lib/message/index.js";
import { NetworkBehaviour, type NetworkIdentity, type ServerObjectManager } from "../../../lib/object/index.js";
import { body, writeCall } from "../../../lib/object/rpc/call-format.js";
import { writeControlled } from "../../../lib/object/wire/input-format.js";
import {
  CallsMessage,
  InputMessage,
  KIND_BITS,
  OrderedMessage,
  RecordKind,
  UnorderedMessage,
} from "../../../lib/object/wire/object-messages.js";
import { NetworkWriter } from "../../../lib/serialization/index.js";
import { ChestPrefab, HostileWorld } from "../../support/hostile-world.js";

type Targets = (world: HostileWorld, objects: ServerObjectManager) => Promise<number>;

/** A record of `kind`, as clients send them. */
function recordOf(kind: RecordKind, write: (writer: NetworkWriter) => void): Uint8Array {
  const [record, writer] = [new NetworkWriter(), new NetworkWriter()];
  write(record);
  writer.writeBits(kind, KIND_BITS);
  writer.writePacked(record.bitLength);
  writer.copyFrom(record, 0, record.bitLength);
  writer.writeBits(RecordKind.End, KIND_BITS);
  return writer.toBytes();
}

/** Each way to name an object: the message with it. */
const probes: Record<string, (netId: number, own: NetworkIdentity) => [MessageDefinition<Uint8Array>, Uint8Array]> = {
  state: (netId) => [CallsMessage, recordOf(RecordKind.State, (writer) => writer.writeUint32(netId))],
  latest: (netId) => [InputMessage, recordOf(RecordKind.State, (writer) => writer.writeUint32(netId))],
  again: (netId) => [CallsMessage, recordOf(RecordKind.Again, (writer) => writer.writeUint32(netId))],
  inputs: (netId) => [
    InputMessage,
    recordOf(RecordKind.Inputs, (writer) => writeControlled(writer, { netId, behaviour: 0, tick: 1 })),
  ],
  end: (netId) => [
    CallsMessage,
    recordOf(RecordKind.EndOfControl, (writer) => writeControlled(writer, { netId, behaviour: 0, tick: 1 })),
  ],
  call: (netId, own) => [
    CallsMessage,
    recordOf(RecordKind.Call, (writer) => writeCallTo(writer, netId, "put", 7, own)),
  ],
  "unordered call": (netId, own) => {
    const writer = new NetworkWriter();
    writeCallTo(writer, netId, "wave", 0, own);
    return [UnorderedMessage, writer.toBytes()];
  },
};

function writeCallTo(writer: NetworkWriter, object: number, name: string, id: number, own: NetworkIdentity): void {
  const { definition } = NetworkBehaviour.valuesOf(own.behaviours.chest as NetworkBehaviour);
  const rpc = definition.rpcs.find((one) => one.name.endsWith(name)) as (typeof definition.rpcs)[number];
  body.reset();
  writeCall(body, { object, behaviour: 0, rpc: rpc.index, id, viewTick: null }, rpc, [1]);
  writer.copyFrom(body, 0, body.bitLength);
}

/** Everything that a client can notice of a message that names this object. */
async function answerTo(probe: keyof typeof probes, find: Targets) {
  const world = new HostileWorld("datagram", 1e6);
  await world.server.start();
  const { client, player, chest } = await world.enterOwner();
  const netId = await find(world, world.objects);
  const heard: string[] = [];
  const costs: number[] = [];
  const chargeError = player.chargeError.bind(player);
  player.chargeError = (cost, flags) => {
    costs.push(cost);
    chargeError(cost, flags);
  };
  const send = player.send.bind(player);
  player.send = (message: MessageDefinition<unknown>, value: unknown, ...rest: never[]) => {
    // Behind the tick.
    if (message === OrderedMessage) heard.push((value as Uint8Array).slice(4).toString());
    return send(message, value, ...rest);
  };
  const [message, bytes] = (probes[probe] as (typeof probes)[string])(netId, chest.identity);
  client.send(message, bytes, Channel.Reliable);
  await world.run(200);
  expect([world.failures, world.errors]).toEqual([[], []]);
  return { heard, costs, flags: player.errorFlags };
}

const hiddenObject = (objects: ServerObjectManager, world: HostileWorld): NetworkIdentity => {
  const { identity } = objects.spawn(ChestPrefab);
  for (const player of world.server.players) identity.hide(player);
  return identity;
};

const absent: Targets = async () => 123_456_789;
const others: Record<string, Targets> = {
  "a hidden object": async (world, objects) => {
    const { netId } = hiddenObject(objects, world);
    await world.run(100);
    return netId;
  },
  "a hidden object that has just gone": async (world, objects) => {
    const identity = hiddenObject(objects, world);
    await world.run(100);
    identity.destroy();
    await world.run(100);
    return identity.netId;
  },
  "an object that has gone long after it was hidden": async (world, objects) => {
    const { identity } = objects.spawn(ChestPrefab);
    await world.run(100);
    for (const player of world.server.players) identity.hide(player);
    await world.run(11_000, 50);
    identity.destroy();
    await world.run(100);
    return identity.netId;
  },
  "an object that was hidden long ago": async (world, objects) => {
    const { identity } = objects.spawn(ChestPrefab);
    await world.run(100);
    for (const player of world.server.players) identity.hide(player);
    await world.run(11_000, 50);
    return identity.netId;
  },
};

test.each(Object.keys(probes).flatMap((probe) => Object.keys(others).map((name) => [probe, name] as const)))(
  "by %s a client cannot tell %s from one that never was",
  async (probe, name) => {
    expect(await answerTo(probe, others[name] as Targets)).toEqual(await answerTo(probe, absent));
  },
);
