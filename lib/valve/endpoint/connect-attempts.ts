import { isIP } from "node:net";
import { whenAborted } from "../../abort-signals.js";
import type { Clock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import type { NetworkingSockets } from "../sockets/networking-sockets.js";
import { Address } from "../values/address.js";
import { alternateFamilies, NEXT_ADDRESS_MS, reachable } from "../values/this-machine.js";

/** An address of a name, as `dns.lookup` of Node.js gives it. */
export interface LookedUpAddress {
  /** A numeric address. */
  address: string;
  /** 4 or 6. */
  family: number;
}

/** Finds all addresses of a name, as `dns.lookup` of Node.js does. */
export type AddressLookup = (
  host: string,
  options: { all: true },
  callback: (error: Error | null, addresses: LookedUpAddress[]) => void,
) => void;

interface Attempt<Connected> {
  readonly startedMs: number;
  resolve(connected: Connected): void;
  fail(error: NetworkError): void;
}

/**
 * Connections of one {@link NetworkingSockets} that are being opened. Its dispatcher reports here what became of them.
 */
export class ConnectAttempts<Connected> {
  readonly #sockets: NetworkingSockets;
  readonly #clock: Clock;
  readonly #attempts = new Map<number, Attempt<Connected>>();

  constructor(sockets: NetworkingSockets, clock: Clock) {
    this.#sockets = sockets;
    this.#clock = clock;
  }

  has(handle: number): boolean {
    return this.#attempts.has(handle);
  }

  /** How long a connection has been tried, in milliseconds. */
  tookMs(handle: number): number {
    const now = this.#clock.now();
    return now - (this.#attempts.get(handle)?.startedMs ?? now);
  }

  /** A connection is up. False: it is not one of these attempts. */
  succeed(handle: number, connected: Connected): boolean {
    const attempt = this.#take(handle);
    attempt?.resolve(connected);
    return attempt !== undefined;
  }

  /** A connection has failed, and its handle is closed. */
  fail(handle: number, error: NetworkError): void {
    this.#take(handle)?.fail(error);
  }

  /** Ends all of them. */
  failAll(error: NetworkError): void {
    for (const handle of [...this.#attempts.keys()]) {
      this.#sockets.closeConnection(handle);
      this.fail(handle, error);
    }
  }

  /**
   * Tries one way after the other until one leads to a connection; when one takes long, the next is tried in parallel.
   * Rejects with the error of the last one, or with the signal's reason.
   *
   * @param ways each opens a connection and returns its handle, or throws a NetworkError
   */
  first(ways: readonly (() => number)[], signal?: AbortSignal): Promise<Connected> {
    return new Promise((resolve, reject) => {
      const started = new Set<number>();
      let next = 0;
      let timer: unknown;
      const stopWaiting = whenAborted(signal, () => {
        finish();
        reject(signal?.reason);
      });
      const finish = () => {
        next = ways.length;
        this.#clock.clearTimeout(timer);
        stopWaiting();
        for (const handle of started) {
          this.#attempts.delete(handle);
          this.#sockets.closeConnection(handle);
        }
      };
      const failed = (error: unknown) => {
        this.#clock.clearTimeout(timer);
        const isClosed = error instanceof NetworkError && error.code === "ERR_CLOSED";
        if (next < ways.length && !isClosed) start();
        else if (started.size === 0) {
          finish();
          reject(error);
        }
      };
      const start = () => {
        let handle: number;
        try {
          handle = (ways[next++] as () => number)();
        } catch (error) {
          return failed(error);
        }
        started.add(handle);
        this.#attempts.set(handle, {
          startedMs: this.#clock.now(),
          resolve: (connected) => {
            started.delete(handle);
            finish();
            resolve(connected);
          },
          fail: (error) => {
            started.delete(handle);
            failed(error);
          },
        });
        if (next < ways.length) timer = this.#clock.setTimeout(start, NEXT_ADDRESS_MS);
      };
      start();
    });
  }

  #take(handle: number): Attempt<Connected> | undefined {
    const attempt = this.#attempts.get(handle);
    this.#attempts.delete(handle);
    return attempt;
  }
}

/**
 * The addresses of a name, in alternating families, beginning with the system's first choice. GNS resolves no names.
 *
 * @throws (rejects) NetworkError `ERR_NAME_NOT_FOUND`, `ERR_NOT_SUPPORTED`: a zone of a link-local address
 */
export async function resolveBothFamilies(host: string, port: number, resolver: AddressLookup): Promise<Address[]> {
  checkNoZone(host);
  const found = isIP(host) ? [{ address: host, family: isIP(host) }] : await lookUp(host, resolver);
  return alternateFamilies(found).map((entry) => {
    const address = new Address();
    address.setAddress(reachable(entry.address), port);
    return address;
  });
}

function lookUp(host: string, resolver: AddressLookup): Promise<LookedUpAddress[]> {
  return new Promise((resolve, reject) => {
    resolver(host, { all: true }, (error, addresses) => {
      if (error) reject(new NetworkError("ERR_NAME_NOT_FOUND", error.message, { cause: error }));
      else resolve(addresses);
    });
  });
}

/** @throws NetworkError `ERR_NOT_SUPPORTED` */
export function checkNoZone(host: string): void {
  if (!host.includes("%")) return;
  throw new NetworkError("ERR_NOT_SUPPORTED", "GNS takes no link-local address with a zone. Use another address");
}
