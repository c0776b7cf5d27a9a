import { equalBytes } from "../../bytes.js";
import { systemClock } from "../../clock.js";
import { Delivery, type IConnectEndPoint, type IConnectionHandle } from "../../socket/socket.js";
import type { SocketFactory } from "../../socket/socket-factory.js";
import type { FakeClock } from "../fake-clock.js";
import { assertEqual, ConformanceError } from "./assert.js";
import { type KeptPacket, SocketUser } from "./socket-user.js";

/** Options of {@link socketConformance}. */
export interface SocketConformanceOptions {
  /** Makes a factory whose servers take a free port (if it has a port, that is 0). Called for every case. */
  createFactory(): SocketFactory;
  /** Makes the factory of the clients, if they need another one. */
  createClientFactory?(): SocketFactory;
  /**
   * Makes what a client of a stateful transport can connect to that never answers, such as a TCP port on which nothing
   * is sent. Without it the case about silence does nothing.
   */
  createSilentEndPoint?(): Promise<IConnectEndPoint>;
  /** The clock of the sockets, if it is a fake one. */
  clock?: FakeClock;
}

/** Real time between two looks at a condition, unless a socket wakes us before. */
const LOOK_MS = 5;
/** When a condition counts as missed. It only ends cases that hang: nothing takes nearly as long. */
const MISSED_MS = 20_000;
/** Fake time until a condition counts as missed. */
const MISSED_FAKE_MS = 60_000;
/** How long a case waits to see that something does not happen. */
const QUIET_MS = 60;

interface ConnectedClient {
  client: SocketUser;
  handle: IConnectionHandle;
  serverHandle: IConnectionHandle;
}

/** The sockets of one case, and the clock that drives them. */
export class SocketWorld {
  readonly factory: SocketFactory;
  readonly clientFactory: SocketFactory;
  readonly users: SocketUser[] = [];
  readonly createSilentEndPoint: () => Promise<IConnectEndPoint | null>;
  readonly #inside = { method: "" };
  readonly #clock: FakeClock | undefined;
  #wake: () => void = () => {};

  constructor(options: SocketConformanceOptions) {
    this.factory = options.createFactory();
    this.clientFactory = options.createClientFactory?.() ?? this.factory;
    this.createSilentEndPoint = async () => (await options.createSilentEndPoint?.()) ?? null;
    this.#clock = options.clock;
  }

  /** A server socket, not bound yet. */
  createServer(): SocketUser {
    return this.#use(new SocketUser(this.factory.createServerSocket(), this.#inside));
  }

  /** A client socket, not connected yet. */
  createClient(): SocketUser {
    return this.#use(new SocketUser(this.clientFactory.createClientSocket(), this.#inside));
  }

  async bind(server = this.createServer()): Promise<SocketUser> {
    await this.during(server.call("bind", (socket) => socket.bind(this.factory.getBindEndPoint())));
    return server;
  }

  /** Only calls `connect` of a client socket. */
  startConnecting(server: SocketUser, client = this.createClient(), signal?: AbortSignal): Promise<IConnectionHandle> {
    const endPoint = this.clientFactory.getConnectEndPoint(undefined, server.socket.boundPort ?? undefined);
    const connecting = client.call("connect", (socket) => socket.connect(endPoint, signal));
    const announced = connecting.then((handle) => {
      if (handle.isStateful) client.connected.push(handle);
      return handle;
    });
    return this.during(announced);
  }

  /** Connects a client and returns the handles of both sides. The server learns a stateless one from a first packet. */
  async connect(server: SocketUser): Promise<ConnectedClient> {
    const client = this.createClient();
    const known = server.connected.length;
    const handle = await this.startConnecting(server, client);
    if (handle.isStateful) {
      await this.until(() => server.connected.length > known, "onConnect of the server");
      return { client, handle, serverHandle: server.connected[known] as IConnectionHandle };
    }
    const greeting = Uint8Array.of(this.users.indexOf(client));
    const isGreeting = ({ bytes }: KeptPacket) => equalBytes(bytes, greeting);
    const greet = () => client.send(handle, greeting, Delivery.Unreliable);
    await this.until(() => server.packets.some(isGreeting), "a first packet", greet);
    const serverHandle = (server.packets.find(isGreeting) as KeptPacket).handle;
    // It may arrive several times, and should not appear in any case.
    await this.quiet();
    server.packets.length = 0;
    return { client, handle, serverHandle };
  }

  async pair(): Promise<ConnectedClient & { server: SocketUser }> {
    const server = await this.bind();
    return { server, ...(await this.connect(server)) };
  }

  /** Sends packets one way and returns what arrived. A packet that the transport may lose is sent until it arrives. */
  async deliver(
    from: SocketUser,
    handle: IConnectionHandle,
    to: SocketUser,
    packets: Uint8Array[],
    delivery = Delivery.Reliable,
  ): Promise<KeptPacket[]> {
    const isSafe = handle.ordered || (handle.reliable && delivery === Delivery.Reliable);
    const arrived: KeptPacket[] = [];
    for (const bytes of packets) {
      const find = () => to.packets.find((packet) => equalBytes(packet.bytes, bytes));
      let isTaken = false;
      await this.until(
        () => find() !== undefined,
        `a packet of ${bytes.length} bytes`,
        () => {
          if (!isSafe || !isTaken) isTaken = from.send(handle, bytes, delivery);
        },
      );
      arrived.push(find() as KeptPacket);
    }
    return arrived;
  }

  /** Updates all sockets until `condition` holds. `again` runs before each look. */
  async until(condition: () => boolean, what: string, again: () => void = () => {}): Promise<void> {
    const now = () => (this.#clock ?? systemClock).now();
    const end = now() + (this.#clock ? MISSED_FAKE_MS : MISSED_MS);
    for (;;) {
      again();
      for (const user of this.users) user.update();
      if (condition()) return;
      if (now() > end) throw new ConformanceError(`Expected: ${what}, in time`);
      await this.#step();
    }
  }

  /** Updates all sockets until `promise` is settled. */
  async during<Result>(promise: Promise<Result>): Promise<Result> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await this.until(() => isSettled, "a promise is settled");
    return promise;
  }

  /** Updates all sockets for a while, to see that something does not happen. */
  async quiet(): Promise<void> {
    const end = (this.#clock ?? systemClock).now() + QUIET_MS;
    await this.until(() => (this.#clock ?? systemClock).now() >= end, "time goes by");
  }

  /** Lets time pass without calling any socket. */
  async idle(): Promise<void> {
    for (let looks = 0; looks < QUIET_MS / LOOK_MS; looks++) await this.#step();
  }

  /** Closes everything. Throws if a socket broke the contract. */
  async close(): Promise<void> {
    await this.during(Promise.all(this.users.map((user) => user.close())));
    await this.quiet();
    assertEqual(
      this.users.flatMap((user) => user.breaches),
      [],
      "the list of breaches of the contract",
    );
    assertEqual(
      this.users.flatMap((user) => user.errors.map(String)),
      [],
      "the list of errors that tick threw",
    );
  }

  #use(user: SocketUser): SocketUser {
    user.wake = () => this.#wake();
    this.users.push(user);
    return user;
  }

  async #step(): Promise<void> {
    if (this.#clock) {
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      this.#clock.advance(1);
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = systemClock.setTimeout(resolve, LOOK_MS);
      this.#wake = () => {
        systemClock.clearTimeout(timer);
        resolve();
      };
    });
  }
}
