import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { systemClock } from "../clock.js";
import { errorText } from "../error-text.js";
import { formatHost } from "../format-host.js";
import { prometheusText } from "../message/figures.js";
import type { NetworkPlayer } from "../message/players/network-player.js";
import { NetworkError } from "../network-error.js";
import { checkOptions } from "../options.js";
import { Departures } from "./departures.js";
import { Door } from "./door.js";
import { Gate, isEverywhere, isThisComputer, type Refusal } from "./gate.js";
import { type InspectOptions, inspectRules } from "./inspect-options.js";
import { ObjectRows } from "./object-rows.js";
import { PAGE_HEADERS, pageFile } from "./page-files.js";
import type { InspectorView } from "./snapshot.js";
import { type Inspected, type Subject, viewOf } from "./subject.js";
import { takeSnapshot } from "./take-snapshot.js";
import { Watches } from "./watches.js";

const NO_PLAYER: Refusal = { status: 404, text: "There is no such player" };
const NO_BODY: Refusal = { status: 400, text: "The body has to be a JSON object, of 4096 bytes at most" };
const TOO_MANY: Refusal = { status: 429, text: "There are too many requests without the token" };
/** In milliseconds: whoever is slower is closed. */
const LIMITS = { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 1000 };
/** A connection on which nothing has moved for so long is closed: it does not read its answer. */
const SILENCE_MS = 30_000;
const BASE = "http://localhost";
/** The longest body of a request. */
const MAX_BODY_BYTES = 4096;
const VIEWS: readonly string[] = [
  "connections",
  "messages",
  "departures",
  "rooms",
  "objects",
  "comms",
] satisfies InspectorView[];

/** A page that shows what a server or client does, until it is closed. It costs nothing while nobody looks. */
export class Inspector {
  /** What to open in a browser of this computer. The token behind `#` never leaves it. */
  readonly url: string;
  /** What the page shows to be let in: the option `token`, or random. */
  readonly token: string;
  /** The TCP port that it listens on. */
  readonly port: number;
  readonly #subject: Subject;
  readonly #http: Server;
  readonly #gate: Gate;
  readonly #door: Door;
  readonly #watches: Watches;
  readonly #objects: ObjectRows | null;
  readonly #departures: Departures;
  /** Connections whose request is not answered yet. */
  readonly #busy = new WeakSet<Socket>();
  #closing: Promise<void> | null = null;

  /** @internal */
  constructor(subject: Subject, http: Server, host: string, scheme: "http" | "https", token: string) {
    this.#subject = subject;
    this.#http = http;
    this.#objects = subject.objects && new ObjectRows(subject.objects, subject.payloads);
    this.#watches = new Watches(subject.clock);
    this.#departures = new Departures(subject.view, () => subject.clock.now());
    this.token = token;
    this.port = (http.address() as AddressInfo).port;
    this.#gate = new Gate(host, this.port, scheme, token);
    this.#door = new Door(http);
    const name = isEverywhere(host) ? (host === "::" ? "::1" : "127.0.0.1") : host;
    this.url = `${scheme}://${formatHost(name, this.port)}/#${token}`;
    http.on("request", (request, response) => void this.#answer(request, response));
  }

  /** Closes the port; resolves when nobody is connected any more. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#watches.close();
    this.#departures.close();
    const closed = once(this.#http, "close");
    this.#http.close();
    this.#door.close();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    // No browser asks again before the answer: whoever does reads nothing, and the answers would wait here.
    if (this.#busy.has(socket)) return void socket.destroy();
    this.#busy.add(socket);
    response.once("close", () => this.#busy.delete(socket));
    try {
      const strange = this.#gate.checkToken(request);
      if (!strange) this.#door.welcome(request);
      const early = strange && !this.#door.mayAsk(request) ? TOO_MANY : this.#gate.checkSource(request);
      const refusal = early ?? (await this.#route(request, response, strange));
      if (refusal) send(response, refusal.status, "text/plain", `${refusal.text}\n`);
    } catch (error) {
      // The application's own code runs in accessors of its objects, and may throw.
      if (!response.headersSent) send(response, 500, "text/plain", `${errorText(error)}\n`);
    }
  }

  /** @param strange what a request without the token is refused with; null: it has the token */
  async #route(request: IncomingMessage, response: ServerResponse, strange: Refusal | null): Promise<Refusal | null> {
    const { url = "/" } = request;
    if (!URL.canParse(url, BASE)) return { status: 400, text: "The path is none" };
    const { pathname, searchParams } = new URL(url, BASE);
    if (request.method === "POST") return strange ?? this.#change(pathname, request, response);
    if (request.method !== "GET") return { status: 405, text: "GET and POST only" };
    const file = pageFile(pathname);
    if (file) {
      send(response, 200, file.type, file.content);
      return null;
    }
    if (strange) return strange;
    if (pathname === "/metrics") {
      send(response, 200, "text/plain; version=0.0.4", prometheusText(this.#subject.view.metrics()));
      return null;
    }
    if (pathname === "/timeline") {
      const id = Number(searchParams.get("player"));
      const player = this.#playerOf(id);
      if (!player) return NO_PLAYER;
      const chunk = this.#watches.ask(player, Math.max(0, Math.floor(Number(searchParams.get("after"))) || 0));
      send(response, 200, "application/json", JSON.stringify({ player: id, ...chunk }));
      return null;
    }
    if (pathname !== "/snapshot") return { status: 404, text: "There is no such page" };
    const views = (searchParams.get("views") ?? "").split(",").filter((view) => VIEWS.includes(view));
    const wanted = new Set(views as InspectorView[]);
    const player = searchParams.has("player") ? Number(searchParams.get("player")) : null;
    const snapshot = takeSnapshot(this.#subject, this.#objects, this.#departures, wanted, player);
    send(response, 200, "application/json", JSON.stringify(snapshot));
    return null;
  }

  async #change(path: string, request: IncomingMessage, response: ServerResponse): Promise<Refusal | null> {
    const { controls, lag } = this.#subject;
    if (!controls) return { status: 403, text: "The inspector only shows: it was started without controls" };
    const body = await readBody(request);
    if (!body) return NO_BODY;
    if (path === "/kick") {
      const player = this.#playerOf(body.player);
      if (!player) return NO_PLAYER;
      player.disconnect({ code: 0, text: "Disconnected by the inspector" });
    } else if (path === "/lag") {
      if (!lag) return { status: 404, text: "The network is not simulated" };
      const { player: id, ...conditions } = body;
      const player = id === undefined ? null : this.#playerOf(id);
      if (id !== undefined && !player) return NO_PLAYER;
      try {
        if (player) lag.setConditionsOf(player.address, conditions);
        else lag.conditions = { ...lag.conditions, ...conditions };
      } catch (error) {
        return { status: 400, text: (error as Error).message };
      }
    } else {
      return { status: 404, text: "There is no such control" };
    }
    send(response, 200, "application/json", "{}");
    return null;
  }

  #playerOf(wanted: unknown): NetworkPlayer | null {
    const { view } = this.#subject;
    const player = view.players().find((one) => one.id > 0 && view.idOf(one) === wanted);
    return (player as NetworkPlayer | undefined) ?? null;
  }
}

/**
 * Opens a page that shows what a server, a client, a `RoomHost`, an `Endpoint` or `NetworkingSockets` does: its
 * connections, messages, rooms, objects, voice and losses, live.
 *
 * It listens on the loopback address, and only whoever has the address with its token sees anything. With
 * `controls: true` the page can disconnect players and change a simulated network, with `payloads: true` it shows the
 * values of objects.
 *
 * @throws TypeError, RangeError for wrong options; NetworkError `ERR_INSECURE_CONTEXT` for a `host` that others reach,
 *   without `tls` or `insecure: true`; the system's error for a port that is in use
 */
export async function inspect(inspected: Inspected, options: InspectOptions = {}): Promise<Inspector> {
  checkOptions("inspect", options, inspectRules);
  const view = viewOf(inspected);
  const {
    host = "127.0.0.1",
    port = 0,
    tls,
    insecure = false,
    token = randomBytes(18).toString("base64url"),
  } = options;
  const {
    objects = null,
    figures = null,
    comms = null,
    playback = null,
    lag = null,
    controls = false,
    payloads = false,
    clock = systemClock,
  } = options;
  if (!isThisComputer(host) && !tls && !insecure) {
    const text = `Everybody on the way to ${host} could read the inspector: give it tls, or insecure: true`;
    throw new NetworkError("ERR_INSECURE_CONTEXT", text);
  }
  const http = tls
    ? createTlsServer({ ...tls, ...LIMITS, handshakeTimeout: LIMITS.headersTimeout })
    : createServer(LIMITS);
  http.timeout = SILENCE_MS;
  http.listen({ host, port, exclusive: true });
  await once(http, "listening");
  const subject = { view, objects, figures, comms, playback, lag, controls, payloads, clock };
  return new Inspector(subject, http, host, tls ? "https" : "http", token);
}

function send(response: ServerResponse, status: number, type: string, content: string | Uint8Array): void {
  response.writeHead(status, { ...PAGE_HEADERS, "content-type": type, "content-length": Buffer.byteLength(content) });
  response.end(content);
}

/** Null: what has come is no JSON object, or too long. */
async function readBody(request: IncomingMessage): Promise<Record<string, number> | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
    return isObject ? (body as Record<string, number>) : null;
  } catch {
    return null;
  }
}
