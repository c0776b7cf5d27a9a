import { invalidType } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import { checkFactory } from "../building/check-factory.js";
import type { IBindEndPoint, IConnectEndPoint, ISocket } from "../socket.js";
import { SocketFactory } from "../socket-factory.js";
import { MultiplexSocket } from "./multiplex-socket.js";

/**
 * Several transports on one server, each at the end point of its own factory. Clients use the first factory that works
 * on their platform.
 */
export class MultiplexSocketFactory<
  Factories extends readonly SocketFactory[] = readonly SocketFactory[],
  Bind extends IBindEndPoint = ReturnType<Factories[number]["getBindEndPoint"]>,
  Connect extends IConnectEndPoint = ReturnType<Factories[number]["getConnectEndPoint"]>,
> extends SocketFactory<readonly Bind[], Connect> {
  readonly maxPacketSize: number;
  readonly #factories: readonly SocketFactory<Bind, Connect>[];

  /** @throws TypeError without a factory, or for what is none */
  constructor(...factories: Factories) {
    super();
    if (factories.length === 0) throw invalidType("A MultiplexSocketFactory needs other factories");
    for (const factory of factories) checkFactory("Each argument of MultiplexSocketFactory", factory);
    this.#factories = factories as readonly SocketFactory[] as readonly SocketFactory<Bind, Connect>[];
    this.maxPacketSize = Math.min(...factories.map((factory) => factory.maxPacketSize));
  }

  override get isSupported(): boolean {
    return this.#factories.some((factory) => factory.isSupported);
  }

  override get addressKind(): string | null {
    return this.#first().addressKind;
  }

  /** Listens with every factory that works on this platform; `boundPorts` has their ports, in the same order. */
  createServerSocket(): ISocket<readonly Bind[]> & { readonly boundPorts: readonly (number | null)[] } {
    return new MultiplexSocket(() => this.#supported().map((factory) => factory.createServerSocket()));
  }

  override createClientSocket(): ISocket<IBindEndPoint, Connect> {
    return this.#first().createClientSocket();
  }

  override createBroadcastSocket(): ISocket<IBindEndPoint, Connect> | null {
    return this.#first().createBroadcastSocket();
  }

  getBindEndPoint(): readonly Bind[] {
    return this.#supported().map((factory) => factory.getBindEndPoint());
  }

  getConnectEndPoint(host?: string, port?: number): Connect {
    return this.#first().getConnectEndPoint(host, port);
  }

  #supported(): SocketFactory<Bind, Connect>[] {
    return this.#factories.filter((factory) => factory.isSupported);
  }

  #first(): SocketFactory<Bind, Connect> {
    const [first] = this.#supported();
    if (!first) throw new NetworkError("ERR_NOT_SUPPORTED", "None of the transports works on this platform");
    return first;
  }
}
