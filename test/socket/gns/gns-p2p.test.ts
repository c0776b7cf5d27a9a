import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCertificate, createCertificateAuthority, NetworkingIdentity } from "../../../lib/index.js";
import { GnsSocketPeer } from "../../support/gns-socket-peer.js";
import { type Nat, NetworkWorld, whyNoNamespaces } from "../../support/network-world.js";
import { goodServers, startIceServer } from "../../support/p2p-session.js";

interface End {
  readonly name: string;
  readonly isCertified: boolean;
  readonly insists: boolean;
}

const authority = createCertificateAuthority();
const certificateOf = (name: string) => {
  const identity = NetworkingIdentity.parse(`str:${name}`) as NetworkingIdentity;
  return { certificate: Buffer.from(createCertificate(authority, { identity })).toString("base64") };
};

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

  describe("with authenticatedOnly", () => {
    /** What a connector and a listener hear, where each has a certificate or not, and insists on one or not. */
    async function meet(connector: End, listener: End) {
      const start = (host: "a" | "b", { name, isCertified, insists }: End, settings: object) => {
        const certificate = isCertified ? certificateOf(name) : {};
        const given = { identity: name, authority: authority.certificate, ...certificate, authenticated: insists };
        const own = { p2p: true, ice: goodServers, ...given, ...settings };
        return new GnsSocketPeer(world.start(host, "gns-socket-peer.mjs", [JSON.stringify(own)]));
      };
      const there = start("b", listener, { listen: true });
      await there.hear("port");
      const here = start("a", connector, { listen: false, remote: listener.name, packets: 10 });
      here.signalTo(there);
      there.signalTo(here);
      return { here, there, end: () => Promise.all([here.end(), there.end()]) };
    }

    test("two certified peers connect", async () => {
      const { here, there, end } = await meet(
        { name: "alice", isCertified: true, insists: true },
        { name: "bob", isCertified: true, insists: true },
      );
      expect(await here.hear("connected")).toMatchObject({ security: "authenticated", identity: "str:bob" });
      expect(await there.hear("incoming")).toMatchObject({ security: "authenticated" });
      expect(await here.hear("done")).toBe(true);
      await end();
    });

    test("a connector refuses a listener without a certificate", async () => {
      const { here, end } = await meet(
        { name: "alice", isCertified: true, insists: true },
        { name: "bob", isCertified: false, insists: false },
      );
      expect(await here.hear("failed")).toMatchObject({ code: "ERR_BAD_CERTIFICATE" });
      await end();
    });

    test("a listener refuses a connector without a certificate, before anybody is asked about it", async () => {
      const { here, there, end } = await meet(
        { name: "alice", isCertified: false, insists: false },
        { name: "bob", isCertified: true, insists: true },
      );
      const reason = { code: 1021, text: expect.stringContaining("asks for a certificate") };
      expect(await here.hear("failed")).toMatchObject({ reason });
      await end();
      expect(there.hasSaid("incoming")).toBe(false);
    });
  });
});
