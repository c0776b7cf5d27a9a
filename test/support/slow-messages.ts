import { defineMessage, defineProtocol, NetworkClient, NetworkServer } from "../../lib/message/index.js";
import { string } from "../../lib/serialization/index.js";
import { LagSocketFactory, MemoryNetwork, MemorySocketFactory, type MemorySocketKind } from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { turn } from "./message-world.js";
import { seededBytes } from "./peer-world.js";

const Chat = defineMessage("chat", string(60_000));
const Slow = defineMessage("slow", string(100));
const protocol = defineProtocol({ name: "slow", version: 1, messages: [Chat, Slow] });

/** Why a message takes long. */
export type Cause = "a lost packet" | "a late tick" | "a full queue" | "a slow handler";

/**
 * The trace of a server on a fake clock, 10 ms away from its client, where one thing makes the message `slow` take
 * long. Nothing is random.
 */
export async function slowTrace(cause: Cause, kind: MemorySocketKind = "datagram"): Promise<string[]> {
  const clock = new FakeClock();
  const network = new MemoryNetwork({ clock, random: seededRandom(1) });
  const random = seededRandom(2);
  const socketFactory = new LagSocketFactory(new MemorySocketFactory(network, { kind }), {
    latencyMs: 10,
    clock,
    random,
  });
  const lines: string[] = [];
  const drive = cause === "a late tick" ? "manual" : "automatic";
  const common = { protocol, socketFactory, clock };
  const trace = { trace: (line: string) => void lines.push(line), traceDetail: "packets" as const, drive } as const;
  const peer = (seed: number) => ({ randomBytes: seededBytes(seed), peer: { random: seededRandom(seed) } });
  const server = new NetworkServer({ ...common, ...peer(3), ...trace });
  const client = new NetworkClient({ ...common, ...peer(4) });
  const run = async (ms: number) => {
    for (let passed = 0; passed < ms; passed++) {
      if (drive === "manual") {
        server.updateReceive();
        server.updateSent();
      }
      await turn();
      clock.advance(1);
    }
    await turn();
  };
  client.messageHandler.register(Chat, () => {});
  client.messageHandler.register(Slow, () => {});
  server.messageHandler.register(Slow, () => clock.suspend(50));
  await server.start();
  const connecting = client.connect();
  await run(400);
  await connecting;
  const [player] = server.players;
  if (cause === "a lost packet") {
    socketFactory.conditions.loss = 1;
    player?.send(Slow, "lost");
    await run(5);
    socketFactory.conditions.loss = 0;
  } else if (cause === "a late tick") {
    player?.send(Slow, "late");
    clock.advance(50);
  } else if (cause === "a full queue") {
    for (let count = 0; count < 4; count++) player?.send(Chat, "x".repeat(50_000));
    player?.send(Slow, "behind them");
  } else {
    client.send(Slow, "question");
  }
  await run(600);
  const stopped = Promise.all([client.disconnect(), server.stop()]);
  await run(1500);
  await stopped;
  return lines;
}
