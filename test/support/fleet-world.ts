import { type Clock, pause } from "../../lib/clock.js";
import { NetworkClient, type NetworkClientOptions, type Protocol } from "../../lib/message/index.js";
import { MemoryEngine } from "../../lib/rooms/engine/index.js";
import { RoomHost, type RoomHostOptions, type RoomKind, RoomsClient } from "../../lib/rooms/index.js";
import {
  type ISocket,
  LagSocketFactory,
  MemoryNetwork,
  MemorySocketFactory,
  ReceivedPacket,
} from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { turn } from "./message-world.js";
import { seededBytes } from "./peer-world.js";

/** The clock of a process that can be stopped: what is due meanwhile happens when it goes on. */
class ProcessClock implements Clock {
  readonly #clock: Clock;
  isStopped = false;
  #goOn: (() => void)[] = [];
  #due: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer = { isCleared: false, inner: undefined as unknown };
    const fire = () => {
      if (timer.isCleared) return;
      if (this.isStopped) this.#due.push(fire);
      else callback();
    };
    timer.inner = this.#clock.setTimeout(fire, ms);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    const known = timer as { isCleared: boolean; inner: unknown } | null | undefined;
    if (!known) return;
    known.isCleared = true;
    this.#clock.clearTimeout(known.inner);
  }

  async going(): Promise<void> {
    if (this.isStopped) await new Promise<void>((resolve) => this.#goOn.push(resolve));
  }

  stop(): void {
    this.isStopped = true;
  }

  goOn(): void {
    this.isStopped = false;
    for (const resolve of this.#goOn.splice(0)) resolve();
    for (const fire of this.#due.splice(0)) fire();
  }
}

/** The sockets of a process that can be stopped: nothing comes in or out meanwhile. */
class ProcessFactory extends MemorySocketFactory {
  isStopped = false;

  override createServerSocket(): ISocket {
    const socket = super.createServerSocket();
    const send = socket.send.bind(socket);
    const poll = socket.poll.bind(socket);
    const dropped = new ReceivedPacket();
    socket.send = (...packet) => this.isStopped || send(...packet);
    socket.poll = () => {
      while (this.isStopped && poll()) socket.receive(dropped);
      return poll();
    };
    return socket as ISocket;
  }

  override createClientSocket(): ISocket {
    return super.createServerSocket() as ISocket;
  }
}

/** A host of a fleet, as if it were a process of its own. */
export class FleetProcess {
  readonly port: number;
  readonly host: RoomHost;
  readonly engine: MemoryEngine;
  readonly errors: unknown[] = [];
  readonly #clock: ProcessClock;
  readonly #factory: ProcessFactory;

  constructor(world: FleetWorld, port: number, rooms: Record<string, RoomKind>, options: Partial<RoomHostOptions>) {
    this.port = port;
    this.#clock = new ProcessClock(world.clock);
    this.#factory = new ProcessFactory(world.network, { kind: "datagram", port });
    this.engine = this.#held(world.engine.link(this.#clock));
    if (world.writeMs > 0) this.#slowDown(this.engine, world.writeMs);
    this.host = new RoomHost({
      ...{ protocol: world.protocol(), socketFactory: world.lossy(this.#factory), clock: this.#clock },
      ...{ engine: this.engine, rooms },
      ...{ app: "test", fleetKey: [new Uint8Array(32).fill(7)], door: { addresses: { memory: `memory:${port}` } } },
      randomBytes: seededBytes(port),
      peer: { random: seededRandom(port) },
      logger: { warn: () => {} },
      onError: (error: unknown) => void this.errors.push(error),
      ...options,
    });
  }

  /** What comes while the process is stopped waits until it goes on. */
  #held(engine: MemoryEngine): MemoryEngine {
    const { subscribe, answer } = engine;
    const [clock, hold] = [this.#clock, async () => void (await this.#clock.going())];
    engine.subscribe = (subject, on, options) => {
      let isOver = false;
      const hear = (data: Uint8Array, to: string) => isOver || on(data, to);
      const later = (data: Uint8Array, to: string) =>
        clock.isStopped ? void hold().then(() => hear(data, to)) : hear(data, to);
      const end = subscribe.call(engine, subject, (data, to) => void later(data, to), options);
      return () => {
        isOver = true;
        end();
      };
    };
    engine.answer = (subject, on) =>
      answer.call(engine, subject, async (data, to) => {
        await hold();
        return on(data, to);
      });
    return engine;
  }

  /** As servers that ask each other before they have stored what is written. */
  #slowDown(engine: MemoryEngine, ms: number): void {
    const { bucket: open } = engine;
    engine.bucket = async (name, options) => {
      const bucket = await open.call(engine, name, options);
      const { create, update } = bucket;
      bucket.create = (...given) => pause(this.#clock, ms).then(() => create(...given));
      bucket.update = (...given) => pause(this.#clock, ms).then(() => update(...given));
      return bucket;
    };
  }

  get id(): string {
    return this.host.fleet?.id ?? "";
  }

  /** As SIGKILL: it says nothing any more, to nobody. */
  async kill(): Promise<void> {
    this.freeze();
    await this.engine.close();
  }

  /** As SIGSTOP. Its link to the engine stays, and what it has sent arrives. */
  freeze(): void {
    this.#clock.stop();
    this.#factory.isStopped = true;
  }

  /** As SIGCONT. */
  thaw(): void {
    this.#factory.isStopped = false;
    this.#clock.goOn();
  }
}

/** Hosts of a fleet that share an engine, and clients, over a network in memory, on a fake clock. */
export class FleetWorld {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork({ clock: this.clock, random: seededRandom(1) });
  readonly engine: MemoryEngine;
  readonly protocol: () => Protocol;
  readonly processes: FleetProcess[] = [];
  /** How long it takes until what is written to a bucket is there. */
  readonly writeMs: number;
  readonly #rooms: Record<string, RoomKind>;
  readonly #options: Partial<RoomHostOptions>;
  /** The share of packets that is lost, each way. */
  readonly #loss: number;
  readonly #losses = seededRandom(2);
  #clients = 0;

  /** @param protocol makes one for each end */
  constructor(
    protocol: () => Protocol,
    rooms: Record<string, RoomKind>,
    options: Partial<RoomHostOptions> & { latencyMs?: number; loss?: number; writeMs?: number } = {},
  ) {
    const { latencyMs = 1, loss = 0, writeMs = 0, ...rest } = options;
    this.writeMs = writeMs;
    this.#loss = loss;
    this.protocol = protocol;
    this.#rooms = rooms;
    this.#options = rest;
    this.engine = new MemoryEngine({ clock: this.clock, latencyMs });
  }

  /** Starts so many hosts, and waits until they know each other. */
  async start(count: number): Promise<FleetProcess[]> {
    for (let at = 0; at < count; at++) await this.add();
    await this.run(2500, 50);
    return this.processes;
  }

  async add(options: Partial<RoomHostOptions> = {}): Promise<FleetProcess> {
    const process = new FleetProcess(this, 7001 + this.processes.length, this.#rooms, { ...this.#options, ...options });
    this.processes.push(process);
    await this.wait(process.host.start());
    return process;
  }

  /** The sockets as they are on this world's network. */
  lossy(inner: MemorySocketFactory) {
    if (this.#loss === 0) return inner;
    return new LagSocketFactory(inner, { clock: this.clock, random: this.#losses, loss: this.#loss });
  }

  newClient(options: Partial<NetworkClientOptions> = {}) {
    const seed = 100_000 + ++this.#clients;
    const client = new NetworkClient({
      ...{ protocol: this.protocol(), clock: this.clock, randomBytes: seededBytes(seed) },
      socketFactory: this.lossy(new MemorySocketFactory(this.network, { kind: "datagram" })),
      logger: { warn: () => {} },
      ...options,
      peer: { random: seededRandom(seed), keepAliveMs: 400, timeoutMs: 3000, ...options.peer },
    });
    return { client, rooms: new RoomsClient(client) };
  }

  /** A client that is connected to a host. */
  async connect({ port }: FleetProcess, options: Partial<NetworkClientOptions> = {}) {
    const made = this.newClient(options);
    await this.wait(made.client.connect({ port }));
    return made;
  }

  /** Lets time pass until a promise is settled. @returns and throws what it does */
  async wait<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await this.until(() => isSettled);
    return promise;
  }

  async until(condition: () => boolean, stepMs = 5, maxMs = 60_000): Promise<void> {
    for (let passedMs = 0; !condition(); passedMs += stepMs) {
      if (passedMs > maxMs) throw new Error("The condition was never true");
      await this.run(stepMs, stepMs);
    }
  }

  async run(ms: number, stepMs = 5): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await turn();
      this.clock.advance(stepMs);
    }
    await turn();
  }
}
