import { equalBytes, hexOf } from "../bytes.js";
import { type Clock, pause, unixTimeMs } from "../clock.js";
import { SoftShares } from "../guard/soft-shares.js";
import { secureRandomBytes } from "../random.js";
import type { Engine } from "../rooms/engine/engine.js";
import { nameOf } from "../rooms/fleet/names.js";
import { bool, bytes, decode, encode, enumeration, type Infer, string, struct, u53 } from "../serialization/index.js";
import { MAX_IDENTITY_BYTES, MAX_SIGNAL_BYTES, SECRET_BYTES } from "./signaling-messages.js";

/** How long another server has to answer. */
const ANSWER_MS = 2000;
/** How many signals may be on their way to other servers. */
const MAX_ON_THE_WAY = 1024;

/** What becomes of a signal: it has left, nobody there has the identity, or there was no space for it. */
export type Carriage = "carried" | "absent" | "dropped";
const OUTCOMES = ["carried", "absent", "dropped", "released", "kept"] as const;
type Outcome = (typeof OUTCOMES)[number];

/** What one server asks of that which has an identity. */
const questionCodec = struct({
  /** `take`: somebody has proved the identity there. `claim`: somebody there has this secret. */
  kind: enumeration(["signal", "claim", "take"]),
  /** Of the sender of a signal. */
  from: string(MAX_IDENTITY_BYTES),
  /** A signal, or the secret of a claim. */
  data: bytes(MAX_SIGNAL_BYTES),
});
type Question = Infer<typeof questionCodec>;
const answerCodec = struct({ outcome: enumeration(OUTCOMES) });

const SERVER_BYTES = 16;
/** What a server says of an identity that it has. */
const holdingCodec = struct({
  /** Chosen by chance. */
  server: bytes(SERVER_BYTES),
  /** When the identity came to it, in milliseconds since 1970. */
  sinceMs: u53,
  isProved: bool,
  secret: bytes(SECRET_BYTES),
});
type Holding = Infer<typeof holdingCodec>;

/** How long the engine has for the holdings that it had no space for. */
const PAUSE_MS = 100;
/** So long after it was told, an identity is told again when a signal comes for it: the engine may have lost it. */
const TOLD_MS = 10_000;

/** An identity that is here. */
interface Held {
  readonly holding: Holding;
  toldMs: number;
}

/** What an exchange needs of its server, which has the identity. */
export interface SignalReceiver {
  deliver(from: string, to: string, signal: Uint8Array): Carriage;
  /** Gives an identity up. @param secret null: it was proved elsewhere @returns false: it does not */
  release(identity: string, secret: Uint8Array | null): boolean;
}

/**
 * The servers that share an engine: each answers on a subject of the engine for each identity that is there.
 *
 * Two of them may get one identity: at the same moment, or while one has no link to the engine. So each tells the
 * others of an identity that it gets, of those that are used, and of all that it has when its link is back; one of two
 * gives it up.
 */
export class SignalExchange {
  readonly #engine: Engine;
  readonly #app: string;
  readonly #clock: Clock;
  readonly #receiver: SignalReceiver;
  readonly #server = secureRandomBytes(SERVER_BYTES);
  readonly #held = new Map<string, Held>();
  readonly #onTheWay = new SoftShares(MAX_ON_THE_WAY);

  constructor(engine: Engine, app: string, clock: Clock, receiver: SignalReceiver) {
    this.#engine = engine;
    this.#app = app;
    this.#clock = clock;
    this.#receiver = receiver;
    engine.on("back", () => void this.#tellAll());
  }

  /** An identity is here. @param isProved `identify` said so @returns ends it */
  hold(identity: string, secret: Uint8Array, isProved: boolean): () => void {
    const endAnswers = this.#engine.answer(this.#subjectOf(identity), (data) => {
      const question = decode(questionCodec, data);
      if (question.kind === "signal") this.#tellAgain(identity);
      return encode(answerCodec, { outcome: this.#outcomeOf(identity, question) });
    });
    const endHolding = this.#engine.subscribe(this.#holdingsOf(identity), (data) => this.#meet(identity, data));
    const holding = { server: this.#server, sinceMs: unixTimeMs(), isProved, secret };
    this.#held.set(identity, { holding, toldMs: Number.NEGATIVE_INFINITY });
    this.#tell(identity);
    return () => {
      this.#held.delete(identity);
      endHolding();
      endAnswers();
    };
  }

  /**
   * An identity is about to be here: whoever has it elsewhere gives it up. Whoever does not answer has lost it.
   *
   * @param secret null: it was proved
   * @returns false: it stays there
   */
  async claim(identity: string, secret: Uint8Array | null): Promise<boolean> {
    const kind = secret ? "claim" : "take";
    return (await this.#ask(identity, { kind, from: "", data: secret ?? new Uint8Array(0) })) !== "kept";
  }

  /** Carries a signal to the server that has an identity. @param source the address of the sender, as a source */
  async carry(source: string, from: string, to: string, data: Uint8Array): Promise<Carriage> {
    if (!this.#onTheWay.tryTake(source)) return "dropped";
    const outcome = await this.#ask(to, { kind: "signal", from, data });
    this.#onTheWay.release(source);
    return outcome === "carried" || outcome === "absent" ? outcome : "dropped";
  }

  async #ask(identity: string, question: Question): Promise<Outcome> {
    try {
      const data = encode(questionCodec, question);
      const answer = await this.#engine.request(this.#subjectOf(identity), data, { timeoutMs: ANSWER_MS });
      return decode(answerCodec, answer).outcome;
    } catch (error) {
      return (error as { code?: string }).code === "ERR_NO_RESPONDERS" ? "absent" : "dropped";
    }
  }

  #outcomeOf(identity: string, { kind, from, data }: Question): Outcome {
    if (kind === "signal") return this.#receiver.deliver(from, identity, data);
    return this.#receiver.release(identity, kind === "claim" ? data : null) ? "released" : "kept";
  }

  async #tellAll(): Promise<void> {
    for (const identity of [...this.#held.keys()]) {
      while (!this.#tell(identity)) {
        if (!this.#engine.connected) return; // It will be back once more.
        await pause(this.#clock, PAUSE_MS);
      }
    }
  }

  /** Tells the others that an identity is here. @returns false: the engine has no space for it */
  #tell(identity: string): boolean {
    const held = this.#held.get(identity);
    if (!held) return true;
    const isTold = this.#engine.publish(this.#holdingsOf(identity), encode(holdingCodec, held.holding));
    if (isTold) held.toldMs = this.#clock.now();
    return isTold;
  }

  #tellAgain(identity: string): void {
    const held = this.#held.get(identity);
    if (held && this.#clock.now() - held.toldMs >= TOLD_MS) this.#tell(identity);
  }

  /** Another server has an identity that is here. */
  #meet(identity: string, data: Uint8Array): void {
    const [own, other] = [this.#held.get(identity)?.holding, tryDecode(data)];
    if (!own || !other || equalBytes(own.server, other.server)) return;
    if (keeps(own, other)) this.#tell(identity);
    else this.#receiver.release(identity, null);
  }

  #subjectOf(identity: string): string {
    return `vs.${this.#app}.signals.${nameOf(identity)}`;
  }

  #holdingsOf(identity: string): string {
    return `vs.${this.#app}.identities.${nameOf(identity)}`;
  }
}

/** Null: it is of another version, or of no server. */
function tryDecode(data: Uint8Array): Holding | null {
  try {
    return decode(holdingCodec, data);
  } catch {
    return null;
  }
}

/**
 * Which of two servers keeps an identity: where the same player came last, and of two players who have proved nothing
 * where the first one is. Both servers come to the same answer.
 */
function keeps(own: Holding, other: Holding): boolean {
  const isLater = own.sinceMs === other.sinceMs ? hexOf(own.server) > hexOf(other.server) : own.sinceMs > other.sinceMs;
  return own.isProved || other.isProved || equalBytes(own.secret, other.secret) ? isLater : !isLater;
}
