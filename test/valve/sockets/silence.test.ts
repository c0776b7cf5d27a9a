import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConfigValue, Library, SendFlags } from "../../../lib/index.js";
import { connectPeers, type Link } from "../../support/peer.js";

// A silence begins half a second after the last call, and the question for it is a call that ends it.
const silence = () =>
  vi.waitFor(() => expect(Library.statistics.isSilent).toBe(true), { interval: 900, timeout: 30_000 });
const breath = () => new Promise((resolve) => setTimeout(resolve, 1200));

describe.runIf(process.platform === "linux")("silence", () => {
  let link: Link;

  beforeEach(async () => {
    expect(Library.initialize({ driver: "hybrid" })).toBe(true);
    link = await connectPeers();
    const { server, socket } = link;
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 10);
  });
  afterEach(() => Library.deinitialize());

  test("begins between connections that are idle, and a message ends it", async () => {
    await silence();
    await breath();
    link.client.sockets.sendMessage(link.toServer, Uint8Array.of(1), SendFlags.Reliable);
    await link.server.until(() => link.server.received.length === 1);
    expect(Library.statistics.isSilent).toBe(false);
  });

  test("does not begin while a message is unacknowledged", async () => {
    const lose = (percent: number) => link.client.sockets.setConfigValue(ConfigValue.FakePacketLossSend, percent);
    expect(lose(100)).toBe(true);
    link.client.sockets.sendMessage(link.toServer, Uint8Array.of(1), SendFlags.ReliableNoNagle);
    for (let round = 0; round < 3; round++) {
      await breath();
      expect(Library.statistics.isSilent).toBe(false);
    }
    lose(0);
    await link.server.until(() => link.server.received.length === 1);
    await silence();
  });

  test("a loop that is busy after it is stood in for", async () => {
    await silence();
    await breath();
    link.client.sockets.sendMessage(link.toServer, Uint8Array.of(1), SendFlags.ReliableNoNagle);
    const { helperPolls } = Library.statistics;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    expect(Library.statistics.helperPolls).toBeGreaterThan(helperPolls);
    await link.server.until(() => link.server.received.length === 1);
  });

  test("a loop that is busy in the middle of it is stood in for", async () => {
    await silence();
    const { helperPolls } = Library.statistics;
    await breath();
    // Something arrives while this thread waits for the program, and no call has ended the silence before.
    const send = `const socket = require("node:dgram").createSocket("udp4");
      socket.send(Buffer.alloc(8), ${link.address.port}, "127.0.0.1", () => setTimeout(() => socket.close(), 1500));`;
    execFileSync(process.execPath, ["-e", send]);
    expect(Library.statistics.helperPolls).toBeGreaterThan(helperPolls);
  });
});
