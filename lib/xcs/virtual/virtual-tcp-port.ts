import { cloneBytes } from "../../bytes.js";
import type { NetworkPort, PortSink } from "../network.js";
import { XcsError } from "../xcs-error.js";
import type { OpenPorts } from "./open-ports.js";
import type { VirtualComputer } from "./virtual-computer.js";

/** The bytes of a message that one packet carries. */
const SEGMENT_SIZE = 1460;

interface Conditions {
  readonly loss: number;
  readonly ackLoss: number;
}

/** A message on its way to one receiver. */
interface Outgoing {
  readonly data: Uint8Array;
  /** It has arrived, or the receiver is gone. */
  resolve(): void;
  reject(error: XcsError): void;
}

/**
 * TCP on the virtual router: between two computers one segment is on its way at a time, and its sender repeats it until
 * the receiver's acknowledgement comes back over the same loss. So a segment is sent 1 / (1 - loss) / (1 - ackLoss)
 * times on average. Messages of which the receiver has no room wait here.
 */
export class VirtualTcpPort implements NetworkPort {
  readonly #computer: VirtualComputer;
  readonly #number: number;
  readonly #sink: PortSink;
  readonly #ports: OpenPorts<VirtualTcpPort>;
  readonly #conditions: Conditions;
  /** What waits, by receiver. */
  readonly #outgoing = new Map<VirtualTcpPort, Outgoing[]>();

  constructor(
    computer: VirtualComputer,
    number: number,
    sink: PortSink,
    ports: OpenPorts<VirtualTcpPort>,
    conditions: Conditions,
  ) {
    this.#computer = computer;
    this.#number = number;
    this.#sink = sink;
    this.#ports = ports;
    this.#conditions = conditions;
    ports.add(number, this);
  }

  async write(data: Uint8Array): Promise<void> {
    const receivers = this.#others();
    if (receivers.length === 0) {
      throw new XcsError("ENOTCONN", `No other computer has port ${this.#number} open for TCP: open it there first`, {
        port: this.#number,
        protocol: "TCP",
      });
    }
    await Promise.all(receivers.map((receiver) => this.#send(receiver, data)));
  }

  /** There is room again: whoever has something waiting for this port sends it. */
  resume(): void {
    for (const sender of this.#others()) sender.#pump(this);
  }

  async close(): Promise<void> {
    this.#ports.delete(this.#number, this);
    for (const other of this.#others()) {
      for (const { resolve } of other.#outgoing.get(this) ?? []) resolve();
      other.#outgoing.delete(this);
      other.#sink.disconnected(this.#computer.address, null);
    }
    const closed = new XcsError("ECLOSED", `Port ${this.#number} was closed before this was delivered`, {
      port: this.#number,
      protocol: "TCP",
    });
    for (const waiting of this.#outgoing.values()) for (const { reject } of waiting) reject(closed);
    this.#outgoing.clear();
  }

  #others(): VirtualTcpPort[] {
    return this.#ports.others(this.#number, this);
  }

  #send(receiver: VirtualTcpPort, data: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#outgoing.get(receiver) ?? [];
      waiting.push({ data, resolve, reject });
      this.#outgoing.set(receiver, waiting);
      this.#pump(receiver);
    });
  }

  #pump(receiver: VirtualTcpPort): void {
    const waiting = this.#outgoing.get(receiver) ?? [];
    while (waiting[0] && receiver.#sink.hasRoom(waiting[0].data.length)) {
      const { data, resolve } = waiting.shift() as Outgoing;
      this.#transmit(receiver, data.length);
      receiver.#sink.receive(cloneBytes(data, 0, data.length));
      resolve();
    }
    if (waiting.length === 0) this.#outgoing.delete(receiver);
  }

  /** Sends each segment until it is acknowledged. */
  #transmit(receiver: VirtualTcpPort, sizeBytes: number): void {
    const { counters } = this.#sink;
    const { loss, ackLoss } = this.#conditions;
    const random = receiver.#computer.tcpRandom;
    const segments = Math.max(1, Math.ceil(sizeBytes / SEGMENT_SIZE));
    counters.segments += segments;
    for (let segment = 0; segment < segments; segment++) {
      do counters.segmentsSent++;
      while (random() < loss || random() < ackLoss);
    }
  }
}
