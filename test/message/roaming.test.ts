import { afterEach, expect, test } from "vitest";
import { defineMessage, defineProtocol, NetworkClient, NetworkServer } from "../../lib/message/index.js";
import { generateServerKey } from "../../lib/noise/index.js";
import { nativePrimitives } from "../../lib/noise/native-primitives.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { Channel } from "../../lib/peer/index.js";
import { u32 } from "../../lib/serialization/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { UdpRelay } from "../support/udp-relay.js";

const Note = defineMessage("note", u32);
const newProtocol = () => defineProtocol({ name: "roaming", version: 1, messages: [Note] });
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const transports = [
  ["the addon's UDP", "batched", nativePrimitives],
  ["node:dgram", "dgram", nodePrimitives],
] as const;

test.each(transports)(
  "over %s a game goes on when the client's NAT gives it other ports",
  async (_name, implementation, createPrimitives) => {
    const primitives = createPrimitives();
    const key = generateServerKey(primitives);
    const socketFactory = new UdpSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port: 0, implementation });
    const server = new NetworkServer({
      protocol: newProtocol(),
      socketFactory,
      sessions: {},
      peer: { encryption: { primitives, serverKeys: [key.privateKey] } },
    });
    await server.start();
    ends.push(() => server.stop());
    const relay = new UdpRelay();
    const port = await relay.start(server.boundPort as number);
    ends.push(() => relay.close());
    const client = new NetworkClient({
      protocol: newProtocol(),
      socketFactory,
      peer: { encryption: { primitives, serverKey: key.publicKey } },
    });
    const heard: number[] = [];
    const echoed: number[] = [];
    const events: string[] = [];
    server.messageHandler.register(Note, (value, player) => {
      heard.push(value);
      player.send(Note, value);
    });
    for (const name of ["connected", "disconnected", "suspended", "resumed", "moved"] as const) {
      server.on(name, () => void events.push(`server ${name}`));
    }
    for (const name of ["connected", "disconnected", "suspended", "resumed"] as const) {
      client.on(name, () => void events.push(`client ${name}`));
    }
    const until = async (count: number) => {
      while (echoed.length < count) await new Promise<void>((resolve) => (wake = resolve));
    };
    let wake = () => {};
    client.messageHandler.register(Note, (value) => {
      echoed.push(value);
      wake();
    });
    await client.connect({ host: "127.0.0.1", port });
    ends.unshift(() => client.disconnect());
    const [player] = server.players;
    events.length = 0;
    const addresses = [player?.address];
    let sent = 0;
    for (let move = 0; move < 3; move++) {
      for (let count = 0; count < 50; count++) client.send(Note, sent++);
      await relay.rebind();
      const moved = new Promise<string>((resolve) => server.on("moved", (_player, from) => resolve(from)));
      for (let count = 0; count < 50; count++) client.send(Note, sent++, Channel.Reliable);
      expect(await moved).toBe(addresses.at(-1));
      addresses.push(player?.address);
      await until(sent);
    }
    const all = Array.from({ length: sent }, (_, index) => index);
    expect(heard).toEqual(all);
    expect(echoed).toEqual(all);
    expect(new Set(addresses).size).toBe(4);
    expect(events).toEqual(["server moved", "server moved", "server moved"]);
    expect(server.metrics.connections.pathMoves).toBe(3);
    expect([...server.players]).toEqual([player]);
  },
);
