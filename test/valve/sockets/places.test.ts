import { afterEach, beforeEach, expect, test } from "vitest";
import { ConnectionState, Library, NetworkingSockets } from "../../../lib/index.js";
import { addressOf, Peer } from "../../support/peer.js";

/** GNS has this many places for connections in a process. */
const PLACES = 8191;

beforeEach(() => expect(Library.initialize()).toBe(true));
afterEach(() => Library.deinitialize());

/** Leaves so many places; each pair takes two. */
function fillAllBut(places: number): void {
  const others = new NetworkingSockets();
  for (let left = PLACES; left > places; left -= 2) {
    if (others.createSocketPair() === null) throw new Error(`there are only ${PLACES - left} places`);
  }
}

test("strangers who are refused give their places back at once", async () => {
  fillAllBut(200);
  const server = new Peer();
  server.accepts = false;
  const { address } = server.listen();
  server.sockets.onReadable(() =>
    server.sockets.dispatchCallbacks(({ connection, connectionInfo }) => {
      if (connectionInfo.state === ConnectionState.Connecting) server.sockets.closeConnection(connection, 7, "no");
    }),
  );
  const client = new Peer();
  // The clients' places are free again after 5 s only, as GNS has it.
  for (let stranger = 0; stranger < 150; stranger++) {
    const handle = client.sockets.connect(address);
    expect(handle, `stranger ${stranger}: ${Library.lastError?.message}`).not.toBe(0);
    const { connectionInfo } = await client.event(ConnectionState.ClosedByPeer, handle);
    expect(connectionInfo).toMatchObject({ applicationReason: 7, endDebug: "no" });
    client.sockets.closeConnection(handle);
  }
});

test("of the connections that were closed, 1024 have a place; the others give it back in the next poll", () => {
  const sockets = new NetworkingSockets();
  for (let round = 0; round < 20; round++) {
    for (let index = 0; index < 256; index++) {
      const pair = sockets.createSocketPair();
      expect(pair, `pair ${round * 256 + index}`).not.toBeNull();
      sockets.closeConnection(pair?.connectionOne ?? 0);
      sockets.closeConnection(pair?.connectionTwo ?? 0);
    }
    sockets.closeListenSocket(sockets.createListenSocket(addressOf("127.0.0.1", 0))); // awaits a poll
  }
});
