import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { checkInstance } from "../arguments.js";
import { prometheusText } from "../message/figures.js";
import { NetworkServer } from "../message/index.js";
import { checkOptions, type OptionRules, portOption, textOption } from "../options.js";
import { RoomHost } from "./room-host.js";

/** Where a {@link Health} listens. */
export interface HealthOptions {
  /** 0: a free one. @defaultValue 0 */
  port?: number;
  /** The figures are for everybody who reaches it. @defaultValue "127.0.0.1" */
  host?: string;
}

const OPTIONS: OptionRules<HealthOptions> = { port: portOption, host: textOption };
const MAX_CONNECTIONS = 64;
const REQUEST_MS = 5000;

/**
 * Answers over HTTP how a host is: `/livez` 200 as long as the process answers at all, whatever its engine does;
 * `/readyz` 200 while the host takes new players, else 503 and why not; `/metrics` what it has counted, for Prometheus.
 */
export class Health {
  readonly #host: RoomHost;
  readonly #options: HealthOptions;
  readonly #server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) =>
    this.#answer(request, response),
  );

  /** @throws TypeError, RangeError for what is no host, or wrong options */
  constructor(host: RoomHost, options: HealthOptions = {}) {
    checkInstance("host", host, RoomHost);
    checkOptions("Health", options, OPTIONS);
    this.#host = host;
    this.#options = options;
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Listens. @returns the port @throws (rejects) the system's error for a port that is in use */
  start(): Promise<number> {
    const { port = 0, host = "127.0.0.1" } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.off("error", reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Listens no more, and closes the connections that are open. The promise resolves when all have ended. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #answer({ method, url = "" }: IncomingMessage, response: ServerResponse): void {
    const send = (status: number, text: string, type = "text/plain") => {
      response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
      response.end(method === "HEAD" ? undefined : text);
    };
    const [path] = url.split("?");
    if (method !== "GET" && method !== "HEAD") send(405, "GET and HEAD only\n");
    else if (path === "/livez") send(200, "ok\n");
    else if (path === "/readyz") {
      const reason = notReady(this.#host);
      send(reason === null ? 200 : 503, `${reason ?? "ok"}\n`);
    } else if (path === "/metrics") {
      send(200, prometheusText(metricsOfHost(this.#host)), "text/plain; version=0.0.4");
    } else send(404, "There is /livez, /readyz and /metrics\n");
  }
}

/** What a host has counted: all its servers, itself and its fleet. Players of rooms and of none are counted alike. */
export function metricsOfHost({ server, metrics, fleet }: RoomHost) {
  const { ticks, failures, unhandled, ...host } = metrics;
  const ofServer = server.metrics;
  const { players } = host;
  const authenticatedPlayers = players - (ofServer.suspended?.count ?? 0);
  return {
    ...{ ...ofServer, ticks, failures, unhandled, players, authenticatedPlayers, host },
    ...(fleet && { fleet: fleet.metrics }),
  };
}

/** Why a host takes no new players; null: it does. */
function notReady({ server, metrics, fleet }: RoomHost): string | null {
  if (!server.active) return "The host is not active";
  if (metrics.isDraining) {
    const { rooms, players } = metrics;
    return `The host is draining (players: ${players}, rooms: ${rooms}): it takes no new ones`;
  }
  if (NetworkServer.frontEndOf(server).isClosed) return "The host takes no new players";
  return fleet && !fleet.isReady ? "The host has no link to its engine" : null;
}
