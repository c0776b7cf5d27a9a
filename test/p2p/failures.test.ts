import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConnectionState, IceCandidates, type IceSettings } from "../../lib/index.js";
import { NetworkWorld, whyNoNamespaces } from "../support/network-world.js";
import { goodServers, ICE_SERVER, runSession, startIceServer, user } from "../support/p2p-session.js";

const DEAD = "192.0.2.1:9";

interface Row {
  connector: IceSettings;
  /** By default as for the connector. */
  listener?: IceSettings;
  reason: number;
  debug: string;
  /** Requests with this name that the TURN server must have turned down. */
  refused?: [username: string, count: number];
}

// GNS's Misc_P2P_Rendezvous. On the way there, it has tried all it could for 10 seconds.
const timeout = { reason: 5008, debug: "Timed out attempting to negotiate rendezvous" };

const rows: Record<string, Row> = {
  "no servers": { connector: {}, ...timeout },
  "STUN dead": { connector: { stunServers: [DEAD] }, ...timeout },
  "no TURN": { connector: { stunServers: [ICE_SERVER] }, ...timeout },
  "TURN dead": { connector: { stunServers: [ICE_SERVER], turnServers: [{ host: DEAD, ...user }] }, ...timeout },
  "servers on one side only, without TURN": { connector: { stunServers: [ICE_SERVER] }, listener: {}, ...timeout },
  // Each side asks once as nobody and once with the password, and gives up.
  "wrong TURN password": {
    connector: {
      stunServers: [ICE_SERVER],
      turnServers: [{ host: ICE_SERVER, username: "mallory", password: "guess" }],
    },
    ...timeout,
    refused: ["mallory", 2],
  },
  "wrong TURN user": {
    connector: { stunServers: [ICE_SERVER], turnServers: [{ host: ICE_SERVER, ...user, username: "eve" }] },
    ...timeout,
    refused: ["eve", 2],
  },
  "no TURN password": {
    connector: { stunServers: [ICE_SERVER], turnServers: [{ host: ICE_SERVER }] },
    ...timeout,
    refused: ["", 6], // those of the two above are in it
  },
};

const nothingAllowed: Row = {
  connector: goodServers,
  listener: { ...goodServers, candidates: IceCandidates.None },
  reason: 3998,
  debug: "ICE not enabled by local user options",
};

describe.skipIf(whyNoNamespaces !== null)(`P2P connections that must fail ${whyNoNamespaces ?? ""}`, () => {
  let world: NetworkWorld;
  let counts: Awaited<ReturnType<typeof startIceServer>>;

  beforeAll(async () => {
    world = new NetworkWorld();
    counts = await startIceServer(world);
    world.setNat("routerA", "symmetric");
    world.setNat("routerB", "symmetric");
  });
  afterAll(() => world?.remove());

  async function expectFailure(row: Row): Promise<void> {
    const ends = await runSession(world, {
      connector: { host: "a", ice: row.connector },
      listener: { host: "b", ice: row.listener ?? row.connector },
    });
    const problems = [];
    for (const { ended, received, bugs } of ends) {
      expect({ received, bugs, ended }).toMatchObject({ received: 0, bugs: [] });
      expect(ended).toMatchObject({ endReason: row.reason, endDebug: row.debug });
      if (ended?.state === ConnectionState.ProblemDetectedLocally) problems.push(ended);
      else expect(ended?.state).toBe(ConnectionState.ClosedByPeer);
    }
    // The other one may have been told by a signal.
    expect(problems.length).toBeGreaterThanOrEqual(1);
  }

  test.concurrent.each(Object.entries(rows))("%s", (_name, row) => expectFailure(row));

  test("the TURN server was asked and refused", async () => {
    const { refused, allocated, bindings } = await counts();
    for (const row of Object.values(rows)) {
      if (row.refused === undefined) continue;
      // GNS asks once more where an answer was slow.
      const [user, times] = row.refused;
      expect(refused[user], user).toBeGreaterThanOrEqual(times);
    }
    expect(allocated).toBe(0);
    expect(bindings).toBeGreaterThan(0);
  });

  // After the count: its connector may have a place at the TURN server before it hears of the failure.
  test("nothing allowed over there", () => expectFailure(nothingAllowed));
});
