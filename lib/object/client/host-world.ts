import type { NetworkClient } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import { runAs } from "../behaviour/callback-side.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { CallOptions, RpcDefinition } from "../behaviour/rpc.js";
import {
  type HostClient,
  type SharedControl,
  type SharedObject,
  type SharedWorld,
  worldOfHost,
} from "../world/shared-world.js";
import type { ClientObject } from "./client-object.js";
import type { ObjectClient } from "./object-client.js";

/** What the world of a host's client has in common with the server's. Of a remote client it does nothing. */
export class HostWorld implements HostClient {
  /** Never where the server has other classes: it is of another version, or its prefabs are defined twice. */
  isShared = false;
  readonly #kind: "shared" | "replica";
  readonly #client: NetworkClient;
  readonly #core: ObjectClient;
  #world: SharedWorld | null = null;

  constructor(client: NetworkClient, core: ObjectClient, kind: "shared" | "replica") {
    this.#client = client;
    this.#core = core;
    this.#kind = kind;
  }

  started(): void {
    this.#world = worldOfHost(this.#client);
    if (!this.#world) return;
    this.isShared = this.#kind === "shared" && this.#world.layouts.hasClassesOf(this.#core.layouts);
    this.#world.client = this;
  }

  stopped(): void {
    if (this.#world?.client === this) this.#world.clientLeft();
    this.#world = null;
  }

  /** The server's object of a number, if its instances are used here. */
  find(netId: number): SharedObject | null {
    return this.isShared ? (this.#world?.find(netId) ?? null) : null;
  }

  unspawned({ netId }: ClientObject): void {
    if (this.isShared) this.#world?.unspawned(netId);
  }

  /** Runs what calls back: listeners that are added to shared instances are the client's. */
  run(callback: () => void): void {
    if (this.#world) runAs("client", callback);
    else callback();
  }

  call(
    object: SharedObject,
    behaviour: object,
    rpc: RpcDefinition,
    args: readonly unknown[],
    options?: CallOptions,
  ): unknown {
    // The server says what becomes of an object that this client does not have.
    const own = this.#core.byNetId.get(object.netId) ?? object;
    const part = own.parts[object.parts.indexOf(behaviour as NetworkBehaviour)] as NetworkBehaviour;
    return this.#core.call(own, part, rpc, args, options);
  }

  startControl(shared: SharedObject, behaviour: object, prediction: object, sample: () => unknown): () => void {
    const object = this.#core.byNetId.get(shared.netId);
    if (!object) throw new NetworkError("ERR_STATE", "The client does not see the object yet");
    return this.#core.startControl(object, behaviour, prediction, sample);
  }

  /** The client controls this behaviour of the server's, or none. */
  control(control: SharedControl | null): void {
    if (this.#world) this.#world.control = control;
  }

  stop(): void {
    runAs("client", () => this.#core.stop());
    this.stopped();
  }
}
