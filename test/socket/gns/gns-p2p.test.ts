import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GnsSocketPeer } from "../../support/gns-socket-peer.js";
import { type Nat, NetworkWorld, whyNoNamespaces } from "../../support/network-world.js";
import { goodServers, startIceServer } from "../../support/p2p-session.js";

describe.skipIf(whyNoNamespaces !== null)(`sockets between two routers ${whyNoNamespaces ?? ""}`, () => {
  let world: NetworkWorld;

  beforeAll(async () => {
    world = new NetworkWorld();
    await startIceServer(world);
  });
  afterAll(() => world?.remove());

  const rows = (["hybrid", "thread"] as const).flatMap((driver) =>
    (["port-restricted", "symmetric"] as const).map((nat): [string, Nat] => [driver, nat]),
  );

  test.each(rows)("driver %s, %s: connect by name, exchange, and end with a reason", async (driver, nat) => {
    world.setNat("routerA", nat);
    world.setNat("routerB", nat);
    const start = (host: "a" | "b", settings: object) =>
      new GnsSocketPeer(
        world.start(host, "gns-socket-peer.mjs", [JSON.stringify({ driver, ice: goodServers, ...settings })]),
      );
    const listener = start("b", { listen: true, identity: "listener" });
    expect(await listener.hear("port")).toBeNull();
    const connector = start("a", { listen: false, identity: "connector", remote: "listener", packets: 200 });
    connector.signalTo(listener);
    listener.signalTo(connector);

    expect(await connector.hear("connected")).toMatchObject({ security: "encrypted", identity: "str:listener" });
    expect(await listener.hear("incoming")).toEqual({ address: "str:connector", security: "encrypted" });
    expect(await listener.hear("connected")).toMatchObject({ identity: "str:connector" });
    expect(await connector.hear("done")).toBe(true);
    expect(await listener.hear("disconnected")).toEqual({ code: 77, text: "enough" });
    expect(await listener.hear("received")).toBe(200);
    await Promise.all([connector.end(), listener.end()]);
  });
});
