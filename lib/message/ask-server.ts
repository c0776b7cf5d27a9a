import { whenAborted } from "../abort-signals.js";
import { equalBytes } from "../bytes.js";
import { type Clock, systemClock } from "../clock.js";
import { NetworkError } from "../network-error.js";
import {
  checkOptions,
  clockOption,
  durationOption,
  functionOption,
  type OptionRules,
  objectOption,
  remotePortOption,
  signalOption,
  textOption,
} from "../options.js";
import { type HeardAnswer, InfoQuestion, REPEAT_MS } from "../peer/info-question.js";
import { describeServer } from "../peer/peer-error.js";
import { type RandomBytes, secureRandomBytes } from "../random.js";
import type { IConnectEndPoint, SocketFactory } from "../socket/index.js";
import { defaultSocketFactory } from "./default-socket-factory.js";
import { type Protocol, protocolCore } from "./protocol/protocol.js";
import { readDescription } from "./server-info.js";

/** What a server tells about itself. Nothing in it is proved: a stranger may answer in the server's place. */
export interface ServerInfo {
  /** What `connect` takes, with `port`. */
  readonly host: string;
  /** What `connect` takes, with `host`: 1 to 65535. */
  readonly port: number;
  /** 1 to 100 bytes of UTF-8, without control and invisible characters. */
  readonly name: string;
  /** At most 32 bytes of UTF-8, without control and invisible characters. */
  readonly version: string;
  /** How many play. */
  readonly players: number;
  /** How many may play. */
  readonly places: number;
  /** The 8 bytes that stand for its protocol. */
  readonly fingerprint: Uint8Array;
  /** Whether its protocol is the option `protocol`; null without that. */
  readonly isSameProtocol: boolean | null;
  /** From the question to the answer, in milliseconds. */
  readonly roundTripMs: number;
}

/** Where a server is. What is left out is that of the socket factory. */
export interface ServerAddress {
  /** A name or an IP address. */
  host?: string;
  /** 1 to 65535. */
  port?: number;
}

/** What `askServer` and `discover` have in common. */
export interface AskOptions {
  /** What carries the question. @defaultValue `UdpSocketFactory` in Node.js, `BrowserSocketFactory` in browsers */
  socketFactory?: SocketFactory;
  /** The client's own protocol: `isSameProtocol` of the answers compares with it. @defaultValue none */
  protocol?: Protocol;
  /** How long to wait for answers, at least 1. @defaultValue 2000 ms */
  timeoutMs?: number;
  /** Ends it: the promise or the iteration rejects with the signal's reason. */
  signal?: AbortSignal;
  /** What times the waiting and the round trip. @defaultValue the system's clock */
  clock?: Clock;
  /** For nonces. Replace it in tests only. @defaultValue `crypto.getRandomValues` */
  randomBytes?: RandomBytes;
}

/** The options of `askServer`. */
export interface AskServerOptions extends AskOptions, ServerAddress {}

export const ASK_OPTIONS: OptionRules<AskOptions> = {
  socketFactory: objectOption("getConnectEndPoint"),
  protocol: objectOption(),
  timeoutMs: durationOption(1),
  signal: signalOption,
  clock: clockOption,
  randomBytes: functionOption,
};
export const ADDRESS_OPTIONS: OptionRules<ServerAddress> = { host: textOption, port: remotePortOption };
const ASK_SERVER_OPTIONS: OptionRules<AskServerOptions> = { ...ASK_OPTIONS, ...ADDRESS_OPTIONS };

/** The options of a question, complete. */
export interface Asking {
  readonly factory: SocketFactory;
  readonly fingerprint: Uint8Array | null;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

export async function completeAsking(options: AskOptions): Promise<Asking> {
  const { protocol, timeoutMs = 2000, signal, clock = systemClock, randomBytes = secureRandomBytes } = options;
  const fingerprint = protocol ? protocolCore(protocol).fingerprint : null;
  const factory = options.socketFactory ?? (await defaultSocketFactory());
  return { factory, fingerprint, timeoutMs, signal, clock, randomBytes };
}

/**
 * Asks a server what it tells about itself, without joining it.
 *
 * @throws NetworkError `ERR_CONNECT_FAILED` when nothing comes within `timeoutMs`; over WebSocket and GNS
 *   `ERR_SERVER_BUSY` when the server was too busy all the time, `ERR_REFUSED` when it tells nothing; the errors of
 *   `ISocket.connect`; the signal's reason
 */
export async function askServer(options: AskServerOptions = {}): Promise<ServerInfo> {
  checkOptions("askServer", options, ASK_SERVER_OPTIONS);
  const { host, port, ...rest } = options;
  const { info } = await ask(await completeAsking(rest), { host, port });
  return info;
}

/** What a server has told. */
export interface HeardInfo {
  readonly info: ServerInfo;
  /** 8 bytes that it gives whichever of its addresses is asked. Anybody can copy them. */
  readonly instance: Uint8Array;
  /** From where it came; null where that is the address of a connection, which may lead to many servers (a proxy). */
  readonly address: string | null;
}

type GivenAddress = { readonly [Name in keyof ServerAddress]: ServerAddress[Name] | undefined };

/** Asks once; where the transport has connections, again when the server was too busy. */
export async function ask(asking: Asking, address: GivenAddress): Promise<HeardInfo> {
  const { clock, timeoutMs, signal } = asking;
  const endMs = clock.now() + timeoutMs;
  for (;;) {
    try {
      return await askOnce({ ...asking, timeoutMs: endMs - clock.now() }, address, timeoutMs);
    } catch (error) {
      const isBusy = error instanceof NetworkError && error.code === "ERR_SERVER_BUSY";
      if (!isBusy || clock.now() + REPEAT_MS >= endMs) throw error;
    }
    await new Promise<void>((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        stopWaiting();
        resolve();
      }, REPEAT_MS);
      const stopWaiting = whenAborted(signal, () => {
        clock.clearTimeout(timer);
        reject(signal?.reason);
      });
    });
  }
}

async function askOnce(asking: Asking, { host, port }: GivenAddress, givenMs: number): Promise<HeardInfo> {
  const { factory, timeoutMs, signal, clock, randomBytes } = asking;
  signal?.throwIfAborted();
  const endPoint = factory.getConnectEndPoint(host, port);
  const place = placeOf(endPoint, host, port);
  const socket = factory.createClientSocket();
  let release = () => {};
  try {
    return await new Promise((resolve, reject) => {
      const onAnswer = (answer: HeardAnswer) => {
        const heard = readAnswer(answer, place, asking.fingerprint);
        if (heard) resolve(heard);
      };
      const question = new InfoQuestion(socket, { clock, randomBytes, onAnswer, onEnd: reject });
      const text = `${describeServer(socket, endPoint)} has told nothing within ${givenMs} ms: is it running there?`;
      const timer = clock.setTimeout(() => reject(new NetworkError("ERR_CONNECT_FAILED", text)), timeoutMs);
      const stopWaiting = whenAborted(signal, () => reject(signal?.reason));
      release = () => {
        clock.clearTimeout(timer);
        stopWaiting();
        void question.close();
      };
      question.ask(endPoint).catch(reject);
    });
  } finally {
    release();
  }
}

/** What an answer says. @returns null: malformed */
export function readAnswer(
  { info, instance, fingerprint, roundTripMs, handle }: HeardAnswer,
  place: Required<ServerAddress>,
  ours: Uint8Array | null,
): HeardInfo | null {
  const description = readDescription(info);
  if (!description) return null;
  const isSameProtocol = ours && equalBytes(ours, fingerprint);
  const address = handle.isStateful ? null : handle.address;
  return { info: { ...place, ...description, fingerprint, isSameProtocol, roundTripMs }, instance, address };
}

/** Host and port for a later `connect` with the same factory. */
function placeOf(endPoint: IConnectEndPoint, host?: string, port?: number): Required<ServerAddress> {
  const known = endPoint as { host?: string; port?: number; url?: string };
  const url = known.url === undefined ? null : new URL(known.url);
  const defaultPort = url?.protocol === "wss:" ? 443 : 80;
  return {
    host: host ?? known.host ?? known.url ?? "localhost",
    port: port ?? known.port ?? (Number(url?.port) || defaultPort),
  };
}
