import type { Engine } from "../rooms/engine/engine.js";
import { nameOf } from "../rooms/fleet/names.js";
import { bytes, decode, encode, enumeration, type Infer, string, struct } from "../serialization/index.js";
import { MAX_IDENTITY_BYTES, MAX_SIGNAL_BYTES } from "./signaling-messages.js";

/** How long another server has to answer. */
const ANSWER_MS = 2000;
/** How many signals may be on their way to other servers, and how many of one source. */
const MAX_ON_THE_WAY = 1024;
const MAX_OF_SOURCE = 256;

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

/** What an exchange needs of its server, which has the identity. */
export interface SignalReceiver {
  deliver(from: string, to: string, signal: Uint8Array): Carriage;
  /** Gives an identity up. @param secret null: it was proved elsewhere @returns false: it does not */
  release(identity: string, secret: Uint8Array | null): boolean;
}

/** The servers that share an engine: each answers on a subject of the engine for each identity that is there. */
export class SignalExchange {
  readonly #engine: Engine;
  readonly #app: string;
  readonly #receiver: SignalReceiver;
  /** Signals on their way, by source. */
  readonly #onTheWay = new Map<string, number>();
  #count = 0;

  constructor(engine: Engine, app: string, receiver: SignalReceiver) {
    this.#engine = engine;
    this.#app = app;
    this.#receiver = receiver;
  }

  /** An identity is here. @returns ends it */
  hold(identity: string): () => void {
    return this.#engine.answer(this.#subjectOf(identity), (data) => {
      const question = decode(questionCodec, data);
      return encode(answerCodec, { outcome: this.#outcomeOf(identity, question) });
    });
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
    const ofSource = this.#onTheWay.get(source) ?? 0;
    if (this.#count >= MAX_ON_THE_WAY || ofSource >= MAX_OF_SOURCE) return "dropped";
    this.#count++;
    this.#onTheWay.set(source, ofSource + 1);
    const outcome = await this.#ask(to, { kind: "signal", from, data });
    this.#count--;
    const left = (this.#onTheWay.get(source) ?? 1) - 1;
    if (left > 0) this.#onTheWay.set(source, left);
    else this.#onTheWay.delete(source);
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

  #subjectOf(identity: string): string {
    return `vs.${this.#app}.signals.${nameOf(identity)}`;
  }
}
