import { checkFunction } from "../../arguments.js";
import { hexOf } from "../../bytes.js";
import type { MessageDefinition } from "../../message/protocol/message.js";
import {
  checkRequest,
  type RequestDefinition,
  RequestRefusedError,
  refusalText,
  refusedRequest,
} from "../../message/protocol/request.js";
import { NetworkError } from "../../network-error.js";
import {
  type Codec,
  decode,
  enumeration,
  NetworkReader,
  NetworkWriter,
  string,
  struct,
} from "../../serialization/index.js";
import { type Engine, MAX_ENGINE_BYTES } from "../engine/engine.js";

/** Whom a message is for: a host, the owner of a room, or the host where the player of an identity is. */
export type RemoteTarget = { readonly host: string } | { readonly room: string } | { readonly player: string };

/** Where a message came from, and whom it was for. */
export interface RemoteContext {
  /** The id of the host that sent it. */
  readonly from: string;
  /** `null` for a message to all hosts. */
  readonly target: RemoteTarget | null;
}

/** Handles a message of another host, or of this one. */
export type RemoteHandler<T> = (message: T, context: RemoteContext) => void | Promise<void>;

/** Answers a request of another host. It throws `RequestRefusedError` to refuse. */
export type RemoteRequestHandler<Q, A> = (question: Q, context: RemoteContext) => A | Promise<A>;

/** The settings of {@link RemoteMessages}. */
export interface RemoteMessagesOptions {
  engine: Engine;
  /** What distinguishes this fleet from others on the same engine. */
  app: string;
  /** Of the protocol, 8 bytes, at the start: hosts with another one do not hear this one. */
  fingerprint(): Uint8Array;
  /** The id of this host: 1 to 64 of `A-Z a-z 0-9 _ -`. */
  host: string;
  /** The host that a message for a room or a player goes to; `undefined`: nobody knows. */
  locate(target: { readonly room: string } | { readonly player: string }): string | undefined;
  /** Gets what handlers throw, and messages that cannot be read. */
  onError(error: unknown): void;
}

/** How many handlers of messages may run at a time. */
const MAX_RUNNING = 1024;

/** How long a request waits for its answer. */
export const REQUEST_MS = 5000;

const headCodec = struct({
  from: string(64),
  kind: enumeration(["all", "host", "room", "player"]),
  target: string(255),
  message: string(64),
});

/**
 * Messages between the hosts of a fleet, at most once, with the definitions and codecs of messages to players. What is
 * for a room or a player goes to the host that has it, as far as this host knows; one who has lost it meanwhile sees by
 * the target that it is not there.
 */
export class RemoteMessages {
  readonly #options: RemoteMessagesOptions;
  #prefix = "";
  readonly #handlers = new Map<string, { codec: Codec<unknown>; handle: RemoteHandler<unknown> }>();
  readonly #answers = new Map<
    string,
    { definition: RequestDefinition<unknown, unknown>; answer: RemoteRequestHandler<unknown, unknown> }
  >();
  readonly #ends: (() => void)[] = [];
  /** How many handlers of messages run. */
  #running = 0;

  constructor(options: RemoteMessagesOptions) {
    this.#options = options;
  }

  start(): void {
    const { engine, host, app, fingerprint } = this.#options;
    this.#prefix = `vs.${app}.${hexOf(fingerprint())}`;
    const hear = (data: Uint8Array) => void this.#hear(data);
    this.#ends.push(
      engine.subscribe(`${this.#prefix}.all`, hear),
      engine.subscribe(`${this.#prefix}.host.${host}`, hear),
      engine.answer(`${this.#prefix}.ask.${host}`, (data) => this.#answer(data)),
    );
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  /** Sets the handler of a message, in place of the one before. */
  register<T>(message: MessageDefinition<T>, handler: RemoteHandler<T>): void {
    checkFunction("handler", handler);
    this.#handlers.set(message.name, {
      codec: message.codec as Codec<unknown>,
      handle: handler as RemoteHandler<unknown>,
    });
  }

  /** Sets the handler that answers a request, in place of the one before. */
  registerRequest<Q, A>(definition: RequestDefinition<Q, A>, handler: RemoteRequestHandler<Q, A>): void {
    checkRequest(definition as RequestDefinition<unknown, unknown>);
    checkFunction("handler", handler);
    this.#answers.set(definition.name, {
      definition: definition as RequestDefinition<unknown, unknown>,
      answer: handler as RemoteRequestHandler<unknown, unknown>,
    });
  }

  /**
   * Sends a message to one host.
   *
   * @returns whether it left: not if nobody knows where the target is, and not as `Engine.publish` says
   * @throws TypeError, RangeError for a value that the message does not have
   */
  send<T>(target: RemoteTarget, message: MessageDefinition<T>, value: T): boolean {
    const host = this.#locate(target);
    const data = this.#encode(target, message.name, message.codec, value);
    return host !== undefined && this.#options.engine.publish(`${this.#prefix}.host.${host}`, data);
  }

  /** Sends a message to all hosts, this one included. @returns, @throws as `send` */
  publish<T>(message: MessageDefinition<T>, value: T): boolean {
    const data = this.#encode(null, message.name, message.codec, value);
    return this.#options.engine.publish(`${this.#prefix}.all`, data);
  }

  /**
   * Asks one host.
   *
   * @throws (rejects) NetworkError `ERR_NO_RESPONDERS`: nobody knows where the target is, or its host has ended;
   *   `ERR_REQUEST_REFUSED`; `ERR_REQUEST_FAILED`: its handler failed, or there is none; as `Engine.request`.
   *   TypeError, RangeError for a value that the request does not have
   */
  async request<Q, A>(
    target: RemoteTarget,
    definition: RequestDefinition<Q, A>,
    question: Q,
    { timeoutMs = REQUEST_MS }: { timeoutMs?: number } = {},
  ): Promise<A> {
    checkRequest(definition as RequestDefinition<unknown, unknown>);
    const { name, request, response } = definition;
    const data = this.#encode(target, name, request.codec, { id: 0, value: question });
    const host = this.#locate(target);
    if (host === undefined) throw new NetworkError("ERR_NO_RESPONDERS", `Nobody knows where ${textOf(target)} is`);
    const reply = await this.#options.engine.request(`${this.#prefix}.ask.${host}`, data, { timeoutMs });
    const { outcome, text, value } = decode(response.codec, reply);
    if (outcome === "answered") return value as A;
    if (outcome === "refused") throw refusedRequest("ERR_REQUEST_REFUSED", text);
    const why = outcome === "failed" ? "The handler failed" : "There is no handler";
    throw new NetworkError("ERR_REQUEST_FAILED", `${why} of ${name} on the host ${host}`);
  }

  #locate(target: RemoteTarget): string | undefined {
    return "host" in target ? target.host : this.#options.locate(target);
  }

  #encode<T>(target: RemoteTarget | null, message: string, codec: Codec<T>, value: T): Uint8Array {
    const writer = new NetworkWriter({ sizeBytes: 256, maxBytes: MAX_ENGINE_BYTES });
    const [[kind, id]] = target ? (Object.entries(target) as [[RemoteKind, string]]) : ([["all", ""]] as const);
    headCodec.write(writer, { from: this.#options.host, kind, target: id, message });
    codec.write(writer, value);
    return writer.toBytes();
  }

  async #hear(data: Uint8Array): Promise<void> {
    try {
      const reader = new NetworkReader(data);
      const head = headCodec.read(reader);
      const handler = this.#handlers.get(head.message);
      if (!handler) return; // As with players, nobody has to listen.
      const message = handler.codec.read(reader);
      reader.finish();
      if (this.#running >= MAX_RUNNING) {
        throw new NetworkError("ERR_QUEUE_FULL", `${MAX_RUNNING} handlers run already: ${head.message} was dropped`);
      }
      this.#running++;
      try {
        await handler.handle(message, contextOf(head));
      } finally {
        this.#running--;
      }
    } catch (error) {
      this.#options.onError(error);
    }
  }

  async #answer(data: Uint8Array): Promise<Uint8Array> {
    const reader = new NetworkReader(data);
    const head = headCodec.read(reader);
    const found = this.#answers.get(head.message);
    if (!found) throw new NetworkError("ERR_REQUEST_FAILED", `There is no handler of ${head.message}`);
    const { request, response } = found.definition;
    const { value: question } = request.codec.read(reader);
    reader.finish();
    const writer = new NetworkWriter({ sizeBytes: 256, maxBytes: MAX_ENGINE_BYTES });
    const write = (outcome: "answered" | "refused" | "failed", text = "", value?: unknown) => {
      writer.reset();
      response.codec.write(writer, { id: 0, outcome, text, value });
      return writer.toBytes();
    };
    try {
      return write("answered", "", await found.answer(question, contextOf(head)));
    } catch (error) {
      if (error instanceof RequestRefusedError) return write("refused", refusalText(error.message));
      this.#options.onError(error);
      return write("failed");
    }
  }
}

type RemoteKind = "host" | "room" | "player";

const textOf = (target: RemoteTarget) => Object.entries(target).flat().join(" ");

function contextOf({ from, kind, target }: { from: string; kind: RemoteKind | "all"; target: string }): RemoteContext {
  return { from, target: kind === "all" ? null : ({ [kind]: target } as unknown as RemoteTarget) };
}
