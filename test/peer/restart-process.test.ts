import { afterEach, expect, test } from "vitest";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { Peer } from "../../lib/peer/index.js";
import { type Program, startProgram } from "../support/program.js";
import { PeerUser, udp } from "../support/real-peers.js";

const primitives = nodePrimitives();
const programs: Program[] = [];
const peers: Peer[] = [];
afterEach(async () => {
  for (const { child } of programs.splice(0)) child.kill("SIGKILL");
  await Promise.all(peers.splice(0).map((peer) => peer.close()));
});

test.each(["batched", "dgram"] as const)(
  "over %s a client hears of a server that was killed and runs again",
  async (implementation) => {
    const { publicKey, privateKey } = generateServerKey(primitives);
    const start = async (port: string) => {
      const program = startProgram("restarting-server", [implementation, port, privateKey]);
      programs.push(program);
      return { program, port: await program.line("ready") };
    };
    const factory = udp({ implementation });
    const dial = async (port: string) => {
      const user = new PeerUser();
      // Nothing but the server's word ends a connection, and nothing but the test's messages asks for it.
      const config = {
        timeoutMs: 86_400_000,
        keepAliveMs: 3_600_000,
        encryption: { primitives, serverKey: publicKey },
      };
      const peer = new Peer(factory.createClientSocket(), factory.maxPacketSize, user, config);
      peers.push(peer);
      return { user, connection: await peer.connect(factory.getConnectEndPoint(undefined, Number(port))) };
    };
    const first = await start("0");
    const { user, connection } = await dial(first.port);
    await first.program.line("connected");
    first.program.child.kill("SIGKILL");
    await first.program.end();

    const second = await start(first.port);
    expect(user.ends).toEqual([]);
    const { packetsSent } = connection.metrics;
    connection.send(Uint8Array.of(1));
    const [end] = await user.until(() => user.ends.length > 0 && user.ends);
    expect(end).toMatchObject({ code: 1003, text: expect.stringContaining("was started again") });
    // Its first packet, and at most a probe for it.
    expect(connection.metrics.packetsSent - packetsSent).toBeLessThanOrEqual(2);
    await dial(first.port);
    await second.program.line("connected");
  },
);
