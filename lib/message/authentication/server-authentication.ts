import { invalidType } from "../../arguments.js";
import type { Clock } from "../../clock.js";
import { sourceOf } from "../../guard/source.js";
import {
  arrayOption,
  booleanOption,
  checkOptions,
  durationOption,
  type OptionRules,
  required,
  thingOption,
} from "../../options.js";
import type { RandomBytes } from "../../random.js";
import { AUTHENTICATOR_FAILED } from "../../socket/building/socket-errors.js";
import { DisconnectCode } from "../../socket/index.js";
import type { NetworkPlayer } from "../players/network-player.js";
import type { PlayerAuthentication } from "../players/player.js";
import type { RedirectTarget } from "../protocol/door.js";
import { ChallengeMessage, ProofMessage } from "../protocol/system-messages.js";
import { type PlaceTaker, placeTakerOf } from "./arrival-place.js";
import type { AuthenticationAttempt, AuthenticationResult, Authenticator } from "./authenticator.js";
import { NONCE_BYTES } from "./proof.js";
import { answerSession, isSessionProof, SESSION_ID_BYTES, SESSION_METHOD } from "./session-proof.js";
import { type Arrival, checkArrival, type StoredSession } from "./session-store.js";
import type { SessionTable } from "./session-table.js";

/** How a server authenticates its players. */
export interface AuthenticationOptions {
  /** Each with another `method`; a player needs to satisfy one of them. Empty: everybody is admitted. */
  authenticators: readonly Authenticator[];
  /** How long an authentication may take, from the challenge to the result, at least 1. @defaultValue 10,000 ms */
  timeoutMs?: number;
  /** Whether the client in the server's process (host mode) has to prove who it is as well. @defaultValue `false` */
  requireHost?: boolean;
}

const AUTHENTICATOR = thingOption(
  "an authenticator, such as sharedSecretAuthenticator(…) or defineAuthenticator(…)",
  "authenticate",
);
const AUTHENTICATION_OPTIONS: OptionRules<AuthenticationOptions> = {
  authenticators: required(arrayOption),
  timeoutMs: durationOption(1),
  requireHost: booleanOption,
};

/** What a server does with the results. */
export interface ServerAuthenticationOwner {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly sessions: SessionTable | null;
  admit(player: NetworkPlayer, authentication: PlayerAuthentication, reply: Uint8Array): void;
  /** `newcomer` has proven to be `player`. @param reply proves to the client that this server has the session */
  resume(newcomer: NetworkPlayer, player: NetworkPlayer, reply: Uint8Array): void;
  /** `newcomer` has proven a session that only the store has. */
  adopt(newcomer: NetworkPlayer, id: Uint8Array, session: StoredSession, proven: ProvenSession): void;
  report(error: unknown, player: NetworkPlayer, message: typeof ProofMessage, place: string): void;
}

/** A session that a client has proven at a server where only the store had it. */
export interface ProvenSession {
  /** Proves to the client that this server has the session. */
  readonly reply: Uint8Array;
  readonly lostMs: number;
  readonly takePlace: PlaceTaker | undefined;
}

interface Attempt {
  readonly nonce: Uint8Array;
  readonly resumes: boolean;
  readonly abort: AbortController;
  readonly timer: unknown;
  hasProof: boolean;
}

const NOTHING = new Uint8Array(0);

/** Challenges each player once, and has its proof checked by an authenticator. */
export class ServerAuthentication {
  readonly #owner: ServerAuthenticationOwner;
  readonly #authenticators: Map<string, Authenticator>;
  readonly #timeoutMs: number;
  readonly #requireHost: boolean;
  readonly #attempts = new Map<NetworkPlayer, Attempt>();

  constructor(owner: ServerAuthenticationOwner, options: AuthenticationOptions) {
    checkOptions("authentication", options, AUTHENTICATION_OPTIONS);
    arrayOption("authenticators", options.authenticators);
    for (const one of options.authenticators) AUTHENTICATOR("Each of authenticators", one);
    this.#owner = owner;
    this.#authenticators = new Map(options.authenticators.map((one) => [one.method, one]));
    if (this.#authenticators.size < options.authenticators.length) {
      throw invalidType("Two authenticators have the same method");
    }
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#requireHost = options.requireHost ?? false;
  }

  /** Challenges a player, or admits it where no proof is needed. @param resumes the player wants to resume a session */
  begin(player: NetworkPlayer, resumes: boolean): void {
    const isFree = this.#authenticators.size === 0 || (player.isHost && !this.#requireHost);
    if (isFree && !resumes) {
      this.#owner.admit(player, { method: "none", data: undefined }, NOTHING);
      return;
    }
    const nonce = this.#owner.randomBytes(NONCE_BYTES);
    this.#begin(player, { nonce, resumes, hasProof: false });
    player.send(ChallengeMessage, { nonce, methods: [...this.#authenticators.keys()] });
  }

  /** A proof has come. @returns false: it was not asked for */
  onProof(player: NetworkPlayer, method: string, payload: Uint8Array): boolean {
    const attempt = this.#attempts.get(player);
    if (!attempt || attempt.hasProof) return false;
    attempt.hasProof = true;
    void this.#judge(player, attempt, method, payload);
    return true;
  }

  /** The player has left. */
  cancel(player: NetworkPlayer): void {
    const attempt = this.#attempts.get(player);
    if (!attempt) return;
    this.#attempts.delete(player);
    this.#owner.clock.clearTimeout(attempt.timer);
    attempt.abort.abort();
  }

  /** The server stops: whoever is being judged comes in no more. */
  cancelAll(): void {
    for (const player of [...this.#attempts.keys()]) this.cancel(player);
  }

  #begin(player: NetworkPlayer, attempt: Pick<Attempt, "nonce" | "resumes" | "hasProof">): void {
    const timer = this.#owner.clock.setTimeout(() => {
      this.cancel(player);
      player.refuse(DisconnectCode.AuthenticationTimeout, `Not admitted within ${this.#timeoutMs} ms`);
    }, this.#timeoutMs);
    this.#attempts.set(player, { ...attempt, abort: new AbortController(), timer });
  }

  async #judge(player: NetworkPlayer, attempt: Attempt, method: string, payload: Uint8Array): Promise<void> {
    let settle: () => void;
    try {
      settle = attempt.resumes
        ? await this.#judgeSession(player, attempt, method, payload)
        : await this.#judgeProof(player, attempt, method, payload);
    } catch (error) {
      this.#owner.report(error, player, ProofMessage, `the authenticator ${method}`);
      settle = () => this.#refuse(player, AUTHENTICATOR_FAILED);
    }
    // The player may have left meanwhile, or the time may be up.
    if (this.#attempts.get(player) !== attempt) return;
    this.cancel(player);
    settle();
  }

  async #judgeProof(player: NetworkPlayer, attempt: Attempt, method: string, payload: Uint8Array): Promise<() => void> {
    const authenticator = this.#authenticators.get(method);
    if (!authenticator) return () => this.#refuse(player, "This kind of proof is not accepted here");
    const result = await authenticator.authenticate(payload, contextOf(player, attempt));
    checkResult(method, result);
    if ("refused" in result) return () => this.#refuse(player, result.refused);
    return () => this.#owner.admit(player, { method, data: result.data }, result.reply ?? NOTHING);
  }

  async #judgeSession(player: NetworkPlayer, attempt: Attempt, method: string, payload: Uint8Array) {
    if (method !== SESSION_METHOD) return () => this.#refuse(player, "Only the proof of a session resumes it");
    const wrong = () => this.#refuse(player, "The proof of the session is wrong");
    if (!isSessionProof(payload)) return wrong;
    const unknown = () => player.refuse(DisconnectCode.SessionUnknown, "The server does not know this session");
    const { sessions } = this.#owner;
    const id = payload.slice(0, SESSION_ID_BYTES);
    const stored = sessions?.find(id) ? null : ((await sessions?.findStored(id, sourceOf(player.address))) ?? null);
    if (stored === "busy") return () => player.refuse(DisconnectCode.ServerBusy, "Too many sessions are looked for");
    const secret = sessions?.find(id)?.secret ?? stored?.secret;
    if (!secret) return unknown;
    const reply = await answerSession(payload, secret, contextOf(player, attempt));
    if (reply === null) return wrong;
    const arrival = await arrivalOf(stored, player);
    const { redirect, lostMs = 0 } = arrival;
    // The session may have ended meanwhile, or another connection may have brought it here.
    const session = sessions?.find(id);
    if (session) return () => this.#owner.resume(player, session.player, reply);
    if (redirect) return () => this.#redirect(player, attempt, redirect);
    return stored
      ? () => this.#owner.adopt(player, id, stored, { reply, lostMs, takePlace: placeTakerOf(arrival) })
      : unknown;
  }

  /** The client leaves by itself, within the time of an authentication. */
  #redirect(player: NetworkPlayer, { nonce, resumes }: Attempt, to: RedirectTarget): void {
    this.#begin(player, { nonce, resumes, hasProof: true });
    player.redirect(to);
  }

  #refuse(player: NetworkPlayer, text: string): void {
    player.refuse(DisconnectCode.AuthenticationFailed, text);
  }
}

async function arrivalOf(stored: StoredSession | null, player: NetworkPlayer): Promise<Arrival> {
  const arrival = (await stored?.arrive?.(player)) ?? {};
  checkArrival(arrival);
  return arrival;
}

/** Whoever admits by a truthy answer, or forgets the answer, would admit everybody. */
function checkResult(method: string, result: AuthenticationResult): void {
  const isObject = typeof result === "object" && result !== null;
  if (isObject && (!("refused" in result) || typeof result.refused === "string")) return;
  throw invalidType(
    `The answer of the authenticator ${method} must be { data: … } to admit the player, or { refused: "why" }, ` +
      `not ${isObject ? "{ refused } without a text" : String(result)}`,
  );
}

function contextOf(player: NetworkPlayer, { nonce, abort }: Attempt): AuthenticationAttempt {
  const { channelBinding, security } = player.lastConnection;
  return { player, nonce, channelBinding, security, signal: abort.signal };
}
