import { createHash, createHmac } from "node:crypto";
import type { RemoteInfo } from "node:dgram";

/** The message types of RFC 5389 and RFC 5766 that the ICE of GNS uses. */
export const STUN = {
  bindingRequest: 0x0001,
  allocateRequest: 0x0003,
  refreshRequest: 0x0004,
  createPermissionRequest: 0x0008,
  sendIndication: 0x0016,
  dataIndication: 0x0017,
  success: 0x0100,
  error: 0x0110,
} as const;

export const ATTRIBUTE = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  xorMappedAddress: 0x0020,
} as const;

const COOKIE = 0x2112a442;
const HEADER_SIZE = 20;

export interface Endpoint {
  address: string;
  port: number;
}

/** A STUN message over IPv4. */
export class StunMessage {
  readonly attributes: { type: number; value: Buffer; offset: number }[] = [];

  private constructor(
    readonly type: number,
    readonly transaction: Buffer,
    private readonly bytes: Buffer,
  ) {}

  /** Null if this is not a STUN message. */
  static parse(bytes: Buffer): StunMessage | null {
    if (bytes.length < HEADER_SIZE || bytes.readUInt32BE(4) !== COOKIE) return null;
    if (bytes.readUInt16BE(2) + HEADER_SIZE !== bytes.length) return null;
    const message = new StunMessage(bytes.readUInt16BE(0), bytes.subarray(8, HEADER_SIZE), bytes);
    for (let offset = HEADER_SIZE; offset + 4 <= bytes.length; ) {
      const length = bytes.readUInt16BE(offset + 2);
      const value = bytes.subarray(offset + 4, offset + 4 + length);
      if (value.length !== length) return null;
      message.attributes.push({ type: bytes.readUInt16BE(offset), value, offset });
      offset += 4 + ((length + 3) & ~3);
    }
    return message;
  }

  get(type: number): Buffer | undefined {
    return this.attributes.find((attribute) => attribute.type === type)?.value;
  }

  text(type: number): string | undefined {
    return this.get(type)?.toString("utf8");
  }

  endpoints(type: number): Endpoint[] {
    return this.attributes.filter((attribute) => attribute.type === type).map(({ value }) => decodeAddress(value));
  }

  /** Whether its MESSAGE-INTEGRITY was made with the long-term credentials. */
  isSignedBy(username: string, realm: string, password: string): boolean {
    const found = this.attributes.find((attribute) => attribute.type === ATTRIBUTE.messageIntegrity);
    if (found === undefined || this.text(ATTRIBUTE.username) !== username) return false;
    const key = createHash("md5").update(`${username}:${realm}:${password}`).digest();
    const signed = Buffer.from(this.bytes.subarray(0, found.offset));
    // The length that is signed includes the signature itself.
    signed.writeUInt16BE(found.offset + 24 - HEADER_SIZE, 2);
    return createHmac("sha1", key).update(signed).digest().equals(found.value);
  }
}

export function encodeStun(type: number, transaction: Buffer, attributes: [type: number, value: Buffer][]): Buffer {
  const parts = attributes.map(([attribute, value]) => {
    const part = Buffer.alloc(4 + ((value.length + 3) & ~3));
    part.writeUInt16BE(attribute, 0);
    part.writeUInt16BE(value.length, 2);
    value.copy(part, 4);
    return part;
  });
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(HEADER_SIZE);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(body.length, 2);
  header.writeUInt32BE(COOKIE, 4);
  transaction.copy(header, 8);
  return Buffer.concat([header, body]);
}

/** XOR-MAPPED-ADDRESS and similar attributes. */
export function encodeAddress({ address, port }: Endpoint | RemoteInfo): Buffer {
  const value = Buffer.alloc(8);
  value.writeUInt8(1, 1);
  value.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  const ip = Buffer.from(address.split(".").map(Number));
  value.writeUInt32BE((ip.readUInt32BE(0) ^ COOKIE) >>> 0, 4);
  return value;
}

function decodeAddress(value: Buffer): Endpoint {
  const ip = Buffer.alloc(4);
  ip.writeUInt32BE((value.readUInt32BE(4) ^ COOKIE) >>> 0);
  return { address: Array.from(ip).join("."), port: value.readUInt16BE(2) ^ (COOKIE >>> 16) };
}

export function encodeError(code: number, reason: string): Buffer {
  return Buffer.concat([Buffer.from([0, 0, Math.floor(code / 100), code % 100]), Buffer.from(reason)]);
}

export function encodeUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
