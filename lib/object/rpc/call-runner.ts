import { whenAborted } from "../../abort-signals.js";
import { isThenable } from "../../brands.js";
import type { INetworkPlayer } from "../../message/index.js";
import type { NetworkPlayer } from "../../message/players/network-player.js";
import { RequestRefusedError, refusalText } from "../../message/protocol/request.js";
import type { RpcDefinition } from "../behaviour/rpc.js";
import { body, CallStatus, writeAnswer } from "./call-format.js";

/** Methods of one player's calls that may run at a time. */
export const MAX_IN_FLIGHT = 32;

/** A call that is to be run. */
export interface IncomingCall {
  readonly player: INetworkPlayer;
  readonly tick: number;
  readonly object: object;
  readonly behaviour: object;
  readonly rpc: RpcDefinition;
  readonly args: readonly unknown[];
  /** 0: nobody waits. */
  readonly id: number;
}

/** Runs the methods of calls, and answers those who wait. */
export class CallRunner {
  /** The calls under way, by object. */
  readonly #running = new Map<object, Set<AbortController>>();
  readonly #inFlight = new WeakMap<INetworkPlayer, number>();
  /** Methods that have returned a promise, or are async functions. */
  readonly #async = new WeakSet<object>();
  readonly #send: (player: INetworkPlayer) => void;
  readonly #report: (error: unknown, player: INetworkPlayer, rpc: RpcDefinition) => void;

  /**
   * @param send sends a player the answer in `body`
   * @param report a method has thrown
   */
  constructor(
    send: (player: INetworkPlayer) => void,
    report: (error: unknown, player: INetworkPlayer, rpc: RpcDefinition) => void,
  ) {
    this.#send = send;
    this.#report = report;
  }

  /** Whether the player has as many calls under way as it may. */
  isFull(player: INetworkPlayer, rpc: RpcDefinition): boolean {
    return this.#isAsync(rpc) && (this.#inFlight.get(player) ?? 0) >= MAX_IN_FLIGHT;
  }

  #isAsync({ method }: RpcDefinition): boolean {
    return method.constructor.name === "AsyncFunction" || this.#async.has(method);
  }

  /** Runs a call, and answers it once it has ended. Never throws. */
  run(call: IncomingCall): void {
    const { behaviour, player, rpc, tick } = call;
    const abort = this.#isAsync(rpc) || call.id !== 0 ? this.#begin(call) : null;
    const last = rpc.runsOn === "server" ? [{ player, tick, signal: abort?.signal ?? player.signal }] : [];
    const first = rpc.runsOn === "client" && rpc.target === "player" ? [player] : [];
    try {
      const spans = (player as Partial<NetworkPlayer>).owner?.spans;
      const method = () => rpc.method.call(behaviour, ...first, ...call.args, ...last);
      const result = spans ? spans(`rpc ${rpc.name}`, player, method) : method();
      if (isThenable(result)) void this.#follow(call, result, abort ?? this.#begin(call));
      else {
        this.#end(call, abort);
        this.#returned(call, result);
      }
    } catch (error) {
      this.#end(call, abort);
      this.#threw(call, error);
    }
  }

  async #follow(call: IncomingCall, result: PromiseLike<unknown>, abort: AbortController): Promise<void> {
    const { player, rpc } = call;
    this.#async.add(rpc.method);
    this.#inFlight.set(player, (this.#inFlight.get(player) ?? 0) + 1);
    const stopWaiting = whenAborted(player.signal, () => abort.abort(player.signal.reason));
    try {
      this.#returned(call, await result);
    } catch (error) {
      this.#threw(call, error);
    } finally {
      stopWaiting();
      this.#inFlight.set(player, (this.#inFlight.get(player) as number) - 1);
      this.#end(call, abort);
    }
  }

  #begin({ object }: IncomingCall): AbortController {
    const abort = new AbortController();
    const running = this.#running.get(object);
    if (running) running.add(abort);
    else this.#running.set(object, new Set([abort]));
    return abort;
  }

  #end({ object }: IncomingCall, abort: AbortController | null): void {
    const running = this.#running.get(object);
    if (abort && running?.delete(abort) && running.size === 0) this.#running.delete(object);
  }

  /** The object leaves the world: its calls are told. */
  objectGone(object: object, reason: unknown): void {
    const running = this.#running.get(object);
    this.#running.delete(object);
    for (const abort of running ?? []) abort.abort(reason);
  }

  #returned(call: IncomingCall, value: unknown): void {
    const { id, rpc, player } = call;
    if (id === 0) return;
    try {
      body.reset();
      writeAnswer(body, id, CallStatus.Returned, rpc, value);
    } catch (error) {
      this.#threw(call, error);
      return;
    }
    this.#send(player);
  }

  #threw(call: IncomingCall, error: unknown): void {
    const isRefusal = error instanceof RequestRefusedError;
    if (!isRefusal) this.#report(error, call.player, call.rpc);
    if (isRefusal) this.answer(call.player, call.id, CallStatus.Refused, error.message);
    else this.answer(call.player, call.id, CallStatus.Failed);
  }

  /** Answers a call that does not run. */
  answer(player: INetworkPlayer, id: number, status: CallStatus, text = ""): void {
    if (id === 0) return;
    body.reset();
    writeAnswer(body, id, status, null, refusalText(text));
    this.#send(player);
  }
}
