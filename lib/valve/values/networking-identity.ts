import { IDENTITY, native } from "../../addon/native.js";
import { checkBytes, checkInstance, checkText, rangeError, typeError } from "../../arguments.js";
import { hexOf } from "../../bytes.js";
import { utf8Length } from "../../utf8.js";
import { Address, addressOf } from "./address.js";

/** What a {@link NetworkingIdentity} holds (ValveSockets README; the last three are GNS's additions, read only). */
export enum IdentityType {
  /** Nothing. */
  Invalid = 0,
  /** An address with its port (`setIPAddress`). */
  IPAddress = 1,
  /** A text of yours (`setGenericString`). */
  GenericString = 2,
  /** Bytes of yours (`setGenericBytes`). */
  GenericBytes = 3,
  /** Text of a kind that this GNS does not know. */
  UnknownType = 4,
  /** A Steam number (`setSteamID`). */
  SteamID = 16,
  XboxPairwiseID = 17,
  SonyPSN = 18,
}

const noBytes = new Uint8Array(0);

/**
 * Who a peer says it is (ValveSockets README, with the setters of GNS). Without certificates an identity is a claim
 * that proves nothing.
 */
export class NetworkingIdentity {
  #type = IdentityType.Invalid;
  /** GNS's bytes of this type: 18 of address and port, 8 of Steam number, the text with a zero, or the bytes. */
  #bytes: Uint8Array = noBytes;

  /** What it holds; `Invalid` for a new one. */
  get type(): IdentityType {
    return this.#type;
  }

  /** Whether it holds nothing. */
  get isInvalid(): boolean {
    return this.#type === IdentityType.Invalid;
  }

  /** Makes it hold nothing: `Invalid`. */
  clear(): void {
    this.#set(IdentityType.Invalid, noBytes);
  }

  /** Copies `address`. @throws TypeError for what is no `Address` */
  setIPAddress(address: Address): void {
    checkInstance("address", address, Address);
    const bytes = new Uint8Array(18);
    bytes.set(address.ip.subarray(0, 16));
    new DataView(bytes.buffer).setUint16(16, address.port, LITTLE_ENDIAN);
    this.#set(IdentityType.IPAddress, bytes);
  }

  /** The address, or null if this is of another type. */
  getIPAddress(): Address | null {
    if (this.#type !== IdentityType.IPAddress || this.#bytes.length < 18) return null;
    const { buffer, byteOffset } = this.#bytes;
    return addressOf(this.#bytes.slice(0, 16), new DataView(buffer, byteOffset).getUint16(16, LITTLE_ENDIAN));
  }

  /** Makes this a text, such as an account's name. @throws RangeError `ERR_OUT_OF_RANGE`: over 31 bytes of UTF-8 */
  setGenericString(text: string): void {
    checkText("text", text);
    if (utf8Length(text) > 31) throw rangeError("text", "at most 31 bytes of UTF-8");
    this.#set(IdentityType.GenericString, new TextEncoder().encode(`${text}\0`));
  }

  /** The text, or null if this is of another type. */
  getGenericString(): string | null {
    return this.#type === IdentityType.GenericString ? this.#text() : null;
  }

  /** Makes this bytes of your own, which are copied. @throws RangeError `ERR_OUT_OF_RANGE`: over 32 bytes */
  setGenericBytes(bytes: Uint8Array): void {
    checkBytes("bytes", bytes);
    if (bytes.length > 32) throw rangeError("bytes", "at most 32 bytes long");
    this.#set(IdentityType.GenericBytes, bytes.length === 0 ? noBytes : bytes.slice());
  }

  /** A copy of the bytes, or null if this is of another type. */
  getGenericBytes(): Uint8Array | null {
    return this.#type === IdentityType.GenericBytes ? this.#bytes.slice() : null;
  }

  /**
   * Makes this a Steam number.
   *
   * @param steamID an unsigned 64-bit number, 0 to 2^64-1
   * @throws TypeError for what is no bigint; RangeError `ERR_OUT_OF_RANGE` for another one
   */
  setSteamID(steamID: bigint): void {
    if (typeof steamID !== "bigint") throw typeError("steamID", "a bigint");
    if (BigInt.asUintN(64, steamID) !== steamID) throw rangeError("steamID", "from 0 to 2^64-1");
    this.#set(IdentityType.SteamID, new Uint8Array(BigUint64Array.of(steamID).buffer));
  }

  /** The Steam number, or 0n if this is of another type. */
  getSteamID(): bigint {
    return this.#type === IdentityType.SteamID ? this.#uint64() : 0n;
  }

  /** Whether both hold the same, of the same type. */
  equals(other: NetworkingIdentity): boolean {
    return (
      other instanceof NetworkingIdentity &&
      this.#type === other.#type &&
      this.#bytes.length === other.#bytes.length &&
      this.#bytes.every((byte, index) => byte === other.#bytes[index])
    );
  }

  /** GNS's text: `invalid`, `steamid:76561197960265728`, `ip:127.0.0.1:27015`, `str:alice`, `gen:00ff`. */
  toString(): string {
    switch (this.#type) {
      case IdentityType.Invalid:
        return "invalid";
      case IdentityType.IPAddress: {
        const address = this.getIPAddress();
        if (address === null) return "invalid";
        return `ip:${address.port === 0 ? address.getIP() : address.toString()}`;
      }
      case IdentityType.GenericString:
        return `str:${this.#text()}`;
      case IdentityType.GenericBytes:
        return `gen:${this.#hex()}`;
      case IdentityType.SteamID:
        return `steamid:${this.getSteamID()}`;
      case IdentityType.XboxPairwiseID:
        return `xboxpwid:${this.#text()}`;
      case IdentityType.SonyPSN:
        return `psn:${this.#uint64()}`;
      case IdentityType.UnknownType:
        return this.#text();
      default:
        return `type${this.#type}:${this.#hex()}`;
    }
  }

  /** An identity from GNS's text, as {@link toString} gives it; null if the text is not one. */
  static parse(text: string): NetworkingIdentity | null {
    checkText("text", text);
    const encoded = native.parseIdentity(text);
    if (encoded === null) return null;
    const identity = NetworkingIdentity.decode(encoded);
    // GNS ignores what follows a number. Addresses cannot be compared so, because they have more than one form.
    const isWhole = identity.type === IdentityType.IPAddress || identity.toString() === text.replace(/^gen:.*/, lower);
    return isWhole ? identity : null;
  }

  /** @internal The form that the addon takes (`IDENTITY`). */
  static encode(identity: NetworkingIdentity): Uint8Array {
    const bytes = new Uint8Array(IDENTITY.payload + identity.#bytes.length);
    const head = new DataView(bytes.buffer);
    head.setInt32(IDENTITY.type, identity.#type, LITTLE_ENDIAN);
    head.setInt32(IDENTITY.size, identity.#bytes.length, LITTLE_ENDIAN);
    bytes.set(identity.#bytes, IDENTITY.payload);
    return bytes;
  }

  /** @internal Reads that form at `offset` and copies what it needs. */
  static decode(bytes: Uint8Array, offset = 0): NetworkingIdentity {
    const identity = new NetworkingIdentity();
    NetworkingIdentity.decodeInto(identity, bytes, offset);
    return identity;
  }

  /** @internal */
  static decodeInto(identity: NetworkingIdentity, bytes: Uint8Array, offset = 0): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = view.getInt32(offset + IDENTITY.size, LITTLE_ENDIAN);
    const payload = offset + IDENTITY.payload;
    identity.#set(view.getInt32(offset + IDENTITY.type, LITTLE_ENDIAN), bytes.slice(payload, payload + size));
  }

  #set(type: IdentityType, bytes: Uint8Array): void {
    this.#type = type;
    this.#bytes = bytes;
  }

  #uint64(): bigint {
    if (this.#bytes.length < 8) return 0n;
    const { buffer, byteOffset } = this.#bytes;
    return new DataView(buffer, byteOffset).getBigUint64(0, LITTLE_ENDIAN);
  }

  #text(): string {
    const end = this.#bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? this.#bytes : this.#bytes.subarray(0, end));
  }

  #hex(): string {
    return hexOf(this.#bytes);
  }
}

const lower = (text: string) => text.toLowerCase();

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
