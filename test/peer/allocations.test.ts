import { expect, test } from "vitest";
import type { Clock } from "../../lib/clock.js";
import { generateServerKey } from "../../lib/noise/index.js";
import { nativePrimitives } from "../../lib/noise/native-primitives.js";
import { Channel, type IConnection, Peer, type PeerEncryption } from "../../lib/peer/index.js";
import { MemoryNetwork, MemorySocketFactory, type SocketFactory } from "../../lib/socket/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";

/**
 * A piece takes up to 24 KB whatever its length, and more on a busy machine. This many messages each way make that at
 * most a byte or two for each.
 */
const MESSAGES_PER_PIECE = 20_000;
const MAX_PIECES = 60;
/** One number on the heap in an exchange makes 8. Measured are 0 to 0.5, and up to 2 in Node 24. */
const MAX_BYTES_PER_MESSAGE = 4;
/** V8 may keep the time of a turn as a bare number, and makes an object of it again for what it calls. */
const MAX_BYTES_PER_TURN = 16;

/** A clock whose times are made before: what is measured is the Peer's own garbage. */
class PreparedClock implements Clock {
  readonly #stepMs: number;
  #times: (number | null)[] = [null];
  #index = 0;
  #lastMs = 0;

  constructor(stepMs: number) {
    this.#stepMs = stepMs;
    this.prepare(1);
  }

  prepare(turns: number): void {
    this.#times = [null];
    this.#index = 1;
    for (let turn = 0; turn <= turns; turn++) {
      this.#lastMs += this.#stepMs;
      this.#times.push(this.#lastMs);
    }
  }

  advance(): void {
    this.#index++;
  }

  now(): number {
    return this.#times[this.#index] as number;
  }

  setTimeout(): null {
    return null;
  }

  clearTimeout(): void {}
}

const local = { host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 };
const transports = {
  memory: (clock: Clock) => new MemorySocketFactory(new MemoryNetwork({ clock })),
  "batched UDP": (clock: Clock) => new UdpSocketFactory({ ...local, clock, implementation: "batched" }),
};

interface Settings {
  transport: keyof typeof transports;
  channel: Channel.Reliable | Channel.Unreliable;
  messagesPerTurn: number;
  stepMs: number;
  isSealed?: boolean;
}

/** A client whose messages come back, so that an exchange is two messages. Driven manually. */
async function createEcho({ transport, channel, messagesPerTurn, stepMs, isSealed = false }: Settings) {
  const clock = new PreparedClock(stepMs);
  const factory: SocketFactory = transports[transport](clock);
  const primitives = nativePrimitives();
  const { publicKey, privateKey } = generateServerKey(primitives);
  const settings = (keys: Pick<PeerEncryption, "serverKey" | "serverKeys">) => {
    return { drive: "manual", clock, encryption: isSealed ? { primitives, ...keys } : null } as const;
  };
  let received = 0;
  const server = new Peer(
    factory.createServerSocket(),
    factory.maxPacketSize,
    {
      onMessage: (connection, { buffer, offset, length }) => {
        connection.send(buffer, channel, 0, offset, length);
      },
    },
    settings({ serverKeys: [privateKey] }),
  );
  const client = new Peer(
    factory.createClientSocket(),
    factory.maxPacketSize,
    {
      onMessage: () => {
        received++;
      },
    },
    settings({ serverKey: publicKey }),
  );
  const turn = () => {
    client.updateSent();
    server.updateReceive();
    server.updateSent();
    client.updateReceive();
    clock.advance();
  };
  await server.bind(factory.getBindEndPoint());
  let connection: IConnection | null = null;
  void client.connect(factory.getConnectEndPoint(undefined, server.boundPort ?? undefined)).then((opened) => {
    connection = opened;
  });
  while (!connection) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.prepare(1);
    turn();
  }
  const payload = new Uint8Array(20).fill(120);
  const exchange = (turns: number) => {
    for (let done = 0; done < turns; done++) {
      for (let index = 0; index < messagesPerTurn; index++) (connection as IConnection).send(payload, channel);
      turn();
    }
  };
  return { clock, exchange, receivedCount: () => received };
}

const cases: Settings[] = (["memory", "batched UDP"] as const).flatMap((transport) =>
  ([Channel.Unreliable, Channel.Reliable] as const).flatMap((channel) =>
    [1, 50].flatMap((messagesPerTurn) =>
      [0.0137, 50.013].map((stepMs) => ({ transport, channel, messagesPerTurn, stepMs })),
    ),
  ),
);

const sealedCases = cases.map((settings) => ({ ...settings, isSealed: true }));

const NAME = "a message makes no garbage: $transport, channel $channel, $messagesPerTurn a turn of $stepMs ms";

test.each(cases)(NAME, makesNoGarbage);
test.each(sealedCases)(`sealed, ${NAME}`, makesNoGarbage);

async function makesNoGarbage(settings: Settings): Promise<void> {
  const { clock, exchange, receivedCount } = await createEcho(settings);
  // The engine compiles again and again, and queues grow: what counts is that it comes to an end. A piece is so short
  // that nothing is collected in it, so what it takes shows.
  const turns = MESSAGES_PER_PIECE / settings.messagesPerTurn;
  const maxBytes = MAX_BYTES_PER_MESSAGE + MAX_BYTES_PER_TURN / settings.messagesPerTurn;
  let least = Number.POSITIVE_INFINITY;
  for (let piece = 0; piece < MAX_PIECES && least >= maxBytes; piece++) {
    clock.prepare(turns);
    const receivedBefore = receivedCount();
    gc?.();
    const before = process.memoryUsage().heapUsed;
    exchange(turns);
    const bytes = process.memoryUsage().heapUsed - before;
    const messages = 2 * (receivedCount() - receivedBefore);
    if (bytes >= 0 && messages > 0) least = Math.min(least, bytes / messages);
  }
  expect(least).toBeLessThan(maxBytes);
}
