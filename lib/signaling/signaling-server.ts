import { invalidType, typeError } from "../arguments.js";
import { equalBytes } from "../bytes.js";
import { follow } from "../follow.js";
import { SharedRate } from "../guard/shared-rate.js";
import { keyOfAddress, sourceOf } from "../guard/source.js";
import { ErrorFlags, type INetworkPlayer, NetworkServer, RequestRefusedError } from "../message/index.js";
import { checkOptions, functionOption, type OptionRules, objectOption, required, thingOption } from "../options.js";
import type { Engine } from "../rooms/engine/engine.js";
import { appOption } from "../rooms/fleet/names.js";
import { type Carriage, SignalExchange } from "./signal-exchange.js";
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
  /**
   * What this server shares with others: signals reach identities that are at those. It needs `app`.
   *
   * @defaultValue none: the players of this server alone
   */
  engine?: Engine;
  /** What distinguishes these servers from others on the same engine: 1 to 50 of `A-Z a-z 0-9 _ -` */
  app?: string;
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
  /** Their sender had no identity here: it never asked for one, or it was taken by another player. */
  unregistered: number;
  /** A source had more than its share, or the receiver's queue was full. GNS says them again. */
  dropped: number;
  /** They named another sender, or were no signals of GNS. */
  forged: number;
}

const serverOption = objectOption("use", "sendToMany");
const RULES: OptionRules<SignalingServerOptions> = {
  server: required(serverOption),
  identify: functionOption,
  maySignal: functionOption,
  engine: thingOption("an engine, such as await NatsEngine.connect(…)", "request", "answer"),
  app: appOption,
};

interface Holder {
  readonly player: INetworkPlayer;
  readonly secret: Uint8Array;
  /** Tells the other servers that the identity is here no more. */
  leave(): void;
}

/**
 * Carries the signals of peers that look for each other, between the players of a `NetworkServer`, over whatever socket
 * that has, and with an engine between those of several. A signal names its sender; one that names another than its
 * player is dropped.
 */
export class SignalingServer {
  readonly #server: NetworkServer;
  readonly #options: SignalingServerOptions;
  readonly #rate: SharedRate;
  readonly #exchange: SignalExchange | null;
  readonly #holders = new Map<string, Holder>();
  readonly #identities = new Map<INetworkPlayer, string>();
  readonly #counts = { carried: 0, absent: 0, refused: 0, unregistered: 0, dropped: 0, forged: 0 };

  /** @throws TypeError for a wrong option; NetworkError `ERR_STATE` if the server is active */
  constructor(options: SignalingServerOptions) {
    checkOptions("SignalingServer", options, RULES);
    const { server } = options;
    serverOption("server", server);
    this.#options = options;
    this.#server = server;
    const clock = NetworkServer.clockOf(server);
    this.#rate = new SharedRate(clock, RATE);
    const { engine, app } = options;
    if ((engine === undefined) !== (app === undefined)) throw invalidType("A SignalingServer needs `engine` and `app`");
    this.#exchange = engine
      ? new SignalExchange(engine, app as string, clock, {
          deliver: (from, to, signal) => this.#deliver(from, to, signal),
          release: (identity, secret) => this.#release(identity, secret),
        })
      : null;
    this.serve(server);
  }

  /**
   * Carries the signals of another server's players, too: of a room (docs/rooms.md), in the `open` of its kind.
   *
   * @throws TypeError; NetworkError `ERR_STATE` if the server is active
   */
  serve(server: NetworkServer): void {
    serverOption("server", server);
    server.use({ messages: MESSAGES, playerDisconnecting: (player) => this.#forget(player) });
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
    if (!this.#rate.tryTake(keyOfAddress(player.address))) throw new RequestRefusedError("Too many signals");
    if (identify && !this.#isTrue("identify", await identify(player, identity))) {
      throw new RequestRefusedError(`The server does not give you the identity ${identity}`);
    }
    const proof = identify ? null : secret;
    const taken = new RequestRefusedError(`Somebody else has the identity ${identity}`);
    if (this.#exchange && !this.#holders.has(identity) && !(await this.#exchange.claim(identity, proof))) throw taken;
    if (player.signal.aborted) return {};
    if (!this.#release(identity, proof, player)) throw taken;
    this.#forget(player);
    const leave = this.#exchange?.hold(identity, secret, proof === null) ?? (() => {});
    this.#holders.set(identity, { player, secret, leave });
    this.#identities.set(player, identity);
    return {};
  }

  #carry(player: INetworkPlayer, to: string, data: Uint8Array): void {
    if (!this.#rate.tryTake(keyOfAddress(player.address))) {
      this.#counts.dropped++;
      return;
    }
    const from = this.#identities.get(player);
    if (from === undefined) return void this.#giveBack(player, to, "unregistered");
    if (senderOf(data) !== from) {
      this.#counts.forged++;
      player.chargeError(FORGERY_COST, ErrorFlags.InvalidState);
      return;
    }
    if (!this.#isAllowed(from, to)) this.#giveBack(player, to, "refused");
    else if (this.#exchange === null || this.#holders.has(to)) this.#count(player, to, this.#deliver(from, to, data));
    else {
      const carrying = this.#exchange.carry(sourceOf(player.address), from, to, data);
      void carrying.then((carriage) => this.#count(player, to, carriage));
    }
  }

  #deliver(from: string, to: string, data: Uint8Array): Carriage {
    const receiver = this.#holders.get(to)?.player;
    if (!receiver?.isConnected) return "absent";
    return receiver.send(Signal, { identity: from, data }) ? "carried" : "dropped";
  }

  #count(player: INetworkPlayer, to: string, carriage: Carriage): void {
    if (carriage === "absent") this.#giveBack(player, to, carriage);
    else this.#counts[carriage]++;
  }

  /**
   * Somebody wants an identity: whoever has it here gives it up.
   *
   * @param secret null: it was proved
   * @param player who wants it @defaultValue one of another server
   * @returns false: it stays
   */
  #release(identity: string, secret: Uint8Array | null, player?: INetworkPlayer): boolean {
    const holder = this.#holders.get(identity);
    if (!holder) return true;
    if (secret && holder.player !== player && !equalBytes(holder.secret, secret)) return false;
    this.#forget(holder.player);
    return true;
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
    this.#holders.get(identity)?.leave();
    this.#holders.delete(identity);
  }
}
