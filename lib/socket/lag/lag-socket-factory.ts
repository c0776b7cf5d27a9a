import { typeError } from "../../arguments.js";
import { type Clock, systemClock } from "../../clock.js";
import { checkOptions, clockOption, functionOption } from "../../options.js";
import type { Random } from "../../random.js";
import { checkFactory } from "../building/check-factory.js";
import type { IBindEndPoint, IConnectEndPoint, ISocket } from "../socket.js";
import { SocketFactory } from "../socket-factory.js";
import {
  Conditions,
  completeConditions,
  conditionRules,
  type LagConditions,
  type WayConditions,
  wayRules,
} from "./lag-conditions.js";
import { LagSocket } from "./lag-socket.js";

/** Options of a {@link LagSocketFactory}. */
export interface LagSocketFactoryOptions extends Partial<LagConditions> {
  /** What times the delays. @defaultValue the clock of the platform */
  clock?: Clock;
  /** Give a seeded one to a test that must repeat exactly. @defaultValue Math.random */
  random?: Random;
}

/**
 * Wraps the sockets of another factory to behave as on a bad network. Each socket delays and loses what it sends: if
 * both ends come from this factory, a round trip takes twice the latency.
 */
export class LagSocketFactory<
  Bind extends IBindEndPoint = IBindEndPoint,
  Connect extends IConnectEndPoint = IConnectEndPoint,
> extends SocketFactory<Bind, Connect> {
  readonly #conditions: Conditions;
  readonly #inner: SocketFactory<Bind, Connect>;
  readonly #clock: Clock;
  readonly #random: Random;

  /** @throws TypeError, RangeError for a wrong option, or what is no factory */
  constructor(inner: SocketFactory<Bind, Connect>, options: LagSocketFactoryOptions = {}) {
    super();
    checkFactory("inner", inner);
    checkOptions("LagSocketFactory", options, {
      ...conditionRules,
      clock: clockOption,
      random: functionOption,
    });
    const { clock = systemClock, random = Math.random, ...conditions } = options;
    this.#inner = inner;
    this.#clock = clock;
    this.#random = random;
    this.#conditions = new Conditions(completeConditions(conditions));
  }

  /**
   * How bad the network is. A change applies to all its sockets from the next packet on; so does a new object, in which
   * what is left out has its default.
   */
  get conditions(): LagConditions {
    return this.#conditions.all;
  }

  /** @throws TypeError `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` */
  set conditions(conditions: Partial<LagConditions>) {
    checkOptions("LagConditions", conditions, conditionRules);
    Object.assign(this.#conditions.all, completeConditions(conditions));
  }

  /** How bad the network is on the way to one address. What it has none of its own of is that of `conditions`. */
  conditionsOf(address: string): WayConditions {
    return this.#conditions.of({ address });
  }

  /**
   * Gives the way to one address, such as `player.address`, conditions of its own; null takes them back. What is left
   * out is as it is in `conditions` now.
   *
   * @throws TypeError `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE`
   */
  setConditionsOf(address: string, conditions: Partial<WayConditions> | null): void {
    if (typeof address !== "string") throw typeError("address", "a text");
    if (conditions === null) {
      this.#conditions.set(address, null);
      return;
    }
    checkOptions("LagConditions", conditions, wayRules);
    const { latencyMs, jitterMs, loss } = this.#conditions.of({ address });
    this.#conditions.set(address, { latencyMs, jitterMs, loss, ...conditions });
  }

  get maxPacketSize(): number {
    return this.#inner.maxPacketSize;
  }

  override get isSupported(): boolean {
    return this.#inner.isSupported;
  }

  createServerSocket(): ISocket<Bind> {
    return new LagSocket(this.#inner.createServerSocket(), this.#conditions, this.#random, this.#clock);
  }

  override createClientSocket(): ISocket<IBindEndPoint, Connect> {
    return new LagSocket(this.#inner.createClientSocket(), this.#conditions, this.#random, this.#clock);
  }

  override createBroadcastSocket(): ISocket<IBindEndPoint, Connect> | null {
    const socket = this.#inner.createBroadcastSocket();
    return socket && new LagSocket(socket, this.#conditions, this.#random, this.#clock);
  }

  getBindEndPoint(): Bind {
    return this.#inner.getBindEndPoint();
  }

  override get addressKind(): string | null {
    return this.#inner.addressKind;
  }

  getConnectEndPoint(host?: string, port?: number): Connect {
    return this.#inner.getConnectEndPoint(host, port);
  }
}
