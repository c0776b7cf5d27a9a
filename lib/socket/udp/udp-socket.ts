import { onProcessEnd } from "../../addon/exits.js";
import { type Trial, translateError } from "../../trial-errors.js";
import { NEXT_ADDRESS_MS } from "../../valve/values/this-machine.js";
import { checkHost, checkPort } from "../building/end-point-errors.js";
import { SocketUse } from "../building/socket-use.js";
import { Waker } from "../building/waker.js";
import type { SocketEvents } from "../socket.js";
import { RouteWatch } from "./route-watch.js";
import { lookUp, type UdpAddress, type UdpEndPoint, type UdpSocketOptions } from "./udp-end-point.js";
import type { UdpHandle } from "./udp-handle.js";

/** What both implementations of UDP share: from an end point to an open socket, or to an error that explains itself. */
export abstract class UdpSocket {
  events: SocketEvents | null = null;
  protected readonly waker: Waker;
  readonly #use = new SocketUse();
  #forgetExit = () => {};
  #closing: Promise<void> | null = null;
  /** Client: opens the next address of the server's name. */
  #nextAddress: unknown = null;
  /** Client: all of them, */
  #addresses: readonly UdpAddress[] = [];
  /** and the other end, from the first one that could be opened on. */
  #server: UdpHandle | null = null;
  /** Client, from the first answer on. */
  protected route: RouteWatch | null = null;

  constructor(protected readonly options: UdpSocketOptions) {
    this.waker = new Waker(this, options.clock);
  }

  async bind(endPoint: UdpEndPoint): Promise<void> {
    await this.#begin("listening on", endPoint, async (attempt) => {
      const { host, port } = endPoint;
      const address = host === null ? null : (await lookUp(host, false, attempt))[0];
      await this.open(address ?? null, port, attempt);
    });
  }

  /**
   * Where the name has several addresses, packets go to one more every 250 ms, until something comes from one of them:
   * this one stays.
   */
  async connect(endPoint: UdpEndPoint, signal?: AbortSignal): Promise<UdpHandle> {
    const run = async (attempt: AbortSignal) => {
      this.#addresses = await lookUp(endPoint.host ?? "localhost", true, attempt);
      const addresses = [...this.#addresses];
      for (;;) {
        const address = addresses.shift() as UdpAddress;
        try {
          this.#server = await this.openConnected(address, endPoint.port, attempt);
          this.#planNext(addresses, endPoint.port, attempt);
          return this.#server;
        } catch (error) {
          if (addresses.length === 0 || attempt.aborted) throw error;
        }
      }
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
  /** Opens one more of the server's addresses. All have one handle, whose address is that of the one that stays. */
  protected abstract openConnected(address: UdpAddress, port: number, attempt: AbortSignal): Promise<UdpHandle>;
  /**
   * Client: if the route to this address of the server has another local address than the present socket, opens a
   * socket with that beside it, and sends the last packets over it. Both are used until one of them has received
   * something: it stays. Fails where there is no route.
   */
  protected abstract openBeside(address: string, port: number): Promise<void>;
  protected abstract closeTransport(): Promise<void>;

  /** The server has answered: no more of its addresses are tried. */
  protected settled(): void {
    this.#tryNoMore();
    this.route ??= new RouteWatch(this.options.clock, () => this.#renew());
  }

  /** Where there is no route to the server's address any more, there may be one to another address of its name. */
  async #renew(): Promise<void> {
    const { host, port } = this.#server as UdpHandle;
    for (const address of new Set([host, ...this.#addresses.map(({ address }) => address)])) {
      try {
        return await this.openBeside(address, port);
      } catch {
        // The next look may find one.
      }
    }
  }

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

  #planNext(addresses: UdpAddress[], port: number, attempt: AbortSignal): void {
    const address = addresses.shift();
    if (!address) return;
    const openNext = async () => {
      const timer = this.#nextAddress;
      // What cannot be opened does not answer either.
      await this.openConnected(address, port, attempt).catch(() => {});
      if (this.#nextAddress === timer && !attempt.aborted) this.#planNext(addresses, port, attempt);
    };
    this.#nextAddress = this.options.clock.setTimeout(() => void openNext(), NEXT_ADDRESS_MS);
  }

  #tryNoMore(): void {
    this.options.clock.clearTimeout(this.#nextAddress);
    this.#nextAddress = null;
  }

  #sayFarewell(): void {
    this.events?.onExit?.();
    this.flush();
  }

  async #close(): Promise<void> {
    this.flush();
    this.#forgetExit();
    this.#tryNoMore();
    this.route?.close();
    this.waker.close();
    await Promise.all([this.#use.close(), this.closeTransport()]);
  }
}
