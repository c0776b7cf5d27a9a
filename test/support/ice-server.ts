import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import {
  ATTRIBUTE,
  type Endpoint,
  encodeAddress,
  encodeError,
  encodeStun,
  encodeUint32,
  STUN,
  StunMessage,
} from "./stun-message.js";

export interface IceServerCounts {
  bindings: number;
  allocated: number;
  /** Rejected requests, by their user name, "" for those without one. */
  refused: Record<string, number>;
  refreshed: number;
  /** Packets relayed, in either direction. */
  relayed: number;
}

interface Allocation {
  relay: Socket;
  client: RemoteInfo;
  permitted: Set<string>;
}

const REALM = "test";
const NONCE = "nonce";

/** A STUN and TURN server (RFC 5389, RFC 5766) for tests: IPv4, UDP, one user, Send and Data indications. */
export class IceServer {
  readonly counts: IceServerCounts = { bindings: 0, allocated: 0, refused: {}, refreshed: 0, relayed: 0 };
  readonly #socket = createSocket("udp4");
  readonly #allocations = new Map<string, Allocation>();
  /** Rejected transactions: a slow machine repeats them. */
  readonly #refused = new Set<string>();
  readonly #address: string;
  readonly #user: { username: string; password: string };
  readonly #lifetimeSeconds: number;

  /** `address`: where it listens and relays from. */
  constructor(address: string, user: { username: string; password: string }, lifetimeSeconds = 600) {
    this.#address = address;
    this.#user = user;
    this.#lifetimeSeconds = lifetimeSeconds;
    this.#socket.on("message", (bytes, from) => {
      const message = StunMessage.parse(bytes);
      if (message !== null) this.#receive(message, from);
    });
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#socket.bind(port, this.#address, resolve));
  }

  #receive(message: StunMessage, from: RemoteInfo): void {
    switch (message.type) {
      case STUN.bindingRequest:
        this.counts.bindings++;
        this.#reply(message, from, [[ATTRIBUTE.xorMappedAddress, encodeAddress(from)]]);
        break;
      case STUN.sendIndication:
        this.#send(message, from);
        break;
      case STUN.allocateRequest:
      case STUN.refreshRequest:
      case STUN.createPermissionRequest:
        if (this.#isKnown(message, from)) this.#serve(message, from);
    }
  }

  /** Asks for credentials or refuses wrong ones. */
  #isKnown(message: StunMessage, from: RemoteInfo): boolean {
    const { username, password } = this.#user;
    if (message.isSignedBy(username, REALM, password)) return true;
    const transaction = message.transaction.toString("hex");
    if (!this.#refused.has(transaction)) {
      this.#refused.add(transaction);
      const claimed = message.text(ATTRIBUTE.username) ?? "";
      this.counts.refused[claimed] = (this.counts.refused[claimed] ?? 0) + 1;
    }
    const attributes: [number, Buffer][] = [
      [ATTRIBUTE.errorCode, encodeError(401, "Unauthorized")],
      [ATTRIBUTE.realm, Buffer.from(REALM)],
      [ATTRIBUTE.nonce, Buffer.from(NONCE)],
    ];
    this.#socket.send(encodeStun(message.type | STUN.error, message.transaction, attributes), from.port, from.address);
    return false;
  }

  #serve(message: StunMessage, from: RemoteInfo): void {
    const key = keyOf(from);
    const allocation = this.#allocations.get(key);
    const lifetime: [number, Buffer] = [ATTRIBUTE.lifetime, encodeUint32(this.#lifetimeSeconds)];
    if (message.type === STUN.allocateRequest) {
      if (allocation === undefined) this.#allocate(message, from, lifetime);
      else this.#reply(message, from, [...this.#relayAttributes(allocation), lifetime]);
      return;
    }
    if (allocation === undefined) return;
    if (message.type === STUN.refreshRequest) this.counts.refreshed++;
    for (const peer of message.endpoints(ATTRIBUTE.xorPeerAddress)) allocation.permitted.add(peer.address);
    this.#reply(message, from, message.type === STUN.refreshRequest ? [lifetime] : []);
  }

  #allocate(message: StunMessage, from: RemoteInfo, lifetime: [number, Buffer]): void {
    const relay = createSocket("udp4");
    const allocation: Allocation = { relay, client: from, permitted: new Set() };
    this.#allocations.set(keyOf(from), allocation);
    relay.on("message", (data, peer) => this.#deliver(allocation, data, peer));
    relay.bind(0, this.#address, () => {
      this.counts.allocated++;
      this.#reply(message, from, [...this.#relayAttributes(allocation), lifetime]);
    });
  }

  #relayAttributes({ relay, client }: Allocation): [number, Buffer][] {
    return [
      [ATTRIBUTE.xorRelayedAddress, encodeAddress({ address: this.#address, port: relay.address().port })],
      [ATTRIBUTE.xorMappedAddress, encodeAddress(client)],
    ];
  }

  #send(message: StunMessage, from: RemoteInfo): void {
    const allocation = this.#allocations.get(keyOf(from));
    const [peer] = message.endpoints(ATTRIBUTE.xorPeerAddress);
    const data = message.get(ATTRIBUTE.data);
    if (allocation === undefined || peer === undefined || data === undefined) return;
    if (!allocation.permitted.has(peer.address)) return;
    this.counts.relayed++;
    allocation.relay.send(data, peer.port, peer.address, () => {}); // ICE tries unreachable addresses too
  }

  #deliver({ client, permitted }: Allocation, data: Buffer, peer: RemoteInfo): void {
    if (!permitted.has(peer.address)) return;
    this.counts.relayed++;
    const attributes: [number, Buffer][] = [
      [ATTRIBUTE.xorPeerAddress, encodeAddress(peer)],
      [ATTRIBUTE.data, data],
    ];
    this.#socket.send(encodeStun(STUN.dataIndication, Buffer.alloc(12), attributes), client.port, client.address);
  }

  #reply(message: StunMessage, to: RemoteInfo, attributes: [number, Buffer][]): void {
    this.#socket.send(encodeStun(message.type | STUN.success, message.transaction, attributes), to.port, to.address);
  }
}

function keyOf({ address, port }: Endpoint | RemoteInfo): string {
  return `${address}:${port}`;
}
