import type { Clock } from "../../clock.js";
import { TokenBucket } from "../../guard/token-bucket.js";
import { type INetworkPlayer, PlayerSlot } from "../../message/index.js";
import { ErrorFlags, errorCosts } from "../../message/protocol/error-flags.js";
import { NetworkError } from "../../network-error.js";
import type { NetworkReader } from "../../serialization/index.js";
import { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { CallOptions, RpcDefinition, RpcNumbers } from "../behaviour/rpc.js";
import {
  body,
  type CallHead,
  CallStatus,
  notAgreed,
  readHead,
  readLast,
  readSection,
  writeCall,
} from "./call-format.js";
import { CallRunner } from "./call-runner.js";
import { PendingCalls } from "./pending-calls.js";

/** What each wrong call costs, in tokens of the player's error budget. */
export const callCosts = { unknownObject: 10, unknownRpc: 60, noAuthority: 10 } as const;

/** After it has lost an object a player may still have sent calls of it. */
export const AUTHORITY_GRACE_MS = 5000;

/** An object as calls know it. */
export interface CallTarget {
  readonly item: number;
  readonly netId: number;
  readonly parts: readonly NetworkBehaviour[];
  readonly owner: INetworkPlayer | null;
}

/** The call that is in `body`. */
export interface SentCall {
  readonly behaviour: number;
  readonly rpc: RpcDefinition;
  /** At which bit its number is. */
  readonly place: number;
}

/** What the calls of a server need of its world. */
export interface ServerCallWorld<Target extends CallTarget> {
  readonly clock: Clock;
  readonly tick: number;
  /** What the player sees or owns under this number; `gone`: it saw that in the last 10 s. */
  find(player: INetworkPlayer, netId: number): Target | "gone" | null;
  /** The RPCs that the player's program has, too. */
  rpcsOf(object: Target, player: INetworkPlayer): RpcNumbers;
  /** When its owner before has lost the object, by the clock. */
  lostMs(object: Target): number;
  /** The player showed this tick when it called; null: what had arrived. */
  viewed(player: INetworkPlayer, viewTick: number | null): void;
  observersOf(object: Target): Iterable<INetworkPlayer>;
  /** Whether the player sees it, or will in this tick. */
  isSeenBy(object: Target, player: INetworkPlayer): boolean;
  /**
   * Sends each of the players whose program has the RPC what is in `body`, behind the object's spawn and its ordered
   * state; an unordered call at once, to those who have the object.
   */
  sendCall(object: Target, players: Iterable<INetworkPlayer>, call: SentCall): void;
  /** Sends a player the answer in `body`. */
  sendAnswer(player: INetworkPlayer): void;
  report(error: unknown, player: INetworkPlayer, rpc: RpcDefinition): void;
}

/** What the server keeps of one player's calls. */
interface PlayerCalls {
  readonly pending: PendingCalls;
  readonly buckets: Map<RpcDefinition, TokenBucket>;
}

/** The calls of a server: those of players, which it checks and runs, and its own. */
export class ServerCalls<Target extends CallTarget> {
  readonly #world: ServerCallWorld<Target>;
  readonly #runner: CallRunner;
  readonly #players: PlayerSlot<PlayerCalls>;

  constructor(world: ServerCallWorld<Target>) {
    this.#world = world;
    this.#runner = new CallRunner(
      (player) => world.sendAnswer(player),
      (error, player, rpc) => {
        player.chargeError(0, ErrorFlags.RpcException);
        world.report(error, player, rpc);
      },
    );
    this.#players = new PlayerSlot(() => ({
      pending: new PendingCalls(world.clock),
      buckets: new Map(),
    }));
  }

  /** The server calls: a client RPC goes to whom it is for. */
  call(
    object: Target,
    behaviour: NetworkBehaviour,
    rpc: RpcDefinition,
    args: readonly unknown[],
    options: CallOptions = {},
  ): unknown {
    if (rpc.runsOn === "server") {
      throw new NetworkError(
        "ERR_WRONG_SIDE",
        `${rpc.name} is called by clients: on the server call a method of your own`,
      );
    }
    const isForPlayer = rpc.target === "player";
    const values = isForPlayer ? args.slice(1) : args;
    const index = object.parts.indexOf(behaviour);
    const head = { object: object.item, behaviour: index, rpc: rpc.index, id: 0 };
    const send = (id: number, players: Iterable<INetworkPlayer>) => {
      body.reset();
      const place = writeCall(body, { ...head, id }, rpc, values);
      this.#world.sendCall(object, players, { behaviour: index, rpc, place });
    };
    if (rpc.target === "observers" || rpc.target === "others") {
      send(0, this.#othersOf(object, rpc.target));
      return undefined;
    }
    const player = isForPlayer ? (args[0] as INetworkPlayer) : object.owner;
    const isThere = player !== null && player !== undefined && this.#world.isSeenBy(object, player);
    if (!rpc.returns) {
      send(0, isThere ? [player] : []);
      return undefined;
    }
    if (!isThere) {
      return Promise.reject(new NetworkError("ERR_OBJECT_GONE", `${rpc.name}: no such player sees the object`));
    }
    if (!this.#world.rpcsOf(object, player)[index]?.includes(rpc.index)) return Promise.reject(notAgreed(rpc));
    return this.#players.of(player).pending.open(object, rpc, options, (id) => send(id, [player]));
  }

  *#othersOf(object: Target, target: "observers" | "others"): Iterable<INetworkPlayer> {
    for (const player of this.#world.observersOf(object)) {
      if (target === "observers" || player !== object.owner) yield player;
    }
  }

  /** Reads a call of a player and runs it if it may. @throws NetworkError when it cannot be skipped */
  receive(player: INetworkPlayer, reader: NetworkReader): void {
    readSection(reader, () => this.#receive(player, reader));
  }

  #receive(player: INetworkPlayer, reader: NetworkReader): void {
    let head: CallHead;
    try {
      head = readHead(reader, this.#world.tick);
    } catch (error) {
      this.#unreadable(player, error);
      return;
    }
    if (!player.ready) return;
    const object = this.#world.find(player, head.object);
    if (object === null || object === "gone") {
      if (object === null) player.chargeError(callCosts.unknownObject, ErrorFlags.RpcSync);
      this.#runner.answer(player, head.id, CallStatus.Gone);
      return;
    }
    const behaviour = object.parts[head.behaviour] as NetworkBehaviour;
    const index = this.#world.rpcsOf(object, player)[head.behaviour]?.[head.rpc] ?? -1;
    const rpc = behaviour && NetworkBehaviour.valuesOf(behaviour).definition.rpcs[index];
    if (rpc?.runsOn !== "server" || (rpc.returns === null) !== (head.id === 0)) {
      player.chargeError(callCosts.unknownRpc, ErrorFlags.RpcSync);
      return;
    }
    if (!rpc.isForAnyone && object.owner !== player) {
      const isLate = this.#world.clock.now() - this.#world.lostMs(object) < AUTHORITY_GRACE_MS;
      if (!isLate) player.chargeError(callCosts.noAuthority, ErrorFlags.NoAuthority);
      this.#runner.answer(player, head.id, CallStatus.Refused, `${rpc.name}: the player does not own the object`);
      return;
    }
    if (rpc.rateLimit && !this.#bucketOf(player, rpc, rpc.rateLimit).tryTake(1)) {
      player.chargeError(rpc.rateLimit.cost, ErrorFlags.RateLimit);
      this.#runner.answer(player, head.id, CallStatus.Refused, `${rpc.name}: more calls than its rate limit allows`);
      return;
    }
    if (this.#runner.isFull(player, rpc)) {
      player.chargeError(errorCosts.tooManyInFlight, ErrorFlags.RateLimit);
      this.#runner.answer(player, head.id, CallStatus.Refused, `${rpc.name}: too many calls under way`);
      return;
    }
    let args: readonly unknown[];
    try {
      args = readLast(reader, (rest) => rpc.arguments.read(rest));
    } catch (error) {
      this.#unreadable(player, error, rpc);
      this.#runner.answer(player, head.id, CallStatus.Failed);
      return;
    }
    this.#world.viewed(player, head.viewTick ?? null);
    this.#runner.run({ player, tick: this.#world.tick, object, behaviour, rpc, args, id: head.id });
  }

  #bucketOf(player: INetworkPlayer, rpc: RpcDefinition, { burst, perSecond }: { burst: number; perSecond: number }) {
    const { buckets } = this.#players.of(player);
    let bucket = buckets.get(rpc);
    if (!bucket) {
      bucket = new TokenBucket(this.#world.clock, burst, perSecond);
      buckets.set(rpc, bucket);
    }
    return bucket;
  }

  #unreadable(player: INetworkPlayer, error: unknown, rpc?: RpcDefinition): void {
    // Any other error comes from a codec of the application that is faulty itself.
    if (!(error instanceof NetworkError)) {
      if (rpc) this.#world.report(error, player, rpc);
    } else if (error.code === "ERR_LIMIT") {
      player.chargeError(errorCosts.serializationLimit, ErrorFlags.SerializationLimit);
    } else player.chargeError(errorCosts.deserialization, ErrorFlags.Deserialization);
  }

  /** Reads what a player's method returned. Only who was asked can answer. */
  receiveAnswer(player: INetworkPlayer, reader: NetworkReader): void {
    try {
      if (this.#players.of(player).pending.settle(reader)) return;
      player.chargeError(errorCosts.invalidState, ErrorFlags.InvalidState);
    } catch (error) {
      this.#unreadable(player, error);
    }
  }

  /** The player has left, or its connection is lost: nothing that it was asked will be answered. */
  playerGone(player: INetworkPlayer): void {
    this.#players.of(player).pending.failAll("The player has left");
  }

  /** A player does not see the object any more. */
  hidden(player: INetworkPlayer, object: Target): void {
    this.#players.of(player).pending.objectGone(object);
  }

  /** The object has left the world. */
  objectGone(object: Target): void {
    this.#runner.objectGone(object, new NetworkError("ERR_OBJECT_GONE", "The object has gone"));
  }
}
