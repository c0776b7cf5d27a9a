import type { EventListener } from "../../event-hub.js";
import { DisconnectCode, type MessageDefinition, NetworkClient } from "../../message/index.js";
import {
  arrayOption,
  checkOptions,
  functionOption,
  type OptionRules,
  oneOf,
  required,
  thingOption,
} from "../../options.js";
import type { NetworkIdentity } from "../behaviour/network-identity.js";
import type { ObjectFactory } from "../behaviour/object-factory.js";
import type { Behaviours, InstancesOf, Prefab } from "../behaviour/prefab.js";
import type { PredictionDefinition } from "../prediction/defined-prediction.js";
import { Layouts, prefabsOption } from "../wire/layouts.js";
import {
  LatestMessage,
  OrderedMessage,
  objectMessages,
  PredictedMessage,
  RecordKind,
} from "../wire/object-messages.js";
import { checkStaticName } from "../world/factories.js";
import type { clientCalls } from "./calls.js";
import type { ClientObjectEvents } from "./client-object-events.js";
import type { ClientPredictionDefinition } from "./client-prediction.js";
import { HostWorld } from "./host-world.js";
import { ObjectClient } from "./object-client.js";

/** Which objects a client's world can have. */
export interface ClientObjectManagerOptions {
  /** The same ones on both sides, in any order. */
  prefabs: readonly Prefab[];
  /** The same ones on both sides. @defaultValue none */
  predictions?: readonly PredictionDefinition[];
  /**
   * In a host: whether the objects are the server's own instances, or the client's own, as those of a remote client.
   * They are the client's own as well where its prefabs have other classes than the server's.
   *
   * @defaultValue `shared`
   */
  host?: "shared" | "replica";
  /** Gets what listeners and behaviours throw. @defaultValue the `onError` and the `logger` of the client */
  onError?(error: unknown): void;
}

/** How well a client's world keeps up with the server's. */
export interface ClientObjectMetrics {
  /** How many times the server had other values than those that this client predicted, since the manager was made. */
  corrections: number;
  /**
   * How far what is shown is behind the newest state that could have come, in milliseconds; 0 before any has.
   * It is 0 as well where no member is interpolated.
   */
  shownDelayMs: number;
}

const OPTIONS: OptionRules<ClientObjectManagerOptions> = {
  prefabs: required(prefabsOption),
  predictions: arrayOption,
  host: oneOf("shared", "replica"),
  onError: functionOption,
};

/** The networked objects that a client sees (Mirage's `ClientObjectManager`). See docs/objects.md. */
export class ClientObjectManager {
  readonly #core: ObjectClient;
  readonly #layouts: Layouts;

  /**
   * Adds itself to `client`.
   *
   * @throws TypeError for wrong options; NetworkError `ERR_STATE` while the client is active
   */
  constructor(client: NetworkClient, options: ClientObjectManagerOptions) {
    thingOption("a NetworkClient", "use", "connect")("client", client);
    checkOptions("ClientObjectManager", options, OPTIONS);
    const { onError = (error) => NetworkClient.report(client, error, "an object") } = options;
    this.#layouts = new Layouts(options.prefabs, options.predictions);
    const core = new ObjectClient(client, this.#layouts, onError);
    this.#core = core;
    const host = new HostWorld(client, core, options.host ?? "shared");
    core.host = host;
    core.extensions.set(RecordKind.AllVisible, () => {
      this.#layouts.seesAll = true;
    });
    const [rpc] = this.#layouts.all.flatMap(({ definitions }) => definitions.flatMap(({ rpcs }) => rpcs));
    const brought = rpc?.clientCalls as typeof clientCalls | undefined;
    const calls = brought?.use(client, core);
    const [first] = this.#layouts.predictions.values();
    const prediction = (first as ClientPredictionDefinition | undefined)?.onClient(client, core) ?? null;
    core.prediction = prediction;
    const leaveWorld = () => {
      prediction?.stop();
      calls?.connectionLost();
      host.run(() => core.stop());
      host.stopped();
    };
    client.use({
      messages: objectMessages(this.#layouts),
      started: () => host.started(),
      tick: () => core.updateUndrawn(),
      beforeSend: () => core.send(),
      playerAuthenticated: (player) => {
        core.wire = this.#layouts.agreedWith(player);
      },
      playerSuspended: () => {
        calls?.connectionLost();
        prediction?.suspend();
      },
      playerDisconnecting: (_player, { code }) => {
        if (code === DisconnectCode.Moved) leaveWorld();
      },
      stopped: leaveWorld,
    });
    brought?.receiveUnordered(client, core);
    const receive = (message: MessageDefinition<Uint8Array>, read: (bytes: Uint8Array) => void) => {
      let received: Uint8Array;
      const readReceived = () => read(received);
      client.messageHandler.register(message, (bytes) => {
        received = bytes;
        core.read(message.name, readReceived);
      });
    };
    receive(OrderedMessage, (bytes) => core.receiveOrdered(bytes));
    receive(LatestMessage, (bytes) => core.receiveLatest(bytes));
    if (prediction) receive(PredictedMessage, (bytes) => prediction.receive(bytes));
  }

  /** All objects that this client sees. */
  get objects(): NetworkIdentity[] {
    const spawned = this.#core.prediction?.spawns.objects ?? [];
    return [...this.#core.byNetId.values(), ...spawned].map(({ identity }) => identity);
  }

  /** The object that this client controls, null without one. */
  get character(): NetworkIdentity | null {
    return this.#core.character?.identity ?? null;
  }

  /** The object of a number, null when this client does not see it. */
  get(netId: number): NetworkIdentity | null {
    return this.#core.byNetId.get(netId)?.identity ?? null;
  }

  /**
   * Goes on with what is shown: call it before each frame that is drawn. Until the next call all of `shown` stays the
   * same. A world that nobody draws goes on by itself each 250 ms.
   */
  update(): void {
    this.#core.update();
  }

  /**
   * The server's tick that is shown, with a fraction. Null before the first state has come, and where the server has no
   * `tickRate` or no member is interpolated: what has arrived is shown at once then.
   */
  get shownTick(): number | null {
    return this.#core.viewTick();
  }

  /** A new object with the figures of now. */
  get metrics(): ClientObjectMetrics {
    return { corrections: this.#core.prediction?.corrections ?? 0, shownDelayMs: this.#core.shown?.delayMs ?? 0 };
  }

  /**
   * The tick that is shown of the behaviour that this client controls, with a fraction: it is ahead of the server's.
   * Null while it controls nothing.
   */
  get predictedTick(): number | null {
    return this.#core.prediction?.shownTick ?? null;
  }

  /**
   * Says what makes the behaviours of a prefab's objects, and takes them back; null: they are constructed.
   *
   * @throws TypeError for what is no factory, or a prefab that the manager does not have
   */
  setFactory<const B extends Behaviours>(prefab: Prefab<B>, factory: ObjectFactory<B> | null): void {
    const layout = this.#layouts.of(prefab as unknown as Prefab);
    this.#core.waiting.factories.set(layout, factory as ObjectFactory | null);
  }

  /**
   * These behaviours are those of the server's static object of this name. When it leaves the world they are as new,
   * and are there for the next spawn. A spawn waits for them as for a factory's.
   *
   * @param name 1 to 64 characters
   * @returns a function that takes them away, unless they are in the world
   * @throws TypeError for other behaviours than those of the prefab, or ones that are in a world; NetworkError
   *   `ERR_STATE` where there are behaviours of this name
   */
  addStatic<const B extends Behaviours>(name: string, prefab: Prefab<B>, behaviours: InstancesOf<B>): () => void {
    checkStaticName(name);
    const layout = this.#layouts.of(prefab as unknown as Prefab);
    return this.#core.waiting.addStatic(name, layout, layout.prefab.bind(behaviours as never));
  }

  /** Sends what was set in order, and called, now: it arrives before any message that is sent afterwards on lane 0. */
  flush(): void {
    this.#core.flush();
  }

  /** Adds a listener of an event. @returns a function that removes it */
  on<Name extends keyof ClientObjectEvents>(name: Name, listener: EventListener<ClientObjectEvents[Name]>): () => void {
    return this.#core.events.on(name, listener);
  }

  /**
   * Adds a listener of the objects of one prefab that come into the world.
   *
   * @returns a function that removes it
   * @throws TypeError for a prefab that the manager does not have
   */
  onSpawned<const B extends Behaviours>(
    prefab: Prefab<B>,
    listener: (object: InstancesOf<B> & { readonly identity: NetworkIdentity }) => unknown,
  ): () => void {
    const layout = this.#layouts.of(prefab as unknown as Prefab);
    return this.#core.events.on("spawned", (identity) => {
      if (identity.prefab !== layout.prefab.name) return;
      return listener({ ...identity.behaviours, identity } as unknown as InstancesOf<B> & {
        readonly identity: NetworkIdentity;
      });
    });
  }
}
