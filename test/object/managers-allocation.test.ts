// What the object layer puts on the heap in a tick of a large world, by V8's own records of who allocates.
import { type HeapProfiler, Session } from "node:inspector/promises";
import { expect, test } from "vitest";
import { defineProtocol, type NetworkClient } from "../../lib/message/index.js";
import {
  ClientObjectManager,
  definePrefab,
  grid,
  NetworkBehaviour,
  networked,
  ServerObjectManager,
} from "../../lib/object/index.js";
import { quantized, u8, vec2 } from "../../lib/serialization/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { MessageWorld } from "../support/message-world.js";

const OBJECTS = 10_000;
const CLIENTS = 50;
const CHANGES = 1000;
/** So wide that a player sees about 100 objects. */
const WIDTH = 890;
const TICK_RATE = 20;
/** Compiled by then, and everything that grows is large enough. */
const WARM_UP_TICKS = 600;
const TICKS = 300;
/** One number on the heap for each changed object would be 16,000. */
const MAX_BYTES = 1000;

class BodyParts extends NetworkBehaviour {}
const coordinate = quantized({ max: WIDTH, precision: 0.05 });
const Body = networked(BodyParts, { health: u8, position: [vec2(coordinate), { delivery: "latest" }] });
const BodyPrefab = definePrefab("body", { body: Body });

/** The bytes by place in `lib/object`, with what the engine's own functions took for it. */
function bytesOf(head: HeapProfiler.SamplingHeapProfileNode): Map<string, number> {
  const found = new Map<string, number>();
  const visit = ({ callFrame, children, selfSize }: HeapProfiler.SamplingHeapProfileNode, caller: string) => {
    const [, file] = /\/lib\/(.*)$/.exec(callFrame.url) ?? [];
    const place = callFrame.url === "" ? caller : file ? `${file} ${callFrame.functionName}` : "";
    if (selfSize > 0 && place.startsWith("object/")) found.set(place, (found.get(place) ?? 0) + selfSize);
    for (const child of children) visit(child, place);
  };
  visit(head, "");
  return found;
}

test("a tick of 10,000 objects with 50 clients takes no heap in the object layer", async () => {
  const protocol = defineProtocol({ name: "heap", version: 1, messages: [] });
  const manual = { drive: "manual" } as const;
  const world = new MessageWorld({ protocol, server: { ...manual, tickRate: TICK_RATE }, client: manual });
  const prefabs = [BodyPrefab];
  const objects = new ServerObjectManager(world.server, { prefabs, interest: grid({ enter: 50, leave: 55 }) });
  const clients: NetworkClient[] = [];
  const worlds: ClientObjectManager[] = [];
  const tick = () => {
    world.clock.advance(1000 / TICK_RATE);
    world.server.updateReceive();
    world.server.updateSent();
    for (const client of clients) {
      client.updateReceive();
      client.updateSent();
    }
  };
  await world.server.start();
  for (let index = 0; index < CLIENTS; index++) {
    const client = world.newClient();
    worlds.push(new ClientObjectManager(client, { prefabs }));
    client.connect().catch(() => {});
    clients.push(client);
  }
  const turn = async () => {
    tick();
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
  while (!clients.every(({ isAuthenticated }) => isAuthenticated)) await turn();
  const random = seededRandom(1);
  const place = () => ({ x: WIDTH * random(), y: WIDTH * random() });
  const bodies = Array.from(
    { length: OBJECTS },
    () =>
      objects.spawn(BodyPrefab, {
        init({ body }) {
          body.position = place();
        },
      }).body,
  );
  for (const player of world.server.players) objects.focus(player, place());
  const change = (number: number) => {
    const first = (number * CHANGES) % OBJECTS;
    // There and back, so that nobody comes into sight or goes out of it.
    const step = Math.floor(number / (OBJECTS / CHANGES)) % 2 === 0 ? 0.1 : -0.1;
    for (let index = first; index < first + CHANGES; index++) {
      const body = bodies[index] as InstanceType<typeof Body>;
      body.position.x += step;
      body.health = number & 255;
    }
  };
  let ticks = 0;
  for (; ticks < WARM_UP_TICKS; ticks++) {
    change(ticks);
    await turn();
  }
  const session = new Session();
  session.connect();
  // What is collected meanwhile counts as well.
  await session.post("HeapProfiler.startSampling", {
    samplingInterval: 512,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as HeapProfiler.StartSamplingParameterType);
  for (const last = ticks + TICKS; ticks < last; ticks++) {
    change(ticks);
    tick();
  }
  const { profile } = await session.post("HeapProfiler.stopSampling");
  session.disconnect();
  const places = [...bytesOf(profile.head)].sort(([, one], [, other]) => other - one);
  const bytes = places.reduce((sum, [, size]) => sum + size, 0) / TICKS;
  const worst = places.slice(0, 5).map(([where, size]) => `${where}: ${Math.round(size / TICKS)}`);
  expect(bytes, worst.join("; ")).toBeLessThan(MAX_BYTES);
  // All of it has arrived.
  for (const seen of worlds) {
    expect(seen.objects.length).toBeGreaterThan(10);
    for (const identity of seen.objects.slice(0, 10)) {
      const near = objects.get(identity.netId)?.behaviours.body as InstanceType<typeof Body>;
      const far = identity.behaviours.body as InstanceType<typeof Body>;
      expect(Math.abs(far.position.x - near.position.x)).toBeLessThan(0.06 + 0.1);
    }
  }
  expect([world.errors, world.warnings]).toEqual([[], []]);
  for (const client of clients) void client.disconnect();
  void world.server.stop();
  for (let left = 0; left < 50; left++) await turn();
}, 240_000);
