import type { LibraryConnection } from "../peer/connection/connection.js";
import { Heard } from "../peer/handshake/heard.js";
import type { ByteSegment, Channel, Drive, PeerConfig, PeerHandler } from "../peer/index.js";
import { PeerCore } from "../peer/peer-core.js";
import { connectError } from "../peer/peer-error.js";
import type { RandomBytes } from "../random.js";
import { DisconnectCode, type DisconnectReason, type Security } from "../socket/index.js";
import type { Credential } from "./authentication/authenticator.js";
import { ClientAuthentication, HandshakeStep } from "./authentication/client-authentication.js";
import { handshakeTimeout } from "./handshake-timeout.js";
import { HeldMessages } from "./held-messages.js";
import { NetworkPlayer, type PlayerOwner } from "./players/network-player.js";
import type { ProofTurns } from "./proof-turns.js";
import { TableMessage, type Welcome } from "./protocol/system-messages.js";
import { refused, serverNameOf, type Target } from "./target.js";

/** What a link needs of its client, and tells it. */
export interface ClientLinkOwner extends PlayerOwner {
  readonly randomBytes: RandomBytes;
  readonly drive: Drive;
  readonly peerSettings: PeerConfig;
  readonly turns: ProofTurns<ClientLink>;
  peerConfig(drive: Drive): Partial<PeerConfig>;
  connectionStarted(player: NetworkPlayer): void;
  connectionEnded(connection: LibraryConnection, reason: DisconnectReason): void;
  dialled(endPoint: object): void;
  /** Both sides agree on the protocol. */
  greeted(link: ClientLink): void;
  welcomed(link: ClientLink, welcome: Welcome): void;
  received(link: ClientLink, bytes: ByteSegment, channel: Channel): void;
  drained(link: ClientLink): void;
  /** Its connection has ended. */
  lost(link: ClientLink, reason: DisconnectReason): void;
  /** Its handshake has failed, or its connection cannot go on. */
  failed(link: ClientLink, cause: unknown): void;
}

/** How a client introduces itself over a link. */
export interface Introduction {
  readonly credential: Credential | null;
  readonly resumes: boolean;
  readonly ticket?: Uint8Array;
  /** Below this a connection is not used. */
  readonly security?: Security;
}

const STRENGTHS: readonly Security[] = ["none", "encrypted", "authenticated"];
const GIVEN_UP = { code: DisconnectCode.AuthenticationFailed, text: "The client has given up" };
/** A server that admits the player nevertheless keeps its place. */
const TRIED_ELSEWHERE = { code: DisconnectCode.Replaced, text: "The client tries another connection" };

/**
 * A client's try to be admitted by a server, and its connection to it. What comes late from one that is over is
 * dropped.
 */
export class ClientLink {
  /** Null in host mode, and while it is not known. */
  target: Target | null = null;
  peer: PeerCore | null = null;
  /** Of its connection, null before. */
  authentication: ClientAuthentication | null = null;
  /** What has overtaken the welcome, or a move. */
  readonly held = new HeldMessages();
  isOver = false;
  readonly #owner: ClientLinkOwner;
  readonly #introduction: Introduction;
  readonly #isHost: boolean;
  #timeoutMs = 0;
  /** Ends a try that takes too long. */
  #timer: unknown;
  /** Follows a redirect that came while the welcome was checked. */
  #afterWelcome = () => {};

  constructor(owner: ClientLinkOwner, introduction: Introduction, isHost = false) {
    this.#owner = owner;
    this.#introduction = introduction;
    this.#isHost = isHost;
  }

  /** The player of its connection, which becomes the client's when it is admitted. */
  get player(): NetworkPlayer | null {
    return this.authentication?.player ?? null;
  }

  get connection(): LibraryConnection | null {
    return this.player?.lastConnection ?? null;
  }

  get resumes(): boolean {
    return this.#introduction.resumes;
  }

  get isAdmitted(): boolean {
    return this.authentication?.step === HandshakeStep.Admitted;
  }

  /**
   * Its handshake, from the name of the server to the welcome, has limited time.
   *
   * @param patience how many times `handshakeTimeoutMs`
   */
  limit(patience = 1): void {
    const timeoutMs = patience * this.#owner.peerSettings.handshakeTimeoutMs;
    this.#timeoutMs = timeoutMs;
    this.#timer = this.#owner.clock.setTimeout(() => {
      const heard = this.peer?.heard ?? Heard.Nobody;
      const step = this.authentication?.step ?? null;
      this.#owner.failed(this, handshakeTimeout(serverNameOf(this.target), step, heard, timeoutMs));
    }, timeoutMs);
  }

  async dial(target: Target): Promise<void> {
    this.target = target;
    const { factory, endPoint, serverKey } = target;
    try {
      this.#owner.dialled(endPoint);
      const config = { ...this.#owner.peerConfig(this.#owner.drive), handshakeTimeoutMs: this.#timeoutMs };
      if (serverKey !== undefined && config.encryption) config.encryption = { ...config.encryption, serverKey };
      this.peer = new PeerCore(factory.createClientSocket(), factory.maxPacketSize, this.handler(), config);
      await this.peer.connect(endPoint);
    } catch (error) {
      this.#owner.failed(this, error);
    }
  }

  /** The handler of its Peer. */
  handler(): PeerHandler<LibraryConnection> {
    const isOf = (connection: LibraryConnection) => !this.isOver && connection === this.connection;
    return {
      onConnected: (connection) => {
        if (!this.isOver) this.#onConnected(connection);
      },
      onMessage: (connection, bytes, channel) => {
        if (isOf(connection)) this.#owner.received(this, bytes, channel);
      },
      onDisconnected: (connection, reason) => {
        if (isOf(connection)) this.#owner.lost(this, reason);
      },
      onDrain: (connection) => {
        if (isOf(connection)) this.#owner.drained(this);
      },
      onError: (error, connection) => this.#owner.report(error, null, null, connection ? "onStream" : "the socket"),
    };
  }

  #onConnected(connection: LibraryConnection): void {
    const { credential, resumes, ticket, security = "none" } = this.#introduction;
    const { randomBytes, protocol, turns } = this.#owner;
    const player = new NetworkPlayer(this.#owner, connection, this.#isHost);
    this.#owner.connectionStarted(player);
    const server = serverNameOf(this.target);
    const turn = resumes ? () => turns.take(this) : () => undefined;
    const options = { credential, resumes, randomBytes, isHost: this.#isHost, server, turn };
    this.authentication = new ClientAuthentication(player, { ...options, ...(ticket && { ticket }) });
    if (STRENGTHS.indexOf(connection.security) < STRENGTHS.indexOf(security))
      this.#owner.failed(this, refused(`The connection to ${server.replace("The", "the")} is less protected`));
    else if (connection.fingerprintMatches) this.#greet(this.authentication);
    else player.send(TableMessage, protocol.encodeTable());
  }

  // What the server's messages call. An error ends the attempt.

  onTable(table: Uint8Array): void {
    void this.#step((authentication) => {
      authentication.onTable();
      const agreement = this.#owner.protocol.compare(table, "theirs");
      if (typeof agreement === "string")
        throw connectError({ code: DisconnectCode.ProtocolMismatch, text: agreement }, serverNameOf(this.target));
      authentication.player.numbers.agree(agreement);
      this.#greet(authentication);
    });
  }

  onChallenge(nonce: Uint8Array): void {
    void this.#step((authentication) => authentication.onChallenge(nonce, () => !this.isOver));
  }

  onWelcome(welcome: Welcome): void {
    void this.#step(async (authentication) => {
      const confirming = authentication.onWelcome(welcome);
      if (confirming) await confirming;
      if (this.isOver) return;
      this.#owner.clock.clearTimeout(this.#timer);
      this.#owner.turns.release(this);
      this.#owner.welcomed(this, welcome);
      if (!this.isOver) this.#afterWelcome();
    });
  }

  /** @param follow goes to where it leads */
  onRedirect(follow: (link: ClientLink) => void): void {
    void this.#step((authentication) => {
      authentication.onRedirect();
      if (authentication.step === HandshakeStep.Confirming) {
        this.#afterWelcome = () => follow(this);
        return;
      }
      // What happens to this connection meanwhile says nothing.
      if (!this.isAdmitted) this.rest();
      follow(this);
    });
  }

  async #step(take: (authentication: ClientAuthentication) => unknown): Promise<void> {
    try {
      await take(this.authentication as ClientAuthentication);
    } catch (error) {
      this.#owner.failed(this, error);
    }
  }

  #greet(authentication: ClientAuthentication): void {
    authentication.greet();
    this.#owner.greeted(this);
  }

  /** Its time is not limited any more, and it does not prove anything. */
  rest(): void {
    this.#owner.clock.clearTimeout(this.#timer);
    this.#owner.turns.release(this);
  }

  /** Gives it up. Its Peer ends by itself. */
  drop({ code, text }: DisconnectReason = this.#introduction.resumes ? TRIED_ELSEWHERE : GIVEN_UP): void {
    if (this.isOver) return;
    this.isOver = true;
    this.held.clear();
    this.rest();
    const { connection } = this;
    if (connection) {
      connection.refuse(code, text);
      this.#owner.connectionEnded(connection, connection.reason ?? { code, text });
    }
    void this.peer?.close();
  }
}
