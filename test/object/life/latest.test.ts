import { describe, expect, test } from "vitest";
import { definePrefab, NetworkBehaviour, type NetworkIdentity, networked } from "../../../lib/object/index.js";
import { bytes, u32 } from "../../../lib/serialization/index.js";
import { type ObjectEnd, ObjectWorld, type ObjectWorldOptions } from "../../support/object-world.js";
import { recordPackets } from "../../support/packets.js";

class BodyParts extends NetworkBehaviour {}
const Body = networked(BodyParts, { place: [u32, { delivery: "latest" }], text: bytes(20_000) });
const BodyPrefab = definePrefab("body", { body: Body });
const bodyOf = (identity: NetworkIdentity | null) => identity?.behaviours.body as InstanceType<typeof Body>;

async function open(options: ObjectWorldOptions) {
  const world = new ObjectWorld({ prefabs: [BodyPrefab], tickRate: 50, ...options });
  await world.server.start();
  const end = await world.enter();
  const { identity, body } = world.objects.spawn(BodyPrefab);
  await world.until(() => end.world.get(identity.netId) !== null);
  await world.run(400, 10);
  const at = ({ world }: ObjectEnd) => bodyOf(world.get(identity.netId));
  const heard: number[] = [];
  at(end).on("place", (now) => heard.push(now));
  return { world, end, body, at, heard };
}

/** Sets the place in each tick, and tells how long the last value took and what all took. */
async function write(options: ObjectWorldOptions, count: number) {
  const { world, end, body, at, heard } = await open(options);
  const packets = recordPackets(end.player);
  for (let place = 1; place <= count; place++) {
    body.place = place;
    await world.run(20, 20);
  }
  let waitedMs = 0;
  for (; at(end).place !== count && waitedMs < 20_000; waitedMs += 10) await world.run(10, 10);
  expect([world.errors, world.failures]).toEqual([[], []]);
  return { heard, waitedMs, sentBytes: packets.reduce((sum, { length }) => sum + length, 0) };
}

const isRising = (values: readonly number[]) =>
  values.every((value, index) => value > (values[index - 1] ?? Number.NEGATIVE_INFINITY));

describe.each(["datagram", "reliable-lanes", "stream"] as const)("over %s", (kind) => {
  test("values never go back under loss and reordering, and the last one arrives", async () => {
    const count = kind === "datagram" ? 10_000 : 1000;
    const lag = { loss: 0.3, latencyMs: 20, jitterMs: 10, reorder: 0.1 };
    const { heard, waitedMs } = await write({ kind, lag, seed: 3 }, count);
    expect(isRising(heard)).toBe(true);
    expect(heard.length).toBeGreaterThan(count / 4);
    // Five packets lost in a row: five round trips and detections of a loss, each in about 190 ms.
    expect(waitedMs).toBeLessThan(kind === "datagram" ? 1000 : 2000);
  });
});

test("the last value comes within the round trips and detections of the losses in a row, each time", async () => {
  const waits: number[] = [];
  for (const seed of [1, 2, 3, 4, 5]) {
    const { world, end, body, at } = await open({ lag: { loss: 0.3, latencyMs: 20, jitterMs: 5 }, seed });
    for (let place = 1; place <= 100; place++) {
      body.place = place;
      let waitedMs = 0;
      for (; at(end).place !== place && waitedMs < 20_000; waitedMs += 10) await world.run(10, 10);
      waits.push(waitedMs);
    }
  }
  waits.sort((a, b) => a - b);
  const allMs = waits.reduce((sum, ms) => sum + ms, 0);
  expect(allMs / waits.length).toBeLessThan(200);
  expect(waits.at(-1)).toBeLessThan(2000);
});

test("a loss of 5 % costs at most 8 % more bytes", async () => {
  const quiet = await write({ lag: { latencyMs: 20, jitterMs: 5 } }, 1000);
  const lossy = await write({ lag: { latencyMs: 20, jitterMs: 5, loss: 0.05 } }, 1000);
  expect(lossy.sentBytes / quiet.sentBytes).toBeLessThanOrEqual(1.08);
});

test("latest state does not wait for ordered state that is stuck", async () => {
  const { world, end, body, at } = await open({});
  const send = end.player.send.bind(end.player);
  // Nothing reliable leaves any more.
  Object.assign(end.player, { send: () => true });
  body.text = new Uint8Array(20_000);
  body.place = 7;
  await world.run(200, 10);
  expect([at(end).place, at(end).text.length]).toEqual([7, 0]);
  Object.assign(end.player, { send });
});
