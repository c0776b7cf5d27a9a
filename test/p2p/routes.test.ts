import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { IceCandidates, type IceSettings } from "../../lib/index.js";
import { type HostName, type Nat, NetworkWorld, whyNoNamespaces } from "../support/network-world.js";
import { goodServers, ICE_SERVER, type Route, runSession, startIceServer } from "../support/p2p-session.js";

interface Row {
  connector: HostName;
  listener: HostName;
  nat?: [connectorSide: Nat, listenerSide: Nat];
  candidates?: IceCandidates;
  lossPercent?: number;
  ice?: IceSettings;
  route: Route;
}

const { Relay, Private, Public } = IceCandidates;

const rows: Record<string, Row> = {
  "one network": { connector: "a", listener: "a2", route: "local" },
  "one network, symmetric router": { connector: "a", listener: "a2", nat: ["symmetric", "symmetric"], route: "local" },
  "both public": { connector: "p", listener: "q", route: "udp" },
  "public and full cone": { connector: "p", listener: "b", nat: ["full-cone", "full-cone"], route: "udp" },
  "symmetric and public": {
    connector: "a",
    listener: "q",
    nat: ["symmetric", "symmetric"],
    ice: { stunServers: [ICE_SERVER] }, // a relay might be found sooner
    route: "udp",
  },
  "full cone": { connector: "a", listener: "b", nat: ["full-cone", "full-cone"], route: "udp" },
  "restricted cone": { connector: "a", listener: "b", nat: ["restricted", "restricted"], route: "udp" },
  "port restricted": { connector: "a", listener: "b", nat: ["port-restricted", "port-restricted"], route: "udp" },
  "full cone and symmetric": { connector: "a", listener: "b", nat: ["full-cone", "symmetric"], route: "udp" },
  "symmetric on both sides": { connector: "a", listener: "b", nat: ["symmetric", "symmetric"], route: "relay" },
  "10 % of the packets lost": {
    connector: "a",
    listener: "b",
    nat: ["port-restricted", "port-restricted"],
    lossPercent: 10,
    ice: { stunServers: [ICE_SERVER] }, // a relay might be found sooner
    route: "udp",
  },
  "no relay allowed": {
    connector: "a",
    listener: "b",
    nat: ["port-restricted", "port-restricted"],
    candidates: Private | Public,
    route: "udp",
  },
  "nothing public allowed, one network": {
    connector: "a",
    listener: "a2",
    candidates: Relay | Private,
    route: "local",
  },
};

describe.skipIf(whyNoNamespaces !== null)(`routes of P2P connections ${whyNoNamespaces ?? ""}`, () => {
  let world: NetworkWorld;
  let counts: Awaited<ReturnType<typeof startIceServer>>;

  beforeAll(async () => {
    world = new NetworkWorld();
    counts = await startIceServer(world);
  });
  afterAll(() => world?.remove());

  test.each(Object.entries(rows))("%s", async (_name, row) => {
    const [natA, natB] = row.nat ?? ["port-restricted", "port-restricted"];
    world.setNat("routerA", natA, row.lossPercent);
    world.setNat("routerB", natB, row.lossPercent);
    const ice = { ...(row.ice ?? goodServers), ...(row.candidates !== undefined && { candidates: row.candidates }) };
    const before = await counts();
    const reports = await runSession(world, {
      connector: { host: row.connector, ice },
      listener: { host: row.listener, ice },
    });
    for (const { received, route, bugs, ended } of reports) {
      expect({ received, route, bugs, ended }).toEqual({ received: 60, route: row.route, bugs: [], ended: null });
    }
    const after = await counts();
    const isRelayed = after.relayed - before.relayed > 120;
    if (row.route === "relay") expect(isRelayed).toBe(true);
    if (row.candidates !== undefined && (row.candidates & Relay) === 0) expect(after.allocated).toBe(before.allocated);
    if (row.candidates !== undefined && (row.candidates & Public) === 0) expect(after.bindings).toBe(before.bindings);
  });

  test("a third of the signals lost, half of them twice", async () => {
    const settings = { signalLossPercent: 30, signalDuplicatePercent: 50, messages: 300 };
    for (const seed of [1, 2]) {
      const reports = await runSession(world, {
        ...settings,
        seed,
        connector: { host: "a" },
        listener: { host: "a2" },
      });
      for (const { received, route, bugs } of reports) {
        expect({ seed, received, route, bugs }).toEqual({ seed, received: 300, route: "local", bugs: [] });
      }
    }
  });
});
