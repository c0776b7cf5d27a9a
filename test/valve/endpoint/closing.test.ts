import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { native } from "../../../lib/addon/native.js";
import { ConfigValue, type Connection, Endpoint, type EndpointOptions } from "../../../lib/index.js";
import { FakeClock } from "../../../lib/testing/index.js";
import { whileCollecting } from "../../support/collecting.js";
import { newEndpoint } from "../../support/endpoints.js";

/** A connection to an endpoint that is in this process too. */
async function connect(client: Endpoint): Promise<Connection> {
  const { port } = newEndpoint().listen({ host: "127.0.0.1" });
  return await client.connect({ host: "127.0.0.1", port });
}

/** From here on GNS tells of no close. */
function silence() {
  const spy = vi.spyOn(native, "closeConnection").mockReturnValue(true);
  onTestFinished(() => spy.mockRestore());
}

async function silenced(options: EndpointOptions = {}) {
  const clock = new FakeClock();
  const client = newEndpoint({ ...options, clock });
  const connection = await connect(client);
  silence();
  return { clock, client, connection };
}

test("a close of which GNS does not tell is taken as done 5 s after its time", async () => {
  const { clock, client, connection } = await silenced();
  const ends: unknown[] = [];
  connection.on("close", (info) => ends.push(info));
  const closed = client.close({ code: 7, text: "done", timeoutMs: 1000 });
  clock.advance(5999);
  await turn();
  expect(ends).toEqual([]);
  clock.advance(1);
  await closed;
  expect(ends).toEqual([{ by: "us", endReason: 1007, code: 7, text: "done", flushed: false }]);
  await expect(connection.close()).resolves.toBe(false);
  expect(clock.timerCount).toBe(0);
});

test("an endpoint that is destroyed meanwhile waits for nothing", async () => {
  const { clock, client, connection } = await silenced();
  const closed = connection.close({ timeoutMs: 3_600_000 });
  client.destroy();
  await expect(closed).resolves.toBe(false);
  expect(clock.timerCount).toBe(0);
});

test("after a close of which GNS has told nothing waits", async () => {
  const clock = new FakeClock();
  const connection = await connect(newEndpoint({ clock }));
  await expect(connection.close()).resolves.toBe(true);
  expect(clock.timerCount).toBe(0);
});

test("a close ends also if nobody holds the endpoint", async () => {
  const close = async () => {
    const client = new Endpoint({ clock: new FakeClock() });
    const connection = await connect(client);
    client.sockets.setConfigValue(ConfigValue.FakePacketLossSend, 100);
    connection.send(Uint8Array.of(1));
    return { closed: client.close({ timeoutMs: 100 }) };
  };
  await whileCollecting((await close()).closed);
});
