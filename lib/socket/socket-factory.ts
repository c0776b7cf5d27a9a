import type { IBindEndPoint, IConnectEndPoint, ISocket } from "./socket.js";

/**
 * Makes the sockets of one transport, and their end points (Mirage's `SocketFactory`). To change the transport of a
 * program, change its factory.
 */
export abstract class SocketFactory<
  Bind extends IBindEndPoint = IBindEndPoint,
  Connect extends IConnectEndPoint = IConnectEndPoint,
> {
  /** Largest packet in bytes that every socket of this factory carries. */
  abstract readonly maxPacketSize: number;

  /** Whether the transport works on this platform. */
  get isSupported(): boolean {
    return true;
  }

  abstract createServerSocket(): ISocket<Bind>;

  /** The same kind of socket as a server's, unless a factory overrides it. */
  createClientSocket(): ISocket<IBindEndPoint, Connect> {
    return this.createServerSocket();
  }

  /** Where server sockets listen. */
  abstract getBindEndPoint(): Bind;

  /** Where client sockets connect to. The factory's own host and port take the place of what is left out. */
  abstract getConnectEndPoint(host?: string, port?: number): Connect;
}

/** A factory whose host can be set: what clients connect to. */
export interface IHasHost {
  host: string;
}

/** A factory whose port can be set: where servers listen and clients connect to. */
export interface IHasPort {
  port: number;
}
