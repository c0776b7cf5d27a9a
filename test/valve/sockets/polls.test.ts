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

/** Waits until everything has left; tells after each of the loop's turns how many bytes left in it. */
async function sendAll(onTurn: (bytes: number) => void): Promise<void> {
  const status = new ConnectionStatus();
  const pending = () => {
    let bytes = 0;
    for (const { client, toServer } of links) {
      client.sockets.getQuickConnectionStatus(toServer, status);
      bytes += status.pendingReliable;
    }
    return bytes;
  };
  for (let left = pending(); left > 0; ) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const now = pending();
    onTurn(left - now);
    left = now;
  }
}

test("a poll ends while timers are still due", async () => {
  let most = 0;
  let before = polls();
  await sendAll((bytes) => {
    const after = polls();
    most = Math.max(most, bytes / (after - before + 1)); // a poll of the helper thread's may be in progress
    before = after;
  });
  // 10,000 packets are 12 MB; 5 ms are 1.6 to 3 MB here.
  expect(most).toBeLessThan(6_000_000);
});

test("the event loop has its turn after a few polls, though GNS always has work", async () => {
  let most = 0;
  let before = Library.statistics.loopPolls;
  await sendAll(() => {
    const after = Library.statistics.loopPolls;
    most = Math.max(most, after - before);
    before = after;
  });
  // It was 43 to 57 where the timer of a millisecond ran in its own callback; a paused thread may add a few.
  expect(most).toBeLessThan(20);
});
