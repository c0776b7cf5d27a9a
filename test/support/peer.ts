import {
  Address,
  type ConfigOption,
  ConfigValue,
  ConnectionState,
  type NetworkingMessage,
  NetworkingSockets,
  type NetworkingSocketsOptions,
  type StatusInfo,
} from "../../lib/index.js";

export const drivers = ["hybrid", "thread"] as const;

/**
 * Sockets for a test: accepts incoming connections, keeps events and messages, and waits for conditions. It works only
 * when `onReadable` wakes it, so a missing wake-up fails the test.
 */
export class Peer {
  readonly sockets: NetworkingSockets;
  readonly events: StatusInfo[] = [];
  /** Copies of the payloads that `receiveFrom` reads. */
  readonly received: Uint8Array[] = [];
  wakeUps = 0;
  accepts = true;
  receiveFrom: () => NetworkingMessage[] | null = () => null;
  #waiting: (() => void)[] = [];

  constructor(options?: NetworkingSocketsOptions) {
    this.sockets = new NetworkingSockets(options);
    this.sockets.onReadable(() => {
      this.wakeUps++;
      this.look();
    });
  }

  /** Takes all events and messages and checks the conditions. */
  look(): void {
    this.sockets.dispatchCallbacks((info) => {
      const { state, listenSocket } = info.connectionInfo;
      this.events.push(info);
      if (this.accepts && state === ConnectionState.Connecting && listenSocket !== 0) {
        this.sockets.acceptConnection(info.connection);
      }
    });
    for (const message of this.receiveFrom() ?? []) {
      this.received.push(message.data.slice());
      message.destroy();
    }
    for (const check of [...this.#waiting]) check();
  }

  /** Waits until `condition` returns something other than undefined or false. It is called at each wake-up. */
  until<T>(condition: () => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = () => {
        try {
          const value = condition();
          if (value === undefined || value === false) return;
          this.#waiting = this.#waiting.filter((other) => other !== check);
          resolve(value);
        } catch (error) {
          this.#waiting = this.#waiting.filter((other) => other !== check);
          reject(error as Error);
        }
      };
      this.#waiting.push(check);
      this.look();
    });
  }

  /** Waits for an event with this state, of this connection if one is given. */
  event(state: ConnectionState, connection?: number): Promise<StatusInfo> {
    return this.until(() =>
      this.events.find(
        (info) => info.connectionInfo.state === state && (connection === undefined || info.connection === connection),
      ),
    );
  }

  listen(ip = "127.0.0.1", options: ConfigOption[] = []): { socket: number; address: Address } {
    const socket = this.sockets.createListenSocket(addressOf(ip, 0), options);
    const address = this.sockets.getListenSocketAddress(socket);
    if (address === null) throw new Error("no listen socket");
    return { socket, address };
  }
}

export function addressOf(ip: string, port: number): Address {
  const address = new Address();
  address.setAddress(ip, port);
  return address;
}

export interface Link {
  server: Peer;
  client: Peer;
  socket: number;
  address: Address;
  /** The client's connection, and the server's. */
  toServer: number;
  toClient: number;
}

/** The highest send rate of GNS. Its default is 256 KiB a second. */
const fast: ConfigOption[] = [
  { value: ConfigValue.SendRateMin, data: 104_857_600 },
  { value: ConfigValue.SendRateMax, data: 104_857_600 },
];

/** Two connected peers, over 127.0.0.1, or over `toward` with a server that listens on all addresses (`ip`). */
export async function connectPeers(ip = "127.0.0.1", options = fast, toward = ip): Promise<Link> {
  const server = new Peer();
  const client = new Peer();
  const { socket, address: listening } = server.listen(ip, options);
  const address = addressOf(toward, listening.port);
  const toServer = client.sockets.connect(address, options);
  const [{ connection: toClient }] = await Promise.all([
    server.event(ConnectionState.Connected),
    client.event(ConnectionState.Connected, toServer),
  ]);
  return { server, client, socket, address, toServer, toClient };
}
