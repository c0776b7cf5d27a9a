import { expect, test } from "vitest";
import type { INetworkPlayer, NetworkServer } from "../../../lib/message/index.js";
import { secureRandomBytes } from "../../../lib/random.js";
import type { Directory, SessionEntry } from "../../../lib/rooms/fleet/directory.js";
import { FleetKeys } from "../../../lib/rooms/fleet/fleet-keys.js";
import { FleetSessions } from "../../../lib/rooms/member/fleet-sessions.js";
import { SessionWriter } from "../../../lib/rooms/member/session-writer.js";
import { FakeClock } from "../../../lib/testing/fake-clock.js";

const session: SessionEntry = {
  ...{ id: "00".repeat(16), room: "one", host: "a", playerId: 7, identity: "", authentication: "{}" },
  ...{ epoch: 1n, moves: 3, isSpectator: false, question: 0 },
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a write that fails when the host has stopped is not tried again", async () => {
  const clock = new FakeClock();
  let fail = (_error: Error) => {};
  const putSession = () => new Promise<never>((_resolve, reject) => (fail = reject));
  let directory: Directory | null = { putSession } as unknown as Directory;
  const writer = new SessionWriter(
    clock,
    () => directory,
    () => {},
  );
  writer.put(session);
  writer.stop();
  directory = null;
  fail(new Error("The engine is away"));
  for (let turn = 0; turn < 5; turn++) {
    await settled();
    clock.advance(500);
  }
  expect(clock.timerCount).toBe(0);
  await writer.flushed();
});

test("a player who has proven a session and is not admitted then is not here", () => {
  const sessions = new FleetSessions({
    ...{ id: "b", keys: new FleetKeys([new Uint8Array(32)], secureRandomBytes), clock: new FakeClock() },
    lobby: () => null as unknown as NetworkServer,
    directory: () => null,
    isConnected: () => true,
    arrive: async () => ({}),
  });
  sessions.expect({} as INetworkPlayer, session);
  expect(sessions.has(session.id)).toBe(false);
});
