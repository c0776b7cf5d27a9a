import type { IBindEndPoint, IConnectEndPoint, ISocket } from "./socket.js";

/**
 * Makes the sockets of one kind of transport, and their end points (Mirage's `SocketFactory`). Changing the transport of
 * a program is changing its factory.
 */
export abstract class SocketFactory {
  /** Largest packet in bytes that all its sockets carry. */
  abstract readonly maxPacketSize: number;

  /** Whether it works on this platform. */
  get isSupported(): boolean {
    return true;
  }

  abstract createServerSocket(): ISocket;
  abstract createClientSocket(): ISocket;
  /** Where its server sockets listen. */
  abstract getBindEndPoint(): IBindEndPoint;
  /** Where its client sockets connect to; what is left out is as the factory is set. */
  abstract getConnectEndPoint(address?: string, port?: number): IConnectEndPoint;
}

/** A factory whose address can be set. */
export interface IHasAddress {
  address: string;
}

/** A factory whose port can be set. */
export interface IHasPort {
  port: number;
}
