// What a NetworkServer's tick rate adds to voice: nothing without ticks, and half a tick on average with them.
import { expect, test } from "vitest";
import { ConnectionStatus, MessageCommsNetwork } from "../../lib/comms/index.js";
import { defineProtocol } from "../../lib/message/index.js";
import { MessageWorld } from "../support/message-world.js";

const PACKETS = 200;

test.each([
  { tickRate: 0, most: 1 },
  { tickRate: 20, most: 50 },
  { tickRate: 60, most: 17 },
])("tickRate $tickRate: at most $most ms", async ({ most, tickRate }) => {
  const protocol = defineProtocol({ name: "voice", version: 1, messages: [] });
  const world = new MessageWorld({ protocol, server: { tickRate } });
  const { clock, server } = world;
  new MessageCommsNetwork({ server, clock });
  await server.start();
  const [ada, ben] = ["Ada", "Ben"].map((playerName) => {
    const client = world.newClient();
    const network = new MessageCommsNetwork({ client, clock, playerName });
    void client.connect();
    network.comms.rooms.join("lobby");
    return network;
  }) as [MessageCommsNetwork, MessageCommsNetwork];
  const isReady = ({ comms, status }: MessageCommsNetwork) =>
    status === ConnectionStatus.Connected && comms.players.every(({ rooms }) => rooms.has("lobby"));
  await world.until(() => isReady(ada) && isReady(ben) && ada.comms.players.length === 2);
  const delays: number[] = [];
  let sentMs = 0;
  ben.comms.on("voiceReceived", () => delays.push(clock.now() - sentMs));
  ada.comms.roomChannels.open("lobby");
  for (let packet = 0; packet < PACKETS; packet++) {
    sentMs = clock.now();
    ada.comms.sendVoice(Uint8Array.of(1, 2, 3));
    // 61 ms, so that packets fall into all parts of a tick.
    await world.run(61, 1);
  }
  expect(delays.length).toBe(PACKETS);
  expect(Math.max(...delays)).toBeLessThanOrEqual(most + 2);
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / PACKETS;
  const tickMs = tickRate === 0 ? 0 : 1000 / tickRate;
  expect(mean).toBeGreaterThanOrEqual(0.4 * tickMs);
  expect(mean).toBeLessThanOrEqual(0.6 * tickMs + 2);
});
