import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigValue, ConnectionStatus, Library, SendFlags } from "../../../lib/index.js";
import { connectPeers } from "../../support/peer.js";

const RATE = 48 * 1024 * 1024;
const QUEUE = 4 * 1024 * 1024;
const MESSAGE = new Uint8Array(1000);
/** On a quick machine they add as much as leaves: the queue need not come to an end. */
const TURNS = 4000;
const PAUSE_US = 250;
const options = [
  { value: ConfigValue.SendRateMin, data: RATE },
  { value: ConfigValue.SendRateMax, data: RATE },
  { value: ConfigValue.SendBufferSize, data: 2 * QUEUE },
];

beforeEach(() => expect(Library.initialize({ driver: "hybrid" })).toBe(true));
afterEach(() => Library.deinitialize());

test("a connection that has used up its rate sends once in 250 us, whatever is added to its queue", async () => {
  const { client, toServer } = await connectPeers("127.0.0.1", options);
  const status = new ConnectionStatus();
  const pending = () => {
    client.sockets.getQuickConnectionStatus(toServer, status);
    return status.pendingUnreliable;
  };

  const send = () => client.sockets.sendMessage(toServer, MESSAGE, SendFlags.NoNagle);
  const start = performance.now();
  let departures = 0;
  while (pending() < QUEUE) send();
  for (let turn = 0; turn < TURNS && pending() > QUEUE / 8; turn++) {
    send(); // asks for a poll
    const before = pending();
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (pending() < before) departures++;
  }
  // GNS's own packets take a message along now and then.
  const pauses = ((performance.now() - start) * 1000) / PAUSE_US;
  expect(departures).toBeLessThan(pauses + 20);
});
