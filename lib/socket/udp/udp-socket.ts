import { onProcessEnd } from "../../addon/exits.js";
import { checkHost, checkPort, type Trial, translateError } from "../building/end-point-errors.js";
import { SocketUse } from "../building/socket-use.js";
import { Waker } from "../building/waker.js";
import type { SocketEvents } from "../socket.js";
import { lookUp, type UdpAddress, type UdpEndPoint, type UdpSocketOptions } from "./udp-end-point.js";
import type { UdpHandle } from "./udp-handle.js";

/** What both implementations of UDP share: from an end point to an open socket, or to an error that explains itself. */
export abstract class UdpSocket {
  events: SocketEvents | null = null;
  protected readonly waker: Waker;
  readonly #use = new SocketUse();
  #forgetExit = () => {};
  #closing: Promise<void> | null = null;

  constructor(protected readonly options: UdpSocketOptions) {
    this.waker = new Waker(this, options.clock);
  }

  async bind(endPoint: UdpEndPoint): Promise<void> {
    await this.#begin("listening on", endPoint, async (attempt) => {
      const { host, port } = endPoint;
      await this.open(host === null ? null : await lookUp(host, false, attempt), port, attempt);
    });
  }

  async connect(endPoint: UdpEndPoint, signal?: AbortSignal): Promise<UdpHandle> {
    const run = async (attempt: AbortSignal) => {
      const address = await lookUp(endPoint.host ?? "localhost", true, attempt);
      return this.openConnected(address, endPoint.port, attempt);
    };
    return this.#begin("connecting to", endPoint, run, signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  abstract flush(): void;

  /** Listens at a numeric address, or at all addresses for null. If `attempt` aborts meanwhile, nothing stays open. */
  protected abstract open(address: UdpAddress | null, port: number, attempt: AbortSignal): Promise<void>;
  protected abstract openConnected(address: UdpAddress, port: number, attempt: AbortSignal): Promise<UdpHandle>;
  protected abstract closeTransport(): Promise<void>;

  protected get isClosed(): boolean {
    return this.#use.isClosed;
  }

  async #begin<Result>(
    action: Trial["action"],
    { host, port }: UdpEndPoint,
    run: (attempt: AbortSignal) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    checkPort(port);
    if (host !== null) checkHost(host);
    const { clock, closeOnExit } = this.options;
    const startMs = clock.now();
    const explain = (error: unknown) => {
      const anyHost = action === "listening on" ? "::" : "localhost";
      const tookMs = clock.now() - startMs;
      throw translateError({ transport: "UDP", action, host: host ?? anyHost, port, tookMs }, error);
    };
    const result = await this.#use.begin((attempt) => run(attempt).catch(explain), signal);
    if (closeOnExit) this.#forgetExit = onProcessEnd(() => this.#sayFarewell());
    return result;
  }

  #sayFarewell(): void {
    this.events?.onExit?.();
    this.flush();
  }

  async #close(): Promise<void> {
    this.flush();
    this.#forgetExit();
    this.waker.close();
    await Promise.all([this.#use.close(), this.closeTransport()]);
  }
}
