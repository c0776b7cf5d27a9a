// The integration of the tutorial, over a network in memory: queues that the two ends poll.
import {
  BaseClient,
  BaseCommsNetwork,
  BaseServer,
  type ClientInfo,
  type CommsNetworkOptions,
  Unit,
} from "../../lib/comms/index.js";
import type { ByteSegment } from "../../lib/peer/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { seededBytes } from "../support/peer-world.js";

/** What is sent, and by what: for counting. */
export interface Sent {
  readonly from: string;
  readonly to: string;
  readonly isReliable: boolean;
  readonly bytes: Uint8Array;
}

/** The network of a game, as far as voice needs it: everybody reaches the server, and some reach each other. */
export class GameNetwork {
  readonly clock = new FakeClock();
  readonly sent: Sent[] = [];
  /** The share of unreliable packets that is lost. */
  loss = 0;
  /** Pairs that reach each other, as `a>b`. */
  readonly direct = new Set<string>();
  readonly #random = seededRandom(1);
  readonly #queues = new Map<string, { from: string; bytes: Uint8Array }[]>();
  #networks = 0;

  /** The queue of what has come to `name`. */
  queueOf(name: string) {
    let queue = this.#queues.get(name);
    if (!queue) {
      queue = [];
      this.#queues.set(name, queue);
    }
    return queue;
  }

  send(from: string, to: string, packet: ByteSegment | Uint8Array, isReliable: boolean): void {
    const bytes = packet instanceof Uint8Array ? packet.slice() : packet.copy();
    this.sent.push({ from, to, isReliable, bytes });
    if (isReliable || this.#random() >= this.loss) this.queueOf(to).push({ from, bytes });
  }

  connect(one: string, other: string): void {
    this.direct.add(`${one}>${other}`);
    this.direct.add(`${other}>${one}`);
  }

  canReach(from: string, to: string): boolean {
    return this.direct.has(`${from}>${to}`);
  }

  newNetwork(playerName: string, options: CommsNetworkOptions = {}): CustomCommsNetwork {
    const randomBytes = seededBytes(++this.#networks);
    return new CustomCommsNetwork(this, { playerName, clock: this.clock, randomBytes, ...options });
  }
}

export class CustomServer extends BaseServer<string> {
  readonly #game: GameNetwork;
  readonly log: string[];

  constructor(network: CustomCommsNetwork) {
    super(network);
    this.#game = network.game;
    this.log = network.log;
    this.log.push("create server");
  }

  override connect(): void {
    this.log.push("server up");
  }

  override disconnect(): void {
    this.log.push("server down");
  }

  protected override readMessages(): void {
    for (const { from, bytes } of this.#game.queueOf("server").splice(0)) this.networkPacketReceived(from, bytes);
  }

  protected override sendReliable(to: string, packet: ByteSegment): void {
    this.#game.send("server", to, packet, true);
  }

  protected override sendUnreliable(to: string, packet: ByteSegment): void {
    this.#game.send("server", to, packet, false);
  }
}

export class CustomClient extends BaseClient<string> {
  readonly #network: CustomCommsNetwork;

  constructor(network: CustomCommsNetwork) {
    super(network);
    this.#network = network;
    network.log.push("create client");
  }

  get #name(): string {
    return this.#network.comms.localPlayerName;
  }

  override connect(): void {
    this.#network.log.push("client up");
    if (this.#network.connectsAtOnce) this.connected();
  }

  override disconnect(): void {
    this.#network.log.push("client down");
  }

  /** The transport is there. */
  transportConnected(): void {
    this.connected();
  }

  protected override readMessages(): void {
    for (const { from, bytes } of this.#network.game.queueOf(this.#name).splice(0)) {
      const id = this.networkReceivedPacket(bytes, from === "server" ? undefined : from);
      if (id !== null) this.receiveHandshakeP2P(id, from);
    }
  }

  protected override sendReliable(packet: ByteSegment): boolean {
    if (this.#network.refusesReliable) return false;
    this.#network.game.send(this.#name, "server", packet, true);
    return true;
  }

  protected override sendUnreliable(packet: ByteSegment): void {
    this.#network.game.send(this.#name, "server", packet, false);
  }

  protected override sendReliableP2P(to: ClientInfo<string | null>[], packet: ByteSegment): void {
    super.sendReliableP2P(this.#sendDirectly(to, packet, true), packet);
  }

  protected override sendUnreliableP2P(to: ClientInfo<string | null>[], packet: ByteSegment): void {
    super.sendUnreliableP2P(this.#sendDirectly(to, packet, false), packet);
  }

  protected override onServerAssignedSessionId(session: number, id: number): void {
    super.onServerAssignedSessionId(session, id);
    const packet = BaseClient.writeHandshakeP2P(session, id);
    for (const other of this.#network.game.direct) {
      const [from, to] = other.split(">") as [string, string];
      if (from === this.#name) this.#network.game.send(from, to, packet, true);
    }
  }

  #sendDirectly(to: ClientInfo<string | null>[], packet: ByteSegment, isReliable: boolean) {
    return to.filter(({ connection }) => {
      if (connection === null || !this.#network.game.canReach(this.#name, connection)) return true;
      this.#network.game.send(this.#name, connection, packet, isReliable);
      return false;
    });
  }
}

export class CustomCommsNetwork extends BaseCommsNetwork<CustomServer, CustomClient, string, Unit, Unit> {
  readonly log: string[] = [];
  connectsAtOnce = true;
  refusesReliable = false;

  constructor(
    readonly game: GameNetwork,
    options: CommsNetworkOptions,
  ) {
    super(options);
  }

  host(): this {
    this.runAsHost(Unit.none, Unit.none);
    return this;
  }

  serve(): this {
    this.runAsDedicatedServer(Unit.none);
    return this;
  }

  join(): this {
    this.runAsClient(Unit.none);
    return this;
  }

  protected override createServer(): CustomServer {
    return new CustomServer(this);
  }

  protected override createClient(): CustomClient {
    return new CustomClient(this);
  }

  protected override localPeer(): string {
    return this.comms.localPlayerName;
  }
}

/** Lets all networks work until nothing is on its way any more. */
export function settle(game: GameNetwork, networks: readonly { update(): void }[], rounds = 8): void {
  for (let round = 0; round < rounds; round++) {
    for (const network of networks) network.update();
    game.clock.advance(0);
  }
}
