import { typeError } from "../arguments.js";
import { cloneBytes } from "../bytes.js";
import type { Clock } from "../clock.js";
import { EventHub, type EventListener } from "../event-hub.js";
import { checkOptions, durationOption, signalOption } from "../options.js";
import { reportUncaught } from "../report-uncaught.js";
import type { XcsProtocol } from "./network.js";
import type { Computer, NetworkManager } from "./network-manager.js";
import type { OpenPort, PortLimits, PortOwner } from "./open-port.js";
import { type LineCommand, parseLine, syntaxError, waitMs } from "./request-line.js";
import { bytesOf, checkPort, checkProtocol, show } from "./values.js";
import { XcsError } from "./xcs-error.js";

/** Something that is no error, but that a program should mend. */
export interface XcsWarning {
  /** `leak`: the module ended with ports open. `large-datagram`: it may be cut on the way, and is then easily lost. */
  readonly kind: "leak" | "large-datagram";
  /** What happened, in words. */
  readonly text: string;
  /** The ports that it is about. */
  readonly ports: readonly number[];
}

/** The events of an {@link XcsModule}, with what its listeners get. */
export type XcsEvents = {
  /** Data waits at this port, where nothing was before: read it until `read` gives null. */
  readable: [port: number];
  /** A peer over TCP has left this port; with an error if it was cut off. What it sent before can still be read. */
  disconnected: [port: number, address: string, error: XcsError | null];
  /** Without a listener it goes to the console. */
  warning: [warning: XcsWarning];
};

/** Options of {@link XcsModule.readAsync}. */
export interface ReadOptions {
  /** In milliseconds. @defaultValue Infinity */
  timeoutMs?: number;
  /** Gives up: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** What a line has done. */
export interface XcsResult {
  /** Null for an empty line. */
  readonly command: LineCommand | "let" | null;
  /** The port that the line names; null for a line without one. */
  readonly port: number | null;
  /** What was read; null if nothing was there, or nothing is read by this command. */
  readonly data: Uint8Array | null;
}

/** Settings of one module, complete. */
export interface ModuleSettings {
  readonly name: string;
  readonly clock: Clock;
  readonly limits: PortLimits;
}

const readRules = { timeoutMs: durationOption(), signal: signalOption };
/** How many names `let` binds. */
const MAX_NAMES = 1024;

/**
 * The Socket module, activated: opens ports of its computer, and reads and writes what goes through them. Every method
 * fails with an {@link XcsError}: `read` and `peek` throw it, all others reject with it.
 */
export class XcsModule {
  /** Shown by the network manager. */
  readonly name: string;
  readonly #computer: Computer;
  readonly #events = new EventHub<XcsEvents>(["readable", "disconnected", "warning"], reportUncaught);
  readonly #values = new Map<string, Uint8Array>();
  readonly #opening = new Set<Promise<unknown>>();
  readonly #owner: PortOwner;
  #end: Promise<void> | null = null;

  /** @internal */
  constructor(computer: Computer, { name, clock, limits }: ModuleSettings) {
    this.#computer = computer;
    this.name = name;
    this.#owner = {
      name,
      clock,
      limits,
      readable: (port) => this.#events.emit("readable", port),
      disconnected: (...what) => queueMicrotask(() => this.#events.emit("disconnected", ...what)),
      largeDatagram: (port, sizeBytes) => {
        const text = `${sizeBytes} bytes in one datagram of port ${port}: most paths cut it, and lose it more often`;
        this.#warn({ kind: "large-datagram", text, ports: [port] });
      },
    };
  }

  /** The network manager of the module's computer. */
  get manager(): NetworkManager {
    return this.#computer;
  }

  /** Adds a listener. @returns removes it again */
  on<Name extends keyof XcsEvents>(name: Name, listener: EventListener<XcsEvents[Name]>): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Opens a port of this computer. A port has one protocol at a time.
   *
   * @param port a whole number from 1 to 65535
   * @param protocol `"UDP"` or `"TCP"`
   * @throws XcsError `ERR_XCS_ALREADY_OPEN`, `ERR_XCS_ADDRESS_IN_USE`, `ERR_XCS_ACCESS`, `ERR_XCS_BAD_PORT`,
   *   `ERR_XCS_PROTOCOL_UNSUPPORTED`, `ERR_XCS_NOT_CONNECTED`, `ERR_XCS_NOT_ACTIVE`, `ERR_XCS_CLOSED`,
   *   `ERR_XCS_FAILED`
   */
  async open(port: number, protocol: XcsProtocol): Promise<void> {
    checkPort(port);
    checkProtocol(protocol, port);
    this.#checkActive();
    const opening = this.#computer.open(this.#owner, port, protocol);
    this.#opening.add(opening);
    try {
      const opened = await opening;
      if (!this.#end) return;
      await this.#computer.close(opened);
      throw new XcsError("ECLOSED", `The module ended while port ${port} was being opened`, { port, protocol });
    } finally {
      this.#opening.delete(opening);
    }
  }

  /**
   * Closes a port. What nobody has read is discarded; whoever waits for data gets `ERR_XCS_CLOSED`.
   *
   * @throws XcsError `ERR_XCS_NOT_OPEN`, `ERR_XCS_OTHER_MODULE`, `ERR_XCS_NOT_ACTIVE`, `ERR_XCS_BAD_PORT`
   */
  async close(port: number): Promise<void> {
    await this.#computer.close(this.#find(port));
  }

  /**
   * Takes the next entry that has arrived, or gives null: it never waits.
   *
   * @throws XcsError `ERR_XCS_NOT_OPEN`, `ERR_XCS_OTHER_MODULE`, `ERR_XCS_NOT_ACTIVE`, `ERR_XCS_BAD_PORT`
   */
  read(port: number): Uint8Array | null {
    return this.#find(port).read();
  }

  /**
   * The next entry, which stays where it is, or null.
   *
   * @throws XcsError the same as {@link read}
   */
  peek(port: number): Uint8Array | null {
    const data = this.#find(port).peek();
    return data && cloneBytes(data, 0, data.length);
  }

  /**
   * Takes the next entry, and waits until there is one.
   *
   * @throws XcsError `ERR_XCS_TIMEOUT`, `ERR_XCS_CLOSED` if the port closes meanwhile, `ERR_XCS_QUEUE_FULL`, and those
   *   of {@link read}; the reason of `signal` when that aborts
   */
  async readAsync(port: number, options: ReadOptions = {}): Promise<Uint8Array> {
    checkOptions("readAsync", options, readRules);
    options.signal?.throwIfAborted();
    return this.#find(port).readAsync(options.timeoutMs ?? Number.POSITIVE_INFINITY, options.signal);
  }

  /**
   * Writes to all other computers that have the port open in the same protocol. Over UDP it is done when the data has
   * left; over TCP, when the receivers' computers have it.
   *
   * @param data a text, which goes in UTF-8, or bytes: at most 65507 over UDP, `maxMessageSize` over TCP
   * @throws XcsError `ERR_XCS_MESSAGE_SIZE`, `ERR_XCS_BAD_DATA`, `ERR_XCS_NOT_CONNECTED`, `ERR_XCS_QUEUE_FULL`,
   *   `ERR_XCS_CLOSED`, `ERR_XCS_FAILED`, and those of {@link read}
   */
  async write(port: number, data: string | Uint8Array): Promise<void> {
    const opened = this.#find(port);
    await opened.write(bytesOf(data, port));
  }

  /**
   * A call in the words of XCS: `request("socket_open", 80, "UDP")`.
   *
   * @throws XcsError those of the method; `ERR_XCS_SYNTAX` for a command that there is not
   */
  request(command: "socket_open", port: number, protocol: XcsProtocol): Promise<void>;
  request(command: "socket_close", port: number): Promise<void>;
  request(command: "socket_read" | "socket_peek", port: number): Promise<Uint8Array | null>;
  request(command: "socket_write", port: number, data: string | Uint8Array): Promise<void>;
  async request(command: string, port: number, argument?: unknown): Promise<unknown> {
    switch (command) {
      case "socket_open":
        return this.open(port, argument as XcsProtocol);
      case "socket_close":
        return this.close(port);
      case "socket_read":
        return this.read(port);
      case "socket_peek":
        return this.peek(port);
      case "socket_write":
        return this.write(port, argument as string);
      default: {
        const known = "socket_open, socket_close, socket_read, socket_peek, socket_write";
        throw syntaxError(`There is no command ${show(command)}; there are ${known}`);
      }
    }
  }

  /**
   * Does what a line of XCS says: `request socket_open 80 UDP`, or `open 80 UDP`. `let NAME = VALUE` binds a name to a
   * text in double quotes, a number, or bytes (`0x00ff`); `request socket_write 80 NAME` writes its value. What is no
   * such name is written as it stands, to the end of the line. Names are at most 1024.
   *
   * @throws XcsError `ERR_XCS_SYNTAX`, and those of the method
   */
  async requestLine(line: string): Promise<XcsResult> {
    if (typeof line !== "string") throw typeError("line", "a string");
    const parsed = parseLine(line);
    if (parsed.kind === "empty") return { command: null, port: null, data: null };
    if (parsed.kind === "let") {
      this.#bind(parsed.name, parsed.value);
      return { command: "let", port: null, data: null };
    }
    const { command, port, rest } = parsed;
    return { command, port, data: await this.#run(command, port, rest) };
  }

  /** Ends the module: closes what it has open, and warns of that. The same as `deactivate`; twice is once. */
  dispose(): Promise<void> {
    this.#end ??= this.#closeAll();
    return this.#end;
  }

  async #run(command: LineCommand, port: number, rest: string): Promise<Uint8Array | null> {
    switch (command) {
      case "open":
        await this.open(port, rest as XcsProtocol);
        return null;
      case "close":
        await this.close(port);
        return null;
      case "read":
        return this.read(port);
      case "peek":
        return this.peek(port);
      case "wait":
        return this.readAsync(port, { timeoutMs: waitMs(rest) });
      case "write":
        await this.write(port, this.#values.get(rest) ?? rest);
        return null;
    }
  }

  #bind(name: string, value: Uint8Array): void {
    if (this.#values.size >= MAX_NAMES && !this.#values.has(name)) {
      throw syntaxError(`let has bound ${MAX_NAMES} names already: use one of them again`);
    }
    this.#values.set(name, value);
  }

  async #closeAll(): Promise<void> {
    const open = this.#computer.portsOf(this.#owner).filter(({ network }) => network);
    if (open.length > 0) {
      const text = open.map(({ port, protocol }) => `${port} (${protocol})`).join(", ");
      const advice = 'close it before the module ends, with "request socket_close PORT"';
      const ports = open.map(({ port }) => port);
      this.#warn({
        kind: "leak",
        text: `${this.name} has left open what is closed now: port ${text}; ${advice}`,
        ports,
      });
    }
    const closed = open.map((port) => this.#computer.close(port));
    await Promise.allSettled([...closed, ...this.#opening]);
  }

  #find(port: number): OpenPort {
    checkPort(port);
    this.#checkActive();
    return this.#computer.find(this.#owner, port);
  }

  #checkActive(): void {
    if (!this.#end) return;
    throw new XcsError("ENOTACTIVE", `${this.name} is not active any more: activate(Socket) gives a new module`);
  }

  #warn(warning: XcsWarning): void {
    if (this.#events.listenerCount("warning") > 0) this.#events.emit("warning", warning);
    else console.warn(`valve-sockets: ${warning.text}`);
  }
}
