import { expect, test } from "vitest";
import { askServer, defineProtocol } from "../../lib/message/index.js";
import { type ISocket, MemorySocketFactory } from "../../lib/socket/index.js";
import { Failing, type FailingCall, unfollowed } from "../support/failing-socket.js";
import { MessageWorld } from "../support/message-world.js";

const newProtocol = () => defineProtocol({ name: "failing", version: 1, messages: [] });

class FailingFactory extends MemorySocketFactory {
  failing = new Failing("send", 0, false);

  override createClientSocket(): ISocket {
    return this.failing.wrap(super.createClientSocket());
  }
}

const calls: [FailingCall, boolean][] = [
  ["send", false],
  ["disconnect", false],
  ["disconnect", true],
  ["close", false],
  ["close", true],
];

test.each(calls)(
  "a client whose socket fails in %s (rejects: %s) rejects, or goes on, and tells it",
  async (call, rejects) => {
    let at = 0;
    for (let isMet = true; isMet; at++) {
      const world = new MessageWorld({ protocol: newProtocol(), kind: "reliable-lanes" });
      await world.server.start();
      const factory = new FailingFactory(world.network, { kind: "reliable-lanes" });
      factory.failing = new Failing(call, at, rejects);
      const { client, connecting } = world.dial({ socketFactory: factory, protocol: newProtocol() });
      const outcome = connecting.then(
        () => null,
        (error) => error,
      );
      await world.run(500);
      const left = client.disconnect();
      await world.run(20_000);
      await left;
      const error = await outcome;
      isMet = factory.failing.count > at;
      const told = [error, ...world.errors].map((one) => (one as Error | null)?.message ?? "").join();
      expect(told.includes("The cable is broken")).toBe(isMet);
      expect(client.active).toBe(false);
      const stopped = world.server.stop();
      await world.run(1000);
      await stopped;
      expect(unfollowed).toEqual([]);
    }
    expect(at).toBeGreaterThan(1);
  },
);

test.each(calls.filter(([call]) => call !== "disconnect"))(
  "who asks a server, and whose socket fails in %s (rejects: %s), hears it or the answer",
  async (call, rejects) => {
    const world = new MessageWorld({ protocol: newProtocol(), server: { info: {} } });
    await world.server.start();
    const socketFactory = new FailingFactory(world.network);
    socketFactory.failing = new Failing(call, 0, rejects);
    const asked = askServer({ socketFactory, clock: world.clock, timeoutMs: 1000 }).then(
      (info) => info.roundTripMs,
      (error) => error.message,
    );
    await world.run(2000);
    expect(await asked).toEqual(call === "send" ? "The socket failed: The cable is broken" : expect.any(Number));
    const stopped = world.server.stop();
    await world.run(1000);
    await stopped;
    expect(unfollowed).toEqual([]);
  },
);
