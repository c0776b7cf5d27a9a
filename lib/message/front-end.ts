import { systemClock } from "../clock.js";
import type { PlacesMetrics } from "../guard/places.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import type { ByteSegment, Channel, PeerHandler } from "../peer/index.js";
import { PeerCore } from "../peer/peer-core.js";
import { secureRandomBytes } from "../random.js";
import { serverFailed, serverFull, serverStopped } from "../socket/building/socket-errors.js";
import { DisconnectCode, type DisconnectReason } from "../socket/disconnect-reason.js";
import type { IncomingConnection } from "../socket/index.js";
import { judge, type Verdict } from "../verdict.js";
import type { ArrivalPlace } from "./authentication/arrival-place.js";
import {
  type ProvenSession,
  ServerAuthentication,
  type ServerAuthenticationOwner,
} from "./authentication/server-authentication.js";
import { SESSION_METHOD } from "./authentication/session-proof.js";
import type { StoredSession } from "./authentication/session-store.js";
import { SERVER_LOSSES, SessionTable } from "./authentication/session-table.js";
import { Closing } from "./closing.js";
import { defaultSocketFactory } from "./default-socket-factory.js";
import { type HostLink, joinAs } from "./host-link.js";
import type { NetworkClientCore } from "./network-client-core.js";
import type { NetworkServer } from "./network-server.js";
import type { NetworkServerCore } from "./network-server-core.js";
import type { NetworkServerOptions } from "./network-server-options.js";
import { OfferedDoors } from "./offered-doors.js";
import { Admission } from "./players/admission.js";
import { clientNameOf, NetworkPlayer } from "./players/network-player.js";
import { type PlayerAuthentication, PlayerState } from "./players/player.js";
import { UnidentifiedPlayers } from "./players/unidentified-players.js";
import {
  MoveMessage,
  PingMessage,
  type Place,
  type ProofMessage,
  type Welcome,
  WelcomeMessage,
} from "./protocol/system-messages.js";
import { infoSource } from "./server-info.js";
import { settledWithin } from "./time/deadline.js";
import { TickLoops } from "./time/tick-loop.js";

/** What a client gets to know that is in no room. */
const NO_ROOM = new Uint8Array(0);
const TAKES_NOBODY = "The server takes no new players";
const STORE_FAILED = "The session store failed";

type WelcomeParts = Pick<Welcome, "method" | "reply"> & Partial<Welcome>;
type ServerHandler = Required<PeerHandler<LibraryConnection>>;

/** The server of a player. */
const serverOf = (player: NetworkPlayer) => player.owner as NetworkServerCore;

/**
 * Where clients come in: it has the Peer, greets, authenticates, and keeps the sessions. Each connection that it has
 * admitted belongs to one server: to its home at first, and to others behind the same front end as the player moves.
 */
export class FrontEnd implements ServerAuthenticationOwner, ServerHandler {
  readonly home: NetworkServerCore;
  readonly authentication: ServerAuthentication;
  readonly unidentified: UnidentifiedPlayers;
  readonly sessions: SessionTable | null;
  readonly doors: OfferedDoors;
  /** Servers with the same tick rate share a timer. */
  readonly tickLoops: TickLoops;
  /** Null: newcomers are taken. */
  #closing: Closing | null = null;
  readonly #server: NetworkServer;
  readonly #options: NetworkServerOptions;
  readonly #admission: Admission;
  /** Who was admitted and has not left, in whatever room; not the host's client. */
  readonly #players = new Set<NetworkPlayer>();
  /** Wait until there is nobody. */
  readonly #emptied = new Set<() => void>();
  readonly #byConnection = new Map<LibraryConnection, NetworkPlayer>();
  #opening: Promise<void> | null = null;
  #peer: PeerCore | null = null;
  #host: HostLink | null = null;
  /** Counts the starts: what an earlier one has opened is closed. */
  #starts = 0;

  constructor(home: NetworkServerCore, server: NetworkServer, options: NetworkServerOptions) {
    const { authentication = { authenticators: [] }, sessions } = options;
    const { clock = systemClock, randomBytes = secureRandomBytes } = options;
    this.home = home;
    this.#server = server;
    this.#options = options;
    this.sessions = sessions
      ? new SessionTable(sessions, clock, randomBytes, (error) => this.#storeFailed(error, null))
      : null;
    this.doors = new OfferedDoors(clock, options.doors, (error) => home.report(error, null, null, "doors"));
    this.tickLoops = new TickLoops(clock);
    this.authentication = new ServerAuthentication(this, authentication);
    this.#admission = new Admission(clock, home.peerSettings);
    this.unidentified = new UnidentifiedPlayers(clock, home.protocol, (player, resumes) =>
      this.#greet(player, resumes),
    );
  }

  get clock() {
    return this.home.clock;
  }

  get randomBytes() {
    return this.home.randomBytes;
  }

  get protocol() {
    return this.home.protocol;
  }

  get active(): boolean {
    return this.home.active;
  }

  /** Players who are connected, in whatever room. */
  get playerCount(): number {
    return [...this.#byConnection.values()].filter(({ isAuthenticated }) => isAuthenticated).length;
  }

  /** Players who are connected or suspended, in whatever room; not the host's client. */
  get admittedCount(): number {
    return this.#players.size;
  }

  get isHost(): boolean {
    return this.#host !== null;
  }

  get peer(): PeerCore | null {
    return this.#peer;
  }

  /** Inside a handler, or a listener of what a Peer has found. */
  get isBusy(): boolean {
    return this.#peer?.isBusy || this.#host?.server.isBusy || false;
  }

  get places(): PlacesMetrics {
    return this.#admission.metrics;
  }

  get connections(): Iterable<LibraryConnection> {
    return this.#byConnection.keys();
  }

  // What its home calls.

  /** A start begins. */
  begin(): void {
    this.#starts++;
  }

  /** Listens. What has been opened for an earlier start is closed. */
  async open(): Promise<void> {
    if (this.#options.listen === false) return;
    this.#opening = this.#open(this.#starts);
    await this.#opening;
  }

  async #open(start: number): Promise<void> {
    const { maxConnections } = this.#admission;
    const info = infoSource(this, this.home.peerSettings.maxConnections, this.#options.info);
    const config = { ...this.home.peerConfig(this.home.peerDrive), maxConnections, info };
    const factory = this.#options.socketFactory ?? (await defaultSocketFactory());
    const handler = this.#handler((connection) => this.attach(connection));
    const peer = new PeerCore(factory.createServerSocket(), factory.maxPacketSize, handler, config);
    await peer.bind(factory.getBindEndPoint());
    if (start === this.#starts) this.#peer = peer;
    else await peer.close();
  }

  /** Resolves when all players have left, when a closing is over, or after `deadlineMs`. */
  async emptied({ over }: Closing, deadlineMs: number): Promise<void> {
    if (this.#players.size === 0) return;
    let done = () => {};
    const empty = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#emptied.add(done);
    await settledWithin(this.clock, Promise.race([empty, over]), deadlineMs);
    this.#emptied.delete(done);
  }

  /** Whether newcomers are refused. */
  get isClosed(): boolean {
    return this.#closing !== null;
  }

  /** Refuses newcomers, until they are taken again or the home stops. */
  refuseNewcomers(): Closing {
    this.#closing ??= new Closing();
    return this.#closing;
  }

  takeNewcomers(): void {
    this.#closing?.end();
    this.#closing = null;
  }

  async startHost(client: NetworkClientCore): Promise<void> {
    const { beforeAccept: _, ...handler } = this.#handler((connection) => {
      this.attach(connection, true);
      this.home.events.emit("hostStarted");
    });
    const config = { ...this.home.peerConfig(this.home.peerDrive), guard: null };
    const host = joinAs(client, this.#server, () => client.joinHost({ handler, config }));
    if (!host) return;
    this.#host = host;
    try {
      await host.connect();
    } catch (error) {
      if (this.#host === host) this.#host = null;
      void host.server.close();
      this.home.report(error, null, null, "the host's client");
      client.abandonHost(host, error);
    }
  }

  updateReceive(): void {
    this.#peer?.updateReceive();
    this.#host?.receiveAtServer();
  }

  updateSent(): void {
    this.#peer?.updateSent();
    this.#host?.server.updateSent();
  }

  /** A stop begins. Players can still be told; nobody comes in any more. @returns closes the Peers */
  shut(): () => Promise<void> {
    const peer = this.#peer;
    this.#starts++;
    this.takeNewcomers();
    this.#peer = null;
    const hostPeer = this.#host && this.#hostEnded();
    return async () => {
      for (const player of this.#byConnection.values()) this.#admission.remove(player);
      this.authentication.cancelAll();
      this.unidentified.clear();
      this.#byConnection.clear();
      // A socket that is still being bound is closed as soon as it is.
      const { closeTimeoutMs } = this.home.peerSettings;
      const opened = this.#opening && settledWithin(this.clock, this.#opening, closeTimeoutMs);
      await Promise.all([peer?.close(), hostPeer?.close(), opened]);
    };
  }

  /** What a Peer of the present start calls. */
  #handler(onConnected: ServerHandler["onConnected"]): ServerHandler {
    const start = this.#starts;
    return {
      onConnected: (connection) => {
        if (start === this.#starts) onConnected(connection);
        else connection.refuse(serverStopped.code, serverStopped.text);
      },
      onMessage: (connection, bytes, channel) => this.onMessage(connection, bytes, channel),
      onMoved: (connection, from) => this.onMoved(connection, from),
      onDisconnected: (connection, reason) => this.onDisconnected(connection, reason),
      onDrain: (connection) => this.onDrain(connection),
      onError: (error, connection) => this.onError(error, connection),
      beforeAccept: (incoming) => this.beforeAccept(incoming),
    };
  }

  // What servers call.

  /**
   * A player goes from one server to another, with all that it is; to the home if that server stops meanwhile.
   *
   * @param room what its client gets to know
   * @returns false: it has left meanwhile, or is at the home
   */
  move(player: NetworkPlayer, to: NetworkServerCore, room: Uint8Array): boolean {
    const from = serverOf(player);
    const reason = { code: DisconnectCode.Moved, text: "The player is in another room" };
    from.release(player, reason);
    // A listener may have disconnected it.
    if (player.state === PlayerState.Disconnected) return false;
    const isOpen = to.active;
    // A listener may have stopped the other server.
    const [place, told] = isOpen ? [to, room] : [this.home, NO_ROOM];
    player.move(place, { place: clientNameOf(player), reason });
    player.room = told;
    place.take(player);
    // Its client asks for the time of the room, however often it is moved.
    player.allowMore(PingMessage, 1);
    const { moves } = player;
    player.sendLater(MoveMessage, this.#placeOf(player), () => player.moves === moves);
    if (player === from.localPlayer) {
      from.localPlayer = null;
      place.localPlayer = player;
    }
    place.enter(player);
    return isOpen;
  }

  /** A server stops, and tells its player why; the connection ends. */
  dismiss(player: NetworkPlayer, { code, text }: DisconnectReason): void {
    this.#byConnection.delete(player.lastConnection);
    if (player.isConnected) player.refuse(code, text);
    this.end(player, { code, text });
  }

  /** A player has left for good. A connection that never said hello is removed without an event. */
  end(player: NetworkPlayer, reason: DisconnectReason): void {
    if (player.state === PlayerState.Disconnected) return;
    this.#admission.remove(player);
    this.unidentified.remove(player);
    this.authentication.cancel(player);
    this.sessions?.remove(player, this.#goesOn(player, reason));
    const server = serverOf(player);
    server.end(player, reason);
    if (this.#players.delete(player) && this.#players.size === 0) for (const done of this.#emptied) done();
    if (player !== server.localPlayer) return;
    if (this.#host) void this.#hostEnded().close();
    server.localPlayer = null;
  }

  // What a Peer calls.

  /** @param isHost it leads to a client in this process */
  attach(connection: LibraryConnection, isHost = false): void {
    const player = new NetworkPlayer(this.home, connection, isHost);
    this.home.connectionStarted(player);
    if (isHost) this.home.localPlayer = player;
    this.#byConnection.set(connection, player);
    this.unidentified.add(player);
    if (isHost) return;
    connection.isTrusted = false;
    this.#admission.add(player);
  }

  beforeAccept(incoming: IncomingConnection): Verdict | Promise<Verdict> {
    const { beforeAccept } = this.#options;
    if (this.#admission.isFull) return serverFull;
    if (!beforeAccept) return true;
    const court = { callback: "beforeAccept", maxCode: 999, failed: serverFailed, report: this.onError.bind(this) };
    return judge(court, () => beforeAccept(incoming));
  }

  onConnected(connection: LibraryConnection): void {
    this.attach(connection);
  }

  onMessage(connection: LibraryConnection, bytes: ByteSegment, channel: Channel): void {
    const player = this.#byConnection.get(connection);
    if (player && this.unidentified.maySend(player, bytes)) serverOf(player).receive(player, bytes, channel);
  }

  onDisconnected(connection: LibraryConnection, reason: DisconnectReason): void {
    this.home.connectionEnded(connection, reason);
    const player = this.#byConnection.get(connection);
    if (!player) return;
    this.#byConnection.delete(connection);
    if (this.sessions?.of(player) && player.isAuthenticated && SERVER_LOSSES.has(reason.code))
      this.#suspend(player, reason);
    else this.end(player, reason);
    serverOf(player).requestTick();
  }

  onMoved(connection: LibraryConnection, from: string): void {
    const player = this.#byConnection.get(connection);
    if (player) serverOf(player).addressChanged(player, from);
  }

  /** @param connection of which `onStream` has failed; else it was `beforeAccept`, or the socket */
  onError(error: unknown, connection?: LibraryConnection): void {
    const player = connection && this.#byConnection.get(connection);
    const other = (error as { code?: unknown } | null)?.code === "ERR_FAILED" ? "the socket" : "beforeAccept";
    this.home.report(error, player ?? null, null, connection ? "onStream" : other);
  }

  onDrain(connection: LibraryConnection): void {
    const player = this.#byConnection.get(connection);
    if (player) serverOf(player).drained(player);
  }

  // What the authentication calls.

  report(error: unknown, player: NetworkPlayer | null, message: typeof ProofMessage | null, place: string): void {
    this.home.report(error, player, message, place);
  }

  admit(player: NetworkPlayer, authentication: PlayerAuthentication, reply: Uint8Array): void {
    if (!player.isHost && !this.#admission.admit(player)) return;
    player.authentication = authentication;
    try {
      const session = this.sessions?.create(player);
      this.#letIn(player, { method: authentication.method, reply, session });
    } catch (error) {
      this.#storeFailed(error, player);
      player.refuse(DisconnectCode.AuthenticationFailed, STORE_FAILED);
    }
  }

  adopt(newcomer: NetworkPlayer, id: Uint8Array, session: StoredSession, proven: ProvenSession): void {
    if (this.isClosed) {
      newcomer.refuse(DisconnectCode.ServerClosed, TAKES_NOBODY);
      return;
    }
    const { secret, authentication } = session;
    const { reply, lostMs } = proven;
    if (!this.#admission.admit(newcomer)) return;
    newcomer.authentication = authentication;
    // For its client this is another place than any before, whatever the number of that was.
    newcomer.moves = new DataView(this.randomBytes(4).buffer).getUint32(0);
    this.sessions?.adopt(newcomer, id, secret);
    this.home.connected(newcomer);
    const place = newcomer.isConnected ? proven.takePlace?.(newcomer) : null;
    if (newcomer.isConnected) this.#letIn(newcomer, { method: SESSION_METHOD, reply, hasMoved: true, lostMs }, place);
  }

  #storeFailed(error: unknown, player: NetworkPlayer | null): void {
    this.home.report(error, player, null, "the session store");
  }

  /** @param place where it goes on @defaultValue at home */
  #letIn(player: NetworkPlayer, welcome: WelcomeParts, place: ArrivalPlace | null = null): void {
    const server = place ? (place.server as NetworkServerCore) : this.home;
    player.lastConnection.isTrusted = true;
    if (!player.isHost) this.#players.add(player);
    if (place) player.room = place.room;
    if (server !== this.home) {
      this.home.release(player, { code: DisconnectCode.Moved, text: "The player is in a room" });
      player.settle(server);
    }
    server.take(player, place?.playerId || undefined);
    this.#welcome(player, welcome);
    server.enter(player);
  }

  resume(newcomer: NetworkPlayer, player: NetworkPlayer, reply: Uint8Array): void {
    const connection = newcomer.lastConnection;
    const earlier = player.connection;
    if (!earlier && !this.#admission.admit(player, newcomer)) return;
    connection.isTrusted = true;
    this.#admission.remove(newcomer);
    this.sessions?.resume(player);
    if (earlier) {
      this.#byConnection.delete(earlier);
      const reason = { code: DisconnectCode.Replaced, text: "The session goes on elsewhere" };
      player.suspended({ place: clientNameOf(player), reason });
      earlier.refuse(reason.code, reason.text);
    }
    this.#byConnection.set(connection, player);
    player.attach(newcomer);
    this.#welcome(player, { method: SESSION_METHOD, reply });
    player.requests.askAgain();
    serverOf(player).resume(player);
  }

  /** A client has said hello, and both sides agree on the protocol. */
  #greet(player: NetworkPlayer, resumes: boolean): void {
    if (!resumes && this.isClosed && !player.isHost) {
      player.refuse(DisconnectCode.ServerClosed, TAKES_NOBODY);
      return;
    }
    if (!resumes) this.home.connected(player);
    if (player.isConnected) this.authentication.begin(player, resumes);
  }

  #welcome(player: NetworkPlayer, parts: WelcomeParts): void {
    player.state = PlayerState.Authenticated;
    const rest = { session: undefined, hasMoved: false, lostMs: 0, doors: this.doors.tell(player) };
    if (!player.send(WelcomeMessage, { ...rest, ...parts, place: this.#placeOf(player) }))
      player.refuse(DisconnectCode.ConnectionLost, "The welcome was not taken");
  }

  #placeOf(player: NetworkPlayer): Place {
    const { tickRate: ticksPerSecond, isLobby } = serverOf(player);
    return { playerId: player.id, ticksPerSecond, moves: player.moves, isLobby, room: player.room };
  }

  #suspend(player: NetworkPlayer, reason: DisconnectReason): void {
    const server = serverOf(player);
    player.suspended({ place: clientNameOf(player), reason });
    this.#admission.remove(player);
    server.leaveScene(player);
    this.sessions?.suspend(player, () => {
      this.end(player, { code: DisconnectCode.Timeout, text: "The player has not come back" });
    });
    if (player.state === PlayerState.Suspended) server.suspend(player);
  }

  /** Whether a session is, or may be taken up, at another server. One of the application's own reasons ends it. */
  #goesOn({ isRedirected }: NetworkPlayer, { code }: DisconnectReason): boolean {
    if (isRedirected) return code >= DisconnectCode.Timeout;
    return code === DisconnectCode.ServerStopped && this.doors.areThere;
  }

  #hostEnded(): PeerCore {
    const { server } = this.#host as HostLink;
    this.#host = null;
    this.home.events.emit("hostStopped");
    return server;
  }
}
