import type { PortCounters, XcsNetwork, XcsProtocol } from "./network.js";
import { OpenPort, type PortOwner } from "./open-port.js";
import { XcsError } from "./xcs-error.js";

/** An open port, as the network manager shows it. */
export interface PortInfo extends Readonly<PortCounters> {
  /** Its number. */
  readonly port: number;
  /** What it was opened for. */
  readonly protocol: XcsProtocol;
  /** The name of the module that has opened it. */
  readonly owner: string;
  /** The computer's address. */
  readonly address: string;
  /** How long it has been open, in milliseconds. */
  readonly ageMs: number;
  /** Entries, and their bytes, that wait to be read. */
  readonly unread: number;
  /** How many bytes these entries have. */
  readonly unreadBytes: number;
}

/** The network manager of a computer knows which ports its modules have open. */
export interface NetworkManager {
  /** The computer's address: `10.0.0.1` on a virtual router, the address that it listens on in a real network. */
  readonly address: string;
  /** Entries that were discarded because their port was closed before anybody read them. */
  readonly discarded: number;
  /** All open ports, by number. */
  active(): PortInfo[];
}

/** The ports of one computer. Each has one protocol and one owner. */
export class Computer implements NetworkManager {
  readonly #network: XcsNetwork;
  readonly #ports = new Map<number, OpenPort>();
  #discarded = 0;
  #modules = 0;

  constructor(network: XcsNetwork) {
    this.#network = network;
  }

  get address(): string {
    return this.#network.address;
  }

  get discarded(): number {
    return this.#discarded;
  }

  active(): PortInfo[] {
    const open = [...this.#ports.values()].filter(({ network }) => network).sort((a, b) => a.port - b.port);
    return open.map(({ port, protocol, owner, openedMs, unread, unreadBytes, counters }) => {
      const ageMs = owner.clock.now() - openedMs;
      return { port, protocol, owner: owner.name, address: this.address, ageMs, unread, unreadBytes, ...counters };
    });
  }

  /** `module 1`, `module 2`, …: for modules without a name of their own. */
  nextName(): string {
    return `module ${++this.#modules}`;
  }

  portsOf(owner: PortOwner): OpenPort[] {
    return [...this.#ports.values()].filter((port) => port.owner === owner);
  }

  async open(owner: PortOwner, port: number, protocol: XcsProtocol): Promise<OpenPort> {
    const present = this.#ports.get(port);
    if (present) throw takenError(present, owner);
    const opened = new OpenPort(port, protocol, owner);
    this.#ports.set(port, opened);
    try {
      opened.network = await this.#network.open(port, protocol, opened);
      return opened;
    } catch (error) {
      this.#ports.delete(port);
      throw error;
    }
  }

  /** @throws XcsError `ERR_XCS_NOT_OPEN`, `ERR_XCS_OTHER_MODULE` */
  find(owner: PortOwner, port: number): OpenPort {
    const found = this.#ports.get(port);
    if (found && found.owner !== owner) {
      const text = `Port ${port} belongs to ${found.owner.name}: only the module that has opened it may use it`;
      throw new XcsError("EACCES_MODULE", text, { port, protocol: found.protocol });
    }
    if (found?.network) return found;
    const advice = found
      ? "is still being opened: await that first"
      : `is not open: open it first, with "request socket_open ${port} UDP" or TCP`;
    throw new XcsError("ENOTOPEN", `Port ${port} ${advice}`, { port });
  }

  async close(opened: OpenPort): Promise<void> {
    if (this.#ports.get(opened.port) !== opened) return;
    this.#ports.delete(opened.port);
    this.#discarded += await opened.close();
  }
}

function takenError({ port, protocol, owner }: OpenPort, newcomer: PortOwner): XcsError {
  if (owner === newcomer) {
    const text = `Port ${port} is open already, for ${protocol}: close it first, with "request socket_close ${port}"`;
    return new XcsError("EALREADY_OPEN", text, { port, protocol });
  }
  const text = `Port ${port} is in use by ${owner.name}, for ${protocol}: close it there, or take another port`;
  return new XcsError("EADDRINUSE", text, { port, protocol });
}
