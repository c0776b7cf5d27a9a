import { cloneBytes } from "../../bytes.js";
import type { NetworkPort, PortSink } from "../network.js";
import type { OpenPorts } from "./open-ports.js";
import type { VirtualComputer } from "./virtual-computer.js";

/** UDP on the virtual router: each receiver gets a datagram or loses it; order is kept. */
export class VirtualUdpPort implements NetworkPort {
  readonly #computer: VirtualComputer;
  readonly #number: number;
  readonly #sink: PortSink;
  readonly #ports: OpenPorts<VirtualUdpPort>;
  readonly #loss: number;

  constructor(
    computer: VirtualComputer,
    number: number,
    sink: PortSink,
    ports: OpenPorts<VirtualUdpPort>,
    loss: number,
  ) {
    this.#computer = computer;
    this.#number = number;
    this.#sink = sink;
    this.#ports = ports;
    this.#loss = loss;
    ports.add(number, this);
  }

  async write(data: Uint8Array): Promise<void> {
    for (const other of this.#ports.others(this.#number, this)) other.#arrive(data);
  }

  resume(): void {}

  async close(): Promise<void> {
    this.#ports.delete(this.#number, this);
  }

  #arrive(data: Uint8Array): void {
    if (this.#computer.udpRandom() < this.#loss) this.#sink.counters.lost++;
    else this.#sink.receive(cloneBytes(data, 0, data.length));
  }
}
