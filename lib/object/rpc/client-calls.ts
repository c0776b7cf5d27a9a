import type { Clock } from "../../clock.js";
import type { INetworkPlayer } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import type { NetworkReader } from "../../serialization/index.js";
import { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { CallOptions, RpcDefinition, RpcNumbers } from "../behaviour/rpc.js";
import { body, CallStatus, notAgreed, readHead, readLast, readSection, writeCall } from "./call-format.js";
import { CallRunner } from "./call-runner.js";
import { PendingCalls } from "./pending-calls.js";

/** An object as calls know it. */
interface CalledObject {
  readonly netId: number;
  readonly parts: readonly NetworkBehaviour[];
}

/** What the calls of a client need of its world. */
export interface ClientCallWorld<Called extends CalledObject> {
  readonly clock: Clock;
  readonly tick: number;
  /** The server's tick that is shown; null where that is what has arrived. */
  readonly viewTick: number | null;
  /** The client's own player: the server, as messages know it. */
  readonly player: INetworkPlayer;
  /** The behaviours of the object of this number, null where the client does not have it. The call is held: waiting. */
  find(item: number): (Called & { readonly isWaiting?: boolean }) | null;
  /** The RPCs that the server's program has, too. */
  rpcsOf(object: Called): RpcNumbers;
  /**
   * Sends the server what is in `body`: a call, behind the object's ordered state that this client has set, unless it
   * is unordered.
   */
  sendCall(isUnordered: boolean): void;
  /** Calls `run` when the time that is shown has come to `tick`, and before the object goes. */
  whenShown(object: object, tick: number, run: () => void): void;
  /** Sends the server the answer in `body`. */
  sendAnswer(): void;
  report(error: unknown, rpc: RpcDefinition): void;
}

/** The calls of a client: its own, and those of the server, which it runs. */
export class ClientCalls<Called extends CalledObject> {
  readonly #world: ClientCallWorld<Called>;
  readonly #runner: CallRunner;
  readonly #pending: PendingCalls;

  constructor(world: ClientCallWorld<Called>) {
    this.#world = world;
    this.#pending = new PendingCalls(world.clock);
    this.#runner = new CallRunner(
      () => world.sendAnswer(),
      (error, _player, rpc) => world.report(error, rpc),
    );
  }

  /** The client calls: a server RPC goes to the server. */
  call(
    object: Called,
    behaviour: NetworkBehaviour,
    rpc: RpcDefinition,
    args: readonly unknown[],
    options: CallOptions = {},
  ): unknown {
    if (rpc.runsOn === "client") {
      throw new NetworkError("ERR_WRONG_SIDE", `${rpc.name} is called by the server: here call a method of your own`);
    }
    const index = object.parts.indexOf(behaviour);
    const number = this.#world.rpcsOf(object)[index]?.indexOf(rpc.index) ?? -1;
    if (number < 0) return rpc.returns ? Promise.reject(notAgreed(rpc)) : undefined;
    const head = { object: object.netId, behaviour: index, rpc: number };
    const send = (id: number) => {
      body.reset();
      writeCall(body, { ...head, id, viewTick: this.#world.viewTick }, rpc, args);
      this.#world.sendCall(rpc.isUnordered);
    };
    if (rpc.returns) return this.#pending.open(object, rpc, options, send);
    send(0);
    return undefined;
  }

  /** Reads a call of the server and runs it; one of an object that is not there is dropped. */
  receive(reader: NetworkReader): void {
    readSection(reader, () => {
      const { object: item, behaviour: index, rpc: number, id } = readHead(reader);
      const { player, tick } = this.#world;
      const object = this.#world.find(item);
      if (!object) {
        this.#runner.answer(player, id, CallStatus.Gone);
        return;
      }
      if (object.isWaiting) return;
      const behaviour = object.parts[index];
      const place = this.#world.rpcsOf(object)[index]?.[number] ?? -1;
      const rpc = behaviour && NetworkBehaviour.valuesOf(behaviour).definition.rpcs[place];
      if (rpc?.runsOn !== "client")
        throw new NetworkError("ERR_BAD_VALUE", `There is no client RPC ${index}.${number}`);
      const args = readLast(reader, (rest) => rpc.arguments.read(rest));
      const run = () =>
        this.#runner.run({ player, tick, object, behaviour: behaviour as NetworkBehaviour, rpc, args, id });
      if (rpc.isAtShown) this.#world.whenShown(object, tick, run);
      else run();
    });
  }

  /** Reads what a method of the server returned. */
  receiveAnswer(reader: NetworkReader): void {
    this.#pending.settle(reader);
  }

  /** The object is not here any more. */
  objectGone(object: object): void {
    this.#pending.objectGone(object);
    this.#runner.objectGone(object, new NetworkError("ERR_OBJECT_GONE", "The object has gone"));
  }

  connectionLost(): void {
    this.#pending.failAll("The connection was lost");
  }
}
