import { UDP_SLOT } from "../../addon/layout.js";
import { findAddon, MAY_USE_UV } from "../../addon/load-addon.js";
import type { NativeAddon } from "../../addon/native.js";
import { nameOfSystemError } from "../../addon/system-errors.js";
import { putBytes } from "../../bytes.js";
import { NetworkError } from "../../network-error.js";
import { spinArguments } from "../../spin.js";
import { systemError } from "../../trial-errors.js";
import { checkPacket } from "../building/packet-limit.js";
import { noPacketError } from "../building/socket-errors.js";
import { Delivery, type ISocket, type ReceivedPacket } from "../socket.js";
import { parseHost, UdpBatchHandle, UdpBatchServerHandle } from "./udp-batch-handle.js";
import type { UdpAddress, UdpEndPoint, UdpSocketOptions } from "./udp-end-point.js";
import { MAX_BATCHED_PACKET_SIZE } from "./udp-handle.js";
import { UdpSocket } from "./udp-socket.js";

/** How many datagrams one call of the addon receives. */
const RECEIVE_SLOTS = 128;
/** How many datagrams may wait for `flush` or for the system. */
const SEND_SLOTS = 256;
/** So many leave at once, as the addon makes no larger batches: the other end reads them while more are written. */
const SEND_BATCH = 64;
const SLOT_BYTES = UDP_SLOT.payload + MAX_BATCHED_PACKET_SIZE; // in whole words
const SLOT_WORDS = SLOT_BYTES / 4;
/** Packets up to this size are copied word by word. */
const WORDS_BYTES = 512;
const LENGTH_WORD = UDP_SLOT.length / 4;

/** The sockets of this thread that are open in the addon, by the number that it gives them. */
const open = new Map<number, UdpBatchSocket>();
let isWakeSet = false;

/** A UDP socket of the addon, which moves batches of datagrams between reused memory and the system. */
export class UdpBatchSocket extends UdpSocket implements ISocket<UdpEndPoint, UdpEndPoint> {
  readonly #addon: NativeAddon;
  /** The number that the addon gives it; 0 while it is not open. */
  #id = 0;
  /** Client: the other end. */
  #server: UdpBatchServerHandle | null = null;
  /** Client: sockets to, or from, the addresses that are tried, until one of them has received something. */
  readonly #tries = new Map<number, { address: string; port: number }>();

  readonly #received = new Int32Array(SLOT_WORDS * RECEIVE_SLOTS);
  readonly #receivedBytes = new Uint8Array(this.#received.buffer);
  #next = 0;
  #count = 0;
  /** The system has no more datagrams. The next tick looks again. */
  #isDrained = false;
  readonly #outgoing = new Int32Array(SLOT_WORDS * SEND_SLOTS);
  readonly #outgoingBytes = new Uint8Array(this.#outgoing.buffer);
  #outgoingCount = 0;
  /** The array that packets were sent from last, and its words: a Peer uses one for all. */
  #source: Uint8Array = new Uint8Array(0);
  #sourceWords: Int32Array = new Int32Array(0);
  /** How many packets of the last `flush` are still at the start of `#outgoing`. */
  #lastCount = 0;
  #lostPackets = 0;
  /** One handle serves for all packets received. */
  readonly #handle = new UdpBatchHandle();

  /** @throws NetworkError `ERR_NOT_SUPPORTED` on a platform without an addon */
  constructor(options: UdpSocketOptions) {
    super(options);
    const addon = findAddon();
    if (addon === null)
      throw new NetworkError("ERR_NOT_SUPPORTED", "Batched UDP needs the addon, and there is none for this platform");
    this.#addon = addon;
    if (isWakeSet) return;
    isWakeSet = true;
    addon.setUdpWake((id) => open.get(id)?.wake());
  }

  get boundPort(): number | null {
    return this.#id === 0 ? null : this.#addon.getUdpPort(this.#id);
  }

  /** Packets that were larger than `maxPacketSize`, that the system refused to send, or for which there was no room. */
  get droppedPackets(): number {
    return this.#lostPackets + (this.#id === 0 ? 0 : this.#addon.getUdpDropped(this.#id));
  }

  tick(): void {
    this.waker.tick();
    this.#isDrained = false;
  }

  poll(): boolean {
    for (;;) {
      for (; this.#next < this.#count; this.#next++) {
        if (this.#received[this.#next * SLOT_WORDS + LENGTH_WORD] !== 0) return true;
      }
      if (this.#isDrained || this.#id === 0) return false;
      this.#next = 0;
      this.#count = this.#tries.size === 0 ? this.#receiveFrom(this.#id) : this.#receiveFirst();
      this.#isDrained = this.#count < RECEIVE_SLOTS;
    }
  }

  receive(packet: ReceivedPacket): void {
    if (!this.poll()) throw noPacketError();
    const word = this.#next * SLOT_WORDS;
    if (this.#server === null) this.#handle.read(this.#received, word);
    packet.handle = this.#server ?? this.#handle;
    packet.buffer = this.#receivedBytes;
    packet.offset = this.#next * SLOT_BYTES + UDP_SLOT.payload;
    packet.length = this.#received[word + LENGTH_WORD] as number;
    packet.delivery = Delivery.Unreliable;
    packet.lane = 0;
    this.#next++;
  }

  /** If the system's buffer and our own are full, the packet is dropped and counted, as if the network had lost it. */
  send(handle: UdpBatchHandle, packet: Uint8Array, length: number): boolean {
    if (this.#id === 0) return false;
    checkPacket(handle, packet, length, Delivery.Unreliable);
    if (this.#outgoingCount === SEND_SLOTS) this.flush();
    if (this.#outgoingCount === SEND_SLOTS) {
      this.#lostPackets++;
      return true;
    }
    const word = this.#outgoingCount * SLOT_WORDS;
    if (this.#server === null) handle.write(this.#outgoing, word);
    this.#outgoing[word + LENGTH_WORD] = length;
    const at = this.#outgoingCount * SLOT_BYTES + UDP_SLOT.payload;
    if (length <= WORDS_BYTES && this.#hasWords(packet)) this.#putWords((length + 3) >> 2, at >> 2);
    else putBytes(packet, length, this.#outgoingBytes, at);
    if (++this.#outgoingCount % SEND_BATCH === 0) this.flush();
    return true;
  }

  flush(): void {
    if (this.#outgoingCount === 0 || this.#id === 0) return;
    this.#lastCount = this.#outgoingCount;
    for (const id of this.#tries.keys()) if (id !== this.#id) this.#sendOver(id);
    const done = this.#sendOver(this.#id);
    const sent = Math.abs(done);
    this.route?.sent();
    if (done < 0) this.route?.lookSoon();
    // What the system has no room for leaves first next time. The addon wakes us when there is room.
    if (sent < this.#outgoingCount) {
      this.#outgoingBytes.copyWithin(0, sent * SLOT_BYTES, this.#outgoingCount * SLOT_BYTES);
      this.#lastCount = 0;
    }
    this.#outgoingCount -= sent;
  }

  /** Called by the addon when the socket can receive or send. */
  wake(): void {
    this.flush();
    this.waker.now();
  }

  protected async open(address: UdpAddress | null, port: number): Promise<void> {
    this.#id = this.#open(address?.address ?? "::", port, false);
  }

  protected async openConnected(address: UdpAddress, port: number): Promise<UdpBatchHandle> {
    const id = this.#open(address.address, port, true);
    this.#tries.set(id, { address: address.address, port });
    if (this.#server === null) {
      this.#id = id;
      this.#server = new UdpBatchServerHandle().set(address.address, port);
    }
    return this.#server;
  }

  protected async openBeside(address: string, port: number): Promise<void> {
    const id = this.#open(address, port, true);
    const newest = [...this.#tries.keys()].at(-1) ?? this.#id;
    if (this.#addon.haveSameUdpSource(id, newest)) return this.#closeOne(id);
    if (newest !== this.#id) {
      this.#tries.delete(newest);
      this.#closeOne(newest);
    }
    const { host } = this.#server as UdpBatchServerHandle;
    this.#tries.set(this.#id, { address: host, port }).set(id, { address, port });
    this.#sendOver(id, this.#lastCount);
  }

  protected async closeTransport(): Promise<void> {
    this.#lostPackets = this.droppedPackets;
    for (const id of new Set([this.#id, ...this.#tries.keys()])) this.#closeOne(id);
    this.#tries.clear();
    this.#id = 0;
    this.#next = this.#count = 0;
  }

  /** Whether the words of `packet` can be read, as far as it is a small packet. */
  #hasWords(packet: Uint8Array): boolean {
    if (packet === this.#source) return true;
    if ((packet.byteOffset & 3) !== 0 || packet.length < WORDS_BYTES) return false;
    this.#source = packet;
    this.#sourceWords = new Int32Array(packet.buffer, packet.byteOffset, WORDS_BYTES >> 2);
    return true;
  }

  /** A loop over the bytes takes four times as long, and copying all of the array moves 1.5 kB. */
  #putWords(count: number, at: number): void {
    for (let word = 0; word < count; word++) this.#outgoing[at + word] = this.#sourceWords[word] as number;
  }

  #receiveFrom(id: number): number {
    const count = this.#addon.receiveUdp(id, this.#receivedBytes, SLOT_BYTES, 0, RECEIVE_SLOTS);
    if (count > 0) this.route?.heard();
    return count;
  }

  #sendOver(id: number, count = this.#outgoingCount): number {
    return this.#addon.sendUdp(id, this.#outgoingBytes, SLOT_BYTES, 0, count);
  }

  /** The socket that receives the first packet is the one that stays. */
  #receiveFirst(): number {
    for (const [id, { address, port }] of this.#tries) {
      const count = this.#receiveFrom(id);
      if (count === 0) continue;
      this.#tries.delete(id);
      if (id !== this.#id) this.#lostPackets += this.#addon.getUdpDropped(this.#id);
      for (const other of this.#tries.keys()) this.#closeOne(other);
      this.#tries.clear();
      this.#id = id;
      this.#server?.set(address, port);
      this.settled();
      return count;
    }
    return 0;
  }

  #closeOne(id: number): void {
    open.delete(id);
    this.#addon.closeUdp(id);
  }

  #open(host: string, port: number, isRemote: boolean): number {
    const { ip, scope } = parseHost(host);
    const { bufferBytes, spin } = this.options;
    const id = this.#addon.openUdp(MAY_USE_UV, ip, port, scope, isRemote, bufferBytes, ...spinArguments(spin));
    if (id < 0) throw systemError(nameOfSystemError(-id));
    open.set(id, this);
    return id;
  }
}
