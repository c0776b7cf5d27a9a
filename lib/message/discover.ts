import { whenAborted } from "../abort-signals.js";
import { checkInteger } from "../arguments.js";
import { NetworkError } from "../network-error.js";
import { arrayOption, booleanOption, checkOptions, type OptionRules, remotePortOption } from "../options.js";
import { type HeardAnswer, InfoQuestion } from "../peer/info-question.js";
import {
  ADDRESS_OPTIONS,
  ASK_OPTIONS,
  type Asking,
  type AskOptions,
  ask,
  completeAsking,
  type HeardInfo,
  readAnswer,
  type ServerAddress,
  type ServerInfo,
} from "./ask-server.js";

/** The options of `discover`. */
export interface DiscoverOptions extends AskOptions {
  /**
   * Whether the local network is asked, by broadcast over IPv4.
   *
   * @defaultValue true where the transport can: UDP, and memory of the kind `datagram`
   */
  broadcast?: boolean;
  /** The ports that are asked in the local network, 1 to 65535 each, at most 16. @defaultValue that of the factory */
  ports?: readonly number[];
  /** Servers that are asked besides, one by one. @defaultValue none */
  servers?: readonly ServerAddress[];
}

const MAX_PORTS = 16;
/** Servers of the list that are asked at the same time, each over a socket of its own. */
const MAX_ASKED = 64;
/** Servers that broadcasts may find in all, and at one host: anybody in the local network can answer as many. */
const MAX_FOUND = 1000;
const MAX_FOUND_AT_HOST = 32;

const DISCOVER_OPTIONS: OptionRules<DiscoverOptions> = {
  ...ASK_OPTIONS,
  broadcast: booleanOption,
  ports: (name, value) => {
    arrayOption(name, value);
    const ports = value as number[];
    for (const [at, port] of ports.entries()) remotePortOption(`${name}[${at}]`, port);
    checkInteger(`${name}.length`, ports.length, 1, MAX_PORTS);
  },
  servers: (name, value) => {
    arrayOption(name, value);
    for (const [at, server] of (value as ServerAddress[]).entries()) {
      checkOptions(`${name}[${at}]`, server, ADDRESS_OPTIONS);
    }
  },
};

/**
 * Finds servers: those of the local network that answer a broadcast, and those of a list. Each comes once, as soon as
 * it has answered; those that do not answer do not come. It ends when `timeoutMs` has passed and each server of the
 * list has had as long, or earlier when nothing is left to wait for.
 *
 * @throws TypeError, RangeError at once for wrong options. The iteration rejects with the signal's reason; NetworkError
 *   `ERR_NOT_SUPPORTED` where the transport has no broadcast and no `servers` are given; what the system says of a
 *   socket for broadcasts
 */
export function discover(options: DiscoverOptions = {}): AsyncGenerator<ServerInfo, void, undefined> {
  checkOptions("discover", options, DISCOVER_OPTIONS);
  const leaving = new AbortController();
  const found = find(options, leaving.signal);
  // A generator that waits would do either only when it has something to give.
  const [finish, fail] = [found.return.bind(found), found.throw.bind(found)];
  found.return = (value) => {
    leaving.abort();
    return finish(value);
  };
  found.throw = (error) => {
    leaving.abort();
    return fail(error);
  };
  return found;
}

/** @param leaving nobody waits for more */
async function* find(options: DiscoverOptions, leaving: AbortSignal): AsyncGenerator<ServerInfo, void, undefined> {
  const asking = await completeAsking(options);
  if (leaving.aborted) return;
  const search = new Search(asking);
  const stopWaiting = whenAborted(asking.signal, () => search.end(asking.signal?.reason));
  const stopListening = whenAborted(leaving, () => search.end(null));
  try {
    asking.signal?.throwIfAborted();
    search.start(options);
    for (let info = await search.next(); info; info = await search.next()) yield info;
  } finally {
    stopWaiting();
    stopListening();
    search.end(null);
  }
}

/** What is asked, and what has come. */
class Search {
  readonly #asking: Asking;
  readonly #ending = new AbortController();
  readonly #found: ServerInfo[] = [];
  /** Addresses of servers that have come: as they were given, and where the answers came from. */
  readonly #known = new Set<string>();
  /** Instances and ports that have answered on the loopback address. */
  readonly #here = new Set<string>();
  /** How many servers broadcasts have found at each host. */
  readonly #hosts = new Map<string, number>();
  #foundCount = 0;
  #open = 0;
  #failure: { error: unknown } | null = null;
  #wake = () => {};

  constructor(asking: Asking) {
    this.#asking = { ...asking, signal: this.#ending.signal };
  }

  start({ broadcast, ports, servers = [] }: DiscoverOptions): void {
    const isBroadcast = broadcast !== false && (ports ?? [undefined]).every((port) => this.#broadcast(port));
    if (!isBroadcast && (broadcast ?? servers.length === 0)) {
      throw new NetworkError("ERR_NOT_SUPPORTED", "This transport cannot ask the local network: give it `servers`");
    }
    const waiting = [...servers];
    for (let count = Math.min(waiting.length, MAX_ASKED); count > 0; count--) this.#track(this.#askNext(waiting));
  }

  /** The next server; null when no other will come. */
  async next(): Promise<ServerInfo | null> {
    for (;;) {
      if (this.#failure) throw this.#failure.error;
      if (this.#ending.signal.aborted) return null;
      const info = this.#found.shift();
      if (info) return info;
      if (this.#open === 0) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** @param error null: nobody waits for more */
  end(error: unknown): void {
    if (error !== null) this.#failure ??= { error };
    this.#ending.abort(error);
    this.#wake();
  }

  /** @returns false: the transport cannot */
  #broadcast(port: number | undefined): boolean {
    const { factory, fingerprint, timeoutMs, clock, randomBytes } = this.#asking;
    const socket = factory.createBroadcastSocket();
    if (!socket) return false;
    const onAnswer = (answer: HeardAnswer) => {
      const heard = readAnswer(answer, placeOf(answer.handle.address), fingerprint);
      if (heard) this.#addFound(heard);
    };
    const question = new InfoQuestion(socket, { clock, randomBytes, onAnswer, onEnd: () => {} });
    const over = new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, timeoutMs);
      whenAborted(this.#ending.signal, () => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
    const failed = question.ask(factory.getConnectEndPoint(EVERYBODY, port)).then(() => over);
    this.#track(Promise.race([failed, over]).finally(() => question.close()));
    return true;
  }

  /** Asks the servers of a list, one after the other. */
  async #askNext(waiting: ServerAddress[]): Promise<void> {
    for (let address = waiting.shift(); address; address = waiting.shift()) {
      const { host, port } = address;
      const heard = await ask(this.#asking, { host, port }).catch(() => null);
      if (this.#ending.signal.aborted) return;
      if (heard) this.#add(heard);
    }
  }

  #track(work: Promise<void>): void {
    this.#open++;
    const done = () => {
      this.#open--;
      this.#wake();
    };
    void work.then(done, (error) => {
      if (!this.#ending.signal.aborted) this.end(error);
      done();
    });
  }

  #addFound(heard: HeardInfo): void {
    const { host, port } = heard.info;
    const server = `${heard.instance.join()} ${port}`;
    if (host.startsWith("127.")) this.#here.add(server);
    else if (this.#here.has(server)) return;
    const count = this.#hosts.get(host) ?? 0;
    if (this.#foundCount === MAX_FOUND || count === MAX_FOUND_AT_HOST || !this.#add(heard)) return;
    this.#foundCount++;
    this.#hosts.set(host, count + 1);
  }

  /**
   * What leads to the same address is one server. Anybody can copy an instance: it counts only for this machine, which
   * answers a broadcast on each of its addresses, on the loopback address first; so one that copies it hides itself.
   *
   * @returns false: it has come already
   */
  #add({ info, address }: HeardInfo): boolean {
    const places = [placeName(info), address === null ? placeName(info) : placeName(placeOf(address))];
    if (places.some((place) => this.#known.has(place))) return false;
    for (const place of places) this.#known.add(place);
    this.#found.push(info);
    this.#wake();
    return true;
  }
}

const placeName = ({ host, port }: Required<ServerAddress>) => `${host} ${port}`;

/** The host that stands for all of the local network; broadcast sockets know the addresses themselves. */
const EVERYBODY = "255.255.255.255";

/** Host and port of an answer to a broadcast: `192.0.2.1:7777`. */
function placeOf(address: string): Required<ServerAddress> {
  const end = address.lastIndexOf(":");
  return { host: address.slice(0, end), port: Number(address.slice(end + 1)) };
}
