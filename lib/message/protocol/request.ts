import { invalidType, typeError } from "../../arguments.js";
import type { NetworkErrorCode } from "../../error-codes.js";
import { NetworkError } from "../../network-error.js";
import { printable } from "../../printable.js";
import { type Codec, defineCodec, enumeration, string, struct, u32 } from "../../serialization/index.js";
import { codecAdvice, createMessage, defineMessage, type MessageDefinition, type MessageOptions } from "./message.js";

/** A question as it travels. */
export interface RequestEnvelope<Q> {
  /** Unique among the requests of this side on this connection. */
  id: number;
  /** The question itself. */
  value: Q;
}

const OUTCOMES = ["answered", "refused", "failed", "unhandled"] as const;
/** What became of a question; `unhandled`: there is no handler. */
export type RequestOutcome = (typeof OUTCOMES)[number];

/** An answer as it travels. */
export interface ResponseEnvelope<A> {
  /** That of the question. */
  id: number;
  /** What became of the question. */
  outcome: RequestOutcome;
  /** Of a refusal, otherwise empty. */
  text: string;
  /** Undefined unless it was answered. */
  value: A | undefined;
}

/** A question and its answer. Made by {@link defineRequest}. */
export interface RequestDefinition<Q, A> {
  /** Unique within a protocol: 1 to 57 bytes of UTF-8. */
  readonly name: string;
  /** The message that carries the question. */
  readonly request: MessageDefinition<RequestEnvelope<Q>>;
  /** The message that carries the answer; its name is `name` and `/answer`. */
  readonly response: MessageDefinition<ResponseEnvelope<A>>;
}

/** Throws unless `definition` was made by {@link defineRequest}. */
export function checkRequest(definition: RequestDefinition<unknown, unknown>): void {
  if (typeof definition === "object" && definition !== null && "response" in definition) return;
  const { name } = (definition ?? {}) as Partial<MessageDefinition<unknown>>;
  const advice = name === undefined ? "" : `; ${JSON.stringify(name)} is a message: use send and register`;
  throw typeError("definition", `what defineRequest returns${advice}`);
}

/** Longest text of a refusal, in bytes of UTF-8. */
const MAX_REFUSAL_BYTES = 200;

/**
 * Defines a request, to be listed in a `Protocol`: one side asks, and a handler of the other side answers. A server may
 * ask a client, and a client a server.
 *
 * @param name unique within the protocol, 1 to 57 bytes of UTF-8, not starting with `network/`
 * @param options those of the question; `optional` holds for the answer as well
 * @throws TypeError, RangeError for a wrong argument
 */
export function defineRequest<Q, A>(
  name: string,
  requestCodec: Codec<Q>,
  responseCodec: Codec<A>,
  options: MessageOptions = {},
): RequestDefinition<Q, A> {
  if (typeof responseCodec?.read !== "function") {
    throw invalidType(`Request ${name} needs a codec of the answer${codecAdvice(responseCodec)}`);
  }
  const question = questionCodec(requestCodec);
  return Object.freeze({
    name,
    request: defineMessage(name, question, options),
    response: createMessage(`${name}/answer`, answerCodec(responseCodec), { optional: options.optional ?? false }),
  });
}

/** As a struct of both, but where an error says what is wrong it names the field of the question itself. */
function questionCodec<Q>(codec: Codec<Q>): Codec<RequestEnvelope<Q>> {
  const { layout, minBits, maxBits } = struct({ id: u32, value: codec });
  return defineCodec<RequestEnvelope<Q>>({
    layout,
    minBits,
    maxBits,
    borrowed: codec.borrowed,
    write: (writer, { id, value }) => {
      writer.writeUint32(id);
      codec.write(writer, value);
    },
    read: (reader) => ({ id: reader.readUint32(), value: codec.read(reader) }),
    default: () => ({ id: 0, value: codec.default() }),
  });
}

const headCodec = struct({ id: u32, outcome: enumeration(OUTCOMES) });
const refusalCodec = string(MAX_REFUSAL_BYTES);

/** What follows the head, a value or a text, depends on the outcome, so that every answer is a value of its codec. */
function answerCodec<A>(codec: Codec<A>): Codec<ResponseEnvelope<A>> {
  return defineCodec<ResponseEnvelope<A>>({
    layout: `answer(${headCodec.layout},${refusalCodec.layout},${codec.layout})`,
    minBits: headCodec.minBits,
    borrowed: codec.borrowed,
    write: (writer, envelope) => {
      headCodec.write(writer, envelope);
      if (envelope.outcome === "answered") codec.write(writer, envelope.value as A);
      else if (envelope.outcome === "refused") refusalCodec.write(writer, envelope.text);
    },
    read: (reader) => {
      const { id, outcome } = headCodec.read(reader);
      const text = outcome === "refused" ? refusalCodec.read(reader) : "";
      return { id, outcome, text, value: outcome === "answered" ? codec.read(reader) : undefined };
    },
    default: () => ({ id: 0, outcome: "failed", text: "", value: undefined }),
  });
}

/**
 * Thrown by the handler of a request to refuse it: the other side gets the text, up to 200 bytes of UTF-8, and nobody
 * is charged. Of any other exception the other side learns only that the handler failed.
 */
export class RequestRefusedError extends NetworkError {
  /** @param text what the other side gets, cut to 200 bytes of UTF-8 */
  constructor(text: string) {
    super("ERR_REQUEST_REFUSED", text);
  }
}

/** The error of a request that the other side has refused with `text`, which stays as it came in `reason`. */
export const refusedRequest = (code: NetworkErrorCode, text: string): NetworkError =>
  new NetworkError(code, printable(text), { reason: { code: 0, text } });

/** A text that fits a refusal: cut where it is too long. */
export function refusalText(text: string): string {
  const bytes = new TextEncoder().encode(text).subarray(0, MAX_REFUSAL_BYTES);
  return new TextDecoder().decode(bytes).replace(/\ufffd+$/, "");
}
