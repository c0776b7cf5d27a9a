import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigValue, ConnectionStatus, Library, SendFlags } from "../../../lib/index.js";
import { connectPeers, type Link } from "../../support/peer.js";

const LINKS = 20;
const MESSAGES = 16;
const RATE = 100 * 1024 * 1024;
const MESSAGE = new Uint8Array(256 * 1024);
const options = [
  { value: ConfigValue.SendRateMin, data: RATE },
  { value: ConfigValue.SendRateMax, data: RATE },
  { value: ConfigValue.RecvBufferSize, data: 2 * MESSAGES * MESSAGE.length },
  { value: ConfigValue.SendBufferSize, data: 2 * MESSAGES * MESSAGE.length },
];

/** Connections that send as fast as the processor can, 84 MB together. */
let links: Link[] = [];
beforeEach(async () => {
  expect(Library.initialize({ driver: "hybrid" })).toBe(true);
  links = [];
  for (let index = 0; index < LINKS; index++) links.push(await connectPeers("127.0.0.1", options));
  for (const { client, toServer } of links) {
    for (let count = 0; count < MESSAGES; count++) {
      client.sockets.sendMessage(toServer, MESSAGE, SendFlags.ReliableNoNagle);
    }
  }
});
afterEach(() => Library.deinitialize());

const polls = () => Library.statistics.helperPolls + Library.statistics.loopPolls;

test("closing a listen socket waits for one poll of the helper thread's, not for as long as it has work", () => {
  const [{ server, socket }] = links as [Link];
  const before = Library.statistics.helperPolls;
  while (Library.statistics.helperPolls < before + 2) {
    // This loop is busy, so the helper thread polls.
  }
  const { helperPolls } = Library.statistics;
  expect(server.sockets.closeListenSocket(socket, 0, "")).toBe(true);
  expect(Library.statistics.helperPolls - helperPolls).toBeLessThanOrEqual(2);
});

test("a poll ends while timers are still due, so that the event loop has its turns", async () => {
  const status = new ConnectionStatus();
  const pending = () => {
    let bytes = 0;
    for (const { client, toServer } of links) {
      client.sockets.getQuickConnectionStatus(toServer, status);
      bytes += status.pendingReliable;
    }
    return bytes;
  };
  let most = 0;
  let left = pending();
  let before = polls();
  while (left > 0) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const now = pending();
    const after = polls();
    most = Math.max(most, (left - now) / (after - before + 1)); // a poll of the helper thread's may be in progress
    left = now;
    before = after;
  }
  // 10,000 packets are 12 MB.
  expect(most).toBeLessThan(3_000_000);
});
