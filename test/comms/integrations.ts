// The integrations that are tested alike: the tutorial's, and those that the package has.
import { vi } from "vitest";
import {
  type BaseClient,
  type BaseCommsNetwork,
  type BaseServer,
  MessageCommsNetwork,
  PeerCommsNetwork,
} from "../../lib/comms/index.js";
import { DirectWay } from "../../lib/comms/sockets/direct-way.js";
import { SocketsCommsNetwork } from "../../lib/comms/sockets.js";
import { defineProtocol, NetworkClient, NetworkServer } from "../../lib/message/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { seededBytes } from "../support/peer-world.js";
import { GameNetwork, settle } from "./custom-network.js";
import { CustomCommsNetwork as TutorialNetwork } from "./tutorial/custom-comms-network.js";
import { Internet, GameNetwork as TutorialGame } from "./tutorial/game-network.js";

export type AnyNetwork = BaseCommsNetwork<BaseServer<never>, BaseClient<never>, never, never, never>;

/** A server, or a host, and clients, on one kind of integration. */
export interface World {
  /** Of the voice session. */
  readonly clock: FakeClock;
  readonly host: AnyNetwork;
  readonly clients: readonly AnyNetwork[];
  /** Lets everything arrive, until the condition holds. Where time is made by the test, it waits for that long. */
  until(condition: () => boolean): Promise<void>;
  /** Lets 20 ms pass in the voice session. What was sent before arrives, where time is made by the test. */
  pass(): Promise<void>;
  /** How many packets with more bytes than this have gone from client to client without the server. */
  sentDirectly(bytes: number): number;
  /** A client is gone. */
  lose(client: AnyNetwork): void;
  /** Ends everything, without waiting. */
  stop(): void;
}

/**
 * @param direct pairs that reach each other directly, where the integration can do that
 */
export type Build = (isHost: boolean, names?: string[], direct?: [string, string][]) => Promise<World>;
const NAMES = ["Ben", "Cleo"];
const HOST = "Ada";

const custom: Build = async (isHost, names = NAMES, direct = []) => {
  const game = new GameNetwork();
  const host = game.newNetwork(HOST);
  for (const [one, other] of direct) game.connect(one, other);
  if (isHost) host.host();
  else host.serve();
  const clients = names.map((name) => game.newNetwork(name).join());
  const settleAll = async () => settle(game, [host, ...clients]);
  return {
    clock: game.clock,
    host: host as unknown as AnyNetwork,
    clients: clients as unknown as AnyNetwork[],
    until: settleAll,
    pass: async () => {
      await settleAll();
      game.clock.advance(20);
    },
    sentDirectly: (least) =>
      game.sent.filter(({ bytes, from, to }) => bytes.length > least && names.includes(from) && names.includes(to))
        .length,
    lose: (client) => {
      client.stop();
      host.server?.clientDisconnected(client.comms.localPlayerName);
    },
    stop: () => host.stop(),
  };
};

/** The tutorial, as typed in docs/comms-tutorial.md. */
const tutorial: Build = async (isHost, names = NAMES, direct = []) => {
  const internet = new Internet();
  const clock = new FakeClock();
  const programs = [HOST, ...names].map((name, index) => {
    const game = new TutorialGame(internet);
    game.isServer = index === 0;
    game.isClient = index > 0 || isHost;
    return { game, name, network: new TutorialNetwork(game, { playerName: name, clock }) };
  });
  const gameOf = (name: string) => programs.find((program) => program.name === name)?.game as TutorialGame;
  for (const [one, other] of direct) internet.connect(gameOf(one), gameOf(other));
  const networks = programs.map(({ network }) => network);
  const turns = async () => {
    for (let turn = 0; turn < 12; turn++) {
      for (const network of networks) network.update();
      await Promise.resolve();
    }
  };
  const [host, ...clients] = networks as unknown as [AnyNetwork, ...AnyNetwork[]];
  await turns();
  return {
    clock,
    host,
    clients,
    until: turns,
    pass: async () => {
      await turns();
      clock.advance(20);
    },
    sentDirectly: (least) => internet.sent.filter(({ bytes, isDirect }) => isDirect && bytes.length > least).length,
    lose: (client) => programs.find(({ network }) => (network as unknown) === client)?.game.leave(),
    stop: () => {
      for (const network of networks) network.stop();
    },
  };
};

/** Lets 20 ms pass. */
async function pass(clock: FakeClock): Promise<void> {
  for (let step = 0; step < 4; step++) {
    for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    clock.advance(5);
  }
}

/** Lets 200 ms pass, and again until the condition holds. */
async function turns(clock: FakeClock, condition = () => true): Promise<void> {
  for (let round = 0; round === 0 || (round < 20 && !condition()); round++) {
    for (let step = 0; step < 10; step++) await pass(clock);
  }
}

const peers =
  (kind: "datagram" | "stream" | "lanes"): Build =>
  async (isHost, names = NAMES) => {
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
    const host = create(HOST, 1);
    if (isHost) host.runAsHost();
    else host.runAsDedicatedServer();
    await turns(clock);
    const clients = names.map((name, index) => create(name, index + 2));
    for (const client of clients) client.runAsClient();
    return {
      host: host as unknown as AnyNetwork,
      clients: clients as unknown as AnyNetwork[],
      clock,
      until: (condition) => turns(clock, condition),
      pass: () => pass(clock),
      sentDirectly: () => 0,
      lose: (client) => client.stop(),
      stop: () => {
        for (const network of [...clients, host]) network.stop();
      },
    };
  };

const messages =
  (tickRate: number): Build =>
  async (isHost, names = NAMES) => {
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
      playerName: HOST,
      server,
      clock,
      ...(localClient && { client: localClient }),
    });
    void server.start(localClient ? { localClient } : {});
    await turns(clock);
    const ends = names.map((playerName, index) => {
      const client = new NetworkClient(common(index + 3));
      const comms = new MessageCommsNetwork({ playerName, client, clock });
      void client.connect();
      return { client, comms };
    });
    return {
      host: host as unknown as AnyNetwork,
      clients: ends.map(({ comms }) => comms as unknown as AnyNetwork),
      clock,
      until: (condition) => turns(clock, condition),
      pass: () => pass(clock),
      sentDirectly: () => 0,
      stop: () => void server.stop(),
      lose: (lost) => void ends.find(({ comms }) => (comms as unknown) === lost)?.client.disconnect(),
    };
  };

/** Over GNS time is real. Players reach each other directly with `direct`. */
const sockets =
  (all: object | null): Build =>
  async (isHost, names = NAMES, direct = []) => {
    const clock = new FakeClock();
    const isDirect = (name: string) => direct.flat().includes(name);
    const create = (playerName: string) =>
      new SocketsCommsNetwork({ playerName, clock, direct: isDirect(playerName) ? {} : all });
    const host = create(HOST);
    const send = vi.spyOn(DirectWay.prototype, "send");
    const here = { host: "127.0.0.1", port: 0 };
    if (isHost) host.runAsHost(here);
    else host.runAsDedicatedServer(here);
    const until = async (condition: () => boolean) => {
      // What the session waits for comes with its clock.
      const look = () => clock.advance(1) === undefined && condition();
      await vi.waitUntil(look, { timeout: 20_000, interval: 1 });
    };
    await until(() => host.boundPort !== null);
    const clients = names.map(create);
    for (const client of clients) client.runAsClient({ host: "127.0.0.1", port: host.boundPort as number });
    return {
      host: host as unknown as AnyNetwork,
      clients: clients as unknown as AnyNetwork[],
      clock,
      until,
      pass: async () => clock.advance(20),
      sentDirectly: (least) => send.mock.calls.filter(([packet]) => packet.length > least).length,
      lose: (client) => client.stop(),
      stop: () => {
        for (const network of [...clients, host]) network.stop();
      },
    };
  };

export const integrations: [string, Build][] = [
  ["one over queues", custom],
  ["the tutorial's", tutorial],
  ["PeerCommsNetwork, datagrams", peers("datagram")],
  ["PeerCommsNetwork, a stream", peers("stream")],
  ["MessageCommsNetwork, tick rate 0", messages(0)],
  ["MessageCommsNetwork, tick rate 20", messages(20)],
  ["SocketsCommsNetwork", sockets(null)],
  ["SocketsCommsNetwork, directly", sockets({})],
];
