import { NetworkError } from "../../network-error.js";
import { connectError } from "../../peer/peer-error.js";
import type { RandomBytes } from "../../random.js";
import { DisconnectCode } from "../../socket/index.js";
import type { NetworkPlayer } from "../players/network-player.js";
import { HelloMessage, ProofMessage, type Welcome } from "../protocol/system-messages.js";
import type { Credential, CredentialContext } from "./authenticator.js";

/** What a client has sent last, and so what may come next. */
export enum HandshakeStep {
  /** Its table: the server's table. */
  Table = "table",
  /** Its hello: a challenge, or a welcome. */
  Hello = "hello",
  /** Nothing, it makes its proof: nothing. */
  Proving = "proving",
  /** Its proof: a welcome. */
  Proof = "proof",
  /** Nothing, it checks the server's proof: nothing. */
  Confirming = "confirming",
  /** It was admitted: nothing. */
  Admitted = "admitted",
}

const NOTHING = new Uint8Array(0);

/** What a client proves, and has the server prove. */
export interface ClientAuthenticationOptions {
  /** Of a session when it resumes. */
  readonly credential: Credential | null;
  readonly resumes: boolean;
  /** Of the redirect by which it comes; empty without one. */
  readonly ticket?: Uint8Array;
  /** Resolves when the proof may be made; undefined: at once. */
  readonly turn?: () => Promise<void> | undefined;
  readonly randomBytes: RandomBytes;
  /** The server is in this process, and has nothing to prove. */
  readonly isHost: boolean;
  /** Its name, for errors. */
  readonly server: string;
}

/**
 * The handshake of one connection as its client sees it: tables where the protocols differ, hello, challenge and proof
 * where the server asks for one, welcome. All come on one lane, so every other order is the server's fault. A
 * credential that confirms the server is satisfied by the server's proof for that credential, and by nothing else.
 */
export class ClientAuthentication {
  readonly player: NetworkPlayer;
  readonly resumes: boolean;
  readonly #options: ClientAuthenticationOptions;
  #step: HandshakeStep = HandshakeStep.Table;
  #context: CredentialContext | null = null;

  constructor(player: NetworkPlayer, options: ClientAuthenticationOptions) {
    this.player = player;
    this.resumes = options.resumes;
    this.#options = options;
  }

  get step(): HandshakeStep {
    return this.#step;
  }

  /** @throws NetworkError `ERR_INVALID_PACKET` */
  onTable(): void {
    this.#expect("table", HandshakeStep.Table);
  }

  /** Both sides agree on the protocol. */
  greet(): void {
    this.#step = HandshakeStep.Hello;
    this.player.send(HelloMessage, { resumes: this.resumes, ticket: this.#options.ticket ?? NOTHING });
  }

  /**
   * Makes the proof, and sends it if `isWanted` still holds then.
   *
   * @throws NetworkError `ERR_INVALID_PACKET`, `ERR_NO_CREDENTIAL`, and what the credential throws
   */
  async onChallenge(nonce: Uint8Array, isWanted: () => boolean): Promise<void> {
    this.#expect("challenge", HandshakeStep.Hello);
    const { credential, randomBytes, server } = this.#options;
    if (!credential) {
      throw new NetworkError("ERR_NO_CREDENTIAL", `${server} asks who this is: give the client a \`credential\``);
    }
    const { channelBinding, security } = this.player.lastConnection;
    this.#context = { nonce, channelBinding, security, randomBytes, server };
    this.#step = HandshakeStep.Proving;
    const turn = this.#options.turn?.();
    if (turn) await turn;
    if (!isWanted()) return;
    const payload = await credential.prove(this.#context);
    if (!isWanted()) return;
    this.#step = HandshakeStep.Proof;
    this.player.send(ProofMessage, { method: credential.method, payload });
  }

  /**
   * Checks the server's proof.
   *
   * @returns resolves when that is done; undefined: there is nothing to check
   * @throws NetworkError `ERR_INVALID_PACKET`; (rejects) `ERR_AUTHENTICATION_FAILED`
   */
  onWelcome({ method, reply }: Welcome): Promise<void> | undefined {
    this.#expect("welcome", HandshakeStep.Hello, HandshakeStep.Proof);
    const { credential, isHost } = this.#options;
    if (credential?.confirm && !isHost) return this.#confirm(credential, method, reply);
    this.#step = HandshakeStep.Admitted;
    return undefined;
  }

  /** The server knows where the player goes on. @throws NetworkError `ERR_INVALID_PACKET` */
  onRedirect(): void {
    if (this.#step === HandshakeStep.Table) this.#expect("redirect", HandshakeStep.Hello);
  }

  async #confirm(credential: Credential, method: string, reply: Uint8Array): Promise<void> {
    this.#step = HandshakeStep.Confirming;
    const isProof = this.#context !== null && method === credential.method;
    if (!isProof || (await credential.confirm?.(reply, this.#context as CredentialContext)) !== true) {
      const text = `${this.#options.server} has not proven who it is, as the client's credential asks`;
      throw connectError({ code: DisconnectCode.AuthenticationFailed, text });
    }
    this.#step = HandshakeStep.Admitted;
  }

  #expect(message: string, ...steps: HandshakeStep[]): void {
    if (steps.includes(this.#step)) return;
    const text = `The server's ${message} is out of place after ${this.#step}`;
    throw connectError({ code: DisconnectCode.InvalidPacket, text });
  }
}
