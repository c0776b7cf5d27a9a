import { checkInteger } from "../../arguments.js";
import { checkOptions, numberOption } from "../../options.js";
import { type Random, seededRandom } from "../../random.js";
import type { NetworkPort, PortSink, XcsProtocol } from "../network.js";
import { OpenPorts } from "./open-ports.js";
import type { VirtualComputer } from "./virtual-computer.js";
import { VirtualTcpPort } from "./virtual-tcp-port.js";
import { VirtualUdpPort } from "./virtual-udp-port.js";

/** Settings of a {@link VirtualRouter}. Shares of 0 to 0.95. */
export interface VirtualRouterOptions {
  /** The share of packets that are lost on the way to each receiver. @defaultValue 0.3 */
  loss?: number;
  /** The share of TCP's acknowledgements that are lost. @defaultValue the same as `loss` */
  ackLoss?: number;
}

const rules = { loss: numberOption(0, 0.95), ackLoss: numberOption(0, 0.95) };

/**
 * A network in memory for any number of computers. `activate(Socket, { router })` puts one more on it. It loses 30 %
 * of all packets, and which ones depends only on the seed and on what is written: two runs are alike. No time passes:
 * when a write over UDP is done, whatever was not lost has arrived.
 */
export class VirtualRouter {
  readonly #loss: number;
  readonly #ackLoss: number;
  readonly #seeds: Random;
  readonly #udp = new OpenPorts<VirtualUdpPort>();
  readonly #tcp = new OpenPorts<VirtualTcpPort>();
  #computers = 0;

  /**
   * @param seed a whole number from 0 to 2^32 - 1
   * @throws RangeError `ERR_OUT_OF_RANGE`, TypeError `ERR_INVALID_ARG_TYPE`, `ERR_UNKNOWN_OPTION`
   */
  constructor(seed = 1, options: VirtualRouterOptions = {}) {
    checkInteger("seed", seed, 0, 2 ** 32 - 1);
    checkOptions("VirtualRouter", options, rules);
    this.#loss = options.loss ?? 0.3;
    this.#ackLoss = options.ackLoss ?? this.#loss;
    this.#seeds = seededRandom(seed);
  }

  /** @internal A new computer. */
  addComputer(): VirtualComputer {
    const index = ++this.#computers;
    const nextRandom = () => seededRandom(Math.floor(this.#seeds() * 2 ** 32));
    const computer: VirtualComputer = {
      address: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
      udpRandom: nextRandom(),
      tcpRandom: nextRandom(),
      open: async (port, protocol, sink) => this.#open(computer, port, protocol, sink),
    };
    return computer;
  }

  #open(computer: VirtualComputer, port: number, protocol: XcsProtocol, sink: PortSink): NetworkPort {
    if (protocol === "UDP") return new VirtualUdpPort(computer, port, sink, this.#udp, this.#loss);
    return new VirtualTcpPort(computer, port, sink, this.#tcp, { loss: this.#loss, ackLoss: this.#ackLoss });
  }
}
