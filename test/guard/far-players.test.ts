import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ConnectionGuard } from "../../lib/guard/index.js";
import { defineProtocol, NetworkClient, NetworkServer } from "../../lib/message/index.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { DelayingRelay } from "../support/delaying-relay.js";
import { createTlsIdentity } from "../support/tls-identity.js";

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of clean.splice(0).reverse()) await end();
});

/** Half of a round trip. */
const DELAY_MS = 100;
const PLAYERS = 20;

test(`${PLAYERS} players 200 ms away get in over wss while the guard is under attack`, async () => {
  const { key, cert } = createTlsIdentity();
  const web = createServer({ key, cert });
  await new Promise<void>((done) => web.listen(0, "127.0.0.1", done));
  clean.push(() => new Promise((done) => web.close(done)));
  const guard = new ConnectionGuard();
  clean.push(() => guard.close());
  const protocol = () => defineProtocol({ name: "far", version: 1, messages: [] });
  const socketFactory = new WebSocketFactory({ server: web, guard });
  const server = new NetworkServer({ protocol: protocol(), socketFactory, peer: { guard } });
  await server.start();
  clean.push(() => server.stop());
  const relay = new DelayingRelay((web.address() as AddressInfo).port, DELAY_MS);
  clean.push(() => relay.close());
  const port = await relay.start();
  guard.kernelDropped(1000);
  expect(guard.isUnderAttack).toBe(true);

  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: PLAYERS }, async () => {
      const factory = new WebSocketFactory({ host: "localhost", port, secure: true, tls: { ca: cert } });
      const client = new NetworkClient({ protocol: protocol(), socketFactory: factory });
      clean.push(() => client.disconnect());
      const authenticated = new Promise<void>((done) => client.on("authenticated", () => done()));
      await client.connect();
      await authenticated;
    }),
  );
  // TCP ends at the relay. TLS, the upgrade and the Peer take a round trip each, at least.
  expect(performance.now() - startMs).toBeGreaterThan(3 * 2 * DELAY_MS);
  expect(server.players).toHaveLength(PLAYERS);
  expect(guard.counters).toMatchObject({ passed: PLAYERS, proven: PLAYERS, pending: 0 });
});
