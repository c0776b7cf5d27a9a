import { NetworkError } from "../../network-error.js";
import type { IBindEndPoint, IConnectEndPoint, ISocket } from "../socket.js";
import { SocketFactory } from "../socket-factory.js";
import { MultiplexSocket } from "./multiplex-socket.js";

/**
 * Several kinds of transport on one server, each on the address of its own factory. Clients take the first factory that
 * works on their platform.
 */
export class MultiplexSocketFactory extends SocketFactory {
  readonly maxPacketSize: number;
  readonly #factories: readonly SocketFactory[];

  constructor(...factories: SocketFactory[]) {
    super();
    if (factories.length === 0) throw new TypeError("A MultiplexSocketFactory needs other factories");
    this.#factories = factories;
    this.maxPacketSize = Math.min(...factories.map((factory) => factory.maxPacketSize));
  }

  override get isSupported(): boolean {
    return this.#factories.some((factory) => factory.isSupported);
  }

  /** With those of the factories that work on this platform. */
  createServerSocket(): ISocket {
    return new MultiplexSocket(this.#supported().map((factory) => factory.createServerSocket()));
  }

  createClientSocket(): ISocket {
    return this.#first().createClientSocket();
  }

  getBindEndPoint(): IBindEndPoint {
    return this.#supported().map((factory) => factory.getBindEndPoint());
  }

  getConnectEndPoint(address?: string, port?: number): IConnectEndPoint {
    return this.#first().getConnectEndPoint(address, port);
  }

  #supported(): SocketFactory[] {
    return this.#factories.filter((factory) => factory.isSupported);
  }

  #first(): SocketFactory {
    const [first] = this.#supported();
    if (!first) throw new NetworkError("ERR_NOT_SUPPORTED", "None of the transports works on this platform");
    return first;
  }
}
