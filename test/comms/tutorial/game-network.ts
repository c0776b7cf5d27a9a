// What the tutorial presumes: the network of a game, which is connected when voice begins.

/** What was sent, for counting. The server's program has the number of the host. */
export interface Sent {
  readonly from: number;
  readonly to: number;
  readonly isToServer: boolean;
  /** From a client to a client. */
  readonly isDirect: boolean;
  readonly isReliable: boolean;
  readonly bytes: Uint8Array;
}

/** Who reaches whom. */
export class Internet {
  readonly sent: Sent[] = [];
  /** Pairs that reach each other without the server, as `1>2`. */
  readonly direct = new Set<string>();
  readonly programs: GameNetwork[] = [];

  connect(one: GameNetwork, other: GameNetwork): void {
    this.direct.add(`${one.connection}>${other.connection}`).add(`${other.connection}>${one.connection}`);
  }

  server(): GameNetwork {
    return this.programs.find(({ isServer }) => isServer) as GameNetwork;
  }
}

/** The network of one program: a server's, a client's, or a host's. */
export class GameNetwork {
  isServer = false;
  isClient = false;
  isPrepared = false;
  readonly connection: number;
  readonly #internet: Internet;
  #forServer: Sent[] = [];
  #forClient: Sent[] = [];
  #gone: number[] = [];

  constructor(internet: Internet) {
    this.#internet = internet;
    this.connection = internet.programs.push(this);
  }

  async prepare(): Promise<void> {
    this.isPrepared = true;
  }

  /** Other clients that are reached without the server. */
  get others(): readonly number[] {
    const { direct, programs } = this.#internet;
    return programs.map(({ connection }) => connection).filter((other) => direct.has(`${this.connection}>${other}`));
  }

  sendToServer(bytes: Uint8Array, isReliable: boolean): void {
    this.#send(this.#internet.server(), bytes, { isReliable, isToServer: true, isDirect: false });
  }

  /** Server: to one of its clients. */
  sendToClient(connection: number, bytes: Uint8Array, isReliable: boolean): void {
    this.#send(this.#program(connection), bytes, { isReliable, isToServer: false, isDirect: false });
  }

  /** Client: to another client. */
  sendToOther(connection: number, bytes: Uint8Array, isReliable: boolean): void {
    this.#send(this.#program(connection), bytes, { isReliable, isToServer: false, isDirect: true });
  }

  receiveOnServer(): Sent[] {
    const all = this.#forServer;
    this.#forServer = [];
    return all;
  }

  receiveOnClient(): Sent[] {
    const all = this.#forClient;
    this.#forClient = [];
    return all;
  }

  /** Server: clients that have disconnected since the last call. */
  disconnected(): number[] {
    const all = this.#gone;
    this.#gone = [];
    return all;
  }

  /** Client: leaves the game. */
  leave(): void {
    this.isClient = false;
    this.#internet.server().#gone.push(this.connection);
  }

  #program(connection: number): GameNetwork {
    return this.#internet.programs[connection - 1] as GameNetwork;
  }

  #send(to: GameNetwork, bytes: Uint8Array, how: Pick<Sent, "isReliable" | "isToServer" | "isDirect">): void {
    const sent = { from: this.connection, to: to.connection, bytes: bytes.slice(), ...how };
    this.#internet.sent.push(sent);
    (how.isToServer ? to.#forServer : to.#forClient).push(sent);
  }
}
