import type { Clock } from "../../clock.js";
import type { NetworkPort, PortSink, XcsNetwork, XcsProtocol } from "../network.js";
import { parsePeer, type RealNetworkOptions } from "../real-network-options.js";
import { XcsError } from "../xcs-error.js";
import type { PortPlace } from "./port-place.js";

/** The ports of this computer. Node's modules are loaded when the first port of their protocol is opened. */
export class RealNetwork implements XcsNetwork {
  readonly #options: RealNetworkOptions;
  readonly #clock: Clock;

  constructor(options: RealNetworkOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  get address(): string {
    return this.#options.host ?? "0.0.0.0";
  }

  async open(port: number, protocol: XcsProtocol, sink: PortSink): Promise<NetworkPort> {
    const { portOffset = 0, peers = [], connect, simulateLoss = 0, seed = 1, guard = null } = this.#options;
    const systemPort = port + portOffset;
    if (systemPort > 65_535) {
      const text = `Port ${port} with portOffset ${portOffset} is ${systemPort}: their sum is at most 65535`;
      throw new XcsError("EBADPORT", text, { port, protocol });
    }
    const place: PortPlace = { port, protocol, systemPort, host: this.address };
    const at = (name: string, peer: string) => {
      const { host, port } = parsePeer(name, peer);
      return { host, port: port ?? systemPort };
    };
    if (protocol === "UDP") {
      const { RealUdpPort } = await import("./real-udp-port.js");
      const conditions = { peers: peers.map((peer) => at("peers", peer)), loss: simulateLoss, seed };
      return RealUdpPort.open(place, sink, this.#clock, conditions);
    }
    const { RealTcpPort } = await import("./real-tcp-port.js");
    if (connect === undefined) return RealTcpPort.listen(place, sink, this.#clock, guard);
    return RealTcpPort.connect(place, sink, this.#clock, at("connect", connect));
  }
}
