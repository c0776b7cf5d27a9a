import { NetworkError } from "../../network-error.js";
import { type Codec, optional, string, struct, u32 } from "../../serialization/index.js";
import { createMessage, defineMessage, type MessageDefinition, type MessageOptions } from "./message.js";

/** @internal */
export interface RequestEnvelope<Q> {
  id: number;
  value: Q;
}

/** @internal Without `error`, `value` is the answer. */
export interface ResponseEnvelope<A> {
  id: number;
  error: string | undefined;
  value: A | undefined;
}

/** A question with its answer. Made by {@link defineRequest}. */
export interface RequestDefinition<Q, A> {
  readonly name: string;
  readonly request: MessageDefinition<RequestEnvelope<Q>>;
  readonly response: MessageDefinition<ResponseEnvelope<A>>;
}

/** Longest text of a refusal, in bytes of UTF-8. */
const MAX_REFUSAL_BYTES = 200;

/**
 * Defines a request: one side asks, the other one's handler answers. Either side of the protocol may ask.
 *
 * @param options of the question; `optional` holds for the answer as well
 */
export function defineRequest<Q, A>(
  name: string,
  requestCodec: Codec<Q>,
  responseCodec: Codec<A>,
  options: MessageOptions = {},
): RequestDefinition<Q, A> {
  const question = struct({ id: u32, value: requestCodec }) as unknown as Codec<RequestEnvelope<Q>>;
  const answer = struct({
    id: u32,
    error: optional(string(MAX_REFUSAL_BYTES)),
    value: optional(responseCodec),
  }) as unknown as Codec<ResponseEnvelope<A>>;
  return Object.freeze({
    name,
    request: defineMessage(name, question, options),
    response: createMessage(`${name}/answer`, answer, { optional: options.optional ?? false }),
  });
}

/**
 * What a request's handler throws to say no: the text, which is cut after 200 bytes, reaches the other side, and nobody is
 * charged. Of any other exception the other side learns only that there was one.
 */
export class RequestRefusedError extends NetworkError {
  constructor(text: string) {
    super("ERR_REQUEST_REFUSED", text);
  }
}

/** @internal */
export function refusalText(text: string): string {
  const bytes = new TextEncoder().encode(text).subarray(0, MAX_REFUSAL_BYTES);
  return new TextDecoder().decode(bytes).replace(/\ufffd+$/, "");
}
