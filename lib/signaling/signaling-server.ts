import { typeError } from "../arguments.js";
import { equalBytes } from "../bytes.js";
import { follow } from "../follow.js";
import { SharedRate } from "../guard/shared-rate.js";
import { keyOfAddress } from "../guard/source.js";
import { ErrorFlags, type INetworkPlayer, NetworkServer, RequestRefusedError } from "../message/index.js";
import { checkOptions, functionOption, type OptionRules, objectOption } from "../options.js";
import { senderOf } from "./signal-sender.js";
import { MESSAGES, Register, Signal, Undelivered, type UndeliveredReason } from "./signaling-messages.js";

/** What all together may send; a source has its share of it (docs/p2p.md). A connection takes about ten signals. */
const RATE = { perSecond: 5000, burst: 10_000, sourceBurst: 1000 };
/**
 * The identities that GNS reads in one way only. It ends a text at a NUL and a number behind its digits, so that
 * `str:alice\0x` would be taken for `str:alice`.
 */
const IDENTITY = /^(?:str:[^\0]+|steamid:[1-9]\d{0,18}|gen:(?:[0-9a-f]{2}){1,32})$/;

/** What a signal in the name of somebody else costs, in tokens of the player's error budget. */
const FORGERY_COST = 100;

/** The options of a {@link SignalingServer}. Identities are texts: `str:alice`, `steamid:7656119796028`, `gen:00ff`. */
export interface SignalingServerOptions {
  /** Not started yet. */
  server: NetworkServer;
  /**
   * Whether a player has an identity; `player.authentication.data` says who has proved what. An earlier connection with
   * this identity gives it up.
   *
   * @defaultValue whoever comes first, until its connection has ended
   */
  identify?: (player: INetworkPlayer, identity: string) => boolean | Promise<boolean>;
  /**
   * Whether `from` may send signals to `to`, asked for each signal. Anything but true refuses it.
   *
   * @defaultValue everybody to everybody
   */
  maySignal?: (from: string, to: string) => boolean;
}

/** What a {@link SignalingServer} has counted. */
export interface SignalingMetrics {
  /** Identities that are here. */
  identities: number;
  /** Signals that were handed on. */
  carried: number;
  /** There was nobody with that identity. */
  absent: number;
  /** `maySignal` did not allow it. */
  refused: number;
  /** A source had more than its share, or the receiver's queue was full. GNS says them again. */
  dropped: number;
  /** They named another sender, or were no signals of GNS. */
  forged: number;
}

const serverOption = objectOption("use", "sendToMany");
const RULES: OptionRules<SignalingServerOptions> = {
  server: serverOption,
  identify: functionOption,
  maySignal: functionOption,
};

interface Holder {
  readonly player: INetworkPlayer;
  readonly secret: Uint8Array;
}

/**
 * Carries the signals of peers that look for each other, between the players of a `NetworkServer`, over whatever socket
 * that has. A signal names its sender; one that names another than its player is dropped.
 */
export class SignalingServer {
  readonly #server: NetworkServer;
  readonly #options: SignalingServerOptions;
  readonly #rate: SharedRate;
  readonly #holders = new Map<string, Holder>();
  readonly #identities = new Map<INetworkPlayer, string>();
  readonly #counts = { carried: 0, absent: 0, refused: 0, dropped: 0, forged: 0 };

  /** @throws TypeError for a wrong option; NetworkError `ERR_STATE` if the server is active */
  constructor(options: SignalingServerOptions) {
    checkOptions("SignalingServer", options, RULES);
    const { server } = options;
    serverOption("server", server);
    this.#options = options;
    this.#server = server;
    this.#rate = new SharedRate(NetworkServer.clockOf(server), RATE);
    server.use({
      messages: MESSAGES,
      playerDisconnecting: (player) => this.#forget(player),
      stopped: () => {
        this.#holders.clear();
        this.#identities.clear();
      },
    });
    server.messageHandler.registerRequest(Register, (question, player) => this.#register(player, question));
    server.messageHandler.register(Signal, ({ identity, data }, player) => this.#carry(player, identity, data));
  }

  /** A copy, made on each access. */
  get metrics(): SignalingMetrics {
    return { identities: this.#holders.size, ...this.#counts };
  }

  async #register(
    player: INetworkPlayer,
    { identity, secret }: { identity: string; secret: Uint8Array },
  ): Promise<object> {
    const { identify } = this.#options;
    if (!IDENTITY.test(identity)) {
      throw new RequestRefusedError(`${identity} is no identity: str:, steamid: or gen:, as GNS writes them`);
    }
    if (identify && !this.#isTrue("identify", await identify(player, identity))) {
      throw new RequestRefusedError(`The server does not give you the identity ${identity}`);
    }
    if (player.signal.aborted) return {};
    const holder = this.#holders.get(identity);
    if (holder && holder.player !== player && !identify && !equalBytes(holder.secret, secret)) {
      throw new RequestRefusedError(`Somebody else has the identity ${identity}`);
    }
    if (holder) this.#forget(holder.player);
    this.#forget(player);
    this.#holders.set(identity, { player, secret });
    this.#identities.set(player, identity);
    return {};
  }

  #carry(player: INetworkPlayer, to: string, data: Uint8Array): void {
    const from = this.#identities.get(player);
    if (from === undefined || !this.#rate.tryTake(keyOfAddress(player.address))) {
      this.#counts.dropped++;
      return;
    }
    if (senderOf(data) !== from) {
      this.#counts.forged++;
      player.chargeError(FORGERY_COST, ErrorFlags.InvalidState);
      return;
    }
    const receiver = this.#holders.get(to)?.player;
    if (!this.#isAllowed(from, to)) this.#giveBack(player, to, "refused");
    else if (!receiver?.isConnected) this.#giveBack(player, to, "absent");
    else if (receiver.send(Signal, { identity: from, data })) this.#counts.carried++;
    else this.#counts.dropped++;
  }

  #isAllowed(from: string, to: string): boolean {
    const { maySignal } = this.#options;
    try {
      return !maySignal || this.#isTrue("maySignal", maySignal(from, to));
    } catch (error) {
      this.#report("maySignal", error);
      return false;
    }
  }

  /** What a callback has answered. Anything that is no boolean is no, and an error of the program. */
  #isTrue(callback: string, answer: unknown): boolean {
    if (typeof answer !== "boolean") {
      this.#report(callback, typeError(`The answer of ${callback}`, "a boolean"));
      follow(answer, (error) => this.#report(callback, error));
    }
    return answer === true;
  }

  #report(callback: string, error: unknown): void {
    NetworkServer.report(this.#server, error, callback);
  }

  #giveBack(player: INetworkPlayer, identity: string, why: UndeliveredReason): void {
    this.#counts[why]++;
    player.send(Undelivered, { identity, why });
  }

  #forget(player: INetworkPlayer): void {
    const identity = this.#identities.get(player);
    if (identity === undefined) return;
    this.#identities.delete(player);
    this.#holders.delete(identity);
  }
}
