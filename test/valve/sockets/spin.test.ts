import { afterEach, describe, expect, test } from "vitest";
import { type InitializeOptions, Library, SendFlags } from "../../../lib/index.js";
import { Delivery } from "../../../lib/socket/index.js";
import { UdpBatchHandle } from "../../../lib/socket/udp/udp-batch-handle.js";
import { UdpSocketFactory } from "../../../lib/socket/udp.js";
import { connectPeers } from "../../support/peer.js";
import { SocketUser } from "../../support/socket-user.js";

const TRIPS = 3000;
const NOW = SendFlags.Unreliable | SendFlags.NoNagle;

/** How many turns of the event loop `work` takes. */
async function countTurns(work: () => Promise<void>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isDone = true;
  return turns;
}

type Spin = InitializeOptions["spin"];

async function echoOverGns(spin: Spin): Promise<number> {
  expect(Library.initialize({ driver: "hybrid", ...(spin !== undefined && { spin }) })).toBe(true);
  const { server, client, toServer, toClient } = await connectPeers();
  const message = new Uint8Array(16);
  server.receiveFrom = () => {
    const messages = server.sockets.receiveMessagesOnConnection(toClient, 16);
    for (const _ of messages ?? []) server.sockets.sendMessage(toClient, message, NOW);
    return messages;
  };
  client.receiveFrom = () => {
    const messages = client.sockets.receiveMessagesOnConnection(toServer, 16);
    for (const _ of messages ?? []) client.sockets.sendMessage(toServer, message, NOW);
    return messages;
  };
  return countTurns(async () => {
    client.sockets.sendMessage(toServer, message, NOW);
    await client.until(() => client.received.length >= TRIPS);
  });
}

/** A socket that sends to itself. */
async function echoOverUdp(spin: Spin): Promise<number> {
  const options = { host: "127.0.0.1", bindHost: "127.0.0.1", port: 0, implementation: "batched" as const };
  const factory = new UdpSocketFactory({ ...options, ...(spin !== undefined && { spin }) });
  const user = new SocketUser(factory.createServerSocket());
  await user.socket.bind(factory.getBindEndPoint());
  const self = new UdpBatchHandle().set("127.0.0.1", user.socket.boundPort as number);
  const packet = new Uint8Array(16);
  const send = () => user.socket.send(self, packet, packet.length, Delivery.Unreliable);
  let trips = 0;
  const turns = await countTurns(
    () =>
      new Promise((resolve) => {
        user.onPacket = () => (++trips < TRIPS ? send() : resolve());
        send();
        user.socket.flush();
      }),
  );
  await user.socket.close();
  return turns;
}

describe.runIf(process.platform === "linux")("spin", () => {
  afterEach(() => Library.deinitialize());

  test.each([
    ["GNS", echoOverGns],
    ["UDP", echoOverUdp],
  ])("%s: an answer is found in the same turn, and other handles have theirs", async (_, echo) => {
    const asleep = await echo(undefined);
    Library.deinitialize();
    const awake = await echo(1000);
    expect(awake).toBeLessThan(asleep / 2);
    expect(awake).toBeGreaterThan(4); // a wake-up takes a millisecond at most
    Library.deinitialize();
    expect(await echo(undefined)).toBeGreaterThan(awake * 1.5); // nothing of the earlier setting is left
  });

  test("adaptive: only while packets come in time", async () => {
    const asleep = await echoOverUdp(undefined);
    expect(await echoOverUdp("adaptive")).toBeLessThan(asleep / 2);
  });
});

test.each([-1, 1001, 0.5, "fast", null])("%s is no spin", (spin) => {
  expect(() => Library.initialize({ spin: spin as 50 })).toThrow(/spin/);
  expect(() => new UdpSocketFactory({ spin: spin as 50 })).toThrow(/spin/);
});
