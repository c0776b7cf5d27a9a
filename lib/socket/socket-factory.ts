import type { IBindEndPoint, IConnectEndPoint, ISocket } from "./socket.js";

/**
 * Makes the sockets of one transport, and their end points (Mirage's `SocketFactory`). To change the transport of a
 * program, change its factory.
 */
export abstract class SocketFactory<
  Bind extends IBindEndPoint = IBindEndPoint,
  Connect extends IConnectEndPoint = IConnectEndPoint,
> {
  /** Largest packet in bytes that every socket of this factory can send. */
  abstract readonly maxPacketSize: number;

  /** Whether the transport works on this platform. */
  get isSupported(): boolean {
    return true;
  }

  /**
   * Which of a server's addresses (`Door`) its clients take; null: that of the `transport` of their connections.
   *
   * @defaultValue null
   */
  get addressKind(): string | null {
    return null;
  }

  /**
   * A new socket for a server: `bind` of it listens.
   *
   * @throws NetworkError `ERR_NOT_SUPPORTED` where the transport has no servers
   */
  abstract createServerSocket(): ISocket<Bind>;

  /** By default the same kind of socket as a server's. */
  createClientSocket(): ISocket<IBindEndPoint, Connect> {
    return this.createServerSocket();
  }

  /**
   * A socket whose packets reach all servers of the local network that listen on the port that it connects to, and that
   * receives from all of them. By default null: the transport has none.
   */
  createBroadcastSocket(): ISocket<IBindEndPoint, Connect> | null {
    return null;
  }

  /** What server sockets bind to. @throws RangeError `ERR_OUT_OF_RANGE` for a `port` outside 0 to 65535 */
  abstract getBindEndPoint(): Bind;

  /**
   * What client sockets connect to. By default host and port are those of the factory.
   *
   * @throws TypeError, RangeError for what is no host, or a port outside 1 to 65535
   */
  abstract getConnectEndPoint(host?: string, port?: number): Connect;
}

/** A factory whose host, which clients connect to, can be set. */
export interface IHasHost {
  /** What clients connect to, a name or a numeric address. It holds from the next `connect` on. */
  host: string;
}

/** A factory whose port, which servers listen on and clients connect to, can be set. */
export interface IHasPort {
  /** Where servers listen and clients connect to, 0 to 65535. It holds from the next `bind` or `connect` on. */
  port: number;
}
