// A page that stops reading its WebSocket: what is kept for it, and what it gets when it reads again.
import { expect, test } from "vitest";
import { definePrefab, NetworkBehaviour, networked, type Prefab } from "../../../lib/object/index.js";
import { string, u32 } from "../../../lib/serialization/index.js";
import type { WebSocketHandle } from "../../../lib/socket/websocket/websocket-handle.js";
import { WebSocketFactory } from "../../../lib/socket/websocket-server.js";
import { type ObjectEnd, ObjectWorld } from "../../support/object-world.js";

const STOPPED_MS = 5000;
/** What the transport may hold before it is congested, and the state of one tick. */
const MOST_BYTES = 2 * 64 * 1024;
const BALLS = 50;

class BallParts extends NetworkBehaviour {}
const Ball = networked(BallParts, {
  version: [u32, { delivery: "latest" }],
  label: [string(1000), { delivery: "latest" }],
});
const BallPrefab: Prefab<{ ball: typeof Ball }> = definePrefab("ball", { ball: Ball });

/** The socket of the package `ws`, below a client's connection. */
function webSocketOf({ client }: ObjectEnd): Required<WebSocketHandle["webSocket"]> {
  const handle = client.player?.connection?.handle as WebSocketHandle | undefined;
  return handle?.webSocket as Required<WebSocketHandle["webSocket"]>;
}

test.each([
  ["little state", 20, 0],
  ["more than the kernel takes in a second", 200, 900],
])("a page that reads nothing for 5 s, %s", async (_, tickRate, labelBytes) => {
  const sockets = (port: number) => new WebSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port });
  const world = new ObjectWorld({ prefabs: [BallPrefab], tickRate, sockets });
  await world.server.start();
  const end = await world.enter();
  const all = Array.from({ length: BALLS }, () => world.objects.spawn(BallPrefab).ball);
  await world.until(() => end.world.objects.length === BALLS);
  const heard: number[] = [];
  const seen = end.world.get((all[0] as InstanceType<typeof Ball>).identity.netId)?.behaviours.ball;
  (seen as InstanceType<typeof Ball>).on("version", (now) => void heard.push(now));
  let version = 0;
  world.server.on("ticked", () => {
    version++;
    for (const ball of all) {
      ball.version = version;
      ball.label = String(version).padStart(labelBytes);
    }
  });
  await world.run(1000);
  expect(heard.length).toBeGreaterThan(tickRate / 2);

  const webSocket = webSocketOf(end);
  const { connection } = end.player;
  webSocket.pause();
  const before = version;
  heard.length = 0;
  let mostBytes = 0;
  for (let passedMs = 0; passedMs < STOPPED_MS; passedMs += 100) {
    await world.run(100);
    mostBytes = Math.max(mostBytes, connection?.bufferedBytes ?? Number.POSITIVE_INFINITY);
  }
  expect(mostBytes).toBeLessThan(MOST_BYTES);
  expect(version - before).toBeGreaterThan((STOPPED_MS / 1000 - 1) * tickRate);
  expect(heard).toEqual([]);

  const stopped = version;
  webSocket.resume();
  await world.run(500);
  // What had left in the first second, and then the present.
  const old = heard.filter((one) => one < stopped - 1);
  expect(old.length).toBeLessThan(1.2 * tickRate);
  expect(Math.max(...old)).toBeLessThan(before + 1.2 * tickRate);
  expect(heard.at(-1)).toBeGreaterThan(stopped);
  expect(heard).toEqual([...heard].sort((a, b) => a - b));
  expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
  void end.client.disconnect();
  void world.server.stop();
  await world.run(2000);
});
