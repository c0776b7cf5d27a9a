import { expect, test } from "vitest";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import type { IConnection, Peer, PeerConfig } from "../../lib/peer/index.js";
import { DisconnectCode, type DisconnectReason } from "../../lib/socket/index.js";
import { Recorder, text } from "../support/peer-world.js";
import { peerAt, RoamingNetwork, type RoamingSocket } from "../support/roaming-network.js";

/** `npm run test:stress`: 100 runs of 10,000 events. */
const IS_STRESS = process.env.VALVE_SOCKETS_STRESS !== undefined;
const EVENTS = IS_STRESS ? 10_000 : 300;
const SEEDS = Array.from({ length: IS_STRESS ? 100 : 5 }, (_, index) => index + 1);

const SERVER = "192.0.2.1:7777";
const TIMEOUT_MS = 10_000;
const STEP_MS = 10;
/** One message each way in so many steps. */
const MESSAGE_STEPS = 5;

const primitives = nodePrimitives();
const key = generateServerKey(primitives);
const keyed: Partial<PeerConfig> = { encryption: { primitives, serverKeys: [key.privateKey] } };
const pinned: Partial<PeerConfig> = { encryption: { primitives, serverKey: key.publicKey } };

/** Reliable messages of one connection in one direction: they arrive once, in order, and in time. */
class Stream {
  readonly #sentMs: number[] = [];
  received = 0;

  send(connection: IConnection, nowMs: number): void {
    if (connection.send(text(String(this.#sentMs.length)))) this.#sentMs.push(nowMs);
  }

  receive(words: string): void {
    expect(words).toBe(String(this.received));
    this.received++;
  }

  /** How long the oldest message has been on its way. */
  ageMs(nowMs: number): number {
    return nowMs - (this.#sentMs[this.received] ?? nowMs);
  }
}

/** One connection, with both of its ends. */
class Life {
  readonly up = new Stream();
  readonly down = new Stream();
  player: IConnection | null = null;
  clientReason: DisconnectReason | null = null;
  serverReason: DisconnectReason | null = null;
  /** Something has happened that may end it: a restart, or a long time without a path. */
  mayEnd = false;

  constructor(readonly client: IConnection) {}
}

class Run {
  readonly network: RoamingNetwork;
  readonly #seed: number;
  readonly #random: () => number;
  #server!: Peer;
  #serverSocket!: RoamingSocket;
  #life: Life | null = null;
  #clientSocket: RoamingSocket | null = null;
  #clientPeer: Peer | null = null;
  #address = "10.0.0.1:1000";
  readonly #addresses = [this.#address];
  readonly #lives: Life[] = [];
  #peers = 0;
  #steps = 0;
  readonly counts = { changes: 0, moves: 0, restarts: 0, timeouts: 0, resets: 0, messages: 0, connections: 0 };

  constructor(seed: number) {
    this.#seed = seed;
    this.network = new RoamingNetwork(seed);
    this.#random = this.network.random;
  }

  async start(): Promise<void> {
    this.#listen();
    await this.#connect();
  }

  /** Kills the server without a word, and starts another one at its address. */
  #listen(): void {
    if (this.#serverSocket) {
      void this.#serverSocket.close();
      this.#serverSocket.events = null;
    }
    const handler = new Recorder();
    const byBytes = new Map<IConnection, Life>();
    handler.reply = (connection, message) => {
      let life = byBytes.get(connection);
      if (!life) {
        // Connections become known with their first message.
        life = this.#lives.find(({ client, player }) => !player && isSame(client, connection)) as Life;
        life.player = connection;
        byBytes.set(connection, life);
      }
      life.up.receive(new TextDecoder().decode(message));
    };
    const onMoved = () => {
      this.counts.moves++;
    };
    const onDisconnected = (connection: IConnection, reason: DisconnectReason) => {
      const life = byBytes.get(connection);
      if (life) life.serverReason = reason;
    };
    const all = { onMessage: handler.onMessage, onMoved, onDisconnected };
    const { peer, socket } = peerAt(this.network, SERVER, all, keyed, this.#seed * 1000 + this.#peers++);
    this.#server = peer;
    this.#serverSocket = socket;
    void peer.bind({});
  }

  async #connect(): Promise<void> {
    const handler = new Recorder();
    handler.reply = (connection, message) => {
      const life = this.#lives.find(({ client }) => client === connection);
      life?.down.receive(new TextDecoder().decode(message));
    };
    const onDisconnected = (connection: IConnection, reason: DisconnectReason) => {
      const life = this.#lives.find(({ client }) => client === connection);
      if (life) life.clientReason = reason;
    };
    const all = { onMessage: handler.onMessage, onDisconnected };
    const { peer, socket } = peerAt(this.network, this.#address, all, pinned, this.#seed * 1000 + this.#peers++);
    this.#clientSocket = socket;
    this.#clientPeer = peer;
    this.counts.connections++;
    let client: IConnection | undefined;
    const connection = peer.connect({ address: SERVER }).then(
      (opened) => {
        client = opened;
        this.#life = new Life(opened);
        this.#lives.push(this.#life);
      },
      () => {},
    );
    for (let passed = 0; passed < 6000 && !client; passed += STEP_MS) await this.#step(false);
    await connection;
  }

  async #step(speaks = true): Promise<void> {
    const { clock } = this.network;
    const life = this.#life;
    if (speaks && life && ++this.#steps % MESSAGE_STEPS === 0) {
      life.up.send(life.client, clock.now());
      if (life.player) life.down.send(life.player, clock.now());
      this.counts.messages++;
    }
    await null;
    await null;
    clock.advance(STEP_MS);
    for (const each of this.#lives) this.#check(each, clock.now());
  }

  #check(life: Life, nowMs: number): void {
    const { client, player, up, down } = life;
    // Whoever is connected is not left without an answer. Losses and moves may have held a message up before a silence.
    const limitMs = TIMEOUT_MS + 5000;
    if (life.clientReason === null && client.reason === null) expect(up.ageMs(nowMs)).toBeLessThan(limitMs);
    if (player && life.serverReason === null && player.reason === null && this.#server.connections.includes(player))
      expect(down.ageMs(nowMs)).toBeLessThan(limitMs);
  }

  async run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) await this.#step();
    const life = this.#life;
    if (!life?.clientReason) return;
    expect([DisconnectCode.Timeout, DisconnectCode.ConnectionLost]).toContain(life.clientReason.code);
    if (life.clientReason.code === DisconnectCode.Timeout) this.counts.timeouts++;
    else this.counts.resets++;
    expect(life.mayEnd).toBe(true);
    this.#life = null;
    this.#lives.length = 0;
    void this.#clientPeer?.close();
    void this.#clientSocket?.close();
    while (!this.#life) await this.#connect();
  }

  async event(): Promise<void> {
    const { network } = this;
    const random = this.#random;
    const chance = random();
    if (chance < 0.9) {
      this.counts.changes++;
      this.#address = this.#newAddress();
      this.#addresses.push(this.#address);
      this.#clientSocket?.roam(this.#address);
      // Now and then it changes again at once.
      await this.run(random() < 0.1 ? random() * 200 : 200 + random() * 600);
    } else if (chance < 0.97) {
      network.loss = random() < 0.5 ? 0 : random() * 0.2;
      network.jitterMs = random() * 20;
      network.delayMs = 2 + random() * 60;
    } else if (chance < 0.985) {
      const before = network.loss;
      network.loss = 1;
      const outageMs = random() < 0.8 ? random() * 3000 : 11_000;
      if (outageMs > 5000 && this.#life) this.#life.mayEnd = true;
      network.clock.setTimeout(() => {
        network.loss = before;
      }, outageMs);
      await this.run(outageMs + 500);
    } else {
      this.counts.restarts++;
      if (this.#life) this.#life.mayEnd = true;
      this.#listen();
      // The connection that it had ends here.
      for (const life of this.#lives) life.player = null;
      await this.run(TIMEOUT_MS + 3000);
    }
  }

  #newAddress(): string {
    const random = this.#random;
    const chance = random();
    const [host] = this.#address.split(":");
    const port = 1024 + Math.floor(random() * 60_000);
    if (chance < 0.4) return `${host}:${port}`;
    if (chance < 0.8) return `10.${[0, 0, 0].map(() => Math.floor(random() * 256)).join(".")}:${port}`;
    return this.#addresses[Math.floor(random() * this.#addresses.length)] as string;
  }
}

/** Both ends of a connection know it by the same binding. */
function isSame(one: IConnection, other: IConnection): boolean {
  return Buffer.from(one.channelBinding as Uint8Array).equals(other.channelBinding as Uint8Array);
}

test.each(SEEDS)(
  "%i: whatever changes, everything arrives once and in order, or the connection ends for a reason",
  async (seed) => {
    const run = new Run(seed);
    await run.start();
    for (let event = 0; event < EVENTS; event++) await run.event();
    run.network.loss = 0;
    await run.run(2000);
    // Most changes were followed: the rest was overtaken by the next one, or by an end.
    expect(run.counts.moves).toBeGreaterThan(run.counts.changes / 2);
    if (IS_STRESS) console.log(`seed ${seed}: ${JSON.stringify(run.counts)}`);
  },
  600_000,
);
