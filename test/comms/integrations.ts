// The integrations that are tested alike: the tutorial's, and those that the package has.
import { vi } from "vitest";
import {
  type BaseClient,
  type BaseCommsNetwork,
  type BaseServer,
  MessageCommsNetwork,
  PeerCommsNetwork,
} from "../../lib/comms/index.js";
import { SocketsCommsNetwork } from "../../lib/comms/sockets.js";
import { defineProtocol, NetworkClient, NetworkServer } from "../../lib/message/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { seededBytes } from "../support/peer-world.js";
import { GameNetwork, settle } from "./custom-network.js";

export type AnyNetwork = BaseCommsNetwork<BaseServer<never>, BaseClient<never>, never, never, never>;

/** A server, or a host, and two clients, on one kind of integration. */
export interface World {
  readonly host: AnyNetwork;
  readonly clients: readonly AnyNetwork[];
  /** Lets everything arrive, until the condition holds. Where time is made by the test, it waits for that long. */
  until(condition: () => boolean): Promise<void>;
  /** A client is gone. */
  lose(client: AnyNetwork): void;
  /** Ends everything, without waiting. */
  stop(): void;
}

export type Build = (isHost: boolean) => Promise<World>;
const NAMES = ["Ben", "Cleo"];

const custom: Build = async (isHost) => {
  const game = new GameNetwork();
  const host = game.newNetwork("Ada");
  if (isHost) host.host();
  else host.serve();
  const clients = NAMES.map((name) => game.newNetwork(name).join());
  return {
    host: host as unknown as AnyNetwork,
    clients: clients as unknown as AnyNetwork[],
    until: async () => settle(game, [host, ...clients]),
    lose: (client) => {
      client.stop();
      host.server?.clientDisconnected(client.comms.localPlayerName);
    },
    stop: () => host.stop(),
  };
};

/** Lets 200 ms pass, and again until the condition holds. */
async function turns(clock: FakeClock, condition = () => true): Promise<void> {
  for (let round = 0; round === 0 || (round < 20 && !condition()); round++) {
    for (let step = 0; step < 40; step++) {
      for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
      clock.advance(5);
    }
  }
}

const peers =
  (kind: "datagram" | "stream" | "lanes"): Build =>
  async (isHost) => {
    const clock = new FakeClock();
    const network = new MemoryNetwork({ clock, random: seededRandom(1) });
    const create = (playerName: string, seed: number) =>
      new PeerCommsNetwork({
        playerName,
        clock,
        randomBytes: seededBytes(seed),
        socketFactory: new MemorySocketFactory(network, { kind: kind as never }),
        peer: { random: seededRandom(seed) },
      });
    const host = create("Ada", 1);
    if (isHost) host.runAsHost();
    else host.runAsDedicatedServer();
    await turns(clock);
    const clients = NAMES.map((name, index) => create(name, index + 2));
    for (const client of clients) client.runAsClient();
    return {
      host: host as unknown as AnyNetwork,
      clients: clients as unknown as AnyNetwork[],
      until: (condition) => turns(clock, condition),
      lose: (client) => client.stop(),
      stop: () => {
        for (const network of [...clients, host]) network.stop();
      },
    };
  };

const messages =
  (tickRate: number): Build =>
  async (isHost) => {
    const clock = new FakeClock();
    const network = new MemoryNetwork({ clock, random: seededRandom(1) });
    const common = (seed: number) => ({
      protocol: defineProtocol({ name: "voice", version: 1, messages: [] }),
      socketFactory: new MemorySocketFactory(network),
      clock,
      randomBytes: seededBytes(seed),
      peer: { random: seededRandom(seed) },
    });
    const server = new NetworkServer({ ...common(1), tickRate });
    const localClient = isHost ? new NetworkClient(common(2)) : undefined;
    const host = new MessageCommsNetwork({
      playerName: "Ada",
      server,
      clock,
      ...(localClient && { client: localClient }),
    });
    void server.start(localClient ? { localClient } : {});
    await turns(clock);
    const ends = NAMES.map((playerName, index) => {
      const client = new NetworkClient(common(index + 3));
      const comms = new MessageCommsNetwork({ playerName, client, clock });
      void client.connect();
      return { client, comms };
    });
    return {
      host: host as unknown as AnyNetwork,
      clients: ends.map(({ comms }) => comms as unknown as AnyNetwork),
      until: (condition) => turns(clock, condition),
      stop: () => void server.stop(),
      lose: (lost) => void ends.find(({ comms }) => (comms as unknown) === lost)?.client.disconnect(),
    };
  };

/** Over GNS time is real. Players reach each other directly with `direct`. */
const sockets =
  (direct: object | null): Build =>
  async (isHost) => {
    const host = new SocketsCommsNetwork({ playerName: "Ada", direct });
    const here = { host: "127.0.0.1", port: 0 };
    if (isHost) host.runAsHost(here);
    else host.runAsDedicatedServer(here);
    const until = (condition: () => boolean) =>
      vi.waitUntil(condition, { timeout: 20_000, interval: 5 }).then(() => {});
    await until(() => host.boundPort !== null);
    const clients = NAMES.map((playerName) => new SocketsCommsNetwork({ playerName, direct }));
    for (const client of clients) client.runAsClient({ host: "127.0.0.1", port: host.boundPort as number });
    return {
      host: host as unknown as AnyNetwork,
      clients: clients as unknown as AnyNetwork[],
      until,
      lose: (client) => client.stop(),
      stop: () => {
        for (const network of [...clients, host]) network.stop();
      },
    };
  };

export const integrations: [string, Build][] = [
  ["the tutorial's", custom],
  ["PeerCommsNetwork, datagrams", peers("datagram")],
  ["PeerCommsNetwork, a stream", peers("stream")],
  ["MessageCommsNetwork, tick rate 0", messages(0)],
  ["MessageCommsNetwork, tick rate 20", messages(20)],
  ["SocketsCommsNetwork", sockets(null)],
  ["SocketsCommsNetwork, directly", sockets({})],
];
