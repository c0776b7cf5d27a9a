import { describe, expect, test } from "vitest";
import {
  Channel,
  defineMessage,
  defineProtocol,
  NetworkClient,
  NetworkServer,
  sharedSecretAuthenticator,
  sharedSecretCredential,
} from "../../lib/message/index.js";
import { bytes } from "../../lib/serialization/index.js";
import type { MemorySocketKind } from "../../lib/socket/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { MessageWorld } from "../support/message-world.js";

const Snapshot = defineMessage("snapshot", bytes(60_000));
const newProtocol = () => defineProtocol({ name: "early", version: 1, messages: [Snapshot] });
const PARTS = 5;
const ALL = 4 * PARTS;
const SECRET = new Uint8Array(32).fill(3);
const authentication = { authenticators: [sharedSecretAuthenticator(SECRET)] };
const credential = sharedSecretCredential(SECRET);

/** What the server sends to whoever has come in, on each lane: 1 MB in all. */
function welcoming(server: NetworkServer): void {
  server.on("authenticated", (player) => {
    for (const lane of [0, 1, 2, 3])
      for (let part = 0; part < PARTS; part++)
        player.send(Snapshot, new Uint8Array(50_000).fill(lane), Channel.Reliable, lane);
    player.send(Snapshot, new Uint8Array(100), Channel.Unreliable);
  });
}

/** The first bytes of what came reliably. @param onAll is called when all has come */
function hearing(client: NetworkClient, onAll = () => {}): number[] {
  const lanes: number[] = [];
  client.messageHandler.register(Snapshot, ({ length, 0: lane = -1 }) => {
    if (length > 100 && lanes.push(lane) === ALL) onAll();
  });
  return lanes;
}

describe.each<MemorySocketKind>(["datagram", "reliable-lanes", "stream"])("over %s", (kind) => {
  test("a megabyte right behind the welcome reaches a client that first has the server prove who it is", async () => {
    const world = new MessageWorld({ protocol: newProtocol(), kind, server: { authentication } });
    welcoming(world.server);
    await world.server.start();
    const { client, connecting } = world.dial({ credential });
    const heard = hearing(client);
    await world.until(() => heard.length === ALL || !client.active);
    await connecting;
    expect(client.isAuthenticated).toBe(true);
    expect(heard.length).toBe(ALL);
  });
});

test("over UDP, a megabyte right behind the welcome reaches a client that first has the server prove it", async () => {
  const socketFactory = new UdpSocketFactory({ port: 0 });
  const server = new NetworkServer({ protocol: newProtocol(), socketFactory, authentication });
  welcoming(server);
  await server.start();
  const client = new NetworkClient({ protocol: newProtocol(), socketFactory, credential });
  const heard = new Promise<number[]>((resolve, reject) => {
    const lanes = hearing(client, () => resolve(lanes));
    client.on("disconnected", ({ text }) => reject(new Error(text)));
  });
  await client.connect({ host: "127.0.0.1", port: server.boundPorts[0] as number });
  expect((await heard).length).toBe(ALL);
  await client.disconnect();
  await server.stop();
});
