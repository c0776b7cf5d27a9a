import { expect, test } from "vitest";
import { Channel, ErrorFlags } from "../../../lib/message/index.js";
import { writeControlled, writeInputs } from "../../../lib/object/wire/input-format.js";
import { InputMessage, KIND_BITS, RecordKind } from "../../../lib/object/wire/object-messages.js";
import { NetworkWriter } from "../../../lib/serialization/index.js";
import { CraftWorld, Push } from "../../support/craft-world.js";

/** A message with the inputs of four ticks. */
function inputsOf(netId: number, tick: number, behaviour = 0): Uint8Array {
  const [body, writer] = [new NetworkWriter(), new NetworkWriter()];
  writeControlled(body, { netId, behaviour, tick: tick >>> 0 });
  writeInputs(body, Push, 4, 0, (before) => ({ forward: 1, turn: before, light: false }));
  writer.writeBits(RecordKind.Inputs, KIND_BITS);
  writer.writePacked(body.bitLength);
  writer.copyFrom(body, 0, body.bitLength);
  writer.writeBits(RecordKind.End, KIND_BITS);
  return writer.toBytes();
}

async function enter() {
  const world = new CraftWorld();
  await world.server.start();
  const end = await world.enterCraft();
  const send = (bytes: Uint8Array) => end.client.send(InputMessage, bytes, Channel.Unreliable);
  return { ...end, world, send };
}

test("a flood of inputs moves a craft no faster, and what is outside of the window is counted", async () => {
  const { world, send, player, craft, identity } = await enter();
  for (let round = 0; round < 30; round++) {
    const { tick } = world.server;
    for (let ahead = -200; ahead < 600; ahead += 2) send(inputsOf(identity.netId, tick + ahead));
    await world.run(1000 / 60, 1000 / 60);
  }
  const flooded = craft.speed;
  let honest = 0;
  for (let tick = 0; tick < 30; tick++) honest = honest * 0.97 + 1;
  expect(flooded).toBeGreaterThan(0);
  expect(flooded).toBeLessThanOrEqual(honest + 1);
  expect(world.objects.inputsOf(player).dropped).toBeGreaterThan(10_000);
  expect([world.errors, world.failures]).toEqual([[], []]);
});

test("inputs for what a player does not own cost it tokens, and so do those that cannot be read", async () => {
  const { world, send, player, craft, identity } = await enter();
  identity.setOwner(null);
  await world.run(6000);
  send(inputsOf(identity.netId, world.server.tick + 3));
  await world.run(100);
  expect(player.errorFlags & ErrorFlags.NoAuthority).toBe(ErrorFlags.NoAuthority);
  expect(craft.speed).toBe(0);
  player.resetErrorFlags();
  identity.setOwner(player);
  await world.run(100);
  send(inputsOf(identity.netId, world.server.tick + 3, 5));
  await world.run(100);
  expect(player.errorFlags & ErrorFlags.Deserialization).toBe(ErrorFlags.Deserialization);
  expect([craft.speed, world.failures]).toEqual([0, []]);
});
