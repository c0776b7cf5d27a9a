import {
  booleanOption,
  durationOption,
  nullOr,
  type OptionRules,
  remotePortOption,
  signalOption,
  textOption,
  thingOption,
} from "../options.js";
import type { Credential } from "./authentication/authenticator.js";
import { NETWORK_OPTIONS, type NetworkOptions } from "./network-options.js";
import { MIN_PING_INTERVAL_MS } from "./protocol/system-messages.js";

/** The options of a `NetworkClient`. */
export interface NetworkClientOptions extends NetworkOptions {
  /** Proves who the player is, if the server asks. @defaultValue none */
  credential?: Credential | null;
  /** How often the client asks for the server's time, from 100 ms up. @defaultValue 2000 ms */
  pingIntervalMs?: number;
  /** Whether it resumes by itself when the connection was lost and the server has sessions. @defaultValue `true` */
  resume?: boolean;
  /**
   * Whether it connects again by itself, as a new player, when the connection has ended for good: it was lost and
   * cannot be resumed, or the server has stopped. The first attempt follows after 0.5 s, further ones after twice the
   * pause before, up to 10 s, each 25 % more or less. It ends with `disconnect`, `connect`, or a refusal that lasts,
   * which `onError` hears.
   *
   * @defaultValue `false`
   */
  reconnect?: boolean;
  /**
   * Whether a message of the server that cannot be read ends the connection, or is only logged.
   *
   * @defaultValue `true`
   */
  disconnectOnError?: boolean;
}

/** Loads a scene of the server; the player is `ready` when its promise resolves. */
export type SceneLoader = (name: string) => void | Promise<void>;

/** Where a client connects to. */
export interface ConnectOptions {
  /** A name or an IP address. @defaultValue that of the socket factory */
  host?: string;
  /** 1 to 65535. @defaultValue that of the socket factory */
  port?: number;
  /** Ends the attempt: `connect` rejects with the signal's reason. */
  signal?: AbortSignal;
}

export const CLIENT_OPTIONS: OptionRules<NetworkClientOptions> = {
  ...NETWORK_OPTIONS,
  credential: nullOr(thingOption("a credential, such as sharedSecretCredential(…) or defineCredential(…)", "prove")),
  pingIntervalMs: durationOption(MIN_PING_INTERVAL_MS),
  resume: booleanOption,
  reconnect: booleanOption,
  disconnectOnError: booleanOption,
};
export const CONNECT_OPTIONS: OptionRules<ConnectOptions> = {
  host: textOption,
  port: remotePortOption,
  signal: signalOption,
};
