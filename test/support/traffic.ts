import {
  type ConfigOption,
  ConfigValue,
  ConnectionState,
  DebugType,
  Library,
  MessageBatch,
  type NetworkingSockets,
  ReceiveSource,
  Result,
  SendFlags,
} from "../../lib/index.js";
import { seededRandom } from "../../lib/random.js";
import type { Peer } from "./peer.js";

/** How the network treats the packets of the process, and how fast GNS may send. */
export interface Conditions {
  rateBytesPerSecond: number;
  lossPercent: number;
  lagMs: number;
  reorderPercent: number;
  reorderMs: number;
}

/** Sets them for the whole process, until the library is deinitialized. */
export function setConditions(sockets: NetworkingSockets, conditions: Conditions): void {
  const values: [ConfigValue, number][] = [
    [ConfigValue.FakePacketLossSend, conditions.lossPercent],
    [ConfigValue.FakePacketLagSend, conditions.lagMs],
    [ConfigValue.FakePacketReorderSend, conditions.reorderPercent],
    [ConfigValue.FakePacketReorderTime, conditions.reorderMs],
  ];
  for (const [value, data] of values) {
    if (!sockets.setConfigValue(value, data)) throw new Error(`${ConfigValue[value]} was refused`);
  }
}

export const SEND_BUFFER_BYTES = 384 * 1024;

/** Options of connections under these conditions. */
export function optionsFor({ rateBytesPerSecond }: Conditions): ConfigOption[] {
  return [
    { value: ConfigValue.SendRateMin, data: rateBytesPerSecond },
    { value: ConfigValue.SendRateMax, data: rateBytesPerSecond },
    { value: ConfigValue.SendBufferSize, data: SEND_BUFFER_BYTES },
  ];
}

/** GNS also reports as a bug that its thread did not run for a while. That is the load of the machine. */
export function isAboutLoad(line: string): boolean {
  return /waited \d+ms for lock/.test(line);
}

/** Collects what GNS reports as a bug from now on. */
export function listenForBugs(): string[] {
  const bugs: string[] = [];
  Library.setDebugCallback(DebugType.Bug, (_type, line) => {
    if (!isAboutLoad(line)) bugs.push(line);
  });
  return bugs;
}

/** Lets the event loop have a turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A message made from a seed. The first 4 bytes are its number, the 5th says whether it is reliable. */
export function payloadOf(seed: number, isReliable: boolean, number: number, maxBytes: number): Uint8Array {
  const random = seededRandom(seed + number * 2 + Number(isReliable));
  const bytes = new Uint8Array(8 + Math.floor(random() * (maxBytes - 7)));
  let word = Math.floor(random() * 2 ** 32) | 1;
  for (let index = 8; index < bytes.length; index++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    bytes[index] = word;
  }
  const view = new DataView(bytes.buffer);
  view.setUint32(0, number);
  view.setUint8(4, Number(isReliable));
  return bytes;
}

export interface Sizes {
  maxReliableBytes: number;
  maxUnreliableBytes: number;
}

/** One end of a connection. It sends messages made from its seed and checks what the other end sends. */
export class TrafficSide {
  sentReliable = 0;
  sentUnreliable = 0;
  receivedReliable = 0;
  readonly receivedUnreliable = new Set<number>();
  /** What was wrong with received messages. */
  readonly faults: string[] = [];
  readonly #random: () => number;
  readonly #batch = new MessageBatch();
  #sentBytes = 0;

  constructor(
    readonly peer: Peer,
    readonly connection: number,
    readonly sizes: Sizes,
    readonly seed: number,
    readonly otherSeed: number,
  ) {
    this.#random = seededRandom(seed);
    peer.receiveFrom = () => this.#receive();
  }

  /** Sends messages, 60 % of them reliable, until about `bytes` are accepted or the send buffer is full. */
  send(bytes: number): void {
    const end = this.#sentBytes + bytes;
    while (this.#sentBytes < end && this.#sendOne() === Result.OK);
  }

  /** Sends about `bytes` bytes as fast as the send buffer takes them. */
  async flood(bytes: number): Promise<void> {
    const end = this.#sentBytes + bytes;
    const { sockets } = this.peer;
    await this.peer.until(() => {
      sockets.takeDrained();
      this.send(end - this.#sentBytes);
      if (this.#sentBytes >= end) return true;
      sockets.watchDrain(this.connection, SEND_BUFFER_BYTES / 2);
      return false;
    });
  }

  /** Waits until the other end has received and acknowledged everything reliable. */
  async drain(other: TrafficSide): Promise<void> {
    await other.peer.until(() => other.receivedReliable >= this.sentReliable || other.faults.length > 0);
    for (;;) {
      const status = this.peer.sockets.getQuickConnectionStatus(this.connection);
      if (status?.state !== ConnectionState.Connected) throw new Error("The connection has ended");
      if (status.pendingReliable + status.pendingUnreliable + status.sentUnackedReliable === 0) return;
      await turn();
    }
  }

  #sendOne(): Result {
    const isReliable = this.#random() < 0.6;
    const number = isReliable ? this.sentReliable : this.sentUnreliable;
    const maxBytes = isReliable ? this.sizes.maxReliableBytes : this.sizes.maxUnreliableBytes;
    const data = payloadOf(this.seed, isReliable, number, maxBytes);
    const flags = isReliable ? SendFlags.Reliable : SendFlags.Unreliable;
    const result = this.peer.sockets.sendMessage(this.connection, data, flags);
    if (result === Result.OK) {
      if (isReliable) this.sentReliable++;
      else this.sentUnreliable++;
      this.#sentBytes += data.length;
    } else if (result !== Result.LimitExceeded) {
      throw new Error(`A send gave ${Result[result]}`);
    }
    return result;
  }

  #receive(): null {
    const { sockets } = this.peer;
    while (sockets.receiveBatch(ReceiveSource.Connection, this.connection, this.#batch) > 0) {
      while (this.#batch.next()) this.#check(this.#batch);
    }
    return null;
  }

  #check({ data, isReliable: claimsReliable }: MessageBatch): void {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const number = view.getUint32(0);
    const isReliable = view.getUint8(4) === 1;
    const name = `${isReliable ? "reliable" : "unreliable"} message ${number}`;
    if (claimsReliable !== isReliable) this.faults.push(`${name} claims otherwise`);
    if (isReliable && number !== this.receivedReliable) this.faults.push(`${name} after ${this.receivedReliable}`);
    if (!isReliable && this.receivedUnreliable.has(number)) this.faults.push(`${name} came twice`);
    const maxBytes = isReliable ? this.sizes.maxReliableBytes : this.sizes.maxUnreliableBytes;
    if (Buffer.compare(data, payloadOf(this.otherSeed, isReliable, number, maxBytes)) !== 0) {
      this.faults.push(`${name} has another content`);
    }
    if (isReliable) this.receivedReliable = number + 1;
    else this.receivedUnreliable.add(number);
  }
}
